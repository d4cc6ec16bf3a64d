"""Differential geometry of a level set f = 0, from the derivatives of f."""

from collections.abc import Callable
from typing import TypeAlias

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import jacobian, value_and_jacobian
from diffusion_vae.manifolds.numerics.eigen import transpose
from diffusion_vae.typing import Tensor

Function: TypeAlias = Callable[[Tensor], Tensor]

# `function` is everywhere f, `[..., n] -> [..., k]` with k the codimension; J is its
# Jacobian, G = J J^T, T = 1 - J^T G^-1 J the projector on the tangent space.


def offset(function: Function, y: Tensor) -> Tensor:
    """Shortest vector to the zero set of the linearised f, -J^T G^-1 f: `[..., n]`."""
    value, slope = value_and_jacobian(function, y)
    return -_combine(slope, _apply(_inverse_gram(slope), value))


def tangent_part(function: Function, z: Tensor, v: Tensor) -> Tensor:
    """Vectors `v` without their part along the gradients of f, `[..., n]`."""
    slope = jacobian(function, z)  # [..., k, n]
    return v - _combine(slope, _apply(_inverse_gram(slope), _apply(slope, v)))


def newton_step(
    function: Function, y: Tensor, pull: Tensor, stiffness: Tensor, floor: float
) -> tuple[Tensor, Tensor]:
    """Tangential Newton step towards the constrained extremum, and its matrix.

    The objective has the gradient `-pull` and the Hessian `stiffness`; that of the
    Lagrangian is H = stiffness + sum_a l_a Hess f_a with l = G^-1 J pull.

    Args:
        function: Level-set function.
        y: Points near the level set, `[batch, n]`.
        pull: Vectors `[batch, n]`.
        stiffness: Numbers `[batch, 1]`.
        floor: Smallest eigenvalue, in absolute value, of T H T on the tangent space.

    Returns:
        Steps `[batch, n]` and inverses of T H T on the tangent space, `[batch, n, n]`.
    """
    slope = jacobian(function, y)  # [batch, k, n]
    inverse_gram = _inverse_gram(slope)
    multipliers = ops.stop_gradient(_apply(inverse_gram, _apply(slope, pull)))  # [batch, k]

    def bend(y: Tensor) -> Tensor:  # gradient of l . f
        return _combine(jacobian(function, y), multipliers)

    identity = ops.eye(y.shape[-1], dtype=y.dtype)
    tangent = identity - ops.matmul(transpose(slope), ops.matmul(inverse_gram, slope))
    hessian = stiffness[..., None] * identity + jacobian(bend, y)  # [batch, n, n]
    inner = ops.matmul(tangent, ops.matmul(hessian, tangent)) + identity - tangent
    values, vectors = ops.eigh(0.5 * (inner + transpose(inner)))
    scaled = vectors / ops.maximum(ops.abs(values), floor)[..., None, :]
    inverse = ops.matmul(tangent, ops.matmul(ops.matmul(scaled, transpose(vectors)), tangent))
    return _apply(inverse, pull), inverse


def scalar_curvature(function: Function, z: Tensor) -> Tensor:
    """Scalar curvature of the level set by the Gauss equation, `[..., n] -> [...]`.

    R = sum_ab (G^-1)_ab [tr(T H_a) tr(T H_b) - tr(T H_a T H_b)], H_a = Hess f_a.
    """
    slope = jacobian(function, z)  # [..., k, n]
    inverse_gram = _inverse_gram(slope)
    identity = ops.eye(z.shape[-1], dtype=z.dtype)
    tangent = identity - ops.matmul(transpose(slope), ops.matmul(inverse_gram, slope))
    shape = ops.matmul(tangent[..., None, :, :], _hessians(function, z))  # [..., k, n, n]
    trace = ops.trace(shape, axis1=-2, axis2=-1)  # [..., k]
    products = ops.einsum("...aij,...bji->...ab", shape, shape)
    pairs = trace[..., :, None] * trace[..., None, :] - products  # [..., k, k]
    return ops.sum(inverse_gram * pairs, axis=(-2, -1))


def _hessians(function: Function, y: Tensor) -> Tensor:
    """Second derivatives of every component, `[..., k, n, n]`."""
    n = y.shape[-1]

    def slopes(y: Tensor) -> Tensor:
        slope = jacobian(function, y)  # [..., k, n]
        return ops.reshape(slope, (*ops.shape(slope)[:-2], slope.shape[-2] * n))

    second = jacobian(slopes, y)  # [..., k n, n]
    return ops.reshape(second, (*ops.shape(second)[:-2], second.shape[-2] // n, n, n))


def _inverse_gram(slope: Tensor) -> Tensor:
    """(J J^T)^-1, bounded where the gradients are dependent, `[..., k, k]`."""
    gram = ops.matmul(slope, transpose(slope))
    eps = float(np.finfo(keras.backend.standardize_dtype(slope.dtype)).eps)
    if gram.shape[-1] == 1:
        return 1.0 / ops.maximum(gram, 1e-30)
    size = ops.trace(gram, axis1=-2, axis2=-1)[..., None, None]
    ridge = (eps * size + 1e-30) * ops.eye(gram.shape[-1], dtype=slope.dtype)
    return ops.inv(gram + ridge)


def _apply(matrix: Tensor, vector: Tensor) -> Tensor:
    """`[..., i, j] x [..., j] -> [..., i]`."""
    return ops.sum(matrix * vector[..., None, :], axis=-1)


def _combine(slope: Tensor, multipliers: Tensor) -> Tensor:
    """J^T l, `[..., k, n] x [..., k] -> [..., n]`."""
    return ops.sum(slope * multipliers[..., :, None], axis=-2)
