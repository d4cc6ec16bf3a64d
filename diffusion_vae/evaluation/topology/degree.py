"""The degree of a map between spheres or their quotients, from finitely many values.

A sphere is cut into simplices, the map is taken at their corners, and the images of the
simplices that contain a given point are counted with their orientation. For a continuous
map and fine enough simplices that count is the degree whatever the point, and its mean
over random points is the signed volume of the image over the volume of the target. A
degree of +-1 makes a continuous encoder onto (paper, section 4.2). A mean off the integers,
or neighbouring corners whose images are a right angle apart or more, are the mark of a
jump: then there is no degree.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from diffusion_vae.evaluation.topology.covers import connected_cover, from_cover, to_cover
from diffusion_vae.manifolds import Manifold

POINTS = {1: 400, 2: 3000, 3: 12000}  # corners on S^d, by dimension
TARGETS = 256  # random points whose preimages are counted
CHUNK = 32  # of them at a time


@dataclass(frozen=True)
class Degree:
    """Signed number of preimages of a random point.

    Attributes:
        value: Its mean over the points. Modulo 2 where the manifold has no orientation:
            the share of points with an odd number of preimages.
        widest: Largest angle between images of neighbouring corners, in radians.
        modulo_2: Whether it is a degree modulo 2.
    """

    value: float
    widest: float
    modulo_2: bool

    @property
    def integer(self) -> int | None:
        """The degree, or `None` where there is a jump: within 0.05 of no integer, or wide."""
        nearest = round(self.value)
        clear = abs(self.value - nearest) <= 0.05 and self.widest < 0.5 * np.pi
        return nearest if clear else None


def has_degree(source: Manifold, target: Manifold) -> bool:
    """Whether maps between the two manifolds have a degree that is counted here."""
    covers = connected_cover(source), connected_cover(target)
    return (
        source.dim == target.dim
        and source.dim in POINTS
        and covers[0] is not None
        and covers[1] is not None
        and covers[0].antipodal == covers[1].antipodal
    )


def measure_degree(
    mapping: Callable[[np.ndarray], np.ndarray],
    source: Manifold,
    target: Manifold,
    targets: int = TARGETS,
    seed: int = 0,
) -> Degree:
    """Degree of a map between two spheres, projective spaces or rotation groups.

    Args:
        mapping: Takes points of the source `[n, ambient_dim]` to points of the target.
        source: `Sphere(d)`, `RealProjective(d)` or `SO3()`, with d from 1 to 3.
        target: The same, of equal dimension; both are spheres or neither is.
        targets: Random points whose preimages are counted.
        seed: Of these points and of the corners.

    Returns:
        A `Degree`; modulo 2 on RP^2, which has no orientation.

    Raises:
        ValueError: If there is no such degree.
    """
    covers = connected_cover(source), connected_cover(target)
    if not has_degree(source, target) or covers[0] is None or covers[1] is None:
        raise ValueError(
            "Expected two spheres, or two of RP^d and SO(3), of one dimension from 1 to 3. "
            f"Received: {source!r} and {target!r}."
        )
    quotient = covers[0].antipodal
    corners, simplices = triangulated_sphere(source.dim, quotient)
    images = to_cover(covers[1], mapping(from_cover(covers[0], corners)))  # [n, d + 1]
    cells = images[simplices].astype(float)  # [cells, d + 1, d + 1], rows are corners
    if quotient:  # each value is known up to its sign: take those next to the first's
        side = np.sign(np.einsum("ckn,cn->ck", cells, cells[:, 0]))
        cells = cells * np.where(side == 0, 1.0, side)[..., None]
    cosines = np.einsum("ckn,cmn->ckm", cells, cells)
    widest = float(np.arccos(np.clip(cosines.min(), -1.0, 1.0)))
    volumes = np.linalg.det(cells)
    signs = np.sign(volumes)
    live = np.abs(volumes) > 1e-12
    # Weights of a point at the corners of a cell; corners come first, which is fastest.
    inverse = np.linalg.inv(cells[live]).transpose(2, 1, 0).copy()  # [corner, d + 1, live]
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((targets, source.dim + 1))
    modulo_2 = quotient and source.dim % 2 == 0
    counts = []
    for start in range(0, targets, CHUNK):
        weights = points[start : start + CHUNK] @ inverse  # [corner, points, live]
        inside = (weights > 0).all(axis=0)  # [points, live]
        if quotient:
            inside = inside | (weights < 0).all(axis=0)
        weight = np.ones(live.sum()) if modulo_2 else signs[live]
        counts.append(inside @ weight)
    # The cover meets every point of a quotient twice.
    count = np.concatenate(counts) / (2.0 if quotient else 1.0)
    if modulo_2:
        count = np.mod(count, 2.0)
    return Degree(float(count.mean()), widest, modulo_2)


@functools.cache
def triangulated_sphere(dim: int, antipodal: bool, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Corners on S^dim, `[n, dim + 1]`, and simplices oriented outward, `[cells, dim + 1]`.

    The simplices are the facets of the convex hull of random points pushed apart (S^2: a
    Fibonacci lattice); with `antipodal` the corners come in pairs +-x.
    """
    count = POINTS[dim]
    half = count // 2 if antipodal else count
    draws = np.random.default_rng(seed).standard_normal((half, dim + 1))
    corners = draws / np.linalg.norm(draws, axis=-1, keepdims=True)
    if antipodal:
        corners = np.concatenate([corners, -corners])
    hull = ConvexHull(corners)
    simplices = hull.simplices.copy()
    inward = np.linalg.det(corners[simplices]) < 0
    simplices[inward, :2] = simplices[inward, 1::-1]
    return corners, simplices
