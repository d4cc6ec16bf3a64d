"""Expectations of kernels under the prior of a manifold, where they have closed forms.

On a homogeneous space, E k(z, z') over the prior of z' is the same number for every z: then
a distance to the prior needs no samples of it. Distances are those of the ambient space;
on projective spaces, of z z^T or z z*, which all names of a point share
(|z z^T - y y^T|^2 = 2 - 2 (z.y)^2).
"""

import math
from collections.abc import Callable
from functools import singledispatch
from typing import TypeAlias

from keras import ops
from scipy import integrate, special

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

Mean: TypeAlias = tuple[Callable[[Tensor], Tensor], float]
"""A mean over the prior of z' as a function of z, and the mean of that function."""


@singledispatch
def gaussian_mean(manifold: Manifold, bandwidth: float) -> Mean | None:
    """E exp(-|z - z'|^2 / bandwidth) over the prior of z'.

    Args:
        manifold: A `Manifold`.
        bandwidth: Scale of squared distances.

    Returns:
        A function of z, `[..., n] -> [...]`, and its mean over the prior of z; or `None`
        where they are not known.
    """
    return None


@gaussian_mean.register
def _(manifold: Euclidean, bandwidth: float) -> Mean | None:
    d = manifold.dim
    scale = (1.0 + 2.0 / bandwidth) ** (-d / 2)

    def mean(z: Tensor) -> Tensor:
        return scale * ops.exp(-ops.sum(ops.square(z), axis=-1) / (bandwidth + 2.0))

    return mean, (1.0 + 4.0 / bandwidth) ** (-d / 2)


@gaussian_mean.register
def _(manifold: Sphere, bandwidth: float) -> Mean | None:
    half, kappa = manifold.ambient_dim / 2, 2.0 / bandwidth
    bessel = special.ive(half - 1.0, kappa)  # times exp(-kappa)
    return _constant(special.gamma(half) * (2.0 / kappa) ** (half - 1.0) * bessel)


@gaussian_mean.register
def _(manifold: RealProjective, bandwidth: float) -> Mean | None:
    kappa = 2.0 / bandwidth
    return _constant(math.exp(-kappa) * special.hyp1f1(0.5, manifold.ambient_dim / 2, kappa))


@gaussian_mean.register
def _(manifold: ComplexProjective, bandwidth: float) -> Mean | None:
    n, kappa = manifold.complex_dim, 2.0 / bandwidth  # 1 - |z* z'|^2 has the law Beta(n, 1)
    scale = math.exp(special.gammaln(n + 1.0) - n * math.log(kappa))
    return _constant(scale * special.gammainc(n, kappa))


@gaussian_mean.register
def _(manifold: FlatTorus, bandwidth: float) -> Mean | None:
    return _constant(special.ive(0, 2.0 / bandwidth) ** manifold.dim)


@gaussian_mean.register
def _(manifold: SO3, bandwidth: float) -> Mean | None:
    return _constant(_over_rotations(lambda squares: math.exp(-squares / bandwidth)))


@gaussian_mean.register
def _(manifold: O3, bandwidth: float) -> Mean | None:
    return _constant(_over_orthogonal(lambda squares: math.exp(-squares / bandwidth)))


@gaussian_mean.register
def _(manifold: Product, bandwidth: float) -> Mean | None:
    terms = [gaussian_mean(factor, bandwidth) for factor in manifold.factors]
    known = [term for term in terms if term is not None]
    if len(known) < len(terms):
        return None

    def mean(z: Tensor) -> Tensor:
        parts = zip(known, manifold.split(z), strict=True)
        return math.prod(term[0](part) for term, part in parts)

    return mean, math.prod(term[1] for term in known)


@singledispatch
def mean_distance(manifold: Manifold) -> float | None:
    """E|z - z'| over the prior of z', if it is the same for every z, or `None`."""
    return None


@mean_distance.register
def _(manifold: Sphere) -> float:
    n = manifold.ambient_dim
    log = special.gammaln
    chord = (n - 1) * math.log(2.0) + 2.0 * log(n / 2) - log(n - 0.5)
    return math.exp(chord) / math.sqrt(math.pi)


@mean_distance.register
def _(manifold: RealProjective) -> float:
    n = manifold.ambient_dim  # sqrt 2 times the mean sine of the angle
    log = special.gammaln
    return math.sqrt(2.0) * math.exp(2.0 * log(n / 2) - log((n - 1) / 2) - log((n + 1) / 2))


@mean_distance.register
def _(manifold: ComplexProjective) -> float:
    n = manifold.complex_dim  # sqrt 2 times the mean sine of the distance
    return math.sqrt(2.0) * n / (n + 0.5)


@mean_distance.register
def _(manifold: SO3) -> float:
    return _over_rotations(math.sqrt)


@mean_distance.register
def _(manifold: O3) -> float:
    return _over_orthogonal(math.sqrt)


def _constant(value: float) -> Mean:
    """A mean that is the same at every point."""
    value = float(value)
    return (lambda z: ops.full_like(z[..., 0], value)), value


def _over_rotations(function: Callable[[float], float]) -> float:
    """Mean of a function of the squared Frobenius distance 4 - 4 cos(angle) over SO(3)."""
    return _over_angles(lambda angle: function(4.0 - 4.0 * math.cos(angle)))


def _over_orthogonal(function: Callable[[float], float]) -> float:
    """The same over O(3): half of it is at the squared distances 8 + 4 cos(angle)."""
    reflected = _over_angles(lambda angle: function(8.0 + 4.0 * math.cos(angle)))
    return 0.5 * (_over_rotations(function) + reflected)


def _over_angles(function: Callable[[float], float]) -> float:
    """Mean over the angle of a uniform rotation, of density (1 - cos) / pi on [0, pi]."""
    return integrate.quad(lambda a: function(a) * (1.0 - math.cos(a)) / math.pi, 0.0, math.pi)[0]
