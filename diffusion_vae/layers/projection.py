"""Projections of ambient coordinates to points of a manifold."""

from typing import Any

import keras
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.manifolds import Manifold
from diffusion_vae.manifolds.numerics.eigen import top_eigenvector
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor


@serializable
class ManifoldProjection(FullPrecisionLayer):
    """Projects ambient points to the closest points of a manifold.

    Args:
        manifold: A `Manifold` or its text form.

    Input shape:
        `[..., ambient_dim]`.

    Output shape:
        The same.

    Raises:
        ValueError: If the last axis of the input has another length.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.layers import ManifoldProjection
        >>> layer = ManifoldProjection("sphere:2")
        >>> np.asarray(layer(np.array([[3.0, 0.0, 4.0]], "float32"))).round(3)
        array([[0.6, 0. , 0.8]], dtype=float32)
    """

    def __init__(self, manifold: Manifold | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manifold = manifolds.get(manifold)

    def build(self, input_shape: Shape) -> None:
        self._check_last_axis(input_shape, self.manifold.ambient_dim, "the input")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return self.manifold.project(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        manifold = keras.saving.serialize_keras_object(self.manifold)
        return {**super().get_config(), "manifold": manifold}


@serializable
class VeroneseProjection(FullPrecisionLayer):
    """Location on RP^d as the leading eigenvector of a symmetric matrix.

    A sphere-valued encoder cannot be a homeomorphism onto RP^d (paper, section 4.1);
    the map z -> z z^T embeds RP^d in the symmetric matrices, and this layer projects
    back to it. The sign of the eigenvector has no meaning.

    Args:
        manifold: A `RealProjective` space of dimension d, or its text form.

    Input shape:
        Upper triangles of symmetric matrices, row by row, `[..., n (n + 1) / 2]` with
        n = d + 1.

    Output shape:
        Unit vectors, `[..., n]`.

    Raises:
        ValueError: If the manifold is not a real projective space, or the last axis of the
            input has another length.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.layers import VeroneseProjection
        >>> layer = VeroneseProjection("projective:2")
        >>> triangle = np.array([[2.0, 0.0, 0.0, 1.0, 0.0, 0.0]], "float32")  # diag(2, 1, 0)
        >>> np.abs(np.round(layer(triangle), 3)).tolist()
        [[1.0, 0.0, 0.0]]
    """

    def __init__(self, manifold: Manifold | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manifold = manifolds.get(manifold)
        if self.manifold != manifolds.RealProjective(self.manifold.dim):
            raise ValueError(
                "Expected a real projective space for the Veronese head. "
                f"Received: {self.manifold!r}."
            )

    @property
    def input_dim(self) -> int:
        """Number of entries of the upper triangle."""
        n = self.manifold.ambient_dim
        return n * (n + 1) // 2

    def build(self, input_shape: Shape) -> None:
        self._check_last_axis(input_shape, self.input_dim, "the input")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        n = self.manifold.ambient_dim
        index, count = [[0] * n for _ in range(n)], 0
        for i in range(n):
            for j in range(i, n):
                index[i][j] = index[j][i] = count
                count += 1
        flat = [k for row in index for k in row]
        matrix = ops.take(inputs, flat, axis=-1)  # [..., n * n]
        # Eigenvectors do not depend on the scale, rounding does.
        largest = ops.stop_gradient(ops.max(ops.abs(matrix), axis=-1, keepdims=True))
        matrix = matrix / ops.maximum(largest, 1e-30)
        return top_eigenvector(ops.reshape(matrix, (*ops.shape(inputs)[:-1], n, n)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.manifold.ambient_dim)

    def get_config(self) -> dict[str, Any]:
        manifold = keras.saving.serialize_keras_object(self.manifold)
        return {**super().get_config(), "manifold": manifold}
