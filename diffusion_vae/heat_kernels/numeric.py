"""Exact heat kernels of spheres and their quotients, in float64 NumPy.

Tables are built from these formulas, and time limits are found with them.

Convention: generator 1/2 Laplacian; densities against the Riemannian volume (of the
quotient, for RP^d); KL in nats against the uniform law. `r` is the geodesic distance.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.heat_kernels.contour import log_density
from diffusion_vae.heat_kernels.zonal import Zonal, log_sphere_volume
from diffusion_vae.manifolds.cover import Cover

QUADRATURE_NODES = 200
TAIL = 12.0  # radius, in sqrt(t) beyond the mean radius, where a kernel is cut off
WINDINGS = 12  # images of a circle on each side


def sphere_volume(dim: int) -> float:
    """Volume of the unit sphere S^dim."""
    return math.exp(log_sphere_volume(dim))


def circle_log_density(r: ArrayLike, t: float) -> np.ndarray:
    """Normal law of variance `t` wrapped round the unit circle, `[...]` like `r`."""
    r = np.asarray(r, dtype=np.float64)
    if t < 2.0:
        turns = 2.0 * math.pi * np.arange(-WINDINGS, WINDINGS + 1).reshape(-1, *[1] * r.ndim)
        images = np.logaddexp.reduce(-((r + turns) ** 2) / (2.0 * t), axis=0)
        return np.asarray(images - 0.5 * math.log(2.0 * math.pi * t))
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
    return circle_log_density(r, t) if dim == 1 else log_density(Zonal.sphere(dim), r, t)


def projective_log_density(dim: int, r: ArrayLike, t: float) -> np.ndarray:
    """Log density on RP^dim, `r` in [0, pi/2]: both preimages of the point."""
    r = np.asarray(r, dtype=np.float64)
    both = sphere_log_density(dim, np.stack([r, math.pi - r]), t)
    return np.logaddexp(*both)


def complex_projective_log_density(complex_dim: int, r: ArrayLike, t: float) -> np.ndarray:
    """Log density on CP^complex_dim with sectional curvatures from 1 to 4, `r` in [0, pi/2]."""
    if complex_dim == 1:  # the sphere of radius 1/2
        r = np.asarray(r, dtype=np.float64)
        return sphere_log_density(2, 2.0 * r, 4.0 * t) + 2.0 * math.log(2.0)
    return log_density(Zonal.complex_projective(complex_dim), r, t)


def sphere_kl(dim: int, t: float) -> float:
    """KL of the heat kernel of S^dim at time `t` to the uniform law, in nats."""
    return circle_kl(t) if dim == 1 else zonal_kl(Zonal.sphere(dim), t)


def projective_kl(dim: int, t: float) -> float:
    """KL of the heat kernel of RP^dim at time `t` to the uniform law, in nats."""
    # RP^1 is a circle of radius 1/2.
    return circle_kl(4.0 * t) if dim == 1 else zonal_kl(Zonal.real_projective(dim), t)


def complex_projective_kl(complex_dim: int, t: float) -> float:
    """KL of the heat kernel of CP^complex_dim at time `t` to the uniform law, in nats."""
    if complex_dim == 1:
        return sphere_kl(2, 4.0 * t)
    return zonal_kl(Zonal.complex_projective(complex_dim), t)


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


def circle_kl(t: float) -> float:
    """KL of the normal law of variance `t` wrapped round the unit circle, in nats."""
    cut = min(math.pi, math.sqrt(t) * (1.0 + TAIL))
    nodes, weights = _legendre(QUADRATURE_NODES)
    r = 0.5 * cut * (nodes + 1.0)
    log_weight = np.log(0.5 * cut * weights / math.pi)
    return _mean(log_weight, circle_log_density(r, t) + math.log(2.0 * math.pi), cut == math.pi)


def zonal_kl(space: Zonal, t: float) -> float:
    """KL of the heat kernel of a space of rank one to the uniform law, in nats."""
    # Where the kernel has decayed away, the rest of the volume adds its prior mass.
    cut = min(space.end, math.sqrt(t) * (math.sqrt(space.dim) + TAIL))
    nodes, weights = _legendre(QUADRATURE_NODES)
    r = 0.5 * cut * (nodes + 1.0)
    # A large sphere's volume is where sin r is near 1: logarithms, or it underflows.
    log_weight = np.log(0.5 * cut * weights) + space.log_shell(r) - space.log_volume
    return _mean(log_weight, log_density(space, r, t) + space.log_volume, cut == space.end)


def _mean(log_weight: np.ndarray, log_ratio: np.ndarray, whole: bool) -> float:
    """Mean of log_ratio under the law, from prior weights of all of the space or a part."""
    if whole:
        return float(np.sum(np.exp(log_weight) * relative_entropy_term(log_ratio)))
    return float(np.sum(np.exp(log_weight + log_ratio) * log_ratio))


@cache  # an eigenvalue problem of its own, and a time limit asks for two dozen integrals
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(count)
