"""How far points are from a manifold, by the equations that define it."""

import numpy as np
from manifold_list import ELLIPSOID_AXES

from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Hyperbolic,
    ImplicitManifold,
    Product,
    RealProjective,
    Sphere,
)


def off_manifold(manifold, z):
    """Largest violation of the defining equations at the points `[..., n]`, a float."""
    z = np.asarray(z, dtype="float64")
    if not np.all(np.isfinite(z)):
        return np.inf
    return float(np.max(np.abs(_violation(manifold, z)), initial=0.0))


def _violation(manifold, z):
    if isinstance(manifold, Product):
        ends = np.cumsum([factor.ambient_dim for factor in manifold.factors])[:-1]
        parts = zip(manifold.factors, np.split(z, ends, axis=-1), strict=True)
        return np.array([off_manifold(factor, part) for factor, part in parts])
    if isinstance(manifold, (Sphere, RealProjective, ComplexProjective)):
        return np.linalg.norm(z, axis=-1) - 1.0
    if isinstance(manifold, Hyperbolic):  # relative: coordinates grow without end
        height = np.hypot(manifold.radius, np.linalg.norm(z[..., 1:], axis=-1))
        return z[..., 0] / height - 1.0
    if isinstance(manifold, FlatTorus):
        return np.linalg.norm(z.reshape(*z.shape[:-1], -1, 2), axis=-1) - 1.0
    if isinstance(manifold, EmbeddedTorus):
        from_core = np.hypot(z[..., 0], z[..., 1]) - manifold.centre_radius
        return np.hypot(from_core, z[..., 2]) - manifold.tube_radius
    if isinstance(manifold, (SO3, O3)):
        matrix = z.reshape(*z.shape[:-1], 3, 3)
        gram = np.swapaxes(matrix, -1, -2) @ matrix - np.eye(3)
        det = np.linalg.det(matrix)
        wanted = np.sign(det) if isinstance(manifold, O3) else 1.0
        return np.concatenate([gram.ravel(), (det - wanted).ravel()])
    if isinstance(manifold, ImplicitManifold):  # the ellipsoid of the list
        return np.sum((z / np.array(ELLIPSOID_AXES)) ** 2, axis=-1) - 1.0
    if isinstance(manifold, Euclidean):
        return np.zeros(1)
    raise NotImplementedError(f"No equation for {manifold!r}.")
