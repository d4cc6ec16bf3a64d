"""Brownian motion in R^d: the Gaussian, one time (variance) per coordinate."""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_time_axes
from diffusion_vae.manifolds.euclidean import Euclidean
from diffusion_vae.serialization import serializable


@serializable
class GaussianKernel(Law):
    """Exact kernel of `Euclidean`: N(location, diag(time)), with the prior N(0, I).

    Args:
        manifold: A `Euclidean` space.
    """

    def __init__(self, manifold):
        if not isinstance(manifold, Euclidean):
            raise TypeError(f"Expected a Euclidean manifold. Received: {manifold!r}.")
        super().__init__(manifold)

    def log_density(self, y, location, time):
        squares = ops.square(y - location) / time
        return -0.5 * ops.sum(squares + ops.log(2.0 * math.pi * time), axis=-1)

    def sample(self, location, time, seed=None):
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        return location + ops.sqrt(time) * noise

    def kl_to_prior(self, location, time, seed=None):
        return 0.5 * ops.sum(time + ops.square(location) - 1.0 - ops.log(time), axis=-1)

    def default_log_time_range(self):
        return [None] * self.manifold.time_dim
