"""Mode and mean of Brownian motion, where they are known."""

import functools

import tensorflow as tf

from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    Euclidean,
    FlatTorus,
    Manifold,
    Product,
    RealProjective,
    Sphere,
)
from diffusion_vae.typing import Tensor


@functools.singledispatch
def alike_everywhere(manifold: Manifold) -> bool:
    """Whether some isometry takes any point to any other."""
    return False


for _space in (Euclidean, Sphere, RealProjective, ComplexProjective, FlatTorus, SO3, O3):
    alike_everywhere.register(_space, lambda manifold: True)


def mode(manifold: Manifold, location: Tensor) -> Tensor:
    """The most probable point, which is where the motion started, `[..., ambient_dim]`.

    On spaces that are alike everywhere q(x, y) <= sqrt(q(x, x) q(y, y)) = q(x, x).

    Raises:
        NotImplementedError: If the manifold, or a factor of it, is not alike everywhere.
    """
    for factor in manifold.factors or (manifold,):
        if not alike_everywhere(factor):
            raise NotImplementedError(
                f"Expected a manifold that is alike everywhere for the mode. Received: {factor!r}."
            )
    return location


@functools.singledispatch
def mean(manifold: Manifold, location: Tensor, time: Tensor) -> Tensor:
    """Mean of the coordinates, `[..., ambient_dim]`; not a point of a curved manifold.

    Raises:
        NotImplementedError: If the manifold, or a factor of it, has none that is known.
    """
    raise NotImplementedError(
        "Expected a sphere, a flat torus, SO(3), O(3), R^d or a product of these for the mean. "
        f"Received: {manifold!r}."
    )


@mean.register
def _(manifold: Product, location: Tensor, time: Tensor) -> Tensor:
    parts = zip(manifold.factors, manifold.split(location), manifold.split_time(time), strict=True)
    return tf.concat([mean(*part) for part in parts], axis=-1)


@mean.register
def _(manifold: Euclidean, location: Tensor, time: Tensor) -> Tensor:
    return location


# The others are minimal in a sphere of radius 1, sqrt(dim), sqrt(3): their coordinates are
# eigenfunctions with the eigenvalue dim / radius^2 (Takahashi 1966).
@mean.register
def _(manifold: Sphere, location: Tensor, time: Tensor) -> Tensor:
    return tf.exp(-0.5 * manifold.dim * time) * location


@mean.register(FlatTorus)
@mean.register(SO3)
@mean.register(O3)
def _(manifold: Manifold, location: Tensor, time: Tensor) -> Tensor:
    return tf.exp(-0.5 * time) * location
