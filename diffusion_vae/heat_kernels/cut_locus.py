"""Log density next to the cut locus, where many shortest ways meet: a Bessel function.

At the distance s before the end, ways of lengths near `end` - s u lead to a point, with u the
first coordinate of a sphere of dimension 2 beta + 1: a point for the poles of a circle, all
directions at the antipode on a sphere. Of the log density less that of flat space the part

    a(z) = log of the mean of exp(z (u - 1)) = log [0F1(; beta + 1; z^2 / 4) exp(-z)],

at z = (2 end^2 / pi) cos(pi r / 2 end) / t, which is end s / t near the end, has a bend
of the width of t. What is left when it is taken off is smooth, and is what a table holds.
"""

import math
from collections.abc import Callable
from functools import cache, cached_property

import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.typing import Tensor

STEP = 0.02  # of the table, in arsinh(z / (beta + 1))
ANGLES = 64  # nodes of the mean over u
WIDTHS = 12.0  # of its integrand, on each side


class CutLocus:
    """The function a(z) of a space, as a table.

    Args:
        space: The space.
        shortest: Smallest time at which it is needed.
    """

    def __init__(self, space: Zonal, shortest: float) -> None:
        order = space.beta + 1.0
        self._end = space.end
        self._unit = 2.0 * space.end**2 / (math.pi * order)
        largest = math.asinh(self._unit / shortest)
        place = np.linspace(0.0, largest, math.ceil(largest / STEP) + 1)
        values = log_mean_exp(space.beta, order * np.sinh(place))
        self._places, self._values = place, values
        self._table = UniformSpline(values, (0.0,), (largest,))

    def __call__(self, r: Tensor, t: Tensor) -> Tensor:
        """Values at distances and times, `[...]` both, that broadcast."""
        cosine = ops.cos((0.5 * math.pi / self._end) * r)
        z = self._unit * ops.maximum(cosine, 0.0) / t
        return self._table(ops.arcsinh(z))

    def values(self, r: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The same in NumPy: for what is built of it."""
        cosine = np.cos((0.5 * math.pi / self._end) * r)
        z = self._unit * np.maximum(cosine, 0.0) / t
        return np.asarray(self._smooth(np.arcsinh(z)))

    @cached_property
    def _smooth(self) -> Callable[[np.ndarray], np.ndarray]:
        # Smoother than the table, for the polynomials through what is left.
        from scipy.interpolate import make_interp_spline  # not needed to read stored tables

        return make_interp_spline(self._places, self._values, k=5)


@cache
def cut_locus(space: Zonal, shortest: float) -> CutLocus:
    """`CutLocus(space, shortest)`, made once."""
    return CutLocus(space, shortest)


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
