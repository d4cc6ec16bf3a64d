"""The flat (Clifford) torus: a product of unit circles."""

import math

import keras
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.circle import rotate, signed_angle
from diffusion_vae.manifolds.numerics.vectors import safe_norm, unit_vectors
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class FlatTorus(Manifold):
    """Product of `dim` unit circles, `(cos a, sin a, cos b, sin b, ...)` in R^(2 dim).

    Args:
        dim: Number of circles, at least 1.

    Example:
        >>> torus = FlatTorus(2)
        >>> z = torus.from_angles([0.0, 1.5])
        >>> [round(float(angle), 3) for angle in torus.angles(z)]
        [0.0, 1.5]
        >>> tuple(z.shape), round(torus.volume, 3)
        ((4,), 39.478)
    """

    candidates = ("torus:2",)

    approximate = frozenset()

    def __init__(self, dim: int = 2) -> None:
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = 2 * self.dim

    @property
    def volume(self) -> float:
        return (2.0 * math.pi) ** self.dim

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        return tuple(math.comb(self.dim, k) for k in range(self.dim + 1))

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        return (f"torus:{self.dim - 1}",) if self.dim > 1 else ()

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return ops.zeros_like(z[..., 0])

    def project(self, x: Tensor) -> Tensor:
        return self._joined(unit_vectors(self._pairs(x)))

    def step(self, z: Tensor, noise: Tensor) -> Tensor:
        x = self._pairs(z + noise)
        return self._joined(x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True)))

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        z, v = self._pairs(z), self._pairs(v)
        return self._joined(v - z * ops.sum(z * v, axis=-1, keepdims=True))

    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        z, v = self._pairs(z), self._pairs(v)  # [..., dim, 2]
        turn = z[..., 0] * v[..., 1] - z[..., 1] * v[..., 0]  # [..., dim]
        return self._joined(rotate(z, turn))

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        return safe_norm(self.angle_between(x, y))

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)
        return self._joined(rotate(self._pairs(x), s * self.angle_between(x, y)))

    def angle_between(self, x: Tensor, y: Tensor) -> Tensor:
        """Signed angles from `x` to `y` in (-pi, pi], `[..., dim]`."""
        x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
        return signed_angle(self._pairs(x), self._pairs(y))

    def angles(self, z: Tensor) -> Tensor:
        """Angles in (-pi, pi] of the points `z`, `[..., 2 dim] -> [..., dim]`."""
        z = self._pairs(ops.convert_to_tensor(z))
        return ops.arctan2(z[..., 1], z[..., 0])

    def from_angles(self, angles: Tensor) -> Tensor:
        """Points at the given angles, `[..., dim] -> [..., 2 dim]`."""
        angles = ops.convert_to_tensor(angles)
        return self._joined(ops.stack([ops.cos(angles), ops.sin(angles)], axis=-1))

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return self.project(keras.random.normal((*shape, self.ambient_dim), seed=seed))

    def get_config(self) -> dict:
        return {"dim": self.dim}

    def _pairs(self, z: Tensor) -> Tensor:
        return ops.reshape(z, (*ops.shape(z)[:-1], self.dim, 2))

    def _joined(self, pairs: Tensor) -> Tensor:
        return ops.reshape(pairs, (*ops.shape(pairs)[:-2], self.ambient_dim))
