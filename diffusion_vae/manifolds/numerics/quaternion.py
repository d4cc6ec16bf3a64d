"""Unit quaternions `(w, x, y, z)` and the rotations they stand for."""

import numpy as np
from keras import ops

from diffusion_vae.typing import Tensor

# R_ij = sum_ab ROTATION[i, j, a, b] q_a q_b
_ROTATION = np.zeros((3, 3, 4, 4))
for _i in range(3):
    _ROTATION[_i, _i, 0, 0] = 1.0
    for _j in range(3):
        _ROTATION[_i, _i, 1 + _j, 1 + _j] = 1.0 if _i == _j else -1.0
for _i, _j, _k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    _ROTATION[_i, _j, 1 + _i, 1 + _j] = _ROTATION[_j, _i, 1 + _i, 1 + _j] = 2.0
    _ROTATION[_i, _j, 0, 1 + _k], _ROTATION[_j, _i, 0, 1 + _k] = -2.0, 2.0

# 4 q q^T = I + sum_ij OUTER[a, b, i, j] R_ij, the inverse of the above
_OUTER = np.einsum("ijab->abij", (_ROTATION + np.swapaxes(_ROTATION, -1, -2)) / 2.0)


def quaternion_to_rotation(q: Tensor) -> Tensor:
    """Rotation matrices of unit quaternions, `[..., 4] -> [..., 3, 3]`; q and -q agree."""
    table = ops.convert_to_tensor(_ROTATION.reshape(9, 16).T, dtype=q.dtype)
    leading = ops.shape(q)[:-1]
    outer = ops.reshape(q[..., :, None] * q[..., None, :], (*leading, 16))
    return ops.reshape(ops.matmul(outer, table), (*leading, 3, 3))


def quaternion_form(matrix: Tensor) -> Tensor:
    """Matrices K with q^T K q = tr(R(q)^T X) of matrices X, `[..., 3, 3] -> [..., 4, 4]`."""
    table = ops.convert_to_tensor(_OUTER.reshape(16, 9).T, dtype=matrix.dtype)
    leading = ops.shape(matrix)[:-2]
    return ops.reshape(ops.matmul(ops.reshape(matrix, (*leading, 9)), table), (*leading, 4, 4))


def rotation_to_quaternion(rotation: Tensor) -> Tensor:
    """Unit quaternions of rotation matrices, `[..., 3, 3] -> [..., 4]`, with w >= 0.

    Of the four rows of q q^T the longest is normalised, which is well
    conditioned for every rotation, those by pi included.
    """
    identity = ops.eye(4, dtype=rotation.dtype)
    outer = identity + quaternion_form(rotation)  # 4 q q^T
    squares = ops.diagonal(outer, axis1=-2, axis2=-1)  # [..., 4]
    longest = ops.one_hot(ops.argmax(squares, axis=-1), 4, dtype=rotation.dtype)
    row = ops.sum(outer * longest[..., None], axis=-2)  # [..., 4]
    q = row / ops.sqrt(ops.sum(ops.square(row), axis=-1, keepdims=True))
    return ops.where(q[..., :1] < 0, -q, q)
