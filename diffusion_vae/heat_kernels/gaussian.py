"""Brownian motion in R^d: the Gaussian, one time (variance) per coordinate."""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_time_axes
from diffusion_vae.manifolds import Euclidean, Manifold
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class GaussianKernel(Law):
    """Exact kernel of `Euclidean`: N(location, diag(time)), with the prior N(0, I).

    Args:
        manifold: A `Euclidean` space.

    Example:
        >>> from diffusion_vae.manifolds import Euclidean
        >>> kernel = GaussianKernel(Euclidean(2))
        >>> round(float(kernel.kl_to_prior([1.0, 0.0], [0.5, 1.0])), 4)
        0.5966
    """

    spaces = (Euclidean,)

    def __init__(self, manifold: Manifold) -> None:
        super().__init__(manifold)

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        squares = ops.square(y - location) / time
        return -0.5 * ops.sum(squares + ops.log(2.0 * math.pi * time), axis=-1)

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        return location + ops.sqrt(time) * noise

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        return 0.5 * ops.sum(time + ops.square(location) - 1.0 - ops.log(time), axis=-1)

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        return [None] * self.manifold.time_dim
