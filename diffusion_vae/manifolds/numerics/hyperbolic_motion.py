"""The heat kernel of hyperbolic space H^d, curvature -1, in float64 NumPy.

Tables and tests are built from these formulas. Generator 1/2 Laplacian; densities against the
Riemannian volume; r is the distance.

The recursion q_(d+2) = -(exp(-d t / 2) / (2 pi)) dq_d / d(cosh r) from q_1(t, r) = N(r; 0, t)
(Millson) needs derivatives of high order, which cancel when they are taken one by one. Here all
of them come from one power series with positive terms: with u = cosh r,

    r^2(u - h) = r^2 - 2 sum_(j>=1) b_(j-1) h^j / j,
    b_k = 1/2 integral over s of (cosh s + cosh r)^-(k+1) > 0,

so that exp(-r^2(u - h) / 2t) / exp(-r^2 / 2t) has the coefficients
E_n = (b_0 E_(n-1) + ... + b_(n-1) E_0) / (n t), E_0 = 1, and nothing is ever subtracted.
Even dimensions follow from the odd one above by the integral over a further coordinate
(McKean 1970 for d = 2).
"""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

DESCENT_NODES = 48
TAIL = 45.0  # exponents beyond which a Gaussian factor is left out
STEP = 0.125  # of the integrals that give b_k
KNOTS = 2048  # of the coefficients b_k over the distance
FARTHEST = 400.0  # largest distance of these knots


def log_density(dim: int, t: ArrayLike, r: ArrayLike) -> np.ndarray:
    """Log density in nats at the distance `r` from the start.

    Args:
        dim: Dimension, at least 1.
        t: Times, positive, `[...]`.
        r: Distances of 0 to 300, `[...]`.

    Returns:
        Log densities, `[...]`.
    """
    t, r = np.asarray(t, np.float64), np.asarray(r, np.float64)
    flat = -(r**2) / (2.0 * t) - 0.5 * dim * np.log(2.0 * math.pi * t)
    bent = -0.125 * (dim - 1) ** 2 * t + 0.5 * (dim - 1) * log_radius_over_sinh(r)
    return flat + bent + log_correction(dim, t, r)


def log_radius_over_sinh(r: ArrayLike) -> np.ndarray:
    """log(r / sinh r), of which sinh does not overflow."""
    r = np.asarray(r, np.float64)
    near = r < 0.05
    safe = np.where(near, 1.0, r)
    far = np.log(2.0 * safe) - safe - np.log1p(-np.exp(-2.0 * safe))
    square = r**2
    return np.where(near, -square / 6.0 + square**2 / 180.0 - square**3 / 2835.0, far)


def log_correction(dim: int, t: ArrayLike, r: ArrayLike) -> np.ndarray:
    """What `log_density` has beyond its closed form on H^1 and H^3: 0 there, slow elsewhere.

    Args:
        dim: Dimension, at least 1.
        t: Times, `[...]`.
        r: Distances, `[...]`.

    Returns:
        log q + r^2 / 2t + (d/2) log(2 pi t) + (d-1)^2 t / 8 - ((d-1)/2) log(r / sinh r), `[...]`.
    """
    t, r = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(r, np.float64))
    if dim in (1, 3):
        return np.zeros(t.shape)
    if dim % 2:
        return _odd_correction(dim, t, r)
    return _even_correction(dim, t, r)


def _odd_correction(dim: int, t: np.ndarray, r: np.ndarray) -> np.ndarray:
    order = dim // 2
    # e_n = E_n (t / b_0)^n, and the ratios b_k / b_0^(k+1), neither of which overflows.
    ratios = np.exp(_coefficient_spline(order)(np.arcsinh(r)))  # [..., order], the first 1
    e = [np.ones(t.shape)]
    for n in range(1, order + 1):
        terms = (ratios[..., j - 1] * t ** (j - 1) * e[n - j] for j in range(1, n + 1))
        e.append(sum(terms) / n)
    return math.lgamma(order + 1) + np.log(e[order])


def _even_correction(dim: int, t: np.ndarray, r: np.ndarray) -> np.ndarray:
    # q_d = sqrt 2 e^((2d-1) t / 8) integral_r^inf q_(d+1) sinh s ds / sqrt(cosh s - cosh r),
    # with s = r + u^2, which takes the singularity away. cosh s - cosh r is
    # 2 sinh(r + u^2/2) sinh(u^2/2): nothing cancels.
    nodes, weights = np.polynomial.legendre.leggauss(DESCENT_NODES)
    t, r = t[..., None], r[..., None]
    longest = np.sqrt(np.sqrt(r**2 + 2.0 * TAIL * t) - r)  # of u; here the Gaussian is e^-TAIL
    u = 0.5 * longest * (nodes + 1.0)  # [..., nodes]
    x = u**2
    s = r + x
    log_term = np.log(0.5 * longest * weights)
    log_term = log_term - x * (2.0 * r + x) / (2.0 * t)
    log_term = log_term + log_correction(dim + 1, t, s)
    # The prefactors leave (d/2) log(s / sinh s) + log sinh s - ((d-1)/2) log(r / sinh r).
    log_term = log_term + 0.5 * dim * log_radius_over_sinh(s) + np.log(s)
    log_term = log_term - log_radius_over_sinh(s) - 0.5 * (dim - 1) * log_radius_over_sinh(r)
    # u ds / sqrt(...) = 2 u du / sqrt(2 sinh(r + x/2) sinh(x/2)); sinh(x/2) / u^2 is regular.
    log_root = np.log(r + 0.5 * x) - log_radius_over_sinh(0.5 * x)
    log_root = log_root - log_radius_over_sinh(r + 0.5 * x)
    log_term = log_term + math.log(2.0) - 0.5 * log_root
    largest = np.max(log_term, axis=-1, keepdims=True)
    total = largest[..., 0] + np.log(np.sum(np.exp(log_term - largest), axis=-1))
    return total + 0.5 * math.log(2.0) - 0.5 * np.log(2.0 * math.pi * t[..., 0])


@cache
def _coefficient_spline(order: int) -> CubicSpline:
    """log(b_k / b_0^(k+1)) for k < `order` over asinh r: smooth functions of r alone."""
    knots = np.linspace(0.0, math.asinh(FARTHEST), KNOTS)
    r = np.sinh(knots)
    powers = np.arange(1, order + 1)
    values = np.empty((KNOTS, order))
    for row, distance in enumerate(r):
        # An integral over all s, whose second half is the first; beyond r + 40 nothing is left.
        # The trapezoid rule with steps of an eighth is exact to rounding.
        s = np.arange(0.0, distance + 40.0, STEP)
        # cosh s + cosh r = 2 cosh((s + r) / 2) cosh((s - r) / 2)
        log_sum = _log_cosh(0.5 * (s + distance)) + _log_cosh(0.5 * (s - distance))
        decay = np.exp(log_sum[0] - log_sum)[:, None] ** powers  # [s, order]
        total = STEP * (np.sum(decay, axis=0) - 0.5)
        values[row] = np.log(total) - powers * (math.log(2.0) + log_sum[0])
    return CubicSpline(knots, values - powers * log_radius_over_sinh(r)[:, None])


def _log_cosh(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    return x + np.log1p(np.exp(-2.0 * x)) - math.log(2.0)
