"""Functions and manifolds as functions of NumPy arrays, for computations made once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import compiled, jacobian
from diffusion_vae.typing import Tensor

if TYPE_CHECKING:
    from diffusion_vae.manifolds.base import Manifold

BATCH = 2**14  # points evaluated at once


class ArrayFunction:
    """A function of Keras tensors that acts point by point, as one of NumPy arrays.

    Args:
        function: `[batch, n] -> [batch, ...]`.
        n: Number of coordinates.
        dtype: Precision in which the function is computed; results are float64.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], n: int, dtype: str) -> None:
        # On large batches TensorFlow is as fast uncompiled, while JAX would compile
        # every operation for every size: there, compiled once, for one size.
        self._one_size = keras.backend.backend() == "jax"
        self._function = compiled(function, (BATCH, n), dtype) if self._one_size else function
        self._dtype = dtype

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values at the points `x`, `[..., n] -> [..., ...]`."""
        flat = x.reshape(-1, x.shape[-1]).astype(self._dtype)
        count = len(flat)
        if self._one_size or count == 0:
            rest = np.ones((BATCH - count % BATCH, x.shape[-1]), flat.dtype)
            flat = np.concatenate([flat, rest])
        batches = [flat[first : first + BATCH] for first in range(0, len(flat), BATCH)]
        parts = [self._function(ops.convert_to_tensor(batch)) for batch in batches]
        result = np.concatenate([ops.convert_to_numpy(part) for part in parts])
        result = result[:count].astype("float64")
        return result.reshape(*x.shape[:-1], *result.shape[1:])


class NumericManifold:
    """The projection of a manifold and its derivative, as functions of arrays.

    Attributes:
        dtype: "float64" where the backend and the projection keep it, else `floatx`.
        metric: Diagonal of the ambient inner product, `[n]`.
        project: Closest point, `[..., n] -> [..., n]`.
        derivative: Derivative of the projection, `[..., n] -> [..., n, n]`.
        even_derivative: Derivative of the even embedding of the projection,
            `[..., n] -> [..., even_embedding_dim, n]`.
    """

    def __init__(self, manifold: Manifold) -> None:
        n = manifold.ambient_dim
        self.manifold = manifold
        self.metric = manifold.ambient_metric
        self.dtype = _widest_dtype(manifold)
        self.project = ArrayFunction(manifold.project, n, self.dtype)
        self.derivative = ArrayFunction(
            functools.partial(jacobian, manifold.project), n, self.dtype
        )
        self.even_derivative = ArrayFunction(
            functools.partial(jacobian, self._even), n, self.dtype
        )

    def _even(self, x: Tensor) -> Tensor:
        return self.manifold.even_embedding(self.manifold.project(x))

    def tangent_basis(self, z: np.ndarray) -> np.ndarray:
        """Bases of the tangent spaces, orthonormal in the ambient metric, `[..., n, dim]`.

        They are the directions in which the point moves: not those along its other names.
        """
        if self.manifold.identifies_points:  # directions that the embedding sees
            slope = self.even_derivative(z)
            square = np.swapaxes(slope, -1, -2) @ slope
        else:  # directions in the image of the projection
            slope = self.derivative(z)
            square = slope @ np.swapaxes(slope, -1, -2)
        _, vectors = np.linalg.eigh(square)  # ascending
        basis = vectors[..., -self.manifold.dim :]
        products = np.swapaxes(basis, -1, -2) @ (self.metric[:, None] * basis)  # 1 if Euclidean
        return basis @ np.swapaxes(np.linalg.inv(np.linalg.cholesky(products)), -1, -2)

    def tangent_projector(self, z: np.ndarray) -> np.ndarray:
        """Orthogonal projectors on the tangent spaces, `[..., n] -> [..., n, n]`."""
        basis = self.tangent_basis(z)
        return basis @ np.swapaxes(self.metric[:, None] * basis, -1, -2)

    def basis_of_names(self, z: np.ndarray) -> np.ndarray:
        """Orthonormal bases of all directions in the image of the projection, `[..., n, k]`.

        These are the tangent spaces, and where a point has a continuum of names also the
        directions along them.
        """
        slope = self.derivative(z)
        rank = self.manifold.dim
        if self.manifold.identifies_points:
            rank = round(float(np.median(np.trace(slope, axis1=-2, axis2=-1))))
        _, vectors = np.linalg.eigh(0.5 * (slope + np.swapaxes(slope, -1, -2)))  # ascending
        return vectors[..., -rank:]

    def scattered(self, count: int, seed: int) -> np.ndarray:
        """Points of every part of a closed manifold, of no particular law, `[count, n]`."""
        rng = np.random.default_rng(seed)
        n = self.manifold.ambient_dim
        z = self.project(rng.normal(size=(256, n)))
        middle, size = np.mean(z, axis=0), spread(z)
        z = self.project(middle + 2.0 * size * rng.normal(size=(count, n)))
        return self.project(z + 0.5 * size * rng.normal(size=(count, n)))


def spread(z: np.ndarray) -> float:
    """Root mean square distance of points from their mean."""
    return float(np.sqrt(np.sum(np.var(z, axis=0))))


def _widest_dtype(manifold: Manifold) -> str:
    floatx = keras.config.floatx()
    double = ops.convert_to_tensor(np.ones((1, manifold.ambient_dim)))
    if keras.backend.standardize_dtype(double.dtype) != "float64":
        return floatx  # JAX, unless `jax_enable_x64` is set
    try:
        y = manifold.project(double)
    except Exception:  # a user's constants may be of another precision
        return floatx
    return keras.backend.standardize_dtype(y.dtype)
