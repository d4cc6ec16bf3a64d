"""Short-time expansions of heat kernels: log density, KL, and the times they hold for.

log q = -(d/2) log(2 pi t) - r^2 / 2t + log u0(r) + t u1(r)/u0(r) + O(t^2), with
u0 = (r / sin r)^((d-1)/2) and, on the sphere,
u1/u0 = (d-1)/(8 r^2) [3 - d + (d-1) r^2 + (d-3) r cot r]  (paper, section 3.6, with the
geodesic distance it names and the factor u0 it leaves out).
"""

import math
from collections.abc import Callable
from functools import partial, singledispatch

import keras
from keras import ops

from diffusion_vae.heat_kernels import numeric
from diffusion_vae.heat_kernels.wrapped_normal import wrapped_normal_log_density
from diffusion_vae.manifolds import ComplexProjective, FlatTorus, Manifold
from diffusion_vae.manifolds.cover import Cover, cover_by_sphere
from diffusion_vae.typing import Tensor

# At the antipode the corrections of a sphere diverge: from here on they are continued
# linearly, with the slopes of log(r / sin r) and of (r cot r - 1) / r^2.
SERIES_END = math.pi - 0.15
LOG_RATIO_SLOPE = 1.0 / SERIES_END - 1.0 / math.tan(SERIES_END)
TURN_SLOPE = (
    1.0 / math.tan(SERIES_END) - SERIES_END / math.sin(SERIES_END) ** 2
) / SERIES_END**2 - 2.0 * (SERIES_END / math.tan(SERIES_END) - 1.0) / SERIES_END**3
LOWEST_LIMIT = -20.0  # log time: spheres of a thousand dimensions are right up to about -9
KL_ERROR = 0.02  # nats: how wrong the short-time KL may be within the default limits


@singledispatch
def log_density(manifold: Manifold, y: Tensor, location: Tensor, t: Tensor) -> Tensor:
    """Short-time log density, dispatched on the type of the manifold.

    The default is the expansion of the sphere where one covers the manifold. Elsewhere it
    expands in the chord: with n the normal part of y - x at x,
    r^2 = |y - x|^2 + |n|^2 / 3 + O(r^6), and the Ricci curvature is taken to be the same
    in every direction.

    Args:
        manifold: The latent space.
        y: Points, `[..., ambient_dim]`.
        location: Starting points, `[..., ambient_dim]`.
        t: Times, `[...]`.

    Returns:
        Log densities in nats against the Riemannian volume, `[...]`.
    """
    cover = cover_by_sphere(manifold)
    if cover is not None:
        return quotient_log_density(cover, manifold.distance(y, location), t)
    chord = manifold.nearest_name(y, location) - location  # [..., n]
    normal = chord - manifold.tangent_project(location, chord)
    square = ops.sum(ops.square(chord), axis=-1) + ops.sum(ops.square(normal), axis=-1) / 3.0
    curvature = manifold.scalar_curvature(location)  # [...]
    return (
        _gaussian(manifold.dim, square, t)
        + curvature * square / (12.0 * manifold.dim)
        + curvature * t / 12.0
    )


@log_density.register
def _(manifold: FlatTorus, y: Tensor, location: Tensor, t: Tensor) -> Tensor:
    angles = manifold.angle_between(y, location)  # [..., dim]
    return ops.sum(wrapped_normal_log_density(angles, ops.expand_dims(t, -1)), axis=-1)


def quotient_log_density(cover: Cover, r: Tensor, t: Tensor) -> Tensor:
    """Expansion at the distance `r` on a sphere or its quotient by -1, of any scale.

    Args:
        cover: What `cover_by_sphere` returns.
        r: Distances, `[...]`; infinite on another component than the start's.
        t: Times, `[...]`.

    Returns:
        Log densities in nats, `[...]`.
    """
    dim, t = cover.manifold.dim, t / cover.scale**2
    apart = r == math.inf
    r = ops.where(apart, 0.0, r) / cover.scale
    expansion = wrapped_normal_log_density if dim == 1 else partial(sphere_log_density, dim)
    value = expansion(r, t)
    if cover.antipodal:  # a point is two of the sphere, at the distances r and pi - r
        value = ops.logaddexp(value, expansion(math.pi - r, t))
    return ops.where(apart, -math.inf, value - dim * math.log(cover.scale))


def sphere_log_density(dim: int, r: Tensor, t: Tensor) -> Tensor:
    """Expansion on S^dim, dim >= 2, its corrections linear near the antipode."""
    s = ops.minimum(r, SERIES_END)  # [...]
    beyond = r - s
    small = s < 0.1
    safe = ops.where(small, 0.1, s)
    square = ops.square(s)
    log_ratio = ops.where(  # log(r / sin r)
        small,
        square / 6.0 + ops.square(square) / 180.0,
        ops.log(safe / ops.sin(safe)),
    )
    # ((d-3)(r cot r - 1)) / r^2 + (d-1), times (d-1)/8: the bracket with its 3 - d merged
    turn = ops.where(  # (r cot r - 1) / r^2
        small,
        -1.0 / 3.0 - square / 45.0 - 2.0 * ops.square(square) / 945.0,
        (safe / ops.tan(safe) - 1.0) / ops.square(safe),
    )
    log_ratio = log_ratio + LOG_RATIO_SLOPE * beyond
    turn = turn + TURN_SLOPE * beyond
    ratio = (dim - 1.0) / 8.0 * ((dim - 1.0) + (dim - 3.0) * turn)  # u1 / u0
    return _gaussian(dim, ops.square(r), t) + 0.5 * (dim - 1.0) * log_ratio + t * ratio


def _gaussian(dim: int, square: Tensor, t: Tensor) -> Tensor:
    return -0.5 * dim * ops.log(2.0 * math.pi * t) - square / (2.0 * t)


# -- validity ------------------------------------------------------------------


def largest_log_time(manifold: Manifold) -> float:
    """Largest log t at which the short-time KL is within `KL_ERROR` nats of exact.

    Spheres, their quotients and flat tori are compared with `numeric`. Elsewhere the
    rule is max |Sc| t <= 1/3 and a KL, without its curvature term, of at least 0.4 nats a
    dimension. (1/2 is wrong by up to 0.045 nats, against the spectrum of embedded tori.)
    The rule cannot see a loop shorter than the curvature and the volume suggest; where
    `Manifold.shortest_loop` gives its length, also t <= 0.8 (length / 2 pi)^2.
    """
    exact = _exact_kl(manifold)
    if exact is None:
        return _rule(manifold)
    curvature = _curvature_bound(manifold)

    def excess(log_time: float) -> float:
        t = math.exp(log_time)
        return abs(short_time_kl(manifold, curvature, t) - exact(t)) - KL_ERROR

    # The error grows with t; walk down to where it is small, then bisect.
    high = 1.0
    while excess(high) > 0.0 and high > LOWEST_LIMIT:
        high -= 0.5
    low, high = high, high + 0.5
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) <= 0.0 else (low, middle)
    return low


def short_time_kl(
    manifold: Manifold, curvature: float, t: float, coefficient: float = 0.25
) -> float:
    """-(d/2) log(2 pi t) - d/2 + log Vol + coefficient Sc t, for numbers."""
    d = manifold.dim
    return (
        -0.5 * d * math.log(2.0 * math.pi * t)
        - 0.5 * d
        + manifold.log_volume
        + coefficient * curvature * t
    )


@singledispatch
def _exact_kl(manifold: Manifold) -> Callable[[float], float] | None:
    """KL as a function of t by the float64 formulas, or `None` where there are none."""
    cover = cover_by_sphere(manifold)
    return None if cover is None else partial(numeric.quotient_kl, cover)


@_exact_kl.register
def _(manifold: FlatTorus) -> Callable[[float], float]:
    return lambda t: manifold.dim * numeric.sphere_kl(1, t)


@_exact_kl.register
def _(manifold: ComplexProjective) -> Callable[[float], float]:
    return partial(numeric.complex_projective_kl, manifold.complex_dim)


def _curvature_bound(manifold: Manifold) -> float:
    """Largest |Sc| over many points, with its sign where it is constant."""
    try:
        points = manifold.random_uniform((1024,), seed=0)
    except NotImplementedError:  # a user's manifold need not know its uniform law
        points = manifold.project(keras.random.normal((1024, manifold.ambient_dim), seed=0))
    values = ops.convert_to_numpy(manifold.scalar_curvature(points))
    return float(values[abs(values).argmax()])


def _rule(manifold: Manifold) -> float:
    d = manifold.dim
    bounds = [2.0 * (manifold.log_volume / d - 0.5 - 0.4) - math.log(2.0 * math.pi)]
    curvature = abs(_curvature_bound(manifold))
    if curvature > 0.0:
        bounds.append(math.log(1.0 / (3.0 * curvature)))
    if manifold.shortest_loop is not None:
        bounds.append(math.log(0.8 * (manifold.shortest_loop / (2.0 * math.pi)) ** 2))
    return min(bounds)
