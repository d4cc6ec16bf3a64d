"""The exact heat kernel of a manifold, found by its type."""

from functools import singledispatch

from diffusion_vae.heat_kernels.base import HeatKernel
from diffusion_vae.heat_kernels.gaussian import GaussianKernel
from diffusion_vae.heat_kernels.isotropic import IsotropicKernel
from diffusion_vae.heat_kernels.product import ProductKernel
from diffusion_vae.heat_kernels.random_walk import RandomWalk
from diffusion_vae.heat_kernels.revolution import RevolutionKernel
from diffusion_vae.heat_kernels.wrapped_normal import WrappedNormalKernel
from diffusion_vae.manifolds import (
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Manifold,
    Product,
    Sphere,
)
from diffusion_vae.manifolds.base import require_dimension
from diffusion_vae.suggestions import require_choice

KINDS = ("auto", "exact", "random_walk")


@singledispatch
def heat_kernel(manifold):
    """Exact law of Brownian motion on a manifold: density, samples and KL.

    A kernel for another type of manifold is added by
    `heat_kernel.register(MyManifold)(make)`, where `make(manifold)` gives a `HeatKernel`.

    Args:
        manifold: A `Manifold`.

    Returns:
        A `HeatKernel`. Its `approximate` names what is held to a wider tolerance (the log
        density on fat tori of revolution); it is empty elsewhere.

    Raises:
        TypeError: If no exact kernel is known.
    """
    if not isinstance(manifold, Manifold):
        raise TypeError(f"Expected a manifold. Received: {manifold!r}.")
    raise TypeError(
        "Expected a manifold whose heat kernel is known (spheres, projective spaces, tori, "
        f"SO(3), O(3), R^d and their products). Received: {manifold!r}. Use "
        '`kernel="random_walk"`, or add a kernel by `heat_kernel.register`.'
    )


def has_heat_kernel(manifold):
    """Whether `heat_kernel(manifold)` exists, for every factor of a product."""
    if isinstance(manifold, Product):
        return all(has_heat_kernel(factor) for factor in manifold.factors)
    return heat_kernel.dispatch(type(manifold)) is not heat_kernel.dispatch(object)


def choose_kernel(manifold, kind="auto", steps=10, kl="asymptotic"):
    """The posterior's kernel by name.

    Args:
        manifold: A `Manifold`.
        kind: `"auto"` (exact wherever an exact kernel exists, on each factor of a
            product), `"exact"`, `"random_walk"`, or a `HeatKernel` on the manifold.
        steps: Number of steps of the random walk.
        kl: Formula for the KL of the random walk.

    Returns:
        A `HeatKernel`.
    """
    if isinstance(kind, HeatKernel):
        if kind.manifold != manifold:
            raise ValueError(
                f"Expected a heat kernel on {manifold!r}. Received one on {kind.manifold!r}."
            )
        return kind
    require_choice("kernel", kind, KINDS, also=" or a HeatKernel")
    require_dimension("steps", steps, 1)
    if kind == "exact" or (kind == "auto" and has_heat_kernel(manifold)):
        return heat_kernel(manifold)
    if kind == "auto" and isinstance(manifold, Product):
        factors = [choose_kernel(factor, kind, steps, kl) for factor in manifold.factors]
        return ProductKernel(manifold, factors)
    return RandomWalk(manifold, steps=steps, kl=kl)


@heat_kernel.register(Euclidean)
def _(manifold):
    return GaussianKernel(manifold)


@heat_kernel.register(Sphere)
def _(manifold):
    return WrappedNormalKernel(manifold) if manifold.dim == 1 else IsotropicKernel(manifold)


@heat_kernel.register(SO3)
def _(manifold):
    return IsotropicKernel(manifold)


@heat_kernel.register(FlatTorus)
def _(manifold):
    return WrappedNormalKernel(manifold)


@heat_kernel.register(Product)
def _(manifold):
    return ProductKernel(manifold, [heat_kernel(factor) for factor in manifold.factors])


@heat_kernel.register(EmbeddedTorus)
def _(manifold):
    return RevolutionKernel(manifold)
