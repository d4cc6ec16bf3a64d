"""Nearest orthogonal matrices and rotations by products alone, for other runtimes."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.numerics.quaternion import quaternion_form, quaternion_to_rotation
from diffusion_vae.manifolds.numerics.small_matrices import product, transpose
from diffusion_vae.manifolds.numerics.top_eigenvector import FLOORS, in_single, leading_vector
from diffusion_vae.typing import Tensor

NEWTON_STEPS = 2  # the derivative of the second is that of the nearest rotation

_IN_USE = ContextVar("products_in_use", default=False)


@contextlib.contextmanager
def products_only() -> Iterator[None]:
    """Scope in which points are projected without decompositions of matrices.

    ONNX and LiteRT have none. In training the decomposition is two to eight times faster.
    """
    token = _IN_USE.set(True)
    try:
        yield
    finally:
        _IN_USE.reset(token)


def in_products_only() -> bool:
    """Whether the scope `products_only` is entered."""
    return _IN_USE.get()


def nearest_by_products(matrix: Tensor, special: bool) -> Tensor:
    """Nearest orthogonal matrix, or nearest rotation, in the Frobenius norm.

    The nearest rotation R of X has the largest tr(R^T X), a quadratic form of its unit
    quaternion, whose maximum is the leading eigenvector (Davenport 1968; Horn 1987).
    Newton's steps then mend the last digits. With reflections allowed the nearest is that
    rotation, or minus the nearest rotation of -X.

    Args:
        matrix: `[..., 3, 3]`, entries of order one.
        special: Whether the determinant must be +1.

    Returns:
        Matrices `[..., 3, 3]`.
    """

    def nearest(x: Tensor) -> Tensor:
        rotation = _nearest_rotation(x)
        if special:
            return rotation
        reflection = -_nearest_rotation(-x)
        gain = ops.sum((rotation - reflection) * x, axis=(-2, -1), keepdims=True)
        return ops.where(gain >= 0, rotation, reflection)

    return in_single(nearest, matrix)


def _nearest_rotation(x: Tensor) -> Tensor:
    form = quaternion_form(x)
    largest = ops.max(ops.abs(form), axis=(-2, -1), keepdims=True)
    q = leading_vector(form / ops.maximum(largest, 1e-30))
    rotation = ops.stop_gradient(quaternion_to_rotation(q))
    for _ in range(NEWTON_STEPS):
        turn = _solved(_stiffness(rotation, x), _axis(product(transpose(rotation), x)))
        half = ops.concatenate([ops.ones_like(turn[..., :1]), 0.5 * turn], axis=-1)
        half = half / ops.sqrt(ops.sum(ops.square(half), axis=-1, keepdims=True))
        rotation = product(rotation, quaternion_to_rotation(half))
    return rotation


def _stiffness(rotation: Tensor, x: Tensor) -> Tensor:
    """tr(P) I - P of the symmetric part P of R^T X, `[..., 3, 3]`.

    At the nearest R it is positive: its eigenvalues are sums of two singular values.
    """
    p = product(transpose(rotation), x)
    p = 0.5 * (p + transpose(p))
    trace = (p[..., 0, 0] + p[..., 1, 1] + p[..., 2, 2])[..., None, None]
    return trace * ops.convert_to_tensor(np.eye(3), dtype=x.dtype) - p


def _axis(a: Tensor) -> Tensor:
    """Twice the axis vector of the skew part, `[..., 3, 3] -> [..., 3]`."""
    return ops.stack(
        [a[..., 2, 1] - a[..., 1, 2], a[..., 0, 2] - a[..., 2, 0], a[..., 1, 0] - a[..., 0, 1]],
        axis=-1,
    )


def _solved(m: Tensor, b: Tensor) -> Tensor:
    """m^-1 b of positive matrices, `[..., 3, 3]` and `[..., 3]`, with floored pivots."""
    floor = FLOORS[keras.backend.standardize_dtype(m.dtype)]
    d0 = ops.maximum(m[..., 0, 0], floor)
    l10, l20 = m[..., 1, 0] / d0, m[..., 2, 0] / d0
    d1 = ops.maximum(m[..., 1, 1] - l10 * m[..., 1, 0], floor)
    rest = m[..., 2, 1] - l20 * m[..., 1, 0]
    l21 = rest / d1
    d2 = ops.maximum(m[..., 2, 2] - l20 * m[..., 2, 0] - l21 * rest, floor)
    y0 = b[..., 0]
    y1 = b[..., 1] - l10 * y0
    y2 = b[..., 2] - l20 * y0 - l21 * y1
    x2 = y2 / d2
    x1 = y1 / d1 - l21 * x2
    x0 = y0 / d0 - l10 * x1 - l20 * x2
    return ops.stack([x0, x1, x2], axis=-1)
