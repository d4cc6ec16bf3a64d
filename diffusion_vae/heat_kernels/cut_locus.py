"""Log density next to the cut locus, where many shortest ways meet: a Bessel function.

At the distance s before the end, ways of lengths near `end` - s u lead to a point, with u the
first coordinate of a sphere of dimension 2 beta + 1: a point for the poles of a circle, all
directions at the antipode on a sphere. Of the log density less that of flat space the part

    a(z) = log of the mean of exp(z (u - 1)) = log [0F1(; beta + 1; z^2 / 4) exp(-z)],

at z = (2 end^2 / pi) cos(pi r / 2 end) / t, which is end s / t near the end, has a bend
of the width of t. (At longer times z is the slope of the log density of the sphere above.)
What is left when it is taken off is smooth, and is what a table holds.
"""

import math
from collections.abc import Callable
from functools import cache, cached_property

import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.contour import log_correction
from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.typing import Tensor

STEP = 0.02  # of the table, in arsinh(z / (beta + 1))
DIFFERENCE = 1e-4  # of radii on each side, from which a slope is taken
ANGLES = 64  # nodes of the mean over u
WIDTHS = 12.0  # of its integrand, on each side


class CutLocus:
    """The function a(z) of a space, as a table.

    Args:
        space: The space.
        shortest: Smallest time at which it is needed.
        longest: Largest.
        count: Number of equal steps of log time, and one.
    """

    def __init__(self, space: Zonal, shortest: float, longest: float, count: int) -> None:
        order = space.beta + 1.0
        self._turn = 0.5 * math.pi / space.end
        times = np.geomspace(shortest, longest, count)
        self._log_times = np.log(times)
        self._log_slopes = np.log(_slopes(space, times) / order)
        first, last = self._log_times[[0, -1]]
        self._slope = UniformSpline(self._log_slopes, (first,), (last,))
        largest = math.asinh(float(np.max(np.exp(self._log_slopes) / times)))
        self._places = np.linspace(0.0, largest, math.ceil(largest / STEP) + 8)
        self._values = log_mean_exp(space.beta, order * np.sinh(self._places))
        self._table = UniformSpline(self._values, (0.0,), (largest,))

    def __call__(self, r: Tensor, t: Tensor) -> Tensor:
        """Values at distances and times, `[...]` both, that broadcast."""
        z = ops.exp(self._slope(ops.log(t))) * ops.maximum(ops.cos(self._turn * r), 0.0) / t
        return self._table(ops.arcsinh(z))

    def values(self, r: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The same in NumPy: for what is built of it."""
        table, slope = self._smooth
        z = np.exp(slope(np.log(t))) * np.maximum(np.cos(self._turn * r), 0.0) / t
        return np.asarray(table(np.arcsinh(z)))

    @cached_property
    def _smooth(self) -> tuple[Callable[[np.ndarray], np.ndarray], ...]:
        # Smoother than the tables, for the polynomials through what is left.
        from scipy.interpolate import make_interp_spline  # not needed to read stored tables

        pairs = (self._places, self._values), (self._log_times, self._log_slopes)
        return tuple(make_interp_spline(x, y, k=5) for x, y in pairs)


@cache
def cut_locus(space: Zonal, shortest: float, longest: float, count: int) -> CutLocus:
    """`CutLocus(space, shortest, longest, count)`, made once."""
    return CutLocus(space, shortest, longest, count)


def _slopes(space: Zonal, times: np.ndarray) -> np.ndarray:
    """z t over cos(pi r / 2 end), `[times]`: in the limit of short times 2 end^2 / pi."""
    limit = 2.0 * space.end**2 / math.pi
    if space.is_sphere or space.fibre_dim == 0:
        return np.full(len(times), limit)
    # All points of a fibre are near the equator of the sphere above, seen from the start: the
    # slope of the log density there, in the cosine, by a difference.
    above = Zonal.sphere(space.dim + space.fibre_dim)
    r = space.end + DIFFERENCE * np.array([1.0, -1.0])
    after, before = log_correction(above, r[:, None], times)
    return np.maximum(limit - times * (after - before) / (2.0 * DIFFERENCE), 1e-9)


def log_mean_exp(beta: float, z: np.ndarray) -> np.ndarray:
    """log of the mean of exp(z (u - 1)) over the coordinate u of S^(2 beta + 1), `[...]`.

    By quadrature over the angle of u, within `WIDTHS` standard deviations of its mode:
    Bessel functions of the order beta underflow where beta is large and z is not.
    """
    z = np.asarray(z, dtype=np.float64)
    if beta == -0.5:  # S^0, the numbers 1 and -1
        return np.log1p(np.exp(-2.0 * z)) - math.log(2.0)
    z = z[..., None]
    cosine = z / (beta + np.sqrt(beta**2 + z**2) + 1e-300)  # at the mode of sin^(2 beta) exp(z u)
    mode = np.arccos(np.minimum(cosine, 1.0)) if beta > 0.0 else np.zeros(z.shape)
    curvature = z * cosine + 2.0 * beta / np.maximum(1.0 - cosine**2, 1e-300)
    width = WIDTHS / np.sqrt(curvature + 0.1)
    low, high = np.maximum(mode - width, 0.0), np.minimum(mode + width, math.pi)
    nodes, weights = np.polynomial.legendre.leggauss(ANGLES)
    angle = low + 0.5 * (high - low) * (nodes + 1.0)
    log_term = 2.0 * beta * np.log(np.sin(angle)) - 2.0 * z * np.sin(0.5 * angle) ** 2
    log_term += np.log(0.5 * (high - low) * weights)
    log_whole = 0.5 * math.log(math.pi) + math.lgamma(beta + 0.5) - math.lgamma(beta + 1.0)
    return np.asarray(np.logaddexp.reduce(log_term, axis=-1) - log_whole)
