"""The record of an encoder's topology: did it capture that of the data?"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from keras import ops

from diffusion_vae.evaluation.topology import geometry
from diffusion_vae.evaluation.topology.covers import antipodal_cover
from diffusion_vae.evaluation.topology.degree import has_degree, measure_degree
from diffusion_vae.evaluation.topology.factors import Factors, factors_on
from diffusion_vae.evaluation.topology.lifts import lift_signs
from diffusion_vae.evaluation.topology.winding import is_torus, winding_matrix
from diffusion_vae.manifolds import Manifold

STEPS = 400  # examples on a loop through one factor
LOOPS = 4  # loops of each factor, at different values of the others
POINTS = 4000  # encoded points for coverage and distortion
PAIRS = 20_000
MOVES = 8  # elements of the symmetry group
CHUNK = 1024  # examples in memory at a time
LARGEST_JUMP = 0.2  # radians between neighbours, for a map that counts as continuous
LEAST_COVERAGE = 0.95


@dataclass(frozen=True)
class Topology:
    """Measurements of an encoder as a map from the factors to the latent space.

    Attributes:
        degree: How often the latent space is covered, with orientation (on tori the
            determinant of `winding`, on RP^2 modulo 2); `None` where no degree is counted
            or the count is not an integer.
        degree_value: Signed volume of the image over that of the latent space.
        winding: On tori, turns of each latent angle (rows) as each factor (columns) goes
            round once.
        lift: On RP^d and SO(3), -1 if a loop that cannot be contracted stays one.
        largest_jump: Largest distance between the codes of neighbouring examples, of 400
            a loop, in radians.
        coverage: Share of the latent space within `coverage_radius` of a code.
        coverage_radius: The radius, in radians.
        distance_correlation: Between latent and true distances of pairs of examples.
        alignment_error: Of the codes against the factors after the best isometry of the
            ambient space, relative.
        equivariance_error: How far the action of the symmetry group on the factors is
            from an isometry of the ambient space of the codes, relative.
        captured: Degree +-1 (and lift -1), no jump over 0.2, coverage of 0.95 or more.

    Example:
        >>> from diffusion_vae.datasets import load
        >>> from diffusion_vae.evaluation import measure_topology
        >>> data = load("periodic_pictures", size=32)
        >>> topology = measure_topology(model, data)  # doctest: +SKIP
        >>> topology.degree, topology.captured  # doctest: +SKIP
        (1, True)
    """

    degree: int | None
    degree_value: float | None
    winding: tuple | None
    lift: int | None
    largest_jump: float
    coverage: float
    coverage_radius: float
    distance_correlation: float
    alignment_error: float
    equivariance_error: float
    captured: bool

    def as_dict(self) -> dict:
        """The record as a dictionary that JSON can hold."""
        return asdict(self)


def measure_topology(model: Any, dataset: Any, seed: int = 0) -> Topology | None:
    """Measures a model's encoder on data whose factors are known.

    Args:
        model: A model with `manifold` and `encode`.
        dataset: A `Dataset` with a `factor_manifold` and `render`.
        seed: Of loops, points and pairs.

    Returns:
        A `Topology`, or `None` where the latent space is not a closed manifold or the
        data cannot be made anew from factors with known loops.
    """
    latent = getattr(model, "manifold", None)
    factors = factors_on(dataset.factor_manifold)
    if dataset.render is None or factors is None or latent is None or not latent.closed:
        return None

    def encode(values: np.ndarray) -> np.ndarray:
        """Codes of factors, `[..., f] -> [..., ambient_dim]`."""
        flat = np.reshape(values, (-1, np.shape(values)[-1]))
        codes = [
            model.encode(dataset.render(flat[start : start + CHUNK]))[0]
            for start in range(0, len(flat), CHUNK)
        ]
        return np.concatenate(codes).reshape(*np.shape(values)[:-1], -1)

    rng = np.random.default_rng(seed)
    loops = encode(factors.loops(LOOPS, STEPS, rng))  # [classes, loops, steps + 1, n]
    jump = geometry.largest_jump(latent, loops)
    degree = value = winding = lift = None
    if is_torus(latent) and is_torus(factors.manifold) and latent.dim == factors.manifold.dim:
        winding = winding_matrix(latent, loops)
        value = float(np.linalg.det(winding))
        degree = round(value)
    elif has_degree(factors.manifold, latent):
        measured = measure_degree(encode, factors.manifold, latent, seed=seed)
        value, degree = measured.value, measured.integer
        if antipodal_cover(latent) is not None:
            lift = int(np.median(lift_signs(latent, loops)))
    values = factors.random(POINTS, rng)
    points, true = encode(values), factors.points(values)
    uniform = ops.convert_to_numpy(latent.random_uniform((POINTS,), seed=seed))
    covered = geometry.coverage(latent, points, uniform)
    homeomorphic = degree is not None and abs(degree) == 1 and lift in (None, -1)
    return Topology(
        degree=degree,
        degree_value=value,
        winding=None if winding is None else tuple(tuple(map(int, row)) for row in winding),
        lift=lift,
        largest_jump=jump,
        coverage=covered,
        coverage_radius=geometry.coverage_radius(latent, POINTS),
        distance_correlation=geometry.distance_correlation(
            latent, points, factors.manifold, true, PAIRS, rng
        ),
        alignment_error=geometry.alignment_error(
            geometry.embedded(latent, points), geometry.embedded(factors.manifold, true)
        ),
        equivariance_error=_equivariance_error(latent, encode, factors, values, points, rng),
        captured=homeomorphic and jump <= LARGEST_JUMP and covered >= LEAST_COVERAGE,
    )


def _equivariance_error(
    latent: Manifold,
    encode: Callable[[np.ndarray], np.ndarray],
    factors: Factors,
    values: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Mean over random group elements g of how far code(x) -> code(g x) is from an isometry."""
    few = slice(0, len(values) // 8)
    before = geometry.embedded(latent, points[few])
    errors = []
    for _ in range(MOVES):
        after = encode(factors.acted_on(values[few], rng))
        errors.append(geometry.alignment_error(before, geometry.embedded(latent, after)))
    return float(np.mean(errors))
