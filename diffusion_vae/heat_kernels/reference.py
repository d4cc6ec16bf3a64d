"""Exact heat kernels in float64 NumPy: the formulas everything else is held against.

Convention: generator 1/2 Laplacian; densities against the Riemannian volume (of the
quotient, for RP^d); KL in nats against the uniform law. `r` is the geodesic distance.
"""

import math
from functools import cache

import numpy as np
from scipy.special import gammaln

QUADRATURE_NODES = 400
TAIL = 12.0  # radius, in sqrt(t) beyond the mean radius, where a kernel is cut off


def sphere_volume(dim):
    """Volume of the unit sphere S^dim."""
    half = 0.5 * (dim + 1)
    return 2.0 * math.exp(half * math.log(math.pi) - math.lgamma(half))


def sphere_density(dim, r, t):
    """Heat kernel of S^dim by its series of zonal harmonics, `[...]` like `r`.

    sum_l N_l P_l(cos r) exp(-l (l + d - 1) t / 2) / Vol, with N_l the multiplicity
    and P_l the Gegenbauer polynomial normalised to 1 at r = 0. In the far tail the
    alternating sum cancels to rounding error: the result is clipped at 0.

    Args:
        dim: Dimension of the sphere, at least 1.
        r: Geodesic distances in [0, pi].
        t: Time, positive.
    """
    x = np.cos(np.asarray(r, dtype=np.float64))
    terms = math.ceil(math.sqrt(80.0 / t)) + 3
    order = np.arange(terms, dtype=np.float64)
    # log N_l = log (2l + d - 1) + log Gamma(l + d - 1) - log Gamma(l + 1) - log Gamma(d)
    log_multiplicity = np.zeros(terms)
    later = order[1:]
    log_multiplicity[1:] = (
        np.log(2.0 * later + dim - 1.0)
        + gammaln(later + dim - 1.0)
        - gammaln(later + 1.0)
        - gammaln(float(dim))
    )
    weight = np.exp(log_multiplicity - 0.5 * order * (order + dim - 1.0) * t)
    previous, current = np.ones_like(x), x
    total = weight[0] * previous
    for l in range(1, terms):  # noqa: E741 (the field's name for the degree)
        total = total + weight[l] * current
        ahead = ((2.0 * l + dim - 1.0) * x * current - l * previous) / (l + dim - 1.0)
        previous, current = current, ahead
    return np.maximum(total, 0.0) / sphere_volume(dim)


def projective_density(dim, r, t):
    """Heat kernel of RP^dim, `r` in [0, pi/2]: both preimages of the point."""
    return sphere_density(dim, r, t) + sphere_density(dim, math.pi - np.asarray(r), t)


def sphere_kl(dim, t):
    """KL of the heat kernel of S^dim at time `t` to the uniform law, in nats."""
    return _radial_kl(lambda r: sphere_density(dim, r, t), dim, math.pi, sphere_volume(dim), t)


def projective_kl(dim, t):
    """KL of the heat kernel of RP^dim at time `t` to the uniform law, in nats."""
    volume = 0.5 * sphere_volume(dim)
    return _radial_kl(lambda r: projective_density(dim, r, t), dim, 0.5 * math.pi, volume, t)


def so3_kl(t):
    """KL on SO(3) with the Frobenius metric: RP^3 enlarged 2 sqrt 2 times, so at t/8."""
    return projective_kl(3, t / 8.0)


def o3_kl(t):
    """KL on O(3): a posterior on one of two components pays log 2 more."""
    return so3_kl(t) + math.log(2.0)


def _radial_kl(density, dim, end, volume, t):
    """Gauss-Legendre integral of q log(q Vol) over geodesic balls."""
    end = min(end, math.sqrt(t) * (math.sqrt(dim) + TAIL))
    nodes, weights = _legendre(QUADRATURE_NODES)
    r = 0.5 * end * (nodes + 1.0)
    area = (sphere_volume(dim - 1) if dim > 1 else 2.0) * np.sin(r) ** (dim - 1)
    q = density(r)
    relative = np.where(q > 0.0, q * volume, 1.0)
    return float(0.5 * end * np.sum(weights * area * q * np.log(relative)))


@cache  # an eigenvalue problem of its own, and a time limit asks for two dozen integrals
def _legendre(count):
    return np.polynomial.legendre.leggauss(count)
