"""The reparametrisation: where a Brownian motion is at a given time."""

import keras

from diffusion_vae import heat_kernels
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.random import SeedGenerator
from diffusion_vae.serialization import serializable


@serializable
class BrownianMotionSampling(FullPrecisionLayer):
    """Draws from a heat kernel, differentiably in location and time.

    Inputs: `[location, time]`, `[..., ambient_dim]` and `[..., time_dim]`.
    Output: points `[..., ambient_dim]`.

    Args:
        kernel: A heat kernel, for instance `RandomWalk(Sphere(2), steps=10)`.
        seed: Integer seed of the noise, or `None`.
    """

    def __init__(self, kernel, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.kernel = heat_kernels.get(kernel)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape):
        self._check_location_and_time(input_shape, self.kernel.manifold)
        self.built = True

    def call(self, inputs):
        location, time = inputs
        return self.kernel.sample(location, time, seed=self.seed_generator)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        kernel = keras.saving.serialize_keras_object(self.kernel)
        return {**super().get_config(), "kernel": kernel, "seed": self.seed}
