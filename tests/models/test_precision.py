"""Float types: half-precision networks around full-precision geometry and loss."""

import keras
import numpy as np
import pytest

import diffusion_vae as dv
from diffusion_vae import likelihoods
from diffusion_vae.networks import MLPDecoder, MLPEncoder


@pytest.fixture
def mixed():
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy("float32")


def model(raw_shape=(4, 3), **options):
    vae = dv.SphereVAE(
        2,
        MLPEncoder((8,)),
        MLPDecoder((8,), event_shape=raw_shape),
        walk_steps=2,
        seed=0,
        **options,
    )
    vae.compile("adam", run_eagerly=True)
    return vae


@pytest.mark.slow
@pytest.mark.parametrize(
    "likelihood, raw_shape",
    [
        ("gaussian", (4, 3)),
        ("bernoulli", (4, 3)),
        (likelihoods.Gaussian("learned"), (4, 3)),
        (likelihoods.Gaussian("predicted"), (4, 6)),
    ],
    ids=["gaussian", "bernoulli", "learned", "predicted"],
)
def test_everything_but_the_networks_is_float32(mixed, x, likelihood, raw_shape):
    if isinstance(likelihood, likelihoods.Gaussian):  # made under the policy, as a user would
        likelihood = likelihoods.Gaussian.from_config(
            {"scale": likelihood.scale, "name": likelihood.name}
        )
    vae = model(raw_shape, likelihood=likelihood)
    history = vae.fit(x, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert vae.encoder.compute_dtype == vae.decoder.compute_dtype == "bfloat16"
    for name, value in vae.predict(x, verbose=0).items():
        assert value.dtype == np.float32, name
    for value in (vae.reconstruct(x), vae.sample(2), vae.elbo(x), vae.log_likelihood(x, 3)[2]):
        assert value.dtype == np.float32
        assert np.isfinite(value).all()
    for weight in vae.trainable_weights:
        assert weight.dtype == "float32"


def test_the_policy_survives_the_file(mixed, x, tmp_path):
    vae = model()
    vae.fit(x, verbose=0)
    vae.save(tmp_path / "model.keras")
    keras.config.set_dtype_policy("float32")  # what the reader's session has
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.encoder.layers[1].compute_dtype == "bfloat16"
    np.testing.assert_array_equal(loaded.reconstruct(x), vae.reconstruct(x))


@pytest.mark.parametrize("dtype", ["float64", "uint8", "bool"])
def test_data_of_other_types_train(x, dtype):
    data = (2 * x).astype(dtype)
    vae = model(kl_warmup_steps=0)
    assert np.isfinite(vae.fit(data, verbose=0).history["loss"][0])
    assert vae.elbo(data).dtype == np.float32
