"""The rising target for the KL: it starts, rises and ends where it is told to."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder


def model(**options):
    vae = dv.SphereVAE(
        2,
        MLPEncoder((8,), seed=1),
        MLPDecoder((8,), event_shape=(4,), seed=2),
        seed=0,
        kl_warmup_steps=0,
        **options,
    )
    vae.compile("adam", **QUICK_STEPS)
    return vae


@pytest.mark.slow
def test_capacity_moves_from_start_to_end_and_stays():
    x = np.random.default_rng(0).random((8, 4), dtype=np.float32)
    vae = model(kl_capacity=(1.0, 5.0, 4))
    seen = []
    for _ in range(6):
        seen.append(float(vae.current_kl_capacity()))
        vae.fit(x, batch_size=8, epochs=1, verbose=0)
    np.testing.assert_allclose(seen, [1.0, 2.0, 3.0, 4.0, 5.0, 5.0])


def test_loss_is_the_distance_to_the_capacity_and_kl_loss_the_true_kl():
    x = np.random.default_rng(0).random((8, 4), dtype=np.float32)
    vae = model(kl_capacity=(50.0, 50.0, 1), kl_weight=3.0)
    logs = vae.evaluate(x, return_dict=True, verbose=0)
    expected = logs["reconstruction_loss"] + 3.0 * (50.0 - logs["kl_loss"])
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)
    assert logs["elbo"] == pytest.approx(-logs["reconstruction_loss"] - logs["kl_loss"], rel=1e-5)


@pytest.mark.slow
def test_a_far_capacity_holds_the_kl_up():
    x = np.random.default_rng(0).random((64, 4), dtype=np.float32)
    vae = model(kl_capacity=(6.0, 6.0, 1), kl_weight=100.0)
    vae.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    vae.fit(np.tile(x, (150, 1)), batch_size=64, shuffle=False, verbose=0)
    kl = vae.evaluate(x, return_dict=True, verbose=0)["kl_loss"]
    assert kl == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("capacity", [(1.0, 2.0), (-1.0, 2.0, 10), (0.0, 1.0, 0), "fast", 3.0])
def test_bad_capacity_is_refused(capacity):
    with pytest.raises(ValueError, match="Expected `kl_capacity`"):
        model(kl_capacity=capacity)


def test_capacity_survives_its_configuration():
    config = model(kl_capacity=(0.0, 5.0, 10)).get_config()
    assert dv.SphereVAE.from_config(config).kl_capacity == [0.0, 5.0, 10.0]
