"""Exact heat kernels by the type of the manifold, and laws by name."""

from functools import singledispatch

import keras

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.heat_kernels.base import Law
from diffusion_vae.heat_kernels.embedded_torus import EmbeddedTorusKernel
from diffusion_vae.heat_kernels.gaussian import GaussianKernel
from diffusion_vae.heat_kernels.hyperbolic import HyperbolicKernel
from diffusion_vae.heat_kernels.isotropic import IsotropicKernel
from diffusion_vae.heat_kernels.product import ProductKernel
from diffusion_vae.heat_kernels.random_walk import RandomWalk
from diffusion_vae.heat_kernels.wrapped_normal import WrappedNormalKernel
from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Hyperbolic,
    Manifold,
    Product,
    RealProjective,
    Sphere,
)

KINDS = ("auto", "exact", "random_walk")


@singledispatch
def heat_kernel(manifold: Manifold) -> Law:
    """Exact law of Brownian motion on a manifold: density, samples and KL.

    A kernel for another type of manifold is added by
    `heat_kernel.register(MyManifold)(make)`, where `make(manifold)` gives a `Law`.

    Args:
        manifold: A `Manifold`.

    Returns:
        A `Law`. Its `approximate` names the methods with a wider tolerance (the log
        density on fat embedded tori); it is empty elsewhere.

    Raises:
        TypeError: If no exact kernel is known.

    Example:
        >>> from diffusion_vae.manifolds import SO3
        >>> heat_kernel(SO3())
        IsotropicKernel(SO3())
    """
    if not isinstance(manifold, Manifold):
        raise TypeError(f"Expected a manifold. Received: {manifold!r}.")
    raise TypeError(
        "Expected a manifold whose heat kernel is known (spheres, projective spaces, tori, "
        f"SO(3), O(3), R^d, H^d and their products). Received: {manifold!r}. Use "
        '`kernel="random_walk"`, or add a kernel by `heat_kernel.register`.'
    )


def has_heat_kernel(manifold: Manifold) -> bool:
    """Whether `heat_kernel(manifold)` exists, for every factor of a product."""
    if manifold.factors:
        return all(has_heat_kernel(factor) for factor in manifold.factors)
    return heat_kernel.dispatch(type(manifold)) is not heat_kernel.dispatch(object)


def get(
    identifier: Law | dict | str = "auto",
    manifold: Manifold | None = None,
    walk_steps: int = 10,
) -> Law:
    """A law by its name, from its serialised configuration, or itself.

    Args:
        identifier: `"auto"` (exact wherever an exact kernel exists, on each factor of a
            product), `"exact"`, `"random_walk"`, a `Law`, or its serialised configuration.
        manifold: The `Manifold` it lives on; needed for a name.
        walk_steps: Number of steps of the random walk.

    Returns:
        A `Law`.

    Raises:
        TypeError: If `identifier` is none of these, or no exact kernel is known.
        ValueError: If the name is unknown, or the law lives on another manifold.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> get("exact", Sphere(2))
        IsotropicKernel(Sphere(dim=2))
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, Law):
        if manifold is not None and identifier.manifold != manifold:
            raise ValueError(
                f"Expected a law on {manifold!r}. Received one on {identifier.manifold!r}."
            )
        return identifier
    if manifold is None:
        raise TypeError(
            f"Expected a law, such as RandomWalk(Sphere(2)). Received: {identifier!r}."
        )
    require_choice("kernel", identifier, KINDS, also=" or a Law")
    require_integer("walk_steps", walk_steps, 1)
    if identifier == "exact" or (identifier == "auto" and has_heat_kernel(manifold)):
        return heat_kernel(manifold)
    if identifier == "auto" and manifold.factors:
        factors = [get(identifier, factor, walk_steps) for factor in manifold.factors]
        return ProductKernel(manifold, factors)
    return RandomWalk(manifold, steps=walk_steps)


@heat_kernel.register
def _(manifold: Euclidean) -> Law:
    return GaussianKernel(manifold)


@heat_kernel.register
def _(manifold: Hyperbolic) -> Law:
    return HyperbolicKernel(manifold)


@heat_kernel.register(Sphere)
@heat_kernel.register(RealProjective)
@heat_kernel.register(ComplexProjective)
@heat_kernel.register(SO3)
@heat_kernel.register(O3)
def _(manifold: Manifold) -> Law:
    return WrappedNormalKernel(manifold) if manifold.dim == 1 else IsotropicKernel(manifold)


@heat_kernel.register
def _(manifold: FlatTorus) -> Law:
    return WrappedNormalKernel(manifold)


@heat_kernel.register
def _(manifold: Product) -> Law:
    return ProductKernel(manifold, [heat_kernel(factor) for factor in manifold.factors])


@heat_kernel.register
def _(manifold: EmbeddedTorus) -> Law:
    return EmbeddedTorusKernel(manifold)
