"""Evidence about a latent space that does not depend on the likelihood."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from diffusion_vae.evaluation.topology.neighbours import (
    Neighbourhoods,
    Tears,
    measure_tears,
    neighbour_preservation,
)
from diffusion_vae.evaluation.topology.persistence import Homology, homology
from diffusion_vae.manifolds import Manifold

PRIMES = (2, 3)  # modulo 3, RP^2 and SO(3) have no loop
EXAMPLES = 1000  # for neighbourhoods, whose pairs are all compared


@dataclass(frozen=True)
class Evidence:
    """How codes lie in a latent space beside how the data lie.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> angles = np.linspace(0.0, 6.28, 100)
        >>> codes = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        >>> found = evidence(codes, codes, Sphere(1), homology=False)
        >>> found.betti_numbers[2]  # one component, one loop, no void
        (1, 1, 0)
        >>> print(found.describe())
        largest jump: 0.12 (largest latent distance between neighbours in the data; ...)
        ...

    Attributes:
        tears: Latent jumps between neighbours in the data; `None` if all codes are one point.
        neighbourhoods: Neighbours that stay neighbours.
        homology: Holes of the codes by the field's prime; empty if not asked for.
        betti_numbers: Those of the manifold, of the same dimensions, by prime; `None` where
            they are not known.
    """

    tears: Tears | None
    neighbourhoods: Neighbourhoods
    homology: dict[int, Homology]
    betti_numbers: dict[int, tuple[int, ...] | None]

    def facts(self) -> list[tuple[str, Any, str]]:
        """Name, value and meaning of each number."""
        tears = self.tears
        kept = self.neighbourhoods
        rows: list[tuple[str, Any, str]] = [
            (
                "largest jump",
                None if tears is None else round(tears.largest, 3),
                "largest latent distance between neighbours in the data; random pairs have 1",
            ),
            (
                "jump of 99 %",
                None if tears is None else round(tears.quantile, 3),
                "latent distance that 99 % of the neighbours in the data do not exceed",
            ),
            (
                "torn examples",
                None if tears is None else round(tears.share, 4),
                "share of the examples with a neighbour that is farther than half a random pair",
            ),
            (
                "trustworthiness",
                round(kept.trustworthiness, 4),
                "1 if latent neighbours are neighbours in the data; less where the map folds",
            ),
            (
                "continuity",
                round(kept.continuity, 4),
                "1 if neighbours in the data are latent neighbours; less where the map tears",
            ),
        ]
        for prime, found in self.homology.items():
            known = self.betti_numbers[prime]
            beside = "not known" if known is None else f"{known}"
            meaning = f"components, loops, voids; None is unclear; the space has {beside}"
            rows.append((f"holes of the codes, modulo {prime}", found.betti_numbers, meaning))
        return rows

    def describe(self) -> str:
        """One line for each number: name, value, meaning."""
        return "\n".join(f"{name}: {value} ({meaning})" for name, value, meaning in self.facts())

    def as_dict(self) -> dict[str, Any]:
        """The record as a dictionary that JSON can hold."""
        return asdict(self) | {"homology": {p: h.as_dict() for p, h in self.homology.items()}}


def evidence(
    x: np.ndarray,
    codes: np.ndarray,
    manifold: Manifold,
    *,
    seed: int = 0,
    homology: bool = True,
    max_dim: int = 2,
) -> Evidence:
    """Tears, preserved neighbourhoods and holes of codes.

    What the data look like without any model is `cloud_evidence(x)`.

    Args:
        x: Examples, `[n, *event]`.
        codes: Their latent points (the locations that `encode` returns), `[n, ambient_dim]`.
        manifold: Where the codes lie.
        seed: Of the examples, pairs and landmarks that are used.
        homology: Whether holes are sought, which takes seconds and the package ripser.
        max_dim: Largest dimension of the holes: 1 loops, 2 voids.

    Returns:
        An `Evidence`; `print(evidence(...).describe())` says what each number means.

    Raises:
        ImportError: If holes are sought and the package ripser is not installed.
        ValueError: If codes or examples are not finite, or do not belong together.

    Example:
        >>> from diffusion_vae.manifolds import FlatTorus
        >>> angles = np.random.default_rng(0).uniform(0.0, 6.28, (500, 2))
        >>> codes = np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(500, 4)
        >>> found = evidence(codes, codes, FlatTorus(2), homology=False)
        >>> found.tears.share, round(found.neighbourhoods.continuity, 2)
        (0.0, 1.0)
    """
    x, codes = np.asarray(x), np.asarray(codes)
    if codes.shape != (len(x), manifold.ambient_dim):
        raise ValueError(
            f"Expected `codes` of shape {(len(x), manifold.ambient_dim)}, a point of "
            f"{manifold!r} for each example. Received shape: {codes.shape}."
        )
    for name, values in (("x", x), ("codes", codes)):
        if not np.isfinite(values).all():
            raise ValueError(f"Expected finite `{name}`. Received: NaN or infinite values.")
    few = np.random.default_rng(seed).permutation(len(x))[:EXAMPLES]
    return Evidence(
        tears=measure_tears(x, codes, manifold, seed=seed),
        neighbourhoods=neighbour_preservation(x[few], codes[few], manifold),
        homology=_holes(manifold, codes, max_dim, seed) if homology else {},
        betti_numbers={prime: _betti(manifold, max_dim, prime) for prime in PRIMES},
    )


def _holes(manifold: Manifold, codes: np.ndarray, max_dim: int, seed: int) -> dict[int, Homology]:
    return {prime: homology(manifold, codes, max_dim, seed=seed, prime=prime) for prime in PRIMES}


def _betti(manifold: Manifold, max_dim: int, prime: int) -> tuple[int, ...] | None:
    """Betti numbers of dimensions 0 to `max_dim`."""
    known = manifold.betti_numbers(prime)
    return None if known is None else (*known, *(0,) * max_dim)[: max_dim + 1]
