"""Coverage, continuity, distortion and equivariance of an encoder.

All functions take latent points as NumPy arrays `[..., ambient_dim]`, so that any map can be
measured. Distances are geodesic; on SO(3) they are angles of rotation.
"""

import math

import numpy as np
from keras import ops
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import gammaln

from diffusion_vae.manifolds import Manifold

PAIRS_AT_ONCE = 250_000  # of which a matrix of distances is made
EXPECTED_NEAR = 20.0  # points a ball of the coverage radius would hold, were they uniform


def distances(manifold: Manifold, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Geodesic distances in radians, `[..., ambient_dim] x [..., ambient_dim] -> [...]`."""
    # In float32 the neighbours within a small cloud would be those of its rounding errors.
    x, y = np.asarray(x, float), np.asarray(y, float)
    return ops.convert_to_numpy(manifold.distance(x, y)) / manifold.radian


def distance_matrix(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Geodesic distances in radians of all pairs, `[n, ambient_dim] -> [n, n]`, symmetric.

    Chords of the ambient space where the distance is a way of many projected pieces.
    """
    points = np.asarray(points, float)
    parts = manifold.factors or (manifold,)
    if any(type(part).distance is Manifold.distance for part in parts):
        shared = embedded(manifold, points)
        return cdist(shared, shared)
    rows = np.array_split(points[:, None], max(1, len(points) ** 2 // PAIRS_AT_ONCE))
    gaps = np.concatenate([distances(manifold, row, points[None]) for row in rows])
    return 0.5 * (gaps + gaps.T)


def largest_jump(manifold: Manifold, loops: np.ndarray) -> float:
    """Largest distance between neighbours, of images of loops `[..., steps + 1, n]`."""
    return float(distances(manifold, loops[..., :-1, :], loops[..., 1:, :]).max())


def coverage_radius(manifold: Manifold, count: int) -> float:
    """Radius of the ball that holds 20 of `count` uniform points, by flat volume."""
    dim = manifold.dim
    log_unit_ball = 0.5 * dim * math.log(math.pi) - gammaln(0.5 * dim + 1.0)
    log_share = math.log(EXPECTED_NEAR / count) + manifold.log_volume
    return math.exp((log_share - log_unit_ball) / dim) / manifold.radian


def coverage(
    manifold: Manifold, points: np.ndarray, uniform: np.ndarray, radius: float | None = None
) -> float:
    """Share of uniform points of the manifold that have an encoded point near.

    Args:
        manifold: A closed manifold.
        points: Encoded points, `[n, ambient_dim]`.
        uniform: Uniform points of the manifold, `[m, ambient_dim]`.
        radius: How near; by default `coverage_radius`, within which all but exp(-20)
            would have one, were the encoded points uniform.

    Returns:
        A number in [0, 1].
    """
    radius = coverage_radius(manifold, len(points)) if radius is None else radius
    tree = cKDTree(embedded(manifold, points))
    _, nearest = tree.query(embedded(manifold, uniform))
    return float((distances(manifold, uniform, points[nearest]) <= radius).mean())


def distance_correlation(
    manifold: Manifold,
    points: np.ndarray,
    factor_manifold: Manifold,
    factor_points: np.ndarray,
    pairs: int,
    rng: np.random.Generator,
) -> float:
    """Correlation between latent and true distances over random pairs of examples.

    Args:
        manifold: The latent manifold.
        points: Encoded points, `[n, ambient_dim]`.
        factor_manifold: Where the factors live.
        factor_points: Their points, `[n, f]`.
        pairs: Number of pairs.
        rng: NumPy generator.

    Returns:
        Pearson's correlation, 0 for a constant map.
    """
    i, j = rng.integers(len(points), size=(2, pairs))
    latent = distances(manifold, points[i], points[j])
    true = distances(factor_manifold, factor_points[i], factor_points[j])
    finite = np.isfinite(latent) & np.isfinite(true)  # O(3) has two components
    if latent[finite].std() < 1e-6:
        return 0.0
    return float(np.corrcoef(latent[finite], true[finite])[0, 1])


def alignment_error(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square error after the best orthogonal map, over the norm of `b`.

    Args:
        a: `[n, p]`.
        b: `[n, q]`; the narrower one is filled up with zeros.

    Returns:
        0 where `a` is `b` up to an isometry of the ambient space, about 1 where the two are
        unrelated.
    """
    width = max(a.shape[1], b.shape[1])
    a, b = (np.pad(np.asarray(z, float), ((0, 0), (0, width - z.shape[1]))) for z in (a, b))
    rotation, _ = orthogonal_procrustes(a, b)
    return float(np.linalg.norm(a @ rotation - b) / np.linalg.norm(b))


def embedded(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Ambient coordinates that identified points share, as NumPy."""
    return ops.convert_to_numpy(manifold.even_embedding(np.asarray(points, float)))
