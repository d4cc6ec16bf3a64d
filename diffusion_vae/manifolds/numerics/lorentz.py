"""Geometry of the unit hyperboloid in which nothing cancels, from its space coordinates.

A point of H^d is (h, s) with h = sqrt(1 + |s|^2) and s in R^d. The time coordinate h follows
from s, and a rounded h next to a large s says nothing about distances: all functions here take
and give s alone. A tangent vector is written in the frame that is carried from the origin along
the geodesic to the point: there its length is the Euclidean one.
"""

import math

import keras
from keras import ops

from diffusion_vae.manifolds.numerics.vectors import safe_norm, unit_vectors
from diffusion_vae.typing import Tensor

FARTHEST = 40.0  # distance from the origin up to which squares of coordinates do not overflow
NEAR = 1e-2  # distance from the origin below which directions are not asked for


def arsinh(x: Tensor) -> Tensor:
    """arsinh of x >= 0, with all digits of small numbers."""
    y = x + x * (x / (1.0 + height(x)))  # e^r - 1
    near = y < 0.25  # ONNX has no log1p
    s = ops.where(near, y / (2.0 + y), 0.0)
    square, series = ops.square(s), 0.0
    for power in range(17, 0, -2):  # log(1 + y) = 2 artanh(y / (2 + y))
        series = 1.0 / power + square * series
    return ops.where(near, 2.0 * s * series, ops.log(1.0 + y))


def sinh(x: Tensor) -> Tensor:
    """sinh of x >= 0.1 by exponentials, which every runtime of exported models has."""
    return 0.5 * (ops.exp(x) - ops.exp(-x))


def height(norm: Tensor) -> Tensor:
    """sqrt(1 + n^2), the time coordinate of points whose space coordinates have this norm."""
    return ops.sqrt(1.0 + ops.square(norm))


def kept_near(s: Tensor) -> Tensor:
    """Space coordinates with points beyond `FARTHEST` moved there, `[..., d]`."""
    largest = ops.stop_gradient(ops.max(ops.abs(s), axis=-1, keepdims=True, initial=0.0))
    limit = math.sinh(FARTHEST)
    far = largest > 0.5 * limit / math.sqrt(s.shape[-1])
    # Where coordinates are huge their squares overflow: a direction is taken of them first.
    shape = ops.where(far, s / ops.where(far, largest, 1.0), 0.0)
    length = ops.minimum(safe_norm(shape, keepdims=True) * ops.minimum(largest, limit), limit)
    return ops.where(far, unit_vectors(ops.where(far, s, 1.0)) * length, s)


def in_double(*points: Tensor) -> list[Tensor]:
    """Coordinates in float64 where the backend has it: JAX has it with `jax_enable_x64`.

    Where points are 10 from the origin, differences of float32 coordinates have lost four digits
    of their small parts.
    """
    if keras.backend.backend() == "jax":
        return list(points)
    return [ops.cast(point, "float64") for point in points]


def half_distance_square(a: Tensor, b: Tensor) -> Tensor:
    """sinh^2 of half the distance, `[..., d] x [..., d] -> [...]`.

    It is sinh^2((r - r') / 2) + sinh r sinh r' sin^2(angle / 2), of distances r and r' from the
    origin: a sum of positive terms, each from the difference of the points.
    """
    a, b = a + ops.zeros_like(b), b + ops.zeros_like(a)
    norm_a, norm_b = safe_norm(a, keepdims=True), safe_norm(b, keepdims=True)  # [..., 1]
    swap = norm_a < norm_b
    outer, inner = ops.where(swap, b, a), ops.where(swap, a, b)
    outer_norm, inner_norm = ops.maximum(norm_a, norm_b), ops.minimum(norm_a, norm_b)
    axis = unit_vectors(outer)  # [..., d]
    apart = inner - outer
    # The part of `inner` across the axis, which is that of the difference: from the shorter one.
    shorter = ops.where(inner_norm < safe_norm(apart, keepdims=True), inner, apart)
    aside = shorter - axis * ops.sum(shorter * axis, axis=-1, keepdims=True)
    along = ops.sum(inner * axis, axis=-1, keepdims=True)
    ahead = along > 0
    half = ops.where(  # |inner| sin^2(angle / 2)
        ahead,
        ops.sum(ops.square(aside), axis=-1, keepdims=True)
        / (2.0 * ops.where(ahead, inner_norm + along, 1.0)),
        0.5 * (inner_norm - along),
    )
    product = ops.sum(apart * (inner + outer), axis=-1, keepdims=True)  # |inner|^2 - |outer|^2
    mixed = outer_norm * height(inner_norm) + inner_norm * height(outer_norm)
    vanishes = mixed == 0
    slope = ops.where(vanishes, 0.0, product / ops.where(vanishes, 1.0, mixed))  # sinh(r' - r)
    radial = 0.5 * slope * (slope / (1.0 + height(slope)))
    return (radial + outer_norm * half)[..., 0]


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Distance, `[..., d] x [..., d] -> [...]`, whose gradient is 0 where the points are one."""
    square = half_distance_square(*in_double(a, b))
    vanishes = square <= 0
    root = ops.sqrt(ops.where(vanishes, 1.0, square))
    return ops.cast(2.0 * ops.where(vanishes, 0.0, arsinh(root)), a.dtype)


def move(s: Tensor, frame: Tensor) -> Tensor:
    """Point reached along the geodesic with the velocity `frame` in unit time.

    Args:
        s: Space coordinates of the start, `[..., d]`.
        frame: The velocity in the frame carried from the origin, `[..., d]`.

    Returns:
        Space coordinates, `[..., d]`, at most `FARTHEST` from the origin.
    """
    s, frame = s + ops.zeros_like(frame), frame + ops.zeros_like(s)
    largest = ops.stop_gradient(ops.max(ops.abs(frame), axis=-1, keepdims=True, initial=0.0))
    far = largest > 1e4
    length = safe_norm(ops.where(far, unit_vectors(frame), frame), keepdims=True)  # [..., 1]
    length = ops.minimum(ops.where(far, 1e4, length), 2.0 * FARTHEST)
    heading = unit_vectors(frame)
    norm = safe_norm(s, keepdims=True)
    top = height(norm)
    near = norm < NEAR
    # Near the origin: smooth in s there.
    sinh, cosh = ops.sinh(length), ops.cosh(length)
    inner = ops.sum(s * heading, axis=-1, keepdims=True)
    plain = s * cosh + sinh * (heading + s * inner / (1.0 + top))
    # Elsewhere along the ray and across it: sinh r cosh l + cosh r sinh l cos(angle), in which
    # large terms can cancel, is a sum of two terms that need not.
    axis = unit_vectors(ops.where(near, 1.0, s))
    cosine = ops.sum(heading * axis, axis=-1, keepdims=True)
    aside = heading - cosine * axis
    other = ops.sum(ops.square(aside), axis=-1, keepdims=True)  # 1 - cosine^2
    ahead = cosine > 0
    larger = 1.0 + ops.abs(cosine)
    smaller = other / larger
    plus, minus = ops.where(ahead, larger, smaller), ops.where(ahead, smaller, larger)
    r = arsinh(norm)
    inward = ops.sinh(r - length)
    shorter = ops.minimum(length, 2.0 * FARTHEST - r)  # as far as sinh(r + length) is a float
    outward = norm * ops.cosh(shorter) + top * ops.sinh(shorter)
    ray = axis * (0.5 * (outward * plus + inward * minus)) + aside * sinh
    return kept_near(ops.where(near, plain, ray))


def to_frame(s: Tensor, v: Tensor) -> Tensor:
    """Space coordinates of a tangent vector at `s` in the frame carried from the origin."""
    top = height(safe_norm(s, keepdims=True))
    inner = ops.sum(s * v, axis=-1, keepdims=True)
    return v - s * (inner / (top * (1.0 + top)))


def from_frame(s: Tensor, frame: Tensor) -> Tensor:
    """Space coordinates of the tangent vector at `s` that has these in the carried frame."""
    top = height(safe_norm(s, keepdims=True))
    return frame + s * (ops.sum(s * frame, axis=-1, keepdims=True) / (1.0 + top))


def heading_to(a: Tensor, b: Tensor) -> Tensor:
    """Velocity at `a`, in its frame, with which `b` is reached in unit time, `[..., d]`."""
    length, dtype = ops.expand_dims(distance(a, b), -1), a.dtype
    a, b = in_double(a, b)
    top_a, top_b = height(safe_norm(a, keepdims=True)), height(safe_norm(b, keepdims=True))
    apart = b - a
    rise = ops.sum(apart * (a + b), axis=-1, keepdims=True) / (top_a + top_b)  # of the heights
    inner = ops.sum(a * apart, axis=-1, keepdims=True)
    # b seen from a: the boost that takes a to the origin, written in b - a.
    seen = apart + a * (inner / (1.0 + top_a) - rise)
    return ops.cast(unit_vectors(seen), dtype) * length


def from_origin(velocity: Tensor) -> Tensor:
    """Point reached from the origin in unit time, `[..., d]`, at most `FARTHEST` away."""
    largest = ops.stop_gradient(ops.max(ops.abs(velocity), axis=-1, keepdims=True, initial=0.0))
    far = largest > FARTHEST
    axis = unit_vectors(velocity)
    length = safe_norm(ops.where(far, FARTHEST * axis, velocity), keepdims=True)  # [..., 1]
    near = length < 0.1  # where a difference of exponentials loses digits
    square = ops.square(ops.where(near, length, 0.0))
    series = 1.0 / 120.0 + square * (1.0 / 5040.0 + square / 362880.0)
    series = velocity * (1.0 + square * (1.0 / 6.0 + square * series))
    return ops.where(near, series, axis * sinh(ops.minimum(length, FARTHEST)))


def to_origin(s: Tensor) -> Tensor:
    """Velocity at the origin with which a point is reached in unit time, `[..., d]`."""
    norm = safe_norm(s, keepdims=True)
    near = norm < NEAR
    square = ops.square(ops.where(near, norm, 0.0))
    series = 1.0 - square / 6.0 + 3.0 * ops.square(square) / 40.0
    safe = ops.where(near, 1.0, norm)
    return s * ops.where(near, series, arsinh(safe) / safe)


def from_origin_distance(s: Tensor) -> Tensor:
    """Distance from the origin, `[..., d] -> [...]`."""
    return arsinh(safe_norm(s))
