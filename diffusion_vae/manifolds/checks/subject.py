"""The manifold under test, with points and vectors to test it at."""

import functools
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.coarea import WeightedPoints
from diffusion_vae.manifolds.numerics.numpy_view import NumericManifold, spread
from diffusion_vae.manifolds.numerics.patches import patch_points
from diffusion_vae.typing import Tensor

COUNT = 256  # points of most checks
LARGEST_DIM = 7  # above, the charts that cover a manifold are too many


class Subject:
    """A manifold with test points; all arrays that it returns are float64.

    Attributes:
        manifold: The manifold.
        seed: Integer seed.
        samples: Number of points where laws are compared.
    """

    def __init__(self, manifold: Manifold, seed: int, samples: int) -> None:
        self.manifold = manifold
        self.seed = seed
        self.samples = samples

    @functools.cached_property
    def numeric(self) -> NumericManifold:
        """Projection and derivative as functions of arrays."""
        return NumericManifold(self.manifold)

    @functools.cached_property
    def sample(self) -> np.ndarray:
        """Draws from the prior in the float type of users, `[samples, n]`."""
        return to_numpy(self.manifold.prior_sample((self.samples,), seed=self.seed))

    @functools.cached_property
    def points(self) -> np.ndarray:
        """Points of the manifold, `[COUNT, n]`; half drawn from the prior."""
        half = COUNT // 2
        if not self.manifold.closed:
            return self.numeric.project(self.sample[:COUNT])
        scattered = self.numeric.scattered(half, self.seed)
        return np.concatenate([self.numeric.project(self.sample[:half]), scattered])

    @functools.cached_property
    def size(self) -> float:
        """Root mean square distance of the points from their mean."""
        return spread(self.points)

    @functools.cached_property
    def scale(self) -> float:
        """Largest coordinate plus the size: rounding is relative to it."""
        return self.size + float(np.max(np.abs(self.points)))

    @functools.cached_property
    def tangents(self) -> np.ndarray:
        """A unit tangent vector at each of the points, `[COUNT, n]`."""
        bases = self.numeric.tangent_basis(self.points)  # [count, n, d]
        parts = self.normal((COUNT, self.manifold.dim), 1)
        parts /= lengths(parts)[:, None]
        return np.einsum("bni,bi->bn", bases, parts)

    @functools.cached_property
    def length(self) -> float:
        """Length of test curves: short against the size and every radius of curvature."""
        squares = self.squares(np.swapaxes(self.second_form(self.points), -1, -2))
        curvature = np.sqrt(np.max(np.abs(np.sum(squares, axis=(1, 2)))))
        return 0.3 * min(self.size, 1.0 / max(float(curvature), 1e-12))

    def second_form(self, z: np.ndarray) -> np.ndarray:
        """Second fundamental form in orthonormal tangent bases, `[count, n] -> [count, d, n, d]`.

        II(u, v) is the normal part of (D_u P) v, with P the tangent projector. Where a point
        has a continuum of names it is symmetric but for a part along them: O'Neill's A(u, v).
        """
        basis = self.numeric.tangent_basis(z)  # [count, n, d]
        slope = basis @ np.swapaxes(self.metric[:, None] * basis, -1, -2)  # [count, n, n]
        h = self.size * self.tolerance(1e-4, 1e-2)
        rows = []
        for i in range(self.manifold.dim):
            ahead, behind = (self.numeric.project(z + t * basis[..., i]) for t in (h, -h))
            turn = self.numeric.tangent_projector(ahead) - self.numeric.tangent_projector(behind)
            bent = turn @ basis / (2.0 * h)  # [count, n, d]
            rows.append(bent - slope @ bent)
        return np.stack(rows, axis=1)

    @functools.cached_property
    def reference(self) -> WeightedPoints:
        """Weighted points that represent the volume of all names of points."""
        half = self.samples // 2
        scattered = self.numeric.scattered(half, self.seed)
        candidates = np.concatenate([self.numeric.project(self.sample[:half]), scattered])
        project, basis = self.numeric.project, self.numeric.basis_of_names
        return patch_points(project, basis, candidates, half, self.seed)

    @property
    def metric(self) -> np.ndarray:
        """Diagonal of the ambient inner product, `[n]`."""
        return self.manifold.ambient_metric

    @property
    def in_flat_space(self) -> bool:
        """Whether the ambient space is Euclidean: lengths in it are positive."""
        return bool(np.all(self.metric == 1.0))

    def squares(self, x: np.ndarray) -> np.ndarray:
        """Ambient inner products of vectors with themselves, `[..., n] -> [...]`."""
        return np.sum(self.metric * x**2, axis=-1)

    def chord(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Straight-line distance between points, the shortest among all names."""
        return lengths(x - self.call("nearest_name", y, x))

    def normal(self, shape: tuple[int, ...], stream: int) -> np.ndarray:
        """Standard normal numbers; different streams are independent."""
        return np.random.default_rng([self.seed, stream]).normal(size=shape)

    def call(self, method: str, *arrays: np.ndarray) -> np.ndarray:
        """A method of the manifold at arrays, in the widest precision it keeps."""
        tensors = [ops.convert_to_tensor(a, dtype=self.numeric.dtype) for a in arrays]
        return to_numpy(getattr(self.manifold, method)(*tensors))

    def gradients(self, function: Callable[[Tensor], Tensor], x: np.ndarray) -> np.ndarray:
        """Jacobians of a function at `x`, in the float type of users."""
        return to_numpy(jacobian(function, ops.convert_to_tensor(x, dtype=keras.config.floatx())))

    def tolerance(self, double: float, single: float) -> float:
        """The tolerance for the precision in which the projection is computed."""
        return double if self.numeric.dtype == "float64" else single

    def rough(self, *methods: str) -> bool:
        """Whether one of these methods is declared approximate."""
        return any(method in self.manifold.approximate for method in methods)


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A tensor as a float64 array."""
    return ops.convert_to_numpy(tensor).astype("float64")


def largest(x: np.ndarray) -> float:
    """Largest absolute value; NaN where there is one."""
    return float(np.max(np.abs(x)))


def lengths(x: np.ndarray) -> np.ndarray:
    """Euclidean norms over the last axis."""
    return np.linalg.norm(x, axis=-1)
