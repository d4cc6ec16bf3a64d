"""Tables of Brownian motion on hyperbolic space H^d, curvature -1, by log time and distance.

Built in float64, smooth in every variable when evaluated.
"""

import dataclasses
import math
from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from keras import ops
from scipy.interpolate import CubicSpline

from diffusion_vae.cache import cached
from diffusion_vae.manifolds.numerics import hyperbolic_motion as motion
from diffusion_vae.manifolds.numerics.lorentz import FARTHEST, arsinh
from diffusion_vae.manifolds.numerics.noise_length import noise_length
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.typing import Tensor

SHORTEST = 1e-5  # time of the tables
TIME_STEP = 0.1  # of log time
CELLS = 128  # of the arsinh of a distance
NOISE_CELLS = 64  # of the length of the noise
NOISE_TAIL = 7.0  # largest length of the noise beyond sqrt d
PANELS, PANEL_NODES = 256, 4
ANGLE_STEP = 0.4  # of the integral over directions
SOURCES = (__name__, motion.__name__, noise_length.__module__)


def longest_time(dim: int) -> float:
    """Time up to which a motion from the origin stays where coordinates are finite numbers."""
    drift = 0.5 * (dim - 1)
    reach = 6.0
    # drift t + reach sqrt t <= FARTHEST
    root = (-reach + math.sqrt(reach**2 + 4.0 * drift * FARTHEST)) / (2.0 * drift) if drift else 4
    return min(10.0, root**2)


@dataclasses.dataclass(frozen=True)
class MotionTables:
    """Tables of the heat kernel of H^dim; times are clipped to them.

    Attributes:
        correction: (log t, arsinh r) -> `hyperbolic_motion.log_correction`.
        stretch: (log t, |v|) -> log of r / (sqrt t |v|), with r the radius that the
            motion exceeds as often as flat noise exceeds the length |v|.
        entropy: log t -> (mean of log q + (d/2) log(2 pi e t)) / t.
    """

    dim: int
    correction: UniformSpline
    stretch: UniformSpline
    entropy: UniformSpline

    def log_density(self, r: Tensor, t: Tensor) -> Tensor:
        """Log density at the distance `r`, in nats against the volume."""
        t = ops.minimum(t, longest_time(self.dim))
        flat = -ops.square(r) / (2.0 * t) - 0.5 * self.dim * ops.log(2.0 * math.pi * t)
        bent = 0.5 * (self.dim - 1) * log_radius_over_sinh(r) - 0.125 * (self.dim - 1) ** 2 * t
        if self.dim in (1, 3):
            return flat + bent
        return flat + bent + self.correction(ops.log(t), arsinh(r))

    def radius(self, length: Tensor, t: Tensor) -> Tensor:
        """Radius over sqrt(t) and over the length of the noise, `[...]`, that equals it in law."""
        return ops.exp(self.stretch(ops.log(t), length))

    def mean_log_density(self, t: Tensor) -> Tensor:
        """Mean of the log density over the law itself: minus its entropy, in nats."""
        t = ops.minimum(t, longest_time(self.dim))
        return t * self.entropy(ops.log(t)) - 0.5 * self.dim * ops.log(2.0 * math.pi * math.e * t)


@dataclasses.dataclass(frozen=True)
class PriorTables:
    """The prior, a heat kernel from the origin, as seen from a motion that starts elsewhere.

    Attributes:
        gain: (log t, arsinh rho) -> (mean of log p over the motion from the distance rho to
            the origin, less log p there) / t.
    """

    motion: MotionTables
    time: float
    gain: UniformSpline

    def kl(self, rho: Tensor, t: Tensor) -> Tensor:
        """KL in nats to the prior of the motion that starts `rho` from the origin."""
        t = ops.minimum(t, longest_time(self.motion.dim))
        here = self.motion.log_density(rho, ops.full_like(rho, self.time))
        cross = here + t * self.gain(ops.log(t), arsinh(rho))
        return self.motion.mean_log_density(t) - cross


@cache
def motion_tables(dim: int) -> MotionTables:
    """Tables of H^dim."""

    def build() -> dict[str, np.ndarray]:
        law = _radial_law(dim)
        return {
            "correction": law.correction,
            "stretch": law.stretch(np.linspace(*noise, NOISE_CELLS + 1)),
            "entropy": law.entropy(),
        }

    times, noise = _ends(dim), (0.0, math.sqrt(dim) + NOISE_TAIL)
    arrays = cached(f"hyperbolic-{dim}", build, sources=SOURCES)
    radii = (0.0, math.asinh(2.0 * FARTHEST))
    return MotionTables(
        dim,
        UniformSpline(arrays["correction"], *zip(times, radii, strict=True)),
        UniformSpline(arrays["stretch"], *zip(times, noise, strict=True)),
        UniformSpline(arrays["entropy"], *zip(times, strict=True)),
    )


@cache
def prior_tables(dim: int, prior_time: float) -> PriorTables:
    """Tables of the prior of H^dim, the heat kernel at `prior_time` from the origin."""
    places = (0.0, math.asinh(FARTHEST))

    def build() -> dict[str, np.ndarray]:
        law = _radial_law(dim)
        starts = np.sinh(np.linspace(*places, CELLS + 1))
        change = law.mean_change(_log_prior(dim, prior_time), starts)  # [times, places]
        return {"gain": change / law.t[:, None]}

    name = f"hyperbolic-{dim}-prior-{prior_time!r}"
    gain = cached(name, build, sources=SOURCES)["gain"]
    spline = UniformSpline(gain, *zip(_ends(dim), places, strict=True))
    return PriorTables(motion_tables(dim), prior_time, spline)


def _log_prior(dim: int, prior_time: float) -> Callable[[np.ndarray], np.ndarray]:
    """Log density of the prior as a function of the distance from the origin, but a constant."""
    knots = _radius_knots()
    smooth = CubicSpline(knots, motion.log_correction(dim, prior_time, np.sinh(knots)))

    def log_prior(r: np.ndarray) -> np.ndarray:
        bent = 0.5 * (dim - 1) * motion.log_radius_over_sinh(r)
        return -(r**2) / (2.0 * prior_time) + bent + smooth(np.arcsinh(r))

    return log_prior


@lru_cache(maxsize=2)  # the tables of the prior follow those of the motion
def _radial_law(dim: int) -> "_RadialLaw":
    log_time = np.linspace(*_ends(dim), math.ceil((_ends(dim)[1] - _ends(dim)[0]) / TIME_STEP) + 1)
    return _RadialLaw(dim, np.exp(log_time))


class _RadialLaw:
    """The law of the distance from the start at each time, on panels of Gauss-Legendre nodes.

    Args:
        dim: Dimension.
        t: Times, `[times]`.

    Attributes:
        correction: `log_correction` at equal steps of arsinh r, `[times, CELLS + 1]`.

    Raises:
        ArithmeticError: If a density does not integrate to 1.
    """

    def __init__(self, dim: int, t: np.ndarray) -> None:
        self.dim, self.t = dim, t
        knots = _radius_knots()
        radii = np.sinh(knots)
        self.correction = np.stack([motion.log_correction(dim, time, radii) for time in t])
        drift = 0.5 * (dim - 1) * t
        self.end = drift + np.sqrt(t) * (math.sqrt(dim) + NOISE_TAIL + 4.0)
        edges = 0.5 * (1.0 - np.cos(np.linspace(0.0, math.pi, PANELS + 1)))
        nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
        width = np.diff(edges)[:, None]
        places = (edges[:-1, None] + 0.5 * width * (nodes + 1.0)).ravel()
        self.edges = self.end[:, None] * edges  # [times, PANELS + 1]
        self.r = r = self.end[:, None] * places  # [times, nodes]
        rows = zip(self.correction, np.arcsinh(r), strict=True)
        smooth = np.stack([CubicSpline(knots, row)(at) for row, at in rows])
        self.at_zero = -0.5 * dim * np.log(2.0 * math.pi * t) - 0.125 * (dim - 1) ** 2 * t
        self.log_q = self.at_zero[:, None] - r**2 / (2.0 * t[:, None]) + smooth
        self.at_zero = self.at_zero + self.correction[:, 0]
        log_ratio = motion.log_radius_over_sinh(r)
        self.log_q += 0.5 * (dim - 1) * log_ratio
        log_sphere = math.log(2.0) + 0.5 * dim * math.log(math.pi) - math.lgamma(0.5 * dim)
        log_shell = log_sphere + (dim - 1) * (np.log(r) - log_ratio)
        weight = np.log(self.end[:, None] * (0.5 * width * weights).ravel())
        self.mass = np.exp(self.log_q + log_shell + weight)  # [times, nodes]
        wrong = np.abs(self.mass.sum(axis=-1) - 1.0)
        if not np.max(wrong) < 1e-6:
            raise ArithmeticError(
                f"Expected the heat kernel of H^{dim} to integrate to 1 at every time. "
                f"Received an error of {np.max(wrong):.1e} at t = {t[np.argmax(wrong)]:.3g}."
            )

    def entropy(self) -> np.ndarray:
        """(Mean of log q + (d/2) log(2 pi e t)) / t, `[times]`."""
        flat = 0.5 * self.dim * np.log(2.0 * math.pi * math.e * self.t)
        # The mean of r^2 / t and the constant are large and cancel at short times.
        return np.sum(self.mass * (self.log_q + flat[:, None]), axis=-1) / self.t

    def stretch(self, noise: np.ndarray) -> np.ndarray:
        """log of r / (sqrt t |v|) at the lengths |v| in `noise`, `[times, len(noise)]`."""
        panels = self.mass.reshape(len(self.t), PANELS, PANEL_NODES).sum(axis=-1)
        length, _ = noise_length(self.dim, panels)
        # Near 0 both laws are flat: the ratio is a d-th root of that of their densities.
        at_zero = -self.at_zero / self.dim - 0.5 * math.log(2.0 * math.pi)
        rows = zip(length, self.edges[:, 1:-1], at_zero, strict=True)
        ratio = np.stack([_ratio_at(noise, *row) for row in rows])
        return ratio - 0.5 * np.log(self.t)[:, None]

    def mean_change(
        self, function: Callable[[np.ndarray], np.ndarray], places: np.ndarray
    ) -> np.ndarray:
        """Mean of a function of the distance from the origin, less its value at the start.

        Args:
            function: Of distances `[...]`.
            places: Distances of the start from the origin, `[places]`.

        Returns:
            `[times, places]`.
        """
        knots = np.linspace(0.0, math.asinh(self.end.max()), 2 * CELLS + 1)
        change = self._spherical_change(function, places, np.sinh(knots))  # [places, knots]
        even = (1, np.zeros(len(places)))  # slope 0 at the centre
        spline = CubicSpline(knots, change, axis=1, bc_type=(even, "not-a-knot"))
        rows = zip(self.mass, np.arcsinh(self.r), strict=True)
        return np.stack([spline(at) @ mass for mass, at in rows])

    def _spherical_change(
        self, function: Callable[[np.ndarray], np.ndarray], rho: np.ndarray, r: np.ndarray
    ) -> np.ndarray:
        """Mean of a function over spheres of radius `r` round points at `rho`, less its value."""
        start = function(rho)
        result = np.zeros((len(rho), len(r)))
        x, weight = _directions(self.dim)
        for row, (place, value) in enumerate(zip(rho, start, strict=True)):
            # sinh^2(R/2) = sinh^2((rho - r)/2) + sinh(rho) sinh(r) x, in which nothing cancels.
            nearest = np.abs(place - r)[:, None]
            across = math.sinh(place) * np.sinh(r)[:, None] * x
            square = np.sinh(0.5 * nearest) ** 2 + across
            distance = 2.0 * np.arcsinh(np.sqrt(square))
            result[row] = (function(distance) - value) @ weight
        return result


def _directions(dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes x = sin^2(angle / 2) and weights of the mean over directions."""
    if dim == 1:
        return np.array([0.0, 1.0]), np.array([0.5, 0.5])
    # The trapezoid rule in y of x = 1 / (1 + e^-y), whose weight decays as e^(-(d-1)|y|/2).
    reach = 76.0 / (dim - 1)
    step = min(ANGLE_STEP, reach / 40.0)
    y = step * np.arange(-math.ceil(reach / step), math.ceil(reach / step) + 1)
    log_x, log_rest = -np.logaddexp(0.0, -y), -np.logaddexp(0.0, y)
    weight = np.exp(0.5 * (dim - 1) * (log_x + log_rest + 2.0 * math.log(2.0)))
    return np.exp(log_x), weight / weight.sum()


def _ratio_at(
    noise: np.ndarray, length: np.ndarray, radius: np.ndarray, at_zero: float
) -> np.ndarray:
    """log(r / |v|) at |v| = `noise`, given the radii of some lengths."""
    known = (length > 0.1) & (length < noise[-1] + 1.0) & (np.diff(length, prepend=0.0) > 1e-6)
    length, radius = length[known], radius[known]
    ratio = np.concatenate([[at_zero], np.log(radius / length)])
    return CubicSpline(np.concatenate([[0.0], length]), ratio)(np.minimum(noise, length[-1]))


def log_radius_over_sinh(r: Tensor) -> Tensor:
    """log(r / sinh r), of which sinh does not overflow."""
    near = r < 0.3
    safe = ops.where(near, 1.0, r)
    far = ops.log(2.0 * safe) - safe - ops.log1p(-ops.exp(-2.0 * safe))
    square = ops.where(near, ops.square(r), 0.0)
    series = square * (-1.0 / 6.0 + square * (1.0 / 180.0 - square / 2835.0))
    return ops.where(near, series, far)


def _ends(dim: int) -> tuple[float, float]:
    """First and last log time of the tables."""
    return math.log(SHORTEST), math.log(longest_time(dim))


def _radius_knots() -> np.ndarray:
    """arsinh of the distances of the tables, `[CELLS + 1]`."""
    return np.linspace(0.0, math.asinh(2.0 * FARTHEST), CELLS + 1)
