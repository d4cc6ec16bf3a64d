"""Short-time expansions of heat kernels: log density and its validity.

log q = -(d/2) log(2 pi t) - r^2 / 2t + log u0(r) + t u1(r)/u0(r) + O(t^2), with
u0 = (r / sin r)^((d-1)/2) and, on the sphere,
u1/u0 = (d-1)/(8 r^2) [3 - d + (d-1) r^2 + (d-3) r cot r]  (paper, section 3.6, with the
geodesic distance it names and the factor u0 it leaves out).
"""

import math
from functools import singledispatch

import keras
from keras import ops

from diffusion_vae.heat_kernels import reference
from diffusion_vae.heat_kernels.wrapped_normal import wrapped_normal_log_density
from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    FlatTorus,
    Manifold,
    RealProjective,
    Sphere,
)

# At the antipode the corrections of a sphere diverge: from here on they are continued
# linearly, with the slopes of log(r / sin r) and of (r cot r - 1) / r^2.
SERIES_END = math.pi - 0.15
LOG_RATIO_SLOPE = 1.0 / SERIES_END - 1.0 / math.tan(SERIES_END)
TURN_SLOPE = (
    1.0 / math.tan(SERIES_END) - SERIES_END / math.sin(SERIES_END) ** 2
) / SERIES_END**2 - 2.0 * (SERIES_END / math.tan(SERIES_END) - 1.0) / SERIES_END**3
KL_ERROR = 0.02  # nats: how wrong the short-time KL may be within the default limits


@singledispatch
def log_density(manifold, y, location, t):
    """Short-time log density, dispatched on the type of the manifold.

    The default for any other manifold expands in the chord: with n the normal part
    of y - x at x, r^2 = |y - x|^2 + |n|^2 / 3 + O(r^6), and the Ricci curvature is
    taken to be the same in every direction.

    Args:
        manifold: The latent space.
        y: Points, `[..., ambient_dim]`.
        location: Starting points, `[..., ambient_dim]`.
        t: Times, `[...]`.

    Returns:
        Log densities in nats against the Riemannian volume, `[...]`.
    """
    chord = y - location  # [..., n]
    normal = chord - manifold.tangent_project(location, chord)
    square = ops.sum(ops.square(chord), axis=-1) + ops.sum(ops.square(normal), axis=-1) / 3.0
    curvature = manifold.scalar_curvature(location)  # [...]
    return (
        _gaussian(manifold.dim, square, t)
        + curvature * square / (12.0 * manifold.dim)
        + curvature * t / 12.0
    )


@log_density.register(Sphere)
def _(manifold, y, location, t):
    if manifold.dim == 1:
        return wrapped_normal_log_density(manifold.distance(y, location), t)
    return sphere_log_density(manifold.dim, manifold.distance(y, location), t)


@log_density.register(RealProjective)
def _(manifold, y, location, t):
    r = manifold.distance(y, location)
    if manifold.dim == 1:  # a circle of half the length: the same images twice as dense
        return ops.logaddexp(
            wrapped_normal_log_density(r, t), wrapped_normal_log_density(math.pi - r, t)
        )
    return projective_log_density(manifold.dim, r, t)


@log_density.register(FlatTorus)
def _(manifold, y, location, t):
    angles = manifold.angle_between(y, location)  # [..., dim]
    return ops.sum(wrapped_normal_log_density(angles, ops.expand_dims(t, -1)), axis=-1)


@log_density.register(SO3)
def _(manifold, y, location, t):
    # RP^3 enlarged 2 sqrt 2 times: lengths scale by it, times by 8, volumes by 16 sqrt 2.
    r = manifold.distance(y, location) / (2.0 * math.sqrt(2.0))
    return projective_log_density(3, r, t / 8.0) - math.log(16.0 * math.sqrt(2.0))


@log_density.register(O3)
def _(manifold, y, location, t):
    r = manifold.distance(y, location)
    reachable = r < math.inf
    r = ops.where(reachable, r, 0.0) / (2.0 * math.sqrt(2.0))
    value = projective_log_density(3, r, t / 8.0) - math.log(16.0 * math.sqrt(2.0))
    return ops.where(reachable, value, -math.inf)


def sphere_log_density(dim, r, t):
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


def projective_log_density(dim, r, t):
    """Expansion on RP^dim at the distance `r` in [0, pi/2]: both preimages."""
    return ops.logaddexp(sphere_log_density(dim, r, t), sphere_log_density(dim, math.pi - r, t))


def _gaussian(dim, square, t):
    return -0.5 * dim * ops.log(2.0 * math.pi * t) - square / (2.0 * t)


# -- validity ------------------------------------------------------------------


def largest_log_time(manifold):
    """Largest log t at which the short-time KL is within `KL_ERROR` nats of exact.

    Known spaces are compared with the float64 reference. Elsewhere the stated rule is
    max |Sc| t <= 1/3 and a KL, without its curvature term, of at least 0.4 nats a
    dimension; it cannot see a loop shorter than the curvature and the volume suggest.
    (Against the spectrum of tori of revolution 1/2 is wrong by up to 0.045 nats.) The
    embedded torus knows its loop: t <= 0.8 a^2, a the tube's radius.
    """
    exact = _exact_kl(manifold)
    if exact is None:
        return _rule(manifold)
    curvature = _curvature_bound(manifold)

    def excess(log_time):
        t = math.exp(log_time)
        return abs(short_time_kl(manifold, curvature, t) - exact(t)) - KL_ERROR

    # The error grows with t; walk down to where it is small, then bisect.
    high = 1.0
    while excess(high) > 0.0 and high > -8.0:
        high -= 0.5
    low, high = high, high + 0.5
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) <= 0.0 else (low, middle)
    return low


def short_time_kl(manifold, curvature, t, coefficient=0.25):
    """-(d/2) log(2 pi t) - d/2 + log Vol + coefficient Sc t, for numbers."""
    d = manifold.dim
    return (
        -0.5 * d * math.log(2.0 * math.pi * t)
        - 0.5 * d
        + math.log(manifold.volume)
        + coefficient * curvature * t
    )


def _exact_kl(manifold):
    """KL as a function of t from the float64 reference, or None where it has none."""
    d = manifold.dim
    if isinstance(manifold, O3):
        return reference.o3_kl
    if isinstance(manifold, SO3):
        return reference.so3_kl
    if isinstance(manifold, RealProjective):
        return lambda t: reference.projective_kl(d, t)
    if isinstance(manifold, Sphere):
        return lambda t: reference.sphere_kl(d, t)
    if isinstance(manifold, FlatTorus):
        return lambda t: d * reference.sphere_kl(1, t)
    return None


def _curvature_bound(manifold: Manifold):
    """Largest |Sc| over many points, with its sign where it is constant."""
    try:
        points = manifold.random_uniform((1024,), seed=0)
    except NotImplementedError:  # a user's manifold need not know its uniform law
        points = manifold.project(keras.random.normal((1024, manifold.ambient_dim), seed=0))
    values = ops.convert_to_numpy(manifold.scalar_curvature(points))
    return float(values[abs(values).argmax()])


def _rule(manifold):
    d = manifold.dim
    bounds = [2.0 * (math.log(manifold.volume) / d - 0.5 - 0.4) - math.log(2.0 * math.pi)]
    curvature = abs(_curvature_bound(manifold))
    if curvature > 0.0:
        bounds.append(math.log(1.0 / (3.0 * curvature)))
    if isinstance(manifold, EmbeddedTorus):
        bounds.append(math.log(0.8 * manifold.tube_radius**2))
    return min(bounds)
