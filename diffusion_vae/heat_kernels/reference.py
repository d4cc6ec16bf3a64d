"""Exact heat kernels in float64 NumPy: the formulas everything else is held against.

Convention: generator 1/2 Laplacian; densities against the Riemannian volume (of the
quotient, for RP^d); KL in nats against the uniform law. `r` is the geodesic distance.
"""

import math
from functools import cache

import numpy as np
from scipy.special import logsumexp

from diffusion_vae.heat_kernels.expansion import expansion_log_density
from diffusion_vae.heat_kernels.zonal import log_sphere_volume, zonal_log_density

QUADRATURE_NODES = 200
TAIL = 12.0  # radius, in sqrt(t) beyond the mean radius, where a kernel is cut off
WINDINGS = 12  # images of a circle on each side
SO3_SCALE = 2.0 * math.sqrt(2.0)  # SO(3) with the Frobenius metric is RP^3 so many times larger


def sphere_volume(dim):
    """Volume of the unit sphere S^dim."""
    return math.exp(log_sphere_volume(dim))


def small_time(dim):
    """Time below which the expansion of S^dim, dim >= 2, has all its digits."""
    return min(0.05, 0.4 / dim)


def circle_log_density(r, t):
    """Normal law of variance `t` wrapped round the unit circle, `[...]` like `r`."""
    r = np.asarray(r, dtype=np.float64)
    if t < 2.0:
        turns = 2.0 * math.pi * np.arange(-WINDINGS, WINDINGS + 1).reshape(-1, *[1] * r.ndim)
        return logsumexp(-((r + turns) ** 2) / (2.0 * t), axis=0) - 0.5 * math.log(2 * math.pi * t)
    order = np.arange(1, WINDINGS + 1).reshape(-1, *[1] * r.ndim)
    waves = np.sum(np.exp(-0.5 * order**2 * t) * np.cos(order * r), axis=0)
    return np.log1p(2.0 * waves) - math.log(2.0 * math.pi)


def sphere_log_density(dim, r, t):
    """Log density of Brownian motion on S^dim, `[...]` like `r`.

    Args:
        dim: Dimension of the sphere, at least 1.
        r: Geodesic distances in [0, pi].
        t: Time, positive.
    """
    r = np.asarray(r, dtype=np.float64)
    if dim == 1:
        return circle_log_density(r, t)
    if t < small_time(dim):
        return expansion_log_density(dim, r, t)
    return zonal_log_density(dim, r.ravel(), [t])[0].reshape(r.shape)


def projective_log_density(dim, r, t):
    """Log density on RP^dim, `r` in [0, pi/2]: both preimages of the point."""
    r = np.asarray(r, dtype=np.float64)
    both = sphere_log_density(dim, np.stack([r, math.pi - r]), t)
    return np.logaddexp(*both)


def so3_log_density(r, t):
    """Log density on SO(3) with the Frobenius metric, `r` in [0, sqrt 2 pi]."""
    r = np.asarray(r, dtype=np.float64)
    return projective_log_density(3, r / SO3_SCALE, t / 8.0) - 3.0 * math.log(SO3_SCALE)


def sphere_kl(dim, t):
    """KL of the heat kernel of S^dim at time `t` to the uniform law, in nats."""
    return _radial_kl(sphere_log_density, dim, math.pi, log_sphere_volume(dim), t)


def projective_kl(dim, t):
    """KL of the heat kernel of RP^dim at time `t` to the uniform law, in nats."""
    log_volume = log_sphere_volume(dim) - math.log(2.0)
    return _radial_kl(projective_log_density, dim, 0.5 * math.pi, log_volume, t)


def so3_kl(t):
    """KL on SO(3) with the Frobenius metric: RP^3 enlarged 2 sqrt 2 times, so at t/8."""
    return projective_kl(3, t / 8.0)


def o3_kl(t):
    """KL on O(3): a posterior on one of two components pays log 2 more."""
    return so3_kl(t) + math.log(2.0)


def relative_entropy_term(log_ratio):
    """x log x - x + 1 at x = exp(log_ratio): never negative, exact near x = 1.

    Its mean under the prior is the KL of a density that is x times the prior.
    """
    x = np.exp(log_ratio)
    near = np.abs(log_ratio) < 1e-4
    square = np.square(np.where(near, log_ratio, 0.0))
    return np.where(near, square * (0.5 + log_ratio / 3.0), x * log_ratio - x + 1.0)


def _radial_kl(log_density, dim, end, log_volume, t):
    """Gauss-Legendre integral over geodesic balls."""
    # Where the kernel has decayed away, the rest of the volume adds its prior mass.
    cut = min(end, math.sqrt(t) * (math.sqrt(dim) + TAIL))
    nodes, weights = _legendre(QUADRATURE_NODES)
    r = 0.5 * cut * (nodes + 1.0)
    log_shell = log_sphere_volume(dim - 1) if dim > 1 else math.log(2.0)
    # A large sphere's volume is where sin r is near 1: logarithms, or it underflows.
    log_weight = (
        np.log(0.5 * cut * weights) + log_shell + (dim - 1) * np.log(np.sin(r)) - log_volume
    )
    log_ratio = log_density(dim, r, t) + log_volume
    if cut == end:
        return float(np.sum(np.exp(log_weight) * relative_entropy_term(log_ratio)))
    return float(np.sum(np.exp(log_weight + log_ratio) * log_ratio))


@cache  # an eigenvalue problem of its own, and a time limit asks for two dozen integrals
def _legendre(count):
    return np.polynomial.legendre.leggauss(count)
