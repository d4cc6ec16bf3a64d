"""The unit sphere S^d in R^(d+1)."""

import math

from keras import ops

from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.manifolds.spherical import SphericalManifold
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Tensor


@serializable
class Sphere(SphericalManifold):
    """Unit sphere S^dim; `Sphere(1)` is the circle.

    Args:
        dim: Intrinsic dimension, at least 1. Points have `dim + 1` coordinates.

    Example:
        >>> import numpy as np
        >>> sphere = Sphere(2)
        >>> north, east = np.eye(3)[2], np.eye(3)[0]
        >>> round(float(sphere.distance(north, east)), 4)
        1.5708
        >>> tuple(sphere.random_uniform((5,), seed=0).shape)
        (5, 3)
    """

    candidates = ("sphere:1", "sphere:2")

    @property
    def volume(self) -> float:
        return math.exp(self.log_volume)

    @property
    def log_volume(self) -> float:
        half = 0.5 * (self.dim + 1)
        return math.log(2.0) + half * math.log(math.pi) - math.lgamma(half)

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        return 1, *(0,) * (self.dim - 1), 1

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        hopf = ("sphere:2", "projective:2") if self.dim == 3 else ()
        return f"projective:{self.dim}", *hopf

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        # The half-angle form keeps all digits at 0 and at pi, where acos has none.
        return 2.0 * ops.arctan2(safe_norm(x - y), safe_norm(x + y))

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)  # [..., 1]
        r = ops.expand_dims(self.distance(x, y), -1)  # [..., 1]
        return self.exp(x, s * r * self._direction(x, y))

    def _direction(self, x: Tensor, y: Tensor) -> Tensor:
        """Unit tangent at `x` towards `y`; any one where `y` is `x` or its antipode."""
        towards = self.tangent_project(x, y)  # [..., n]
        length = safe_norm(towards, keepdims=True)  # [..., 1]
        degenerate = length < 1e-6
        least = ops.one_hot(ops.argmin(ops.abs(x), axis=-1), self.ambient_dim, dtype=x.dtype)
        aside = self.tangent_project(x, least)  # never zero: |x_least| <= n^(-1/2)
        direction = ops.where(degenerate, aside, towards / ops.where(degenerate, 1.0, length))
        return direction / safe_norm(direction, keepdims=True)
