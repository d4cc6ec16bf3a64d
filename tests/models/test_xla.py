"""Heads of the encoder under XLA, which is what `compile("adam")` means on a GPU."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.manifolds import O3, RealProjective

FEATURES = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")


@pytest.mark.parametrize(
    "manifold, head", [(O3(), "ambient"), (RealProjective(2), "veronese")], ids=["o3", "veronese"]
)
def test_gradients_compile_and_agree(manifold, head):
    # The walk compiles too (tests/heat_kernels); TensorFlow's XLA has no determinant, say.
    latent = BrownianLatent(RandomWalk(manifold, steps=1), head=head, seed=0)
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
