"""The unit sphere S^d in R^(d+1)."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.vectors import safe_norm, shortened, unit_vectors
from diffusion_vae.serialization import serializable


@serializable
class Sphere(Manifold):
    """Unit sphere S^dim; `Sphere(1)` is the circle.

    Args:
        dim: Intrinsic dimension, at least 1. Points have `dim + 1` coordinates.
    """

    approximate = frozenset()

    def __init__(self, dim=2):
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = self.dim + 1

    @property
    def volume(self):
        half = 0.5 * (self.dim + 1)
        return math.exp(math.log(2.0) + half * math.log(math.pi) - math.lgamma(half))

    def scalar_curvature(self, z):
        z = ops.convert_to_tensor(z)
        return ops.zeros_like(z[..., 0]) + float(self.dim * (self.dim - 1))

    def project(self, x):
        return unit_vectors(x)

    def step(self, z, noise):
        # The walk never meets the centre: the plain normalisation is safe and cheap.
        x = z + noise
        return x * ops.rsqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))

    def tangent_project(self, z, v):
        return v - z * ops.sum(z * v, axis=-1, keepdims=True)

    def exp(self, z, v):
        v = shortened(ops.convert_to_tensor(v))
        r = safe_norm(v, keepdims=True)  # [..., 1]
        return ops.cos(r) * z + sinc(r) * v

    def distance(self, x, y):
        # The half-angle form keeps all digits at 0 and at pi, where acos has none.
        return 2.0 * ops.arctan2(safe_norm(x - y), safe_norm(x + y))

    def geodesic(self, x, y, s):
        x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)  # [..., 1]
        r = ops.expand_dims(self.distance(x, y), -1)  # [..., 1]
        return self.exp(x, s * r * self._direction(x, y))

    def _direction(self, x, y):
        """Unit tangent at `x` towards `y`; any one where `y` is `x` or its antipode."""
        towards = self.tangent_project(x, y)  # [..., n]
        length = safe_norm(towards, keepdims=True)  # [..., 1]
        degenerate = length < 1e-6
        least = ops.one_hot(ops.argmin(ops.abs(x), axis=-1), self.ambient_dim, dtype=x.dtype)
        aside = self.tangent_project(x, least)  # never zero: |x_least| <= n^(-1/2)
        chosen = ops.where(degenerate, aside, towards / ops.where(degenerate, 1.0, length))
        return chosen / safe_norm(chosen, keepdims=True)

    def random_uniform(self, shape=(), seed=None):
        return self.project(keras.random.normal((*shape, self.ambient_dim), seed=seed))

    def get_config(self):
        return {"dim": self.dim}


def sinc(r):
    """sin(r) / r, smooth at 0."""
    small = ops.abs(r) < 1e-2
    safe = ops.where(small, 1.0, r)
    series = 1.0 - ops.square(r) / 6.0 + ops.square(ops.square(r)) / 120.0
    return ops.where(small, series, ops.sin(safe) / safe)


def symmetric_matrix_features(z):
    """Upper triangle of z z^T, off-diagonal entries times sqrt 2: an isometry on R^(n x n).

    Args:
        z: `[..., n]`.

    Returns:
        `[..., n (n + 1) / 2]`.
    """
    n = z.shape[-1]
    rows, columns = np.triu_indices(n)
    weight = np.where(rows == columns, 1.0, math.sqrt(2.0))
    left, right = ops.take(z, rows, axis=-1), ops.take(z, columns, axis=-1)
    return left * right * ops.convert_to_tensor(weight, dtype=z.dtype)
