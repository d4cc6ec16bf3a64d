"""R^d with the standard normal prior: the latent space of an ordinary VAE."""

import math

import keras
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.serialization import serializable


@serializable
class Euclidean(Manifold):
    """Flat space R^dim. Not closed: the prior is N(0, I), one time per coordinate.

    Args:
        dim: Number of coordinates, at least 1.
    """

    closed = False
    approximate = frozenset()

    def __init__(self, dim=2):
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = self.dim
        self.time_dim = self.dim

    @property
    def volume(self):
        return math.inf

    def scalar_curvature(self, z):
        return ops.zeros_like(ops.convert_to_tensor(z)[..., 0])

    def project(self, x):
        return ops.convert_to_tensor(x)

    def tangent_project(self, z, v):
        v = ops.convert_to_tensor(v)
        return v + ops.zeros_like(z)

    def exp(self, z, v):
        return z + v

    def distance(self, x, y):
        return safe_norm(ops.convert_to_tensor(x) - ops.convert_to_tensor(y))

    def random_uniform(self, shape=(), seed=None):
        raise ValueError(
            "Euclidean space has no uniform law. Expected a closed manifold; "
            "use `prior_sample` for draws from N(0, I)."
        )

    def prior_sample(self, shape=(), seed=None):
        return keras.random.normal((*shape, self.dim), seed=seed)

    def prior_log_density(self, z):
        z = ops.convert_to_tensor(z)
        squares = ops.sum(ops.square(z), axis=-1)
        return -0.5 * squares - 0.5 * self.dim * math.log(2.0 * math.pi)

    def get_config(self):
        return {"dim": self.dim}
