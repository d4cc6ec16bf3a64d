"""Points written as unit vectors: what the sphere and its quotients share."""

import keras
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.vectors import safe_norm, shortened, sinc, unit_vectors
from diffusion_vae.typing import Seed, Tensor


class SphericalManifold(Manifold):
    """Unit vectors of R^(dim + 1), each or a pair +-z a point; abstract.

    Unit vectors up to a phase have further coordinates, and tangent vectors of their own.

    Args:
        dim: Intrinsic dimension, at least 1. Points have `dim + 1` coordinates.
    """

    approximate = frozenset()

    def __init__(self, dim: int = 2) -> None:
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = self.dim + 1

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return ops.zeros_like(z[..., 0]) + float(self.dim * (self.dim - 1))

    def project(self, x: Tensor) -> Tensor:
        return unit_vectors(x)

    def step(self, z: Tensor, noise: Tensor) -> Tensor:
        # The walk never meets the centre: the plain normalisation is safe and cheap.
        x = z + noise
        return x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        return v - z * ops.sum(z * v, axis=-1, keepdims=True)

    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        v = shortened(v)
        r = safe_norm(v, keepdims=True)  # [..., 1]
        return ops.cos(r) * z + sinc(r) * v

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return self.project(keras.random.normal((*shape, self.ambient_dim), seed=seed))

    def get_config(self) -> dict:
        return {"dim": self.dim}
