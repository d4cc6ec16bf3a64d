"""Decoder that reads a point by what all its names share."""

from typing import Any

import keras
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.layers.conditions import call_joined, joined_shape, pair, takes_two, values_of
from diffusion_vae.layers.full_precision import require_layer, require_one_tensor
from diffusion_vae.manifolds import Manifold
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor

RAW_OUTPUT = "the decoder to return one tensor, the raw output of the likelihood"
METHODS = ("auto", "average", "quadratic")


@serializable
class EvenDecoder(keras.layers.Layer):
    """Gives the names of a point the same picture: decode(-z) = decode(z) on RP^d.

    `"average"` (the paper's) averages the raw outputs of one shared decoder over the
    symmetry group: one pass a group element. `"quadratic"` feeds z z^T of the
    projective factors instead of z, z z* on CP^n, with mean 0 and variance 1 under the uniform
    law: one pass, even by construction, and the only way where a point has a continuum of names.
    On hyperbolic space it feeds the velocity that leads to z from the origin. Other factors are
    left alone. A condition belongs to no point: it stands beside them, and the
    outputs are even in the points for each condition.

    Args:
        decoder: A Keras layer or model; its input is `[batch, ambient_dim]`
            (`"average"`) or `[batch, even_embedding_dim]` (`"quadratic"`).
        manifold: A `Manifold` whose networks read an embedding (`reads_embedding`), or its text
            form.
        method: `"average"`, `"quadratic"`, or `"auto"`: the latter, except for a decoder that is
            built already for points of `ambient_dim` coordinates.

    Input shape:
        Points of the manifold, `[batch, ambient_dim]`; or points and a condition `[batch, k]`. The
        condition joins what the decoder is given, or is the second input of a decoder of two.

    Output shape:
        That of the decoder.

    Raises:
        TypeError: If `decoder` is not a Keras layer or model.
        ValueError: If networks read the manifold's own coordinates, `method` is none of the
            three, or `"average"` where there is no finite number of names, or the decoder is
            built for inputs of another width.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> from diffusion_vae.layers import EvenDecoder
        >>> layer = EvenDecoder(keras.layers.Dense(3), "projective:2", method="quadratic")
        >>> z = np.array([[0.6, 0.0, 0.8]], "float32")
        >>> bool(np.allclose(layer(z), layer(-z)))
        True
    """

    def __init__(
        self,
        decoder: keras.layers.Layer,
        manifold: Manifold | str,
        method: str = "auto",
        condition_width: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(decoder, dict):
            decoder = keras.saving.deserialize_keras_object(decoder)
        self.decoder = require_layer("decoder", decoder)
        self.manifold = manifolds.get(manifold)
        if not self.manifold.reads_embedding:
            raise ValueError(
                "Expected a manifold with a symmetry, such as RealProjective(2). "
                f"Received: {self.manifold!r}, which needs no even decoder."
            )
        self.condition_width = require_integer("condition_width", condition_width, 0)
        self.method = self._suitable(require_choice("method", method, METHODS))

    def _suitable(self, method: str) -> str:
        """The method, for which a decoder that is built already must have the right width."""
        width = _input_width(self.decoder, self.condition_width)
        widths = {"quadratic": self.manifold.even_embedding_dim}
        if self.manifold.symmetry is not None:
            widths["average"] = self.manifold.ambient_dim
        elif method == "average":
            raise ValueError(
                f'Expected even_decoder="quadratic" on {self.manifold!r}: an average is one over '
                "the finitely many names of a point, such as z and -z. Received: 'average'."
            )
        fitting = [name for name in widths if width in (None, widths[name])]
        chosen = fitting[0] if method == "auto" and fitting else method
        if chosen not in fitting:
            taken = " or ".join(f"{n} ({name!r})" for name, n in widths.items())
            raise ValueError(
                f"Expected a decoder of {taken} coordinates on {self.manifold!r}. "
                f"Received: even_decoder={method!r} and a decoder of {width}."
            )
        return chosen

    def build(self, input_shape: Shape) -> None:
        condition = pair(input_shape)[1]
        self.condition_width = 0 if condition is None else condition[-1]
        if not self.decoder.built:
            self.decoder.build(self._decoder_input_shape(input_shape))
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        points, condition = pair(inputs)
        if self.method == "quadratic":
            features = self.manifold.even_features(points)
            return call_joined(self.decoder, features, condition, training=training)
        patterns = ops.convert_to_tensor(self.manifold.symmetry, dtype=points.dtype)
        group = patterns.shape[0]
        images = ops.expand_dims(patterns, 1) * points  # [group, batch, n]
        flat = ops.reshape(images, (-1, points.shape[-1]))  # one pass over all images
        if condition is not None:
            condition = ops.tile(condition, (group, 1))
        outputs = call_joined(self.decoder, flat, condition, training=training)
        require_one_tensor(RAW_OUTPUT, outputs)  # [group * batch, ...]
        return ops.mean(ops.reshape(outputs, (group, -1, *outputs.shape[1:])), axis=0)

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """As the decoder's, which need not know its output's shape before it is called."""
        points, condition = pair(inputs)
        shape = (*points.shape[:-1], self._width())
        values = keras.KerasTensor(shape, dtype=points.dtype)
        outputs = call_joined(self.decoder, values, condition)
        require_one_tensor(RAW_OUTPUT, outputs)
        return keras.KerasTensor(outputs.shape, dtype=outputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.decoder.compute_output_shape(self._decoder_input_shape(input_shape))

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "decoder": serialize(self.decoder),
            "manifold": serialize(self.manifold),
            "method": self.method,
            "condition_width": self.condition_width,
        }

    def _width(self) -> int:
        """Number of coordinates that the decoder is given, a condition aside."""
        manifold = self.manifold
        return manifold.ambient_dim if self.method == "average" else manifold.even_embedding_dim

    def _decoder_input_shape(self, input_shape: Shape) -> Any:
        points, condition = pair(input_shape)
        return joined_shape(self.decoder, (*points[:-1], self._width()), condition)


def _input_width(decoder: keras.layers.Layer, condition_width: int) -> int | None:
    """Number of coordinates that a decoder takes; `None` where that is still open."""
    try:
        shape = decoder.input_shape
    except AttributeError:
        return None
    if takes_two(decoder):  # points, then a condition
        shape, condition_width = values_of(decoder).shape, 0
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[-1] is None:
        return None
    return shape[-1] - condition_width
