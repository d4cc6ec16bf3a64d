"""Measures of latent points where no factors are known, as of MNIST."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.manifold import trustworthiness

from diffusion_vae.evaluation.topology.geometry import distances, embedded
from diffusion_vae.manifolds import Manifold

CROWD = 8  # points for each landmark


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


def neighbourhoods(
    model: Any, x: np.ndarray, neighbours: int = 10, examples: int = 1000
) -> Neighbourhoods:
    """Preservation of neighbourhoods by a model's encoder (scikit-learn).

    Distances in the data are Euclidean; latent ones are chords of the ambient space, of
    coordinates that identified points share.

    Args:
        model: A model with `manifold` and `encode`.
        x: Examples, `[n, *event]`.
        neighbours: Size of a neighbourhood, less than half the number of examples.
        examples: Number of examples, at most; all pairs of them are compared.

    Returns:
        `Neighbourhoods`.
    """
    x = np.asarray(x[:examples])
    if not 0 < neighbours < len(x) / 2:
        raise ValueError(
            "Expected `neighbours` to be positive and less than half the number of examples, "
            f"{len(x)}. Received: {neighbours}."
        )
    flat = x.reshape(len(x), -1)
    codes = embedded(model.manifold, model.encode(x)[0])
    return Neighbourhoods(
        trustworthiness=float(trustworthiness(flat, codes, n_neighbors=neighbours)),
        continuity=float(trustworthiness(codes, flat, n_neighbors=neighbours)),
        neighbours=neighbours,
        examples=len(x),
    )


@dataclass(frozen=True)
class Homology:
    """Holes of a cloud of points, with the radii over which they last as points become balls.

    Attributes:
        lifetimes: For each dimension (1: loops, 2: voids, ...) the lifetimes of its classes
            in radians, longest first.
        points: Number of landmarks.
    """

    lifetimes: tuple[tuple[float, ...], ...]
    points: int

    def betti(self, least: float) -> tuple[int, ...]:
        """Number of classes of each dimension whose lifetime is at least `least`."""
        return tuple(sum(life >= least for life in lives) for lives in self.lifetimes)


def homology(
    manifold: Manifold,
    points: np.ndarray,
    max_dim: int = 1,
    landmarks: int = 150,
    seed: int = 0,
) -> Homology:
    """Persistent homology modulo 2 of latent points, by their geodesic distances (ripser).

    Compare with `homology(manifold, manifold.random_uniform((1200,)))`: a class of the
    manifold that the codes do not have is a part that they leave empty. Modulo 2, S^2 has a
    void; a torus two loops and a void; RP^2 and SO(3) a loop and a void.

    Args:
        manifold: Where the points lie.
        points: `[n, ambient_dim]`.
        max_dim: Largest dimension; 2 takes minutes for 500 landmarks.
        landmarks: Number of points that are used: points far from each other, of eight
            times as many random ones.
        seed: Seed of the random choice.

    Returns:
        A `Homology` of dimensions 1 to `max_dim`.

    Raises:
        ImportError: If the package ripser is not installed.
    """
    try:
        from ripser import ripser
    except ImportError as error:
        raise ImportError(
            "Expected the package ripser for persistent homology. "
            'Install it: pip install "diffusion-vae[topology]".'
        ) from error
    if max_dim < 1:
        raise ValueError(f"Expected `max_dim` to be at least 1. Received: {max_dim}.")
    choice = np.random.default_rng(seed).permutation(len(points))[: CROWD * landmarks]
    z = np.asarray(points)[choice]
    gaps = distances(manifold, z[:, None], z[None])
    gaps = 0.5 * (gaps + gaps.T)
    few = min(landmarks, len(z))
    diagrams = ripser(gaps, distance_matrix=True, maxdim=max_dim, n_perm=few)["dgms"]
    lives = [np.sort(np.diff(diagram, axis=1)[:, 0])[::-1] for diagram in diagrams[1:]]
    return Homology(tuple(tuple(map(float, life)) for life in lives), few)
