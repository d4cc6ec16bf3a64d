"""The atlas of a level set, computed once: volume, uniform points, starting points."""

import functools
from typing import NamedTuple

import numpy as np

from diffusion_vae.autodiff import run_eagerly
from diffusion_vae.manifolds.numerics.coarea import weighted_points
from diffusion_vae.manifolds.numerics.level_set import Function
from diffusion_vae.manifolds.numerics.pool import Pool, pool_of

ANCHORS = 1024  # points at which projections start


class Atlas(NamedTuple):
    """Points and volume of a level set.

    Attributes:
        volume: Riemannian volume.
        standard_error: Relative standard error of the volume.
        anchors: Points that cover the manifold evenly, `[ANCHORS, n]`.
        pool: Points of the uniform law.
    """

    volume: float
    standard_error: float
    anchors: np.ndarray
    pool: Pool


@functools.lru_cache(maxsize=32)
def build_atlas(
    function: Function,
    codimension: int,
    low: tuple[float, ...],
    high: tuple[float, ...],
    seed: int,
) -> Atlas:
    """Samples the level set `function = 0` in the box from `low` to `high`.

    Args:
        function: Level-set function, `[..., n] -> [..., codimension]`, hashable.
        codimension: Number of its values.
        low: Lower corner of the box, a tuple of n numbers.
        high: Upper corner of the box, a tuple of n numbers.
        seed: Integer seed.

    Returns:
        An `Atlas`, the same object for the same arguments.
    """
    box = np.array(low), np.array(high)
    sample = run_eagerly(weighted_points, function, codimension, *box, seed)
    pool = pool_of(sample, len(low) - codimension, seed)
    anchors = _spread(pool.points[: 8 * ANCHORS], ANCHORS)
    return Atlas(float(np.sum(sample.weights)), sample.standard_error, anchors, pool)


def _spread(points: np.ndarray, count: int) -> np.ndarray:
    """A greedy cover: each point is the farthest from those before it, `[count, n]`."""
    taken = [0]
    distance = np.full(len(points), np.inf)
    for _ in range(min(count, len(points)) - 1):
        distance = np.minimum(distance, np.linalg.norm(points - points[taken[-1]], axis=-1))
        taken.append(int(np.argmax(distance)))
    return points[taken]
