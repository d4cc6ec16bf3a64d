"""Pools of uniform points, from which a manifold without a closed form draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import run_eagerly
from diffusion_vae.manifolds.numerics.coarea import WeightedPoints
from diffusion_vae.manifolds.numerics.numpy_view import NumericManifold
from diffusion_vae.manifolds.numerics.patches import patch_points
from diffusion_vae.typing import Seed, Tensor

if TYPE_CHECKING:
    from diffusion_vae.manifolds.base import Manifold

SIZE = 2**15  # points, at most


class Pool(NamedTuple):
    """Points of the uniform law.

    Attributes:
        points: `[count, n]`.
        spacing: Typical distance between neighbours.
    """

    points: np.ndarray
    spacing: float


def pool_of(sample: WeightedPoints, dim: int, seed: int) -> Pool:
    """Keeps each of the weighted points with a probability proportional to its weight."""
    rng = np.random.default_rng(seed)
    kept = rng.random(sample.weights.size) * np.max(sample.weights) < sample.weights
    points = rng.permutation(sample.points[kept])[:SIZE]
    return Pool(points, float((np.sum(sample.weights) / len(points)) ** (1.0 / dim)))


def pool_by_projection(manifold: Manifold, seed: int = 0) -> Pool:
    """Uniform points of a closed manifold known by its projection."""

    def sample() -> WeightedPoints:
        numeric = NumericManifold(manifold)
        candidates = numeric.scattered(2**13, seed)
        return patch_points(numeric.project, numeric.basis_of_names, candidates, SIZE, seed)

    return pool_of(run_eagerly(sample), manifold.dim, seed)


def draw_from_pool(manifold: Manifold, pool: Pool, shape: tuple[int, ...], seed: Seed) -> Tensor:
    """Points of the pool, each moved by a small step of the random walk.

    Args:
        manifold: The manifold of the pool.
        pool: `Pool`.
        shape: Batch shape.
        seed: An integer, a `keras.random.SeedGenerator` or `None`.

    Returns:
        Points of the manifold, `[*shape, n]`.
    """
    draws = keras.random.uniform((*shape, 1 + manifold.ambient_dim), seed=seed)
    points = ops.convert_to_tensor(pool.points, dtype=draws.dtype)  # [count, n]
    index = ops.cast(draws[..., 0] * len(pool.points), "int32")
    z = ops.take(points, ops.minimum(index, len(pool.points) - 1), axis=0)
    move = pool.spacing * (2.0 * draws[..., 1:] - 1.0)
    return manifold.project(z + manifold.tangent_project(z, move))
