"""Complex vectors as real ones, `[real parts, imaginary parts]`, and their Hermitian matrices."""

import math

import numpy as np
from keras import ops

from diffusion_vae.manifolds.numerics.vectors import safe_norm, symmetric_matrix_features
from diffusion_vae.typing import Tensor


def times_i(z: Tensor) -> Tensor:
    """The vectors i z, `[..., 2n] -> [..., 2n]`."""
    real, imaginary = halves(z)
    return ops.concatenate([-imaginary, real], axis=-1)


def inner(x: Tensor, y: Tensor) -> Tensor:
    """The products x* y, `[..., 2n] x [..., 2n] -> [..., 2]`: real and imaginary part."""
    (a, b), (c, d) = halves(x), halves(y)
    return ops.stack([ops.sum(a * c + b * d, axis=-1), ops.sum(a * d - b * c, axis=-1)], axis=-1)


def multiple(z: Tensor, factor: Tensor) -> Tensor:
    """Vectors times complex numbers, `[..., 2n] x [..., 2] -> [..., 2n]`."""
    return factor[..., :1] * z + factor[..., 1:] * times_i(z)


def in_phase(y: Tensor, x: Tensor) -> Tensor:
    """Of the vectors exp(i a) y that which is closest to `x`: x* y is real and positive."""
    product = inner(y, x)
    length = safe_norm(product, keepdims=True)  # [..., 1]
    vanishes = length < 1e-15  # any phase will do
    phase = product / ops.where(vanishes, 1.0, length)
    one = ops.convert_to_tensor(np.array([1.0, 0.0]), dtype=phase.dtype)
    return multiple(y, ops.where(vanishes, one, phase))


def halves(z: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary parts, `[..., 2n] -> [..., n], [..., n]`."""
    n = z.shape[-1] // 2
    return z[..., :n], z[..., n:]


def hermitian_features(z: Tensor) -> Tensor:
    """The matrices z z* as coordinates in which lengths are Frobenius norms.

    Args:
        z: `[..., 2n]`.

    Returns:
        `[..., n^2]`: the upper triangle of the real part, row by row, then that of the
        imaginary part without its diagonal; off the diagonal times sqrt 2.
    """
    real, imaginary = halves(z)
    rows, columns = np.triu_indices(real.shape[-1], 1)
    crossed = _product(imaginary, rows, real, columns) - _product(real, rows, imaginary, columns)
    both = symmetric_matrix_features(real) + symmetric_matrix_features(imaginary)
    return ops.concatenate([both, math.sqrt(2.0) * crossed], axis=-1)


def _product(x: Tensor, rows: np.ndarray, y: Tensor, columns: np.ndarray) -> Tensor:
    return ops.take(x, rows, axis=-1) * ops.take(y, columns, axis=-1)


def hermitian_matrix(features: Tensor, n: int) -> Tensor:
    """The Hermitian matrix X + iY of features as `hermitian_features` gives them, as a real one.

    Args:
        features: `[..., n^2]`.
        n: Rows of the complex matrix.

    Returns:
        `[[X, -Y], [Y, X]]`, `[..., 2n, 2n]`: it takes the real and imaginary parts of a vector
        to those of its image. Each of its eigenvalues is there twice, of v and of i v.
    """
    upper, strict = np.triu_indices(n), np.triu_indices(n, 1)
    real, imaginary = np.zeros((n, n), int), np.zeros((n, n), int)
    sign = np.zeros((n, n))
    real[upper] = np.arange(len(upper[0]))
    imaginary[strict] = len(upper[0]) + np.arange(len(strict[0]))
    sign[strict] = 1.0
    real, imaginary, sign = np.maximum(real, real.T), imaginary + imaginary.T, sign - sign.T
    weight = np.where(np.eye(n, dtype=bool), 1.0, math.sqrt(0.5))
    place = np.block([[real, imaginary], [imaginary, real]])
    scale = np.block([[weight, -sign * math.sqrt(0.5)], [sign * math.sqrt(0.5), weight]])
    flat = ops.take(features, place.ravel(), axis=-1)  # [..., 4 n^2]
    matrix = ops.reshape(flat, (*ops.shape(features)[:-1], 2 * n, 2 * n))
    return matrix * ops.convert_to_tensor(scale, dtype=matrix.dtype)
