"""What can be said of latent points where no factors are known, as of MNIST."""

from dataclasses import asdict, dataclass

import numpy as np
from sklearn.manifold import trustworthiness

from diffusion_vae.evaluation.topology.geometry import distances, embedded

CROWD = 8  # points for each landmark


@dataclass(frozen=True)
class Neighbourhoods:
    """Do neighbours stay neighbours? (Venna and Kaski 2001.)

    Attributes:
        trustworthiness: In [0, 1]; below 1 where latent neighbours are none in the data:
            the map folds.
        continuity: In [0, 1]; below 1 where neighbours in the data are none in the latent
            space: the map tears.
        neighbours: Size of a neighbourhood.
        examples: Number of examples.
    """

    trustworthiness: float
    continuity: float
    neighbours: int
    examples: int

    def as_dict(self):
        """The same as a JSON-able dictionary."""
        return asdict(self)


def neighbourhoods(model, x, neighbours=10, examples=1000) -> Neighbourhoods:
    """Preservation of neighbourhoods by a model's encoder (scikit-learn).

    Distances in the data are Euclidean; latent ones are chords of the ambient space, of
    coordinates that identified points share.

    Args:
        model: A model with `manifold` and `encode`.
        x: Examples, `[n, *event]`.
        neighbours: Size of a neighbourhood, less than half the number of examples.
        examples: At most so many are looked at; all pairs are.

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
    """Holes of a cloud of points, by how long they last as the points grow to balls.

    Attributes:
        lifetimes: For each dimension (1: loops, 2: voids, ...) the lifetimes of its classes
            in radians, longest first.
        points: Number of landmarks.
    """

    lifetimes: tuple
    points: int

    def betti(self, least):
        """Number of classes of each dimension that last at least so long."""
        return tuple(sum(life >= least for life in lives) for lives in self.lifetimes)


def homology(manifold, points, max_dim=1, landmarks=150, seed=0) -> Homology:
    """Persistent homology modulo 2 of latent points, by their geodesic distances (ripser).

    Compare with `homology(manifold, manifold.random_uniform((1200,)))`: a class of the
    manifold that the codes do not have is a part that they leave empty. Modulo 2, S^2 has a
    void; a torus two loops and a void; RP^2 and SO(3) a loop and a void.

    Args:
        manifold: Where the points lie.
        points: `[n, ambient_dim]`.
        max_dim: Largest dimension; 2 takes minutes for 500 landmarks.
        landmarks: Number of points that are chosen, far from each other, among eight times
            as many random ones.
        seed: Of the random ones.

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
    chosen = np.random.default_rng(seed).permutation(len(points))[: CROWD * landmarks]
    z = np.asarray(points)[chosen]
    gaps = distances(manifold, z[:, None], z[None])
    gaps = 0.5 * (gaps + gaps.T)
    few = min(landmarks, len(z))
    diagrams = ripser(gaps, distance_matrix=True, maxdim=max_dim, n_perm=few)["dgms"]
    lives = [np.sort(np.diff(diagram, axis=1)[:, 0])[::-1] for diagram in diagrams[1:]]
    return Homology(tuple(tuple(map(float, life)) for life in lives), few)
