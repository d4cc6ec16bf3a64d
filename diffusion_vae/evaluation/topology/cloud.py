"""What data look like before any model: their dimension and their holes.

Both are read from distances along the data: neighbours are joined, and the length of the
shortest path counts, as in Isomap (Tenenbaum, de Silva and Langford 2000). First each example
is replaced by the mean of its neighbours, which takes most of the noise away.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, identity
from scipy.sparse.csgraph import connected_components, dijkstra
from sklearn.neighbors import NearestNeighbors

from diffusion_vae.evaluation.topology.persistence import (
    LANDMARKS,
    Homology,
    choose_landmarks,
    holes,
)

EXAMPLES = 3000  # at most, of which the graph is made
NEIGHBOURS = 15  # of an example, for its mean and in the graph
DETOUR = 10.0  # of the way along the graph over the straight one, at a cut
MOST_CUTS = 300  # examples at a cut; if there are more, it is noise
LEAST = 100  # different examples
PIECE = 0.05  # least share of the examples that counts as a component
BALL = 200  # examples within the larger of two balls whose radii give the dimension


@dataclass(frozen=True)
class CloudEvidence:
    """Dimension and holes of data, without a model.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(500, 2))
        >>> print(cloud_evidence(x, primes=()).describe())
        dimension of the data: 1... (how fast the number of examples within a distance grows, ...)

    Attributes:
        dimension: Intrinsic dimension, from the growth of balls. Strong noise raises it;
            a boundary lowers it, and so do few examples: 2.2 to 2.8 for three dimensions.
        homology: Holes by the field's prime; empty if they were not asked for.
        examples: Number of different examples that were used.
    """

    dimension: float
    homology: dict[int, Homology]
    examples: int

    def facts(self) -> list[tuple[str, Any, str]]:
        """Name, value and meaning of each number."""
        rows: list[tuple[str, Any, str]] = [
            (
                "dimension of the data",
                round(self.dimension, 2),
                "how fast the number of examples within a distance grows, as distance^dimension",
            )
        ]
        for prime, found in self.homology.items():
            meaning = "components, loops and voids of the data; None where noise hides them"
            rows.append((f"holes of the data, modulo {prime}", found.betti_numbers, meaning))
        return rows

    def describe(self) -> str:
        """One line for each number: name, value, meaning."""
        return "\n".join(f"{name}: {value} ({meaning})" for name, value, meaning in self.facts())

    def as_dict(self) -> dict[str, Any]:
        """The record as a dictionary that JSON can hold."""
        found = {str(prime): holes.as_dict() for prime, holes in self.homology.items()}
        return {"dimension": self.dimension, "examples": self.examples, "homology": found}


def cloud_evidence(
    x: np.ndarray,
    primes: tuple[int, ...] = (2, 3),
    max_dim: int = 2,
    landmarks: int = LANDMARKS,
    seed: int = 0,
) -> CloudEvidence:
    """Dimension and holes of data; the same for every candidate, so measure them once.

    Repeated examples count once; grids are welcome. Up to 3,000 examples and 150 landmarks
    are used, which bounds the time to some seconds.

    Args:
        x: Examples, `[n, *event]`.
        primes: Fields Z/prime of the holes; empty for the dimension alone.
        max_dim: Largest dimension of the holes: 1 loops, 2 voids.
        landmarks: Number of points far from each other between which holes are sought.
        seed: Of the choice of examples.

    Returns:
        A `CloudEvidence`.

    Raises:
        ImportError: If there are primes and the package ripser is not installed.
        ValueError: If there are fewer than 100 different examples, or NaN among them.

    Example:
        >>> angles = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, 500)
        >>> x = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        >>> round(cloud_evidence(x, primes=()).dimension)
        1
    """
    graph = _graph(x, seed)
    count = graph.shape[0]

    def along_the_data(i: int) -> np.ndarray:
        return dijkstra(graph, directed=False, indices=i)

    from_landmarks, gaps = choose_landmarks(along_the_data, count, landmarks, seed)
    dimension = _dimension(from_landmarks)
    found = {prime: holes(gaps, max_dim, prime, dimension) for prime in primes}
    return CloudEvidence(dimension, found, count)


def _graph(x: np.ndarray, seed: int) -> csr_matrix:
    """Distances between neighbours, of averaged examples in components that count."""
    x = np.asarray(x)
    flat = x.reshape(len(x), -1).astype(float)
    if not np.isfinite(flat).all():
        raise ValueError("Expected finite `x`. Received: NaN or infinite values.")
    flat = np.random.default_rng(seed).permutation(flat)[: 2 * EXAMPLES]
    flat = np.random.default_rng(seed).permutation(np.unique(flat, axis=0))[:EXAMPLES]
    if len(flat) < LEAST:
        raise ValueError(
            f"Expected at least {LEAST} different examples. Received: {len(flat)}. "
            "Give more data: holes and dimension of fewer are chance."
        )
    finder = NearestNeighbors(n_neighbors=NEIGHBOURS + 1)
    near = finder.fit(flat).kneighbors(flat, return_distance=False)  # each its own first
    mean = flat[near].mean(axis=1)
    graph = finder.fit(mean).kneighbors_graph(mean, mode="distance")
    graph = graph.maximum(_bridges(graph, mean, near))
    _, piece = connected_components(graph, directed=False)
    counts = np.flatnonzero(np.bincount(piece)[piece] >= PIECE * len(flat))
    return graph[counts][:, counts]


def _bridges(graph: csr_matrix, mean: np.ndarray, near: np.ndarray) -> csr_matrix:
    """Edges between neighbours whom the graph of the means has parted.

    Means crowd on both sides of a gap, which may cut a circle open: then the way from one side to
    the other leads all around.
    """
    count, size = near.shape
    steps = (graph != 0) + identity(count, dtype=bool, format="csr")
    steps = steps + steps.T
    first, second = np.repeat(np.arange(count), size), near.ravel()
    parted = np.asarray((steps @ steps @ steps)[first, second]).ravel() == 0
    first, second = first[parted], second[parted]
    sources = np.unique(first)
    if not len(sources) or len(sources) > MOST_CUTS:
        return csr_matrix(graph.shape)
    way = dijkstra(graph, directed=False, indices=sources)
    straight = np.linalg.norm(mean[first] - mean[second], axis=1)
    cut = way[np.searchsorted(sources, first), second] > DETOUR * straight
    return csr_matrix((straight[cut], (first[cut], second[cut])), graph.shape)


def _dimension(from_landmarks: np.ndarray) -> float:
    """Dimension d by which the number of examples within r of a landmark grows as r^d."""
    large = min(BALL, from_landmarks.shape[1] // 5)
    small = large // 4
    radii = np.sort(from_landmarks, axis=1)[:, [small, large]]
    radii = radii[np.isfinite(radii[:, 1]) & (radii[:, 0] > 0)]
    return float(math.log(large / small) / np.mean(np.log(radii[:, 1] / radii[:, 0])))
