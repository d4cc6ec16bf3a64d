"""The layers in a user's functional model: the KL counted once, noise by seed."""

import keras
import numpy as np
import pytest
from keras import ops

from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.layers import (
    BrownianMotionSampling,
    DiffusionTime,
    KLDivergenceLoss,
    ManifoldProjection,
)
from diffusion_vae.manifolds import Sphere

KERNEL = RandomWalk(Sphere(2), steps=3)
LOCATION = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], "float32")
TIME = np.array([[0.1], [0.01]], "float32")


@pytest.mark.jax
def test_the_kl_is_added_once_and_the_inputs_passed_on():
    layer = KLDivergenceLoss(KERNEL, weight=0.5)
    location, time = layer([LOCATION, TIME])
    np.testing.assert_array_equal(np.asarray(location), LOCATION)
    np.testing.assert_array_equal(np.asarray(time), TIME)
    kl = np.asarray(
        KERNEL.kl_to_prior(ops.convert_to_tensor(LOCATION), ops.convert_to_tensor(TIME))
    )
    assert len(layer.losses) == 1
    assert float(layer.losses[0]) == pytest.approx(0.5 * kl.mean(), rel=1e-6)
    layer([LOCATION, TIME])
    assert len(layer.losses) == 1  # of the last call, not a sum over calls


def functional(weight=1.0):
    inputs = keras.Input((4,))
    location = ManifoldProjection("sphere:2")(keras.layers.Dense(3)(inputs))
    time = DiffusionTime(1, (-6.0, -2.0))(inputs)
    location, time = KLDivergenceLoss(KERNEL, weight=weight)([location, time])
    z = BrownianMotionSampling(KERNEL, seed=1)([location, time])
    outputs = keras.layers.Dense(4)(z)
    return keras.Model(inputs, [outputs, location, time])


@pytest.mark.jax
def test_a_functional_vae_adds_the_kl_to_its_loss_once():
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    losses = {}
    for weight in (0.0, 1.0):
        keras.utils.set_random_seed(0)
        model = functional(weight)
        model.compile("sgd", loss=["mse", None, None], jit_compile=False)
        losses[weight] = model.evaluate(x, [x, x[:, :3], x[:, :1]], batch_size=8, verbose=0)
        _, location, time = model(x)
    kl = float(np.mean(keras.ops.convert_to_numpy(KERNEL.kl_to_prior(location, time))))
    total = [np.ravel(losses[weight])[0] for weight in (0.0, 1.0)]
    assert total[1] - total[0] == pytest.approx(kl, rel=1e-5)


def test_noise_follows_the_seed_of_the_layer():
    inputs = [LOCATION, TIME]
    first, same, other = (BrownianMotionSampling(KERNEL, seed=s) for s in (1, 1, 2))
    draws = [np.asarray(first(inputs)) for _ in range(2)]
    again = [np.asarray(same(inputs)) for _ in range(2)]
    np.testing.assert_array_equal(draws, again)
    assert np.abs(draws[0] - draws[1]).max() > 1e-3  # a draw of its own each time
    assert np.abs(draws[0] - np.asarray(other(inputs))).max() > 1e-3


def test_layers_take_text_forms_and_say_which_shape_they_need():
    assert ManifoldProjection("so3").manifold.ambient_dim == 9
    with pytest.raises(
        ValueError, match=r"Expected the input of `p` to have a last axis of length 3"
    ):
        ManifoldProjection("sphere:2", name="p")(np.zeros((2, 4), "float32"))
    for layer in (BrownianMotionSampling(KERNEL), KLDivergenceLoss(KERNEL)):
        with pytest.raises(
            ValueError, match=r"Expected the location .* length 3\. Received shape"
        ):
            layer([np.zeros((2, 4), "float32"), TIME])
    for layer in (BrownianMotionSampling(KERNEL), KLDivergenceLoss(KERNEL)):
        with pytest.raises(ValueError, match=r"Expected the time .* length 1\. Received shape"):
            layer([LOCATION, np.zeros((2, 2), "float32")])
    with pytest.raises(TypeError, match=r"Expected a law.*Received: 'sphere:2'"):
        BrownianMotionSampling("sphere:2")


def test_geometry_stays_in_full_precision_where_asked_for_less():
    layer = ManifoldProjection("sphere:2", dtype="mixed_float16")
    assert layer.compute_dtype == "float32"
    z = np.asarray(layer(ops.cast(LOCATION + 0.3, "float16")))
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1.0, atol=1e-6)
