"""The leading eigenvector of symmetric matrices, by products alone, with a finite gradient."""

import math
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import custom_gradient
from diffusion_vae.manifolds.numerics.small_matrices import transpose
from diffusion_vae.typing import Tensor

# With n 2^20 for an exponent, the error times the gap of the eigenvalues is at most 7e-7 of the
# largest entry, as that of an eigendecomposition in single precision.
SQUARINGS = 20
LARGEST = 1e30  # that entries may become, or fall below the inverse of, before they are scaled
# Smallest gap of eigenvalues in a gradient, relative to a matrix of entries near 1.
FLOORS = {"float32": 1e-6, "float64": 1e-12}


def _alone(vector: Tensor) -> Tensor:
    """The eigenvectors of a simple eigenvalue, from one of them, `[..., n] -> [..., 1, n]`."""
    return vector[..., None, :]


def top_eigenvector(matrix: Tensor, eigenspace: Callable[[Tensor], Tensor] = _alone) -> Tensor:
    """Unit eigenvector of the largest eigenvalue of symmetric matrices, up to sign.

    A positive matrix that is squared again and again becomes v v^T. Unlike an
    eigendecomposition this can be exported to ONNX and TFLite.

    The gradient is that of a simple eigenvalue,
    sum_j v_j (v_j . dv) v_1^T / (l_1 - l_j), with gaps that are kept away from 0. Where the
    structure of the matrix repeats each eigenvalue, j leaves out the whole space of the
    first: right for functions that do not see which unit vector of it is returned.

    Args:
        matrix: Symmetric, `[..., n, n]`, entries of order one.
        eigenspace: Orthonormal eigenvectors of the largest eigenvalue from one of them,
            `[..., n] -> [..., k, n]`; by default that one.

    Returns:
        Vectors `[..., n]`. The sign, or which of the eigenspace it is, has no meaning.
    """

    @custom_gradient
    def leading(x: Tensor) -> tuple[Tensor, Callable]:
        top = leading_vector(x)

        def gradient(upstream: Tensor) -> Tensor:
            turned = _divided_by_gaps(x, top, eigenspace(top), upstream)  # [..., n]
            outer = turned[..., :, None] * top[..., None, :]
            return 0.5 * (outer + transpose(outer))

        return top, gradient

    return in_single(leading, matrix)


def in_single(function: Callable[[Tensor], Tensor], matrix: Tensor) -> Tensor:
    """A function of matrices, in single precision where they are in half precision."""
    dtype = keras.backend.standardize_dtype(matrix.dtype)
    if dtype not in ("float16", "bfloat16"):
        return function(matrix)
    return ops.cast(function(ops.cast(matrix, "float32")), dtype)


def leading_vector(x: Tensor) -> Tensor:
    """What `top_eigenvector` returns, without a gradient of its own."""
    identity = _identity(x)
    # No eigenvalue is further from 0 than the largest sum of a row.
    bound = ops.max(ops.sum(ops.abs(x), axis=-1), axis=-1)[..., None, None]
    power = x + (bound + 1e-30) * identity
    n = x.shape[-1]
    # The largest eigenvalue of a matrix with the largest entry 1 is from 1 to n: by s squarings
    # it becomes at most n^(2^s).
    unscaled = int(math.log2(math.log(LARGEST) / math.log(max(n, 2))))
    for count in range(SQUARINGS + math.ceil(math.log2(n))):
        if count % unscaled == 0:
            power = power / ops.max(ops.abs(power), axis=(-2, -1), keepdims=True)
        power = ops.matmul(power, power)
    # Of the columns, all along v, the longest: v has a coordinate of at least 1 / sqrt n.
    lengths = ops.sum(power * identity, axis=-1)  # [..., n]
    # The first of them, and not by Keras's `argmax`, which ONNX and TFLite do not know.
    longest = ops.cast(lengths >= ops.max(lengths, axis=-1, keepdims=True), x.dtype)
    longest = longest * ops.cast(ops.cumsum(longest, axis=-1) <= 1.0, x.dtype)
    column = ops.sum(power * longest[..., None, :], axis=-1)
    column = column / ops.max(ops.abs(column), axis=-1, keepdims=True)
    return column / ops.sqrt(ops.sum(ops.square(column), axis=-1, keepdims=True))


def _divided_by_gaps(x: Tensor, top: Tensor, space: Tensor, upstream: Tensor) -> Tensor:
    """sum_j v_j (v_j . upstream) / (l_1 - l_j) over the eigenvectors beside `space`."""
    across = ops.matmul(transpose(space), space)  # [..., n, n]
    value = ops.sum(top[..., None, :] * x * top[..., :, None], axis=(-2, -1))[..., None, None]
    identity = _identity(x)
    floor = FLOORS[keras.backend.standardize_dtype(x.dtype)]
    gaps = (value + floor) * identity - x + across  # positive; `space` are its eigenvectors
    aside = _beside(space, upstream)
    return _beside(space, ops.solve(gaps, aside[..., None])[..., 0])


def _beside(space: Tensor, vector: Tensor) -> Tensor:
    """The part of vectors `[..., n]` orthogonal to the rows of `space` `[..., k, n]`."""
    along = ops.sum(space * vector[..., None, :], axis=-1, keepdims=True)  # [..., k, 1]
    return vector - ops.sum(along * space, axis=-2)


def _identity(x: Tensor) -> Tensor:
    return ops.convert_to_tensor(np.eye(x.shape[-1]), dtype=x.dtype)
