"""Spectral maps with gradients that stay finite where eigenvalues meet."""

from collections.abc import Callable

import numpy as np
from keras import ops

from diffusion_vae.autodiff import custom_gradient
from diffusion_vae.manifolds.numerics.small_matrices import determinant, product, transpose
from diffusion_vae.manifolds.numerics.top_eigenvector import in_single
from diffusion_vae.typing import Tensor

FLOOR = 1e-6  # smallest denominator of a gradient, relative to a matrix of entries near 1


def nearest_orthogonal(matrix: Tensor, special: bool) -> Tensor:
    """Nearest orthogonal matrix, or nearest rotation, in the Frobenius norm.

    With X = U diag(s) V^T the answer is U V^T. For rotations, where
    det(U V^T) < 0, the last singular value and the last column of U change
    sign. The gradient is that of the polar factor,
    U [(A - A^T) / (s_i + s_j)] V^T with A = U^T dY V: unlike that of a general
    SVD it is regular at repeated singular values. Its denominators are floored.

    Args:
        matrix: `[..., 3, 3]`, entries of order one.
        special: Whether the determinant must be +1.

    Returns:
        Matrices `[..., 3, 3]`.
    """

    @custom_gradient
    def polar(x: Tensor) -> tuple[Tensor, Callable]:
        u, s, vt = ops.svd(x, full_matrices=False)  # [..., 3, 3], [..., 3], [..., 3, 3]
        if special:
            sign = ops.sign(determinant(product(u, vt)))  # [...]
            last = np.eye(x.shape[-1])[-1]
            flip = 1.0 + (sign[..., None] - 1.0) * ops.convert_to_tensor(last, dtype=x.dtype)
            u, s = u * flip[..., None, :], s * flip
        denominator = ops.maximum(s[..., :, None] + s[..., None, :], FLOOR)

        def gradient(upstream: Tensor) -> Tensor:
            a = product(product(transpose(u), upstream), transpose(vt))
            return product(product(u, (a - transpose(a)) / denominator), vt)

        return product(u, vt), gradient

    return in_single(polar, matrix)
