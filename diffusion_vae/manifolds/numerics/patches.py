"""Weighted points of a manifold known only by its projection, by overlapping charts."""

import math
from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from diffusion_vae.manifolds.numerics.coarea import WeightedPoints

ITERATIONS = 12  # of the solve for a point above a given tangent vector
LEAST_OVERLAP = 4  # charts that cover nearly every point, at least


def patch_points(
    project: Callable[[np.ndarray], np.ndarray],
    tangent_basis: Callable[[np.ndarray], np.ndarray],
    candidates: np.ndarray,
    count: int,
    seed: int,
) -> WeightedPoints:
    """Random points of a manifold whose weights sum to its volume.

    About each of many centres c, with orthonormal tangent basis E, the manifold is
    a graph over its tangent space: the point y above w has E^T (y - c) = w. A
    random centre and a uniform w with |w| < r give a random y of density

        q(y) = mean over centres near y of |det E^T T| / (volume of the r-ball),

    T being the tangent basis at y, so that E[1 / q] is the volume. Nothing but the
    projection is used, and the law of the candidates does not matter as long as
    they reach every part of the manifold.

    Args:
        project: Closest point of arrays, `[count, n] -> [count, n]`.
        tangent_basis: Orthonormal tangent vectors, `[count, n] -> [count, n, d]`.
        candidates: Points of the manifold, `[candidates, n]`; half become centres.
        count: Number of points.
        seed: Integer seed.

    Returns:
        `WeightedPoints`.

    Raises:
        ValueError: If the manifold is not a graph over balls that are large enough to
            cover it: it is too curved, or its dimension too high, for the candidates.
    """
    rng = np.random.default_rng(seed)
    candidates = rng.permutation(candidates)
    centres, others = np.array_split(candidates, 2)
    bases = tangent_basis(centres)  # [centres, n, d]
    tree = cKDTree(centres)
    reach = tree.query(others, k=LEAST_OVERLAP)[0][:, -1]  # [others]
    radius = 1.1 * float(np.quantile(reach, 0.999))

    which = rng.integers(len(centres), size=count)
    c, e = centres[which], bases[which]  # [count, n], [count, n, d]
    dim = e.shape[-1]
    w = rng.normal(size=(count, dim))
    w *= radius * rng.random((count, 1)) ** (1.0 / dim) / np.linalg.norm(w, axis=-1)[:, None]
    y = c + np.einsum("bni,bi->bn", e, w)
    for _ in range(ITERATIONS):
        y = project(y)
        missing = w - np.einsum("bni,bn->bi", e, y - c)  # [count, d]
        if np.max(np.abs(missing)) < 1e-6 * radius:
            break
        y = y + np.einsum("bni,bi->bn", e, missing)
    y = project(y)
    share = float(np.mean(np.linalg.norm(missing, axis=-1) > 1e-3 * radius))
    if share > 1e-3:
        raise ValueError(
            f"Expected a manifold that is a graph over tangent balls of radius {radius:.3g}. "
            f"Received: no point above {share:.2%} of their vectors. Run `check_manifold` on it: "
            "`project` must give the closest point, and the dimension be low."
        )

    density = _density(y, tangent_basis(y), centres, bases, radius, tree)
    volumes = 1.0 / density  # [count]
    error = float(np.std(volumes) / np.mean(volumes) / math.sqrt(count))
    return WeightedPoints(y, volumes / count, error)


def _density(
    y: np.ndarray,
    tangents: np.ndarray,
    centres: np.ndarray,
    bases: np.ndarray,
    radius: float,
    tree: cKDTree,
) -> np.ndarray:
    """Density of the mixture of all charts at `y`, `[count]`."""
    neighbours = tree.query_ball_point(y, math.sqrt(2.0) * radius)
    counts = np.array([len(indices) for indices in neighbours])
    point = np.repeat(np.arange(len(y)), counts)  # [pairs]
    centre = np.concatenate(neighbours).astype(int)  # [pairs]
    offset = y[point] - centres[centre]  # [pairs, n]
    along = np.einsum("pni,pn->pi", bases[centre], offset)  # [pairs, d]
    inside = np.sum(along**2, axis=-1) < radius**2
    point, centre = point[inside], centre[inside]
    cosines = np.einsum("pni,pnj->pij", bases[centre], tangents[point])  # [pairs, d, d]
    dim = cosines.shape[-1]
    ball = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1) * radius**dim
    each = np.abs(np.linalg.det(cosines)) / ball
    return np.bincount(point, weights=each, minlength=len(y)) / len(centres)
