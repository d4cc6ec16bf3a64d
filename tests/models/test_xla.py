"""Heads of the encoder under XLA, which is what `compile("adam")` means on a GPU."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import diffusion_vae as dv
from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.manifolds import O3, RealProjective
from diffusion_vae.networks import MLPDecoder, MLPEncoder

FEATURES = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize(
    "manifold, head", [(O3(), "ambient"), (RealProjective(2), "veronese")], ids=["o3", "veronese"]
)
def test_gradients_compile_and_agree(manifold, head):
    # The walk compiles too (tests/heat_kernels); TensorFlow's XLA has no determinant, say.
    latent = BrownianLatent(RandomWalk(manifold, steps=1), location_head=head, seed=0)
    latent.build((None, 5))
    goal = latent.parameters(ops.convert_to_tensor(FEATURES + 0.1))["location"]

    def gradients():
        with tf.GradientTape() as tape:
            params = latent.parameters(ops.convert_to_tensor(FEATURES))
            loss = ops.sum(latent.log_density(goal, params) - latent.kl(params))
        return [loss, *tape.gradient(loss, [w.value for w in latent.trainable_weights])]

    compiled = tf.function(gradients, jit_compile=True)()
    for eager, fast in zip(gradients(), compiled, strict=True):
        np.testing.assert_allclose(fast, eager, rtol=1e-3, atol=1e-3 * np.abs(eager).max())


LATENTS = ["sphere:2", "torus", "embedded-torus", "projective:2", "so3", "o3", "euclidean:2",
           "sphere:2 x torus:1"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("latent", LATENTS)
def test_training_steps_compile(latent):
    x = np.random.default_rng(0).random((16, 6), dtype=np.float32)

    def first_step(compiled):
        encoder = MLPEncoder((8,), seed=1)
        model = dv.DiffusionVAE(
            latent, encoder, MLPDecoder((8,), event_shape=(6,), seed=2), seed=0
        )
        model.compile("adam", jit_compile=compiled, run_eagerly=not compiled)
        logs = model.fit(x, batch_size=16, epochs=1, verbose=0).history
        return model, {name: values[0] for name, values in logs.items()}

    (_, plain), (model, fast) = first_step(False), first_step(True)
    for name in ("kl_loss", "log_time"):  # the noise is another under XLA
        np.testing.assert_allclose(fast[name], plain[name], rtol=1e-4, atol=1e-5, err_msg=name)
    assert fast["loss"] == pytest.approx(plain["loss"], rel=0.1)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
