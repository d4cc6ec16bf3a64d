"""Exact heat kernels of spheres and their quotients, in float64 NumPy.

Tables are built from these formulas, and time limits are found with them.

Convention: generator 1/2 Laplacian; densities against the Riemannian volume (of the
quotient, for RP^d); KL in nats against the uniform law. `r` is the geodesic distance.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from diffusion_vae.heat_kernels.expansion import expansion_log_density
from diffusion_vae.heat_kernels.zonal import log_sphere_volume, zonal_log_density
from diffusion_vae.manifolds.cover import Cover

QUADRATURE_NODES = 200
TAIL = 12.0  # radius, in sqrt(t) beyond the mean radius, where a kernel is cut off
WINDINGS = 12  # images of a circle on each side


def sphere_volume(dim: int) -> float:
    """Volume of the unit sphere S^dim."""
    return math.exp(log_sphere_volume(dim))


def small_time(dim: int) -> float:
    """Time below which the expansion of S^dim, dim >= 2, has all its digits."""
    # Its terms are of the size of (d^2 t / 8)^k / k!.
    return min(0.05, 0.4 / dim, 25.6 / dim**2)


def circle_log_density(r: ArrayLike, t: float) -> np.ndarray:
    """Normal law of variance `t` wrapped round the unit circle, `[...]` like `r`."""
    r = np.asarray(r, dtype=np.float64)
    if t < 2.0:
        turns = 2.0 * math.pi * np.arange(-WINDINGS, WINDINGS + 1).reshape(-1, *[1] * r.ndim)
        return logsumexp(-((r + turns) ** 2) / (2.0 * t), axis=0) - 0.5 * math.log(2 * math.pi * t)
    order = np.arange(1, WINDINGS + 1).reshape(-1, *[1] * r.ndim)
    waves = np.sum(np.exp(-0.5 * order**2 * t) * np.cos(order * r), axis=0)
    return np.log1p(2.0 * waves) - math.log(2.0 * math.pi)


def sphere_log_density(dim: int, r: ArrayLike, t: float) -> np.ndarray:
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


def projective_log_density(dim: int, r: ArrayLike, t: float) -> np.ndarray:
    """Log density on RP^dim, `r` in [0, pi/2]: both preimages of the point."""
    r = np.asarray(r, dtype=np.float64)
    both = sphere_log_density(dim, np.stack([r, math.pi - r]), t)
    return np.logaddexp(*both)


def sphere_kl(dim: int, t: float) -> float:
    """KL of the heat kernel of S^dim at time `t` to the uniform law, in nats."""
    return _radial_kl(sphere_log_density, dim, math.pi, log_sphere_volume(dim), t)


def projective_kl(dim: int, t: float) -> float:
    """KL of the heat kernel of RP^dim at time `t` to the uniform law, in nats."""
    log_volume = log_sphere_volume(dim) - math.log(2.0)
    return _radial_kl(projective_log_density, dim, 0.5 * math.pi, log_volume, t)


def quotient_kl(cover: Cover, t: float) -> float:
    """KL on a quotient of a sphere at time `t` to the uniform law of all its copies, in nats.

    Args:
        cover: What `cover_by_sphere` returns.
        t: Time in the quotient, positive.
    """
    formula = projective_kl if cover.antipodal else sphere_kl
    return formula(cover.manifold.dim, t / cover.scale**2) + math.log(cover.copies)


def relative_entropy_term(log_ratio: np.ndarray) -> np.ndarray:
    """x log x - x + 1 at x = exp(log_ratio): never negative, exact near x = 1.

    Its mean under the prior is the KL of a density that is x times the prior.
    """
    log_ratio = np.asarray(log_ratio)
    x = np.exp(log_ratio)
    term = np.asarray(x * log_ratio - x + 1.0)
    near = np.abs(log_ratio) < 1e-4
    small = log_ratio[near]
    term[near] = np.square(small) * (0.5 + small / 3.0)
    return term


def _radial_kl(
    log_density: Callable[[int, np.ndarray, float], np.ndarray],
    dim: int,
    end: float,
    log_volume: float,
    t: float,
) -> float:
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
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(count)
