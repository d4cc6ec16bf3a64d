"""Series of zonal harmonics of a sphere, summed without loss of digits, to compare with.

    q(r, t) = 1/Vol sum_l N_l P_l(cos r) exp(-l (l + d - 1) t / 2)

N_l is the multiplicity of the degree l and P_l the Gegenbauer polynomial with
P_l(1) = 1. Terms of the size of q(0, t) cancel down to q(r, t), smaller by
exp(-r^2 / 2t): in float64 nothing is left of it in the tail. The sum is therefore taken in
integers, as fixed-point numbers of as many binary digits as the cancellation costs.
"""

import decimal
import math

import numpy as np
from numpy.typing import ArrayLike

GUARD_BITS = 96  # digits left after the cancellation, and those lost to rounding


def zonal_log_density(dim: int, r: ArrayLike, times: ArrayLike) -> np.ndarray:
    """Log density of Brownian motion on S^dim at distances `r` from its start.

    Args:
        dim: Dimension of the sphere, at least 1.
        r: Geodesic distances in [0, pi], `[radii]`.
        times: Times, `[times]`; the cost grows as 1 / sqrt(t).

    Returns:
        Log densities in nats against the volume of the unit sphere, `[times, radii]`.
    """
    r = np.asarray(r, dtype=np.float64)  # [radii]
    x = np.cos(r)
    times = [float(t) for t in np.ravel(times)]
    terms = [_terms(dim, t, float(np.max(r, initial=0.0))) for t in times]
    count = max(terms)
    multiplicity = [_multiplicity(dim, degree) for degree in range(count)]
    tail = max(float(np.max(r, initial=0.0)) ** 2 / (2.0 * t) for t in times)
    bits = math.ceil(tail / math.log(2.0)) + multiplicity[-1].bit_length() + GUARD_BITS

    polynomials = _polynomials(dim, x, count, bits)  # [count, radii]
    log_density = np.empty((len(times), x.size))
    shift = 2.0 * bits * math.log(2.0) + log_sphere_volume(dim)
    for row, t, needed in zip(log_density, times, terms, strict=True):
        decay = _decay(dim, t, needed, bits)
        weights = np.array([n * e for n, e in zip(multiplicity, decay, strict=False)], object)
        total = weights @ polynomials[:needed]  # [radii], scaled by 4^bits
        row[:] = [math.log(value) - shift for value in total]
    return log_density


def log_sphere_volume(dim: int) -> float:
    """Logarithm of the volume of the unit sphere S^dim."""
    half = 0.5 * (dim + 1)
    return math.log(2.0) + half * math.log(math.pi) - math.lgamma(half)


def _terms(dim: int, t: float, radius: float) -> int:
    """Number of terms after which those left out are below exp(-50) of the sum."""
    smallest = -(radius**2) / (2.0 * t) - 50.0
    degree = 1
    while math.log(_multiplicity(dim, degree)) - 0.5 * degree * (degree + dim - 1) * t > smallest:
        degree += 1 + degree // 16
    return degree + 1


def _multiplicity(dim: int, degree: int) -> int:
    """Number of spherical harmonics of S^dim of a degree."""
    if degree == 0:
        return 1
    # Harmonic polynomials in dim + 1 variables: all of the degree less those of degree - 2.
    lower = math.comb(degree + dim - 2, dim) if degree >= 2 else 0
    return math.comb(degree + dim, dim) - lower


def _polynomials(dim: int, x: np.ndarray, count: int, bits: int) -> np.ndarray:
    """P_l(x) for l < count as integers scaled by 2^bits, `[count, radii]`."""
    one = 1 << bits
    ratios = [float(value).as_integer_ratio() for value in x]
    x = np.array([numerator * one // denominator for numerator, denominator in ratios], object)
    rows = [np.full(x.shape, one, dtype=object), x]
    for degree in range(1, count - 1):
        ahead = (2 * degree + dim - 1) * (x * rows[-1] >> bits) - degree * rows[-2]
        rows.append(ahead // (degree + dim - 1))
    return np.array(rows[:count])


def _decay(dim: int, t: float, count: int, bits: int) -> list[int]:
    """exp(-l (l + dim - 1) t / 2) for l < count as integers scaled by 2^bits."""
    with decimal.localcontext() as context:
        context.prec = math.ceil(bits * math.log10(2.0)) + 10
        exact = decimal.Decimal(t)
        scale = decimal.Decimal(2) ** bits
        ratio = int((-exact * dim / 2).exp() * scale)
        step = int((-exact).exp() * scale)
    values = [1 << bits]
    for _ in range(1, count):
        values.append(values[-1] * ratio >> bits)
        ratio = ratio * step >> bits
    return values
