"""Spheres that cover a latent space, in NumPy."""

import numpy as np
from keras import ops

from diffusion_vae.manifolds import Manifold
from diffusion_vae.manifolds.cover import Cover, cover_by_sphere


def connected_cover(manifold: Manifold) -> Cover | None:
    """The sphere that covers a connected manifold, or `None`; a sphere covers itself."""
    cover = cover_by_sphere(manifold)
    return cover if cover is not None and cover.copies == 1 else None


def antipodal_cover(manifold: Manifold) -> Cover | None:
    """The sphere that covers a connected manifold twice, or `None`."""
    cover = connected_cover(manifold)
    return cover if cover is not None and cover.antipodal else None


def to_cover(cover: Cover, points: np.ndarray) -> np.ndarray:
    """Points of the covering sphere, `[..., ambient_dim] -> [..., d + 1]`."""
    return ops.convert_to_numpy(cover.lift(np.asarray(points, np.float32)))


def from_cover(cover: Cover, points: np.ndarray) -> np.ndarray:
    """The inverse of `to_cover`, `[..., d + 1] -> [..., ambient_dim]`."""
    return ops.convert_to_numpy(cover.push(np.asarray(points, np.float32)))
