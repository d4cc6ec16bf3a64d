"""Density and KL of Brownian motion on an embedded torus from its spectrum, without tables.

Slow and right to many digits: values to compare tables with.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.heat_kernels.embedded_torus.spectrum import (
    REACH,
    Circle,
    Piece,
    Waves,
    node_count,
    wave_count,
)
from diffusion_vae.heat_kernels.numeric import relative_entropy_term

AGREEMENT = 1e-9  # between a resolution and its double
DOUBLINGS = 5


def torus_density(
    v: float, end: ArrayLike, phi: ArrayLike, t: float, c: float, a: float
) -> np.ndarray:
    """Density of Brownian motion on an embedded torus, by doubled resolutions.

    Right to about 1e-13 of the density at the start: in distance, to 7 sqrt(t).

    Args:
        v: Angle of the tube where the motion starts, a number.
        end: Angles of the tube where it ends, `[...]`.
        phi: Angles about the axis from the start, broadcast against `end`.
        t: Time, positive.
        c: Radius of the core circle.
        a: Radius of the tube, smaller than `c`.

    Returns:
        Densities against the Riemannian area, `[...]`.

    Raises:
        ArithmeticError: If twice the nodes and waves give another density.
    """
    end, phi = np.broadcast_arrays(np.asarray(end, np.float64), np.asarray(phi, np.float64))
    ratio, unit_t = c / a, t / a**2
    end = v + np.remainder(end - v + math.pi, 2.0 * math.pi) - math.pi
    places, which = np.unique(end, return_inverse=True)

    def density(doubling: int) -> np.ndarray:
        waves = _waves(ratio, unit_t, np.append(places, v), 2**doubling)
        kernels = waves.kernels(unit_t, [v], places)[:, 0]  # [waves, places]
        values = waves.sum(kernels[:, which.reshape(-1)], phi.reshape(-1, 1))
        return values[:, 0] / a**2

    scale = 1.0 / (2.0 * math.pi * t)
    return _resolved(density, lambda x: scale).reshape(end.shape)


def torus_kl(v: float, t: float, c: float, a: float) -> float:
    """KL of Brownian motion on an embedded torus to the uniform law, in nats.

    Args:
        v: Angle of the tube where the motion starts, a number.
        t: Time, positive.
        c: Radius of the core circle.
        a: Radius of the tube, smaller than `c`.

    Raises:
        ArithmeticError: If twice the nodes and waves give another divergence.
    """
    ratio, unit_t = c / a, t / a**2

    def divergence(doubling: int) -> np.ndarray:
        waves = _waves(ratio, unit_t, np.array([v]), 2**doubling)
        nodes = waves.nodes
        kernels = waves.kernels(unit_t, [v])[:, 0]  # [waves, nodes]
        # The trapezoid rule in phi, as far as the motion gets.
        end = min(math.pi, 1.2 * REACH * math.sqrt(unit_t) / (ratio - 1.0))
        count = math.ceil(2.0 * len(kernels) * end / math.pi) + 16
        phi = np.linspace(0.0, end, count + 1)
        weight = np.full(count + 1, 2.0 * end / count)
        weight[[0, -1]] *= 0.5
        x = np.cos(np.outer(phi, np.arange(len(kernels))))
        x[:, 1:] *= 2.0
        x = np.maximum((x @ kernels) * (2.0 * math.pi * ratio), 1e-300)  # [phi, nodes]
        area = weight[:, None] * nodes.step * (ratio + np.cos(nodes.nodes))
        area = area / (4.0 * math.pi**2 * ratio)
        empty = 1.0 - np.sum(area)  # where x = 0 the entropy term is 1
        return np.array(np.sum(area * relative_entropy_term(np.log(x))) + empty)

    return float(_resolved(divergence, lambda x: np.maximum(np.abs(x), 1e-9)))


def _waves(ratio: float, t: float, places: np.ndarray, finer: int) -> Waves:
    """Waves of the closed torus, or of a piece of the tube about the places."""
    margin = REACH * math.sqrt(t) * (1.0 + 0.05 * finer)
    low, high = np.min(places) - margin, np.max(places) + margin
    count = finer * wave_count(ratio, t, 2.0 * math.pi)
    if high - low < 2.0 * math.pi:
        nodes: Circle | Piece = Piece(low, high, finer * node_count(ratio, t, high - low))
    else:
        nodes = Circle(finer * node_count(ratio, t, 2.0 * math.pi))
    return Waves(ratio, nodes, np.arange(count))


def _resolved(
    compute: Callable[[int], np.ndarray], scale: Callable[[np.ndarray], ArrayLike]
) -> np.ndarray:
    """`compute(doubling)` at the first resolution with which the next one agrees."""
    coarse = compute(0)
    for doubling in range(1, DOUBLINGS + 1):
        fine = compute(doubling)
        difference = float(np.max(np.abs(fine - coarse) / scale(fine), initial=0.0))
        if difference < AGREEMENT:
            return fine
        coarse = fine
    raise ArithmeticError(
        "Expected twice the nodes and waves to change nothing. "
        f"Received: a relative change of {difference:.1e} after {DOUBLINGS} doublings."
    )
