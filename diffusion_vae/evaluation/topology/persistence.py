"""Persistent homology: the holes of a cloud of points, by the radii over which they last.

Points become balls that grow together; a hole is born at one radius and dies at another
(Edelsbrunner, Letscher and Zomorodian 2002; Vietoris-Rips complexes of ripser, Bauer 2021).
What is noise is judged by death / birth, which does not depend on the unit of length.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from diffusion_vae.checks import require_integer, require_prime
from diffusion_vae.evaluation.topology.geometry import distance_matrix
from diffusion_vae.manifolds import Manifold

CROWD = 8  # points for each landmark
LANDMARKS = 150  # the ratios below were measured with as many
# Death over birth of what is surely a hole, and of what is surely noise, by dimension (that of
# the last entry for all larger ones). Fewer landmarks bring holes nearer to noise.
RATIOS = {1: (2.9, 1.9), 2: (1.6, 1.4)}
SOLID = 2.2  # dimension as measured from which a space counts as one of three or more
LOOPS_IN_SOLIDS = (2.0, 1.8)  # both are born late there, between fewer landmarks a length
APART = 1.3  # log ratio of a class over that of the next


@dataclass(frozen=True)
class Homology:
    """Holes of a cloud of points, with the radii over which they last as points become balls.

    Example:
        >>> pairs = (((0.2, 2.0), (0.2, 0.3)), ((1.5, 1.7),))  # loops, voids
        >>> holes = Homology(pairs, components=1, points=150, prime=2, space_dim=1)
        >>> holes.betti_numbers  # one component, one loop, no void
        (1, 1, 0)
        >>> holes.betti(least=0.15)
        (1, 1)

    Attributes:
        diagrams: For each dimension (1: loops, 2: voids, ...) the births and deaths of its
            classes, in the unit of the distances, largest death / birth first.
        components: Number of pieces at a distance of infinity.
        points: Number of landmarks.
        prime: Coefficients are the field Z/prime.
        space_dim: Intrinsic dimension of the space, on which the reading depends.
    """

    diagrams: tuple[tuple[tuple[float, float], ...], ...]
    components: int
    points: int
    prime: int
    space_dim: float

    @property
    def lifetimes(self) -> tuple[tuple[float, ...], ...]:
        """Deaths less births for each dimension, longest first."""
        lives = ([death - birth for birth, death in pairs] for pairs in self.diagrams)
        return tuple(tuple(sorted(life, reverse=True)) for life in lives)

    @property
    def ratios(self) -> tuple[tuple[float, ...], ...]:
        """Deaths over births for each dimension, largest first: the margin of a reading."""
        return tuple(tuple(death / birth for birth, death in pairs) for pairs in self.diagrams)

    @property
    def betti_numbers(self) -> tuple[int | None, ...]:
        """Components, loops, voids, ... as read from the ratios; `None` where unclear."""
        numbers = (read_ratios(r, k, self.space_dim) for k, r in enumerate(self.ratios, 1))
        return self.components, *numbers

    def betti(self, least: float) -> tuple[int, ...]:
        """Number of classes of each dimension from 1 on whose lifetime is at least `least`."""
        return tuple(sum(life >= least for life in lives) for lives in self.lifetimes)

    def as_dict(self) -> dict[str, Any]:
        """The record as a dictionary that JSON can hold."""
        return asdict(self) | {"betti_numbers": self.betti_numbers}


def read_ratios(ratios: tuple[float, ...], dim: int, space_dim: float = 2.0) -> int | None:
    """Number of holes by the ratios death / birth of the classes of one dimension.

    Classes with a ratio of at least 2.9 (loops) or 1.6 (voids) count, if they stand apart from
    the next: by a factor of 1.3 in the logarithm. The reading is unclear where they do not;
    where the next void has a ratio over 1.4; and where the next loop has one over 1.9 and
    stands apart itself. On spaces of three or more dimensions the two ratios of loops are 2.0
    and 1.8, and voids are often unclear. The numbers were measured with 150 landmarks. A hole
    smaller than the gaps between landmarks is not seen.

    Args:
        ratios: Largest first.
        dim: 1 for loops, 2 for voids, ...
        space_dim: Dimension of the space, as known or measured.

    Returns:
        A number, or `None` where it is unclear.

    Example:
        >>> read_ratios((4.1, 3.3, 1.9, 1.8), dim=1)  # a torus
        2
        >>> print(read_ratios((2.4, 1.7, 1.6), dim=1))
        None
        >>> read_ratios((2.4, 1.7, 1.6), dim=1, space_dim=3)  # the rotations
        1
    """
    sure, noise = RATIOS[min(dim, max(RATIOS))]
    if dim == 1 and space_dim >= SOLID:
        sure, noise = LOOPS_IN_SOLIDS
    count = sum(ratio >= sure for ratio in ratios)
    logs = [math.log(ratio) for ratio in ratios] + [0.0, 0.0]
    if count and logs[count - 1] < APART * logs[count]:
        return None
    # Loops of noise on a surface come close to 2.9, but in a crowd.
    alone = dim > 1 or logs[count] >= APART * logs[count + 1]
    return None if alone and logs[count] > math.log(noise) else count


def homology(
    manifold: Manifold,
    points: np.ndarray,
    max_dim: int = 1,
    landmarks: int = LANDMARKS,
    seed: int = 0,
    prime: int = 2,
) -> Homology:
    """Persistent homology of latent points, by their geodesic distances (ripser).

    Compare its `betti_numbers` with `manifold.betti_numbers(prime)`: a class of the manifold
    that the codes do not have is a part that they leave empty. Modulo 2, S^2 has a void; a
    torus two loops and a void; RP^2 and SO(3) a loop and a void, which they lack modulo 3.

    Args:
        manifold: Where the points lie.
        points: `[n, ambient_dim]`.
        max_dim: Largest dimension; with 150 landmarks 2 takes about a second.
        landmarks: Number of points of each component that are used: points far from each
            other, of eight times as many random ones.
        seed: Seed of the random choice.
        prime: Coefficients are the field Z/prime.

    Returns:
        A `Homology` of dimensions 0 to `max_dim`, in radians.

    Raises:
        ImportError: If the package ripser is not installed.
    """
    components = (manifold.betti_numbers() or (1,))[0]
    choice = np.random.default_rng(seed).permutation(len(points))
    choice = choice[: CROWD * landmarks * components]
    gaps = distance_matrix(manifold, np.asarray(points)[choice])
    return persistent_homology(gaps, max_dim, prime, landmarks * components, seed, manifold.dim)


def persistent_homology(
    distances: np.ndarray,
    max_dim: int = 2,
    prime: int = 2,
    landmarks: int = LANDMARKS,
    seed: int = 0,
    space_dim: float = 2.0,
) -> Homology:
    """Persistent homology of a finite metric space, through landmarks far from each other.

    With 150 landmarks it takes about a second for `max_dim=2`; the time grows with the fourth
    power of the landmarks for voids.

    Args:
        distances: Symmetric, `[n, n]`; infinite between components.
        max_dim: Largest dimension.
        prime: Coefficients are the field Z/prime. Modulo 3, RP^2 has no loop.
        landmarks: Their number, at most.
        seed: Of the first landmark.
        space_dim: Intrinsic dimension of the space, on which the reading depends.

    Returns:
        A `Homology` of dimensions 0 to `max_dim`.

    Raises:
        ImportError: If the package ripser is not installed.
        ValueError: If the distances are not square, or NaN.

    Example:
        >>> angles = np.linspace(0.0, 2.0 * np.pi, 60, endpoint=False)
        >>> gaps = np.abs(angles[:, None] - angles)
        >>> gaps = np.minimum(gaps, 2.0 * np.pi - gaps)
        >>> persistent_homology(gaps, max_dim=1).betti_numbers  # doctest: +SKIP
        (1, 1)
    """
    distances = np.asarray(distances, float)
    if distances.ndim != 2 or len(set(distances.shape)) > 1 or np.isnan(distances).any():
        raise ValueError(
            "Expected `distances` of shape [n, n] without NaN. "
            f"Received: shape {distances.shape}, {int(np.isnan(distances).sum())} NaN."
        )
    _, gaps = choose_landmarks(lambda i: distances[i], len(distances), landmarks, seed)
    return holes(gaps, max_dim, prime, space_dim)


def choose_landmarks(
    row: Callable[[int], np.ndarray], count: int, landmarks: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Points far from each other: each the farthest from those before (maxmin).

    Args:
        row: Distances from the point with an index to all, `[count]`.
        count: Number of points.
        landmarks: Number of landmarks, at most; no two of them coincide.
        seed: Of the first.

    Returns:
        Distances from landmarks to all points, `[landmarks, count]`, and among landmarks,
        `[landmarks, landmarks]`.
    """
    require_integer("landmarks", landmarks, 2)
    following = int(np.random.default_rng(seed).integers(count))
    nearest = np.full(count, np.inf)
    chosen: list[int] = []
    rows: list[np.ndarray] = []
    while len(chosen) < landmarks and nearest[following] > 0:
        chosen.append(following)
        rows.append(np.asarray(row(following), float))
        nearest = np.minimum(nearest, rows[-1])
        nearest[following] = 0.0
        following = int(nearest.argmax())
    from_landmarks = np.stack(rows)
    return from_landmarks, from_landmarks[:, chosen]


def holes(gaps: np.ndarray, max_dim: int, prime: int, space_dim: float) -> Homology:
    """The holes of landmarks with these distances, `[landmarks, landmarks]`."""
    max_dim = require_integer("max_dim", max_dim, 1)
    prime = require_prime("prime", prime)
    try:
        from ripser import ripser
    except ImportError as error:
        raise ImportError(
            "Expected the package ripser for persistent homology. "
            'Install it: pip install "diffusion-vae[topology]".'
        ) from error
    gaps = np.minimum(gaps, gaps.T)
    np.fill_diagonal(gaps, 0.0)
    far = float(gaps[np.isfinite(gaps)].max())
    diagrams = ripser(gaps, distance_matrix=True, maxdim=max_dim, thresh=far, coeff=prime)["dgms"]
    pairs = []
    for diagram in diagrams[1:]:
        ratio = diagram[:, 1] / diagram[:, 0]
        pairs.append(tuple(map(tuple, diagram[np.argsort(-ratio)].astype(float).tolist())))
    components = int(np.isinf(diagrams[0][:, 1]).sum())
    return Homology(tuple(pairs), components, len(gaps), prime, float(space_dim))
