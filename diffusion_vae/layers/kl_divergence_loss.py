"""The KL term of a functional model."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from diffusion_vae import heat_kernels
from diffusion_vae.checks import require_number
from diffusion_vae.heat_kernels import Law
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.random import SeedGenerator
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor


@serializable
class KLDivergenceLoss(FullPrecisionLayer):
    """Adds the mean KL of heat kernels to the prior as a loss, and returns its inputs.

    For functional models. The models of this library take the KL from their latent
    distribution and need no such layer.

    Args:
        kernel: A heat kernel, for instance `RandomWalk(Sphere(2), steps=10)`.
        weight: Factor of the loss, at least 0.
        seed: Integer seed for kernels whose KL is a sampled estimate, or `None`.

    Input shape:
        Two tensors, `[location, time]`: `[..., ambient_dim]` and `[..., time_dim]`.

    Output shape:
        The same.

    Raises:
        TypeError: If `kernel` is not a law on a manifold, or `weight` not a number.
        ValueError: If `weight` is negative, or if the inputs are not a location and a time.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.layers import KLDivergenceLoss
        >>> from diffusion_vae.manifolds import Sphere
        >>> layer = KLDivergenceLoss(heat_kernel(Sphere(2)))
        >>> north = np.array([[0.0, 0.0, 1.0]], "float32")
        >>> location, time = layer([north, np.array([[0.1]], "float32")])
        >>> round(float(layer.losses[0]), 3)  # nats
        2.046
    """

    def __init__(
        self, kernel: Law, weight: float = 1.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.kernel = heat_kernels.get(kernel)
        self.weight = require_number("weight", weight, least=0.0)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape: Sequence[Shape]) -> None:
        self._check_location_and_time(input_shape, self.kernel.manifold)
        self.built = True

    def call(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        location, time = inputs
        kl = self.kernel.kl_to_prior(location, time, seed=self.seed_generator)
        self.add_loss(self.weight * ops.mean(kl))
        return [location, time]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> list[Shape]:
        return [tuple(shape) for shape in input_shape]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel": keras.saving.serialize_keras_object(self.kernel),
            "weight": self.weight,
            "seed": self.seed,
        }
