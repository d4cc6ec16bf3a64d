"""Arithmetic of vectors that neither overflows nor divides by zero."""

import math

import numpy as np
from keras import ops

from diffusion_vae.typing import Tensor


def safe_norm(x: Tensor, keepdims: bool = False) -> Tensor:
    """Euclidean norm over the last axis whose gradient at zero is zero, not NaN.

    NaN stays NaN.
    """
    square = ops.sum(ops.square(x), axis=-1, keepdims=keepdims)
    vanishes = square == 0
    return ops.where(vanishes, 0.0, ops.sqrt(ops.where(vanishes, 1.0, square)))


def shortened(v: Tensor, limit: Tensor | float = 1e15) -> Tensor:
    """Velocities `[..., n]` whose coordinates are at most `limit`, so that squares fit in float32.

    Beyond 1e8 rounding hides where on a closed manifold such a path ends; beyond 1e15 the
    length is therefore no longer followed.
    """
    largest = ops.stop_gradient(
        ops.max(ops.abs(v), axis=-1, keepdims=True, initial=0.0)
    )  # [..., 1]
    return v * ops.where(largest > limit, limit / ops.maximum(largest, limit), 1.0)


def ratio(a: Tensor, b: Tensor) -> Tensor:
    """a / b for b >= 0, and 1 where b vanishes."""
    vanishes = b < 1e-20
    return ops.where(vanishes, 1.0, a / ops.where(vanishes, 1.0, b))


def nearest_pattern(patterns: np.ndarray, z: Tensor, to: Tensor) -> Tensor:
    """Of the vectors `z * pattern`, for sign patterns `[group, n]`, that closest to `to`."""
    signs = ops.convert_to_tensor(patterns, dtype=z.dtype)
    products = ops.matmul(z * to, ops.transpose(signs))  # [..., group]
    return z * ops.take(signs, ops.argmax(products, axis=-1), axis=0)


def unit_vectors(x: Tensor) -> Tensor:
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


def headroom(largest: Tensor) -> Tensor:
    """Factor by which to shrink both sides of a division by `largest`.

    XLA divides by multiplying with 1 / largest, which is 0 when largest is beyond 8e37.
    """
    return ops.cast(ops.where(largest > 1e18, 2.0**-60, 1.0), largest.dtype)


def sinc(r: Tensor) -> Tensor:
    """sin(r) / r, smooth at 0."""
    small = ops.abs(r) < 1e-2
    safe = ops.where(small, 1.0, r)
    series = 1.0 - ops.square(r) / 6.0 + ops.square(ops.square(r)) / 120.0
    return ops.where(small, series, ops.sin(safe) / safe)


def symmetric_matrix_features(z: Tensor) -> Tensor:
    """Upper triangle of z z^T, off-diagonal entries times sqrt 2: an isometry on R^(n x n).

    Args:
        z: `[..., n]`.

    Returns:
        `[..., n (n + 1) / 2]`.
    """
    n = z.shape[-1]
    rows, columns = np.triu_indices(n)
    weight = np.where(rows == columns, 1.0, math.sqrt(2.0))
    left, right = ops.take(z, rows, axis=-1), ops.take(z, columns, axis=-1)
    return left * right * ops.convert_to_tensor(weight, dtype=z.dtype)


def symmetric_matrix(features: Tensor, n: int) -> Tensor:
    """The symmetric matrix of features as `symmetric_matrix_features` gives them.

    Args:
        features: `[..., n (n + 1) / 2]`.
        n: Rows of the matrix.

    Returns:
        `[..., n, n]`.
    """
    place = np.zeros((n, n), int)
    place[np.triu_indices(n)] = np.arange(n * (n + 1) // 2)
    place = np.maximum(place, place.T)
    weight = np.where(np.eye(n, dtype=bool), 1.0, math.sqrt(0.5))
    flat = ops.take(features, place.ravel(), axis=-1)  # [..., n * n]
    matrix = ops.reshape(flat, (*ops.shape(features)[:-1], n, n))
    return matrix * ops.convert_to_tensor(weight, dtype=matrix.dtype)
