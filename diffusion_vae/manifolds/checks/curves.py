"""Checks of `exp`, `distance` and `geodesic`, and that they agree."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.checks.report import Failure, within
from diffusion_vae.manifolds.checks.subject import Subject, largest
from diffusion_vae.typing import Tensor

STEPS = 8  # of a path along which lengths and accelerations are measured


def check_exp(s: Subject) -> str:
    """`exp(z, v)` starts at z, stays on the manifold, has length |v| and does not turn."""
    z, v = s.points, s.length * s.tangents
    times = np.linspace(0.0, 1.0, STEPS + 1)[:, None, None]
    path = s.call("exp", np.broadcast_to(z, (STEPS + 1, *z.shape)), times * v)
    off = largest(s.numeric.project(path) - path) / s.scale
    steps = path[1:] - path[:-1]  # [STEPS, count, n]
    # A chord is shorter than its arc by a 24th of the squared angle of the turn.
    turn = s.squares(steps[1:] - steps[:-1]) / s.squares(steps[:-1])  # [STEPS - 1, count]
    arcs = np.sqrt(np.abs(s.squares(steps))) * (1.0 + np.mean(turn, axis=0) / 24.0)
    error = largest(np.sum(arcs, axis=0) / s.length - 1.0)
    start = STEPS * np.einsum("bij,bj->bi", s.numeric.tangent_projector(z), steps[0])
    rough = s.rough("exp")
    measures = [
        ("off the manifold", off, 1e-5),
        ("exp(z, 0) - z", largest(path[0] - z) / s.scale, 1e-5),
        ("initial velocity minus v", largest(start - v) / s.length, 5e-2),
        ("length of exp(z, v) over |v|, minus 1", error, 2e-2 if rough else 2e-3),
    ]
    if not rough:  # the acceleration of a geodesic is normal to the manifold
        bends = STEPS**2 * (path[2:] - 2.0 * path[1:-1] + path[:-2])  # [STEPS - 1, count, n]
        along = np.einsum("tbij,tbj->tbi", s.numeric.tangent_projector(path[1:-1]), bends)
        measures.append(("tangential acceleration", largest(along) * s.size / s.length**2, 2e-2))
    return within(*measures)


def check_distance(s: Subject) -> str:
    """`distance` is a metric, no shorter than the chord, and |v| from z to exp(z, v)."""
    z, length = s.points, 0.5 * s.length
    others = np.roll(z, 1, axis=0)
    there, back = s.call("distance", z, others), s.call("distance", others, z)
    near = s.call("distance", z, s.call("exp", z, length * s.tangents))
    if np.any(np.isnan(there)) or np.any(there < 0):
        raise Failure("NaN or negative distances between points of the manifold")
    finite = np.isfinite(there)  # two components are infinitely far apart
    asymmetry = largest(there[finite] - back[finite]) / s.size
    shortfall = 0.0  # in an ambient space that is not Euclidean a chord may be longer
    if s.in_flat_space:
        shortfall = float(np.max(s.chord(z, others)[finite] - there[finite])) / s.size
    slope = s.gradients(_distance_from(s.manifold, z), z)
    if not np.all(np.isfinite(slope)):
        raise Failure("NaN or infinite gradient of distance(x, z) at x = z")
    error = largest(near / length - 1.0)
    rough = s.rough("distance", "exp")
    return within(
        ("distance(z, z)", largest(s.call("distance", z, z)) / s.size, 2e-3),
        ("distance(x, y) - distance(y, x)", asymmetry, 5e-2 if rough else 1e-3),
        ("chord minus distance", shortfall, 1e-2 if rough else 1e-4),
        ("distance(z, exp(z, v)) / |v| - 1", error, 5e-2 if rough else 2e-3),
    )


def check_geodesic(s: Subject) -> str:
    """`geodesic` joins x and y on the manifold; an exact one at constant speed."""
    x = s.points
    y = s.call("exp", x, s.length * s.tangents)
    fractions = np.array([0.0, 0.3, 0.8, 1.0])
    path = s.call("geodesic", x + 0.0 * fractions[:, None, None], y, fractions[:, None])
    off = largest(s.numeric.project(path) - path) / s.scale
    ends = max(largest(path[0] - x), largest(s.chord(path[3], y))) / s.scale
    measures = [("off the manifold", off, 1e-5), ("distance of its ends from x and y", ends, 1e-5)]
    if not s.rough("geodesic", "distance"):
        whole = s.call("distance", x, y)
        parts = s.call("distance", x, path)  # [4, count]
        error = largest(parts - fractions[:, None] * whole) / s.size
        measures.append(("distance(x, geodesic(x, y, s)) - s distance(x, y)", error, 2e-3))
    return within(*measures)


def _distance_from(manifold: Manifold, z: np.ndarray) -> Callable[[Tensor], Tensor]:
    z = ops.convert_to_tensor(z, dtype=keras.config.floatx())
    return lambda x: manifold.distance(x, z)[..., None]
