"""Reparametrised draws of a Brownian motion at a given time."""

from collections.abc import Sequence
from typing import Any

import keras

from diffusion_vae import heat_kernels
from diffusion_vae.heat_kernels import Law
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.random import SeedGenerator
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor


@serializable
class BrownianMotionSampling(FullPrecisionLayer):
    """Draws from a heat kernel that are differentiable in location and time.

    Args:
        kernel: A heat kernel, for instance `RandomWalk(Sphere(2), steps=10)`.
        seed: Integer seed of the noise, or `None`.

    Input shape:
        Two tensors, `[location, time]`: `[..., ambient_dim]` and `[..., time_dim]`.

    Output shape:
        Points of the manifold, `[..., ambient_dim]`.

    Raises:
        TypeError: If `kernel` is not a law on a manifold.
        ValueError: If the inputs are not a location and a time on its manifold.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.layers import BrownianMotionSampling
        >>> from diffusion_vae.manifolds import Sphere
        >>> layer = BrownianMotionSampling(heat_kernel(Sphere(2)), seed=0)
        >>> north = np.array([[0.0, 0.0, 1.0]], "float32")
        >>> z = layer([north, np.array([[0.1]], "float32")])
        >>> float(np.round(np.linalg.norm(z), 3))  # on the sphere
        1.0
    """

    def __init__(self, kernel: Law, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel = heat_kernels.get(kernel)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape: Sequence[Shape]) -> None:
        self._check_location_and_time(input_shape, self.kernel.manifold)
        self.built = True

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        location, time = inputs
        return self.kernel.sample(location, time, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        kernel = keras.saving.serialize_keras_object(self.kernel)
        return {**super().get_config(), "kernel": kernel, "seed": self.seed}
