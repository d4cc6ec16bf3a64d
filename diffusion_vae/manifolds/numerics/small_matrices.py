"""Products and determinants of many small matrices."""

from keras import ops

from diffusion_vae.typing import Tensor


def product(a: Tensor, b: Tensor) -> Tensor:
    """Matrix products `[..., i, j] x [..., j, k] -> [..., i, k]`, written out as sums.

    `ops.matmul` calls a routine for each pair, which for 3x3 costs several times the sums.
    """
    return ops.sum(a[..., :, :, None] * b[..., None, :, :], axis=-2)


def determinant(matrix: Tensor) -> Tensor:
    """Determinant of matrices `[..., 3, 3]`; XLA compiles it, unlike `ops.det`."""
    # Without an axis PyTorch takes the first one of length 3.
    across = ops.cross(matrix[..., 1, :], matrix[..., 2, :], axis=-1)  # [..., 3]
    return ops.sum(matrix[..., 0, :] * across, axis=-1)


def transpose(matrix: Tensor) -> Tensor:
    """Transpose of the last two axes."""
    return ops.swapaxes(matrix, -1, -2)
