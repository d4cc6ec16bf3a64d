"""Arithmetic of vectors that neither overflows nor divides by zero."""

import numpy as np
from keras import ops


def safe_norm(x, keepdims=False):
    """Euclidean norm over the last axis whose gradient at zero is zero, not NaN.

    NaN stays NaN.
    """
    square = ops.sum(ops.square(x), axis=-1, keepdims=keepdims)
    vanishes = square == 0
    return ops.where(vanishes, 0.0, ops.sqrt(ops.where(vanishes, 1.0, square)))


def shortened(v):
    """Velocities `[..., n]` whose squares do not overflow.

    Beyond 1e8 rounding hides where on a closed manifold such a path ends; beyond 1e15 the
    length is therefore no longer followed.
    """
    largest = ops.stop_gradient(
        ops.max(ops.abs(v), axis=-1, keepdims=True, initial=0.0)
    )  # [..., 1]
    return v * ops.where(largest > 1e15, 1e15 / ops.maximum(largest, 1e15), 1.0)


def ratio(a, b):
    """a / b for b >= 0, and 1 where b vanishes."""
    vanishes = b < 1e-20
    return ops.where(vanishes, 1.0, a / ops.where(vanishes, 1.0, b))


def unit_vectors(x):
    """Direction of `x`, `[..., n]`; the first axis where `x` is (nearly) zero.

    The vector is first scaled by its largest coordinate, so that neither 1e-30
    nor 1e30 under- or overflows. The scale is a constant for the gradient, which
    is exact all the same because the direction does not depend on the scale.
    """
    x = ops.convert_to_tensor(x)
    largest = ops.stop_gradient(
        ops.max(ops.abs(x), axis=-1, keepdims=True, initial=0.0)
    )  # [..., 1]
    vanishes = largest < 1e-30
    shrink = headroom(largest)  # [..., 1]
    scaled = (x * shrink) / ops.where(vanishes, 1.0, largest * shrink)  # [..., n]
    first_axis = ops.convert_to_tensor(np.eye(x.shape[-1])[0], dtype=x.dtype)  # [n]
    scaled = ops.where(vanishes, first_axis, scaled)
    # Not `rsqrt`, of which some processors compute 1 as 0.9999999.
    return scaled / ops.sqrt(ops.sum(ops.square(scaled), axis=-1, keepdims=True))


def headroom(largest):
    """Factor by which to shrink both sides of a division by `largest`.

    XLA divides by multiplying with 1 / largest, which is 0 when largest is beyond 8e37.
    """
    return ops.cast(ops.where(largest > 1e18, 2.0**-60, 1.0), largest.dtype)
