"""Density of Brownian motion on a sphere at small times: a series to order 12, to compare with.

q(r, t) = (2 pi t)^(-d/2) exp(-r^2 / 2t) (r / sin r)^m sum_k a_k(r) t^k,  m = (d - 1) / 2.

With the factors split off the heat equation becomes, order by order,

k a_k + r a_k' = 1/2 [a_(k-1)'' + (d - 1)/r a_(k-1)' + V a_(k-1)],
V(r) = m^2 + m (1 - m) (1 / sin^2 r - 1 / r^2),

solved by power series in r^2 (Minakshisundaram and Pleijel 1949, for the sphere).
"""

import functools
import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import zeta

ORDERS = 12  # powers of t
POWERS = 64  # powers of r^2
FARTHEST = 2.0  # radius up to which the power series are used


def expansion_log_density(dim: int, r: ArrayLike, t: ArrayLike) -> np.ndarray:
    """Log density of Brownian motion on S^dim at a small time.

    Beyond `FARTHEST`, hundreds of standard deviations out, the corrections stay what
    they are there, and r / sin r is levelled off as at the antipode.

    Args:
        dim: Dimension of the sphere, at least 2.
        r: Geodesic distances in [0, pi], `[...]`.
        t: Times, broadcast against `r`.

    Returns:
        Log densities in nats against the volume of the unit sphere, `[...]`.
    """
    r, t = np.asarray(r, dtype=np.float64), np.asarray(t, dtype=np.float64)
    m = 0.5 * (dim - 1)
    near = np.minimum(r, FARTHEST)
    # np.sinc(x) = sin(pi x) / (pi x) is right at 0.
    log_ratio = -np.log(np.sinc(near / math.pi))
    # At the antipode r / sin r becomes pi / (c t): the Bessel function I_(m - 1/2) at 0.
    c = math.exp(
        (math.lgamma(m + 0.5) + (m - 0.5) * math.log(2.0) - 0.5 * math.log(2.0 * math.pi)) / m
    )
    c /= math.pi
    far = np.log(r.clip(FARTHEST) / FARTHEST) - np.log(
        (np.sin(r.clip(FARTHEST)) + c * t) / (math.sin(FARTHEST) + c * t)
    )
    series = np.polynomial.polynomial.polyval(near**2, _coefficients(dim).T)  # [ORDERS, ...]
    correction = np.log(sum(a * t**k for k, a in enumerate(series)))  # [...]
    gaussian = -0.5 * dim * np.log(2.0 * math.pi * t) - r**2 / (2.0 * t)
    return gaussian + m * (log_ratio + far) + correction


@functools.cache
def _coefficients(dim: int) -> np.ndarray:
    """Coefficients of a_k(r) = sum_j c[k, j] r^(2j), `[ORDERS, POWERS]`."""
    m = 0.5 * (dim - 1)
    size = POWERS + ORDERS
    n = np.arange(1, size + 1)
    # 1/sin^2 r - 1/r^2 = sum_n 2 (2n - 1) zeta(2n) / pi^(2n) r^(2n - 2)
    potential = m * (1.0 - m) * 2.0 * (2 * n - 1) * zeta(2.0 * n) / math.pi ** (2.0 * n)
    potential[0] += m**2
    rows = np.zeros((ORDERS, size + 1))
    rows[0, 0] = 1.0
    j = np.arange(size)
    for k in range(1, ORDERS):
        before = rows[k - 1]
        curved = (2 * j + 2) * (2 * j + dim) * before[1:]
        driven = np.convolve(potential, before[:-1])[:size]
        rows[k, :size] = 0.5 * (curved + driven) / (k + 2 * j)
    return rows[:, :POWERS]
