"""Neighbours in the data and in the latent space: what stays together, what is torn."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from diffusion_vae.evaluation.topology.geometry import distance_matrix, distances
from diffusion_vae.manifolds import Manifold

PAIRS = 20_000  # random pairs, for the scale of the latent space
TEAR = 0.5  # of that scale: a longer way between neighbours is a tear


@dataclass(frozen=True)
class Neighbourhoods:
    """Shares of neighbours that stay neighbours (Venna and Kaski 2001).

    Attributes:
        trustworthiness: In [0, 1]; below 1 where latent neighbours are no neighbours in
            the data: the map folds.
        continuity: In [0, 1]; below 1 where neighbours in the data are no neighbours in
            the latent space: the map tears.
        neighbours: Size of a neighbourhood.
        examples: Number of examples.
    """

    trustworthiness: float
    continuity: float
    neighbours: int
    examples: int

    def as_dict(self) -> dict:
        """The record as a dictionary that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True)
class Tears:
    """How far apart neighbours in the data are in the latent space.

    Distances are relative to the median distance of random pairs of codes.

    Attributes:
        largest: The largest latent distance between neighbours in the data.
        quantile: That which 99 % of the neighbours do not exceed.
        share: Share of the examples of which some neighbour is farther than 0.5.
        neighbours: Size of a neighbourhood.
    """

    largest: float
    quantile: float
    share: float
    neighbours: int

    def as_dict(self) -> dict:
        """The record as a dictionary that JSON can hold."""
        return asdict(self)


def neighbourhoods(
    model: Any, x: np.ndarray, neighbours: int = 10, examples: int = 1000
) -> Neighbourhoods:
    """Preservation of neighbourhoods by a model's encoder.

    Args:
        model: A model with `manifold` and `encode`.
        x: Examples, `[n, *event]`.
        neighbours: Size of a neighbourhood, less than half the number of examples.
        examples: Number of examples, at most; all pairs of them are compared.

    Returns:
        `Neighbourhoods`.
    """
    x = np.asarray(x[:examples])
    _require_neighbours(neighbours, len(x))
    return neighbour_preservation(x, model.encode(x)[0], model.manifold, neighbours)


def neighbour_preservation(
    x: np.ndarray, codes: np.ndarray, manifold: Manifold, neighbours: int = 10
) -> Neighbourhoods:
    """Trustworthiness and continuity of codes: distances in the data are Euclidean.

    Latent ones are geodesic. All pairs are compared.

    Args:
        x: Examples, `[n, *event]`.
        codes: Their latent points, `[n, ambient_dim]`.
        manifold: Where the codes lie.
        neighbours: Size of a neighbourhood, less than half the number of examples.

    Returns:
        `Neighbourhoods`.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> angles = np.linspace(0.0, 6.0, 50)
        >>> circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        >>> neighbour_preservation(circle, circle, Sphere(1)).continuity
        1.0
    """
    _require_neighbours(neighbours, len(x))
    flat = np.reshape(x, (len(x), -1)).astype(float)
    in_data, in_latent = cdist(flat, flat), distance_matrix(manifold, codes)
    return Neighbourhoods(
        trustworthiness=_kept(in_data, in_latent, neighbours),
        continuity=_kept(in_latent, in_data, neighbours),
        neighbours=neighbours,
        examples=len(x),
    )


def measure_tears(
    x: np.ndarray, codes: np.ndarray, manifold: Manifold, neighbours: int = 5, seed: int = 0
) -> Tears | None:
    """Latent jumps between neighbours in the data.

    Args:
        x: Examples, `[n, *event]`.
        codes: Their latent points, `[n, ambient_dim]`.
        manifold: Where the codes lie.
        neighbours: Nearest neighbours of each example in the data (Euclidean).
        seed: Of the random pairs.

    Returns:
        `Tears`, or `None` if the codes are one point, so that there is no scale.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> angles = np.linspace(0.0, 2.0 * np.pi, 200, endpoint=False)
        >>> def at(angles):
        ...     return np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        >>> torn = measure_tears(at(angles), at(0.8 * angles), Sphere(1))
        >>> torn.largest > 0.5, torn.share < 0.05, torn.quantile < 0.1
        (True, True, True)
    """
    _require_neighbours(neighbours, len(x))
    flat = np.reshape(x, (len(x), -1)).astype(float)
    codes = np.asarray(codes)
    near = NearestNeighbors(n_neighbors=neighbours).fit(flat).kneighbors(return_distance=False)
    i, j = np.random.default_rng(seed).integers(len(codes), size=(2, PAIRS))
    apart = distances(manifold, codes[i], codes[j])
    scale = np.median(apart[(i != j) & np.isfinite(apart)])
    if not scale > 1e-9:
        return None
    jumps = distances(manifold, codes[:, None], codes[near]) / scale  # [n, neighbours]
    return Tears(
        largest=float(jumps.max()),
        quantile=float(np.quantile(jumps, 0.99, method="lower")),
        share=float((jumps.max(axis=1) > TEAR).mean()),
        neighbours=neighbours,
    )


def _require_neighbours(neighbours: int, examples: int) -> None:
    if not 0 < neighbours < examples / 2:
        raise ValueError(
            "Expected `neighbours` to be positive and less than half the number of examples, "
            f"{examples}. Received: {neighbours}."
        )


def _kept(gaps: np.ndarray, candidate: np.ndarray, neighbours: int) -> float:
    """Trustworthiness of the neighbours by `candidate`, whose true distances are `gaps`."""
    n = len(gaps)
    itself = np.eye(n, dtype=bool)
    order = np.argsort(np.where(itself, -1.0, gaps), axis=1, kind="stable")
    ranks = np.empty_like(order)  # of each example from each: 0 itself, 1 the nearest, ...
    np.put_along_axis(ranks, order, np.arange(n)[None], axis=1)
    near = np.argsort(np.where(itself, -1.0, candidate), axis=1, kind="stable")
    excess = np.take_along_axis(ranks, near[:, 1 : neighbours + 1], axis=1) - neighbours
    worst = n * neighbours * (2 * n - 3 * neighbours - 1) / 2
    return float(1.0 - np.maximum(excess, 0).sum() / worst)
