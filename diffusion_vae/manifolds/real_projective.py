"""Real projective space RP^d: the sphere S^d with antipodal points identified."""

import math

import numpy as np
from keras import ops

from diffusion_vae.manifolds.cover import Cover
from diffusion_vae.manifolds.numerics.top_eigenvector import top_eigenvector
from diffusion_vae.manifolds.numerics.vectors import (
    safe_norm,
    symmetric_matrix,
    symmetric_matrix_features,
)
from diffusion_vae.manifolds.sphere import Sphere
from diffusion_vae.manifolds.spherical import SphericalManifold
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Tensor


@serializable
class RealProjective(SphericalManifold):
    """RP^dim, a point of which is written as a point `z` of S^dim that stands for +-z.

    Densities are against the volume of the quotient, half that of the sphere.

    Args:
        dim: Intrinsic dimension, at least 1. Points have `dim + 1` coordinates.

    Example:
        >>> import numpy as np
        >>> plane = RealProjective(2)
        >>> z = np.array([0.0, 0.6, 0.8])
        >>> float(plane.distance(z, -z))
        0.0
        >>> plane.cover.manifold, plane.cover.order
        (Sphere(dim=2), 2)
    """

    candidates = ("projective:2",)

    @property
    def cover(self) -> Cover:
        identity = np.eye(self.ambient_dim)
        return Cover(Sphere(self.dim), np.stack([identity, -identity]))

    @property
    def volume(self) -> float:
        return self.cover.volume

    @property
    def log_volume(self) -> float:
        return self.cover.log_volume

    @property
    def symmetry(self) -> np.ndarray:
        return np.diagonal(self.cover.group, axis1=-2, axis2=-1)

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        # RP^3 is SO(3): a rotation turns a fixed axis.
        return ("sphere:2", "projective:2") if self.dim == 3 else ()

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        # The boundary of a cell of dimension k is 0 or 2 times that of dimension k - 1.
        if prime == 2:
            return (1,) * (self.dim + 1)
        return 1, *(0,) * (self.dim - 1), self.dim % 2

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        apart, together = safe_norm(x - y), safe_norm(x + y)
        return 2.0 * ops.arctan2(ops.minimum(apart, together), ops.maximum(apart, together))

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        obtuse = ops.sum(x * y, axis=-1, keepdims=True) < 0
        return self.cover.manifold.geodesic(x, ops.where(obtuse, -y, y), s)

    def even_embedding(self, z: Tensor) -> Tensor:
        return symmetric_matrix_features(z)

    @property
    def even_embedding_dim(self) -> int:
        return self.ambient_dim * (self.ambient_dim + 1) // 2

    def even_features(self, z: Tensor) -> Tensor:
        # E z z^T = I / n, and the covariance of z z^T is 2 / (n (n + 2)) on matrices of trace 0.
        n = self.ambient_dim
        rows, columns = np.triu_indices(n)
        mean = ops.convert_to_tensor(np.where(rows == columns, 1.0 / n, 0.0), dtype=z.dtype)
        return (self.even_embedding(z) - mean) * math.sqrt(0.5 * n * (n + 2))

    def project_even(self, x: Tensor) -> Tensor:
        # Eigenvectors do not depend on the scale, rounding does.
        largest = ops.stop_gradient(ops.max(ops.abs(x), axis=-1, keepdims=True))
        return top_eigenvector(symmetric_matrix(x / ops.maximum(largest, 1e-30), self.ambient_dim))
