"""Projections of ambient coordinates to points of a manifold."""

from typing import Any

import keras

from diffusion_vae import manifolds
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.manifolds import Manifold
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
    """Location from the coordinates by which networks read a point: the even embedding.

    A sphere-valued encoder cannot be a homeomorphism onto RP^d (paper, section 4.1);
    the map z -> z z^T embeds RP^d in the symmetric matrices, and this layer gives the leading
    eigenvector. Its sign has no meaning. On CP^n the matrices z z* are Hermitian, and the phase
    has no meaning. On hyperbolic space it is the exponential map at the origin. On a product
    every such factor is treated so; other factors get their own projection.

    Args:
        manifold: `RealProjective`, `ComplexProjective`, `Hyperbolic`, a product with such
            factors, or a text form.

    Input shape:
        Coordinates of the even embedding, `[..., manifold.even_embedding_dim]`: on RP^d upper
        triangles of symmetric matrices, row by row, off the diagonal times sqrt 2; on CP^n those
        of the real parts, then those of the imaginary parts; on H^d velocities at the origin.

    Output shape:
        Points of the manifold, `[..., ambient_dim]`.

    Raises:
        ValueError: If networks read the manifold's own coordinates, or the last axis of the input
            has another length.

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
        if not self.manifold.reads_embedding:
            raise ValueError(
                "Expected a projective space, real or complex, hyperbolic space, or a product "
                f"with one, for the Veronese head. Received: {self.manifold!r}."
            )

    @property
    def input_dim(self) -> int:
        """Number of coordinates of the even embedding."""
        return self.manifold.even_embedding_dim

    def build(self, input_shape: Shape) -> None:
        self._check_last_axis(input_shape, self.input_dim, "the input")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return self.manifold.project_even(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.manifold.ambient_dim)

    def get_config(self) -> dict[str, Any]:
        manifold = keras.saving.serialize_keras_object(self.manifold)
        return {**super().get_config(), "manifold": manifold}
