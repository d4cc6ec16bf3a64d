"""Mode and mean of Brownian motion, where they are known."""

import tensorflow as tf

from diffusion_vae.manifolds import (
    O3,
    SO3,
    Euclidean,
    FlatTorus,
    Manifold,
    Product,
    RealProjective,
    Sphere,
)
from diffusion_vae.typing import Tensor

# Spaces that are alike everywhere. There q(x, y) <= sqrt(q(x, x) q(y, y)) = q(x, x).
HOMOGENEOUS = (Euclidean, Sphere, RealProjective, FlatTorus, SO3, O3)


def mode(manifold: Manifold, location: Tensor) -> Tensor:
    """The most probable point, which is where the motion started, `[..., ambient_dim]`.

    Raises:
        NotImplementedError: If the manifold, or a factor of it, is not alike everywhere.
    """
    for factor in manifold.factors or (manifold,):
        if type(factor) not in HOMOGENEOUS:
            raise NotImplementedError(
                f"Expected a manifold that is alike everywhere for the mode. Received: {factor!r}."
            )
    return location


def mean(manifold: Manifold, location: Tensor, time: Tensor) -> Tensor:
    """Mean of the coordinates, `[..., ambient_dim]`; not a point of a curved manifold.

    Raises:
        NotImplementedError: If the manifold, or a factor of it, has none that is known.
    """
    if isinstance(manifold, Product):
        parts = zip(
            manifold.factors, manifold.split(location), manifold.split_time(time), strict=True
        )
        return tf.concat([mean(*part) for part in parts], axis=-1)
    if type(manifold) is Euclidean:
        return location
    if type(manifold) in (Sphere, FlatTorus, SO3, O3):
        # They are minimal in a sphere of radius 1, sqrt(dim), sqrt(3): their coordinates are
        # eigenfunctions with the eigenvalue dim / radius^2 (Takahashi 1966).
        eigenvalue = manifold.dim if type(manifold) is Sphere else 1
        return tf.exp(-0.5 * eigenvalue * time) * location
    raise NotImplementedError(
        "Expected a sphere, a flat torus, SO(3), O(3), R^d or a product of these for the mean. "
        f"Received: {manifold!r}."
    )
