"""Complex projective space CP^n: the unit vectors of C^(n+1) up to a phase."""

import math

import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.manifolds.numerics.complex_vectors import (
    hermitian_features,
    hermitian_matrix,
    in_phase,
    inner,
    multiple,
    times_i,
)
from diffusion_vae.manifolds.numerics.top_eigenvector import top_eigenvector
from diffusion_vae.manifolds.numerics.vectors import safe_norm, sinc
from diffusion_vae.manifolds.spherical import SphericalManifold
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Tensor


@serializable
class ComplexProjective(SphericalManifold):
    """CP^n with the Fubini-Study metric: unit vectors z of C^(n+1), where exp(i a) z is z.

    A point is written as `[real parts of z, imaginary parts of z]`, 2n + 2 numbers. Sectional
    curvatures lie between 1 and 4, and no two points are farther apart than pi / 2; CP^1 is the
    sphere of radius 1/2. Tangent vectors at z are orthogonal to z and to i z (horizontal), so
    that their lengths are those of the quotient (O'Neill 1966).

    Landmarks of the plane up to translation, rotation and scale (Kendall 1984) and pure
    quantum states are points of such a space.

    Args:
        dim: Number n of complex dimensions, at least 1. The attribute `dim` of the manifold is
            that of real ones, 2n.

    Attributes:
        complex_dim: Number n of complex dimensions.

    Example:
        >>> import numpy as np
        >>> space = ComplexProjective(2)
        >>> space.dim, space.ambient_dim
        (4, 6)
        >>> z = np.array([0.6, 0.8, 0.0, 0.0, 0.0, 0.0])
        >>> iz = np.array([0.0, 0.0, 0.0, 0.6, 0.8, 0.0])  # the same point
        >>> other = np.array([0.8, -0.6, 0.0, 0.0, 0.0, 0.0])
        >>> float(space.distance(z, iz)), round(float(space.distance(z, other)), 4)
        (0.0, 1.5708)
    """

    def __init__(self, dim: int = 2) -> None:
        self.complex_dim = require_integer("dim", dim, 1)
        self.dim = 2 * self.complex_dim
        self.ambient_dim = self.dim + 2

    @property
    def volume(self) -> float:
        return math.exp(self.log_volume)

    @property
    def log_volume(self) -> float:
        n = self.complex_dim
        return n * math.log(math.pi) - math.lgamma(n + 1)

    @property
    def identifies_points(self) -> bool:
        return True

    @property
    def fibre_volume(self) -> float:
        return 2.0 * math.pi

    def nearest_name(self, z: Tensor, to: Tensor) -> Tensor:
        return in_phase(z, to)

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        return 1, *(0, 1) * self.complex_dim  # one cell in every even dimension

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return ops.zeros_like(z[..., 0]) + float(4 * self.complex_dim * (self.complex_dim + 1))

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        return v - multiple(z, inner(z, v))

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        # Cosine and sine of the angle: neither end of the range loses its digits. The sine is
        # taken from y - x, in which nearby points lose none either.
        apart = y - x
        return ops.arctan2(safe_norm(self.tangent_project(x, apart)), safe_norm(inner(x, y)))

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)  # [..., 1]
        r = ops.expand_dims(self.distance(x, y), -1)
        # The horizontal part of y has the length sin r, and r is pi / 2 at most.
        return self.exp(x, s * self.tangent_project(x, in_phase(y, x)) / sinc(r))

    def even_embedding(self, z: Tensor) -> Tensor:
        return hermitian_features(z)

    @property
    def even_embedding_dim(self) -> int:
        return (self.complex_dim + 1) ** 2

    def even_features(self, z: Tensor) -> Tensor:
        mean, deviation = self._even_moments
        return (self.even_embedding(z) - ops.convert_to_tensor(mean, dtype=z.dtype)) / deviation

    def project_even_features(self, x: Tensor) -> Tensor:
        """Points whose even features are closest to `x`, under one of their names.

        Args:
            x: Any even features, such as decoded ones, `[..., even_embedding_dim]`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`.
        """
        x = ops.convert_to_tensor(x)
        mean, deviation = self._even_moments
        return self.project_even(x * deviation + ops.convert_to_tensor(mean, dtype=x.dtype))

    @property
    def _even_moments(self) -> tuple[np.ndarray, float]:
        """Mean and deviation of the even embedding under the uniform law."""
        # E z z* = I / n, and the covariance of z z* is 1 / (n (n + 1)) on matrices of trace 0.
        n = self.complex_dim + 1
        rows, columns = np.triu_indices(n)
        mean = np.zeros(self.even_embedding_dim)
        mean[: len(rows)] = np.where(rows == columns, 1.0 / n, 0.0)
        return mean, 1.0 / math.sqrt(n * (n + 1))

    def project_even(self, x: Tensor) -> Tensor:
        # Eigenvectors do not depend on the scale, rounding does.
        largest = ops.stop_gradient(ops.max(ops.abs(x), axis=-1, keepdims=True))
        scaled = x / ops.maximum(largest, 1e-30)
        return top_eigenvector(hermitian_matrix(scaled, self.complex_dim + 1), _with_multiple)

    def get_config(self) -> dict:
        return {"dim": self.complex_dim}


def _with_multiple(z: Tensor) -> Tensor:
    """z and i z, which span the eigenvectors of a simple complex eigenvalue, `[..., 2, n]`."""
    return ops.stack([z, times_i(z)], axis=-2)
