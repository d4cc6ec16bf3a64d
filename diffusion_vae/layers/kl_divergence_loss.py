"""The KL term of a functional model."""

import keras
from keras import ops

from diffusion_vae import heat_kernels
from diffusion_vae.checks import require_number
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.random import SeedGenerator
from diffusion_vae.serialization import serializable


@serializable
class KLDivergenceLoss(FullPrecisionLayer):
    """Adds the mean KL of heat kernels to the prior as a loss; passes its inputs on.

    For functional models. The models of this library take the KL from their latent
    distribution and need no such layer.

    Inputs: `[location, time]`, `[..., ambient_dim]` and `[..., time_dim]`.
    Output: the same two tensors.

    Args:
        kernel: A heat kernel, for instance `RandomWalk(Sphere(2), steps=10)`.
        weight: Factor of the loss.
        seed: Integer seed for kernels whose KL is a sampled estimate, or `None`.
    """

    def __init__(self, kernel, weight=1.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.kernel = heat_kernels.get(kernel)
        self.weight = require_number("weight", weight, least=0.0)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape):
        self._check_location_and_time(input_shape, self.kernel.manifold)
        self.built = True

    def call(self, inputs):
        location, time = inputs
        kl = self.kernel.kl_to_prior(location, time, seed=self.seed_generator)
        self.add_loss(self.weight * ops.mean(kl))
        return [location, time]

    def compute_output_shape(self, input_shape):
        return [tuple(shape) for shape in input_shape]

    def get_config(self):
        return {
            **super().get_config(),
            "kernel": keras.saving.serialize_keras_object(self.kernel),
            "weight": self.weight,
            "seed": self.seed,
        }
