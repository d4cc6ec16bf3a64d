"""Decoder that gives identified points the same picture."""

from typing import Any

import keras
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.checks import require_choice
from diffusion_vae.layers.full_precision import require_layer, require_one_tensor
from diffusion_vae.manifolds import Manifold
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor

RAW_OUTPUT = "the decoder to return one tensor, the raw output of the likelihood"
METHODS = ("auto", "average", "quadratic")


@serializable
class EvenDecoder(keras.layers.Layer):
    """Makes a decoder invariant under the symmetry of a manifold, decode(-z) = decode(z).

    `"average"` (the paper's) averages the raw outputs of one shared decoder over the
    symmetry group: one pass a group element. `"quadratic"` feeds z z^T of the
    symmetric factors instead of z, with mean 0 and variance 1 under the uniform law: one
    pass, even by construction. Factors without a symmetry are left alone.

    Args:
        decoder: A Keras layer or model; its input is `[batch, ambient_dim]`
            (`"average"`) or `[batch, even_embedding_dim]` (`"quadratic"`).
        manifold: A `Manifold` with a symmetry, or its text form.
        method: `"average"`, `"quadratic"`, or `"auto"`: the latter, except for a decoder that is
            built already for points of `ambient_dim` coordinates.

    Input shape:
        Points of the manifold, `[batch, ambient_dim]`.

    Output shape:
        That of the decoder.

    Raises:
        TypeError: If `decoder` is not a Keras layer or model.
        ValueError: If the manifold has no symmetry, `method` is none of the three, or the decoder
            is built for inputs of another width.

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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(decoder, dict):
            decoder = keras.saving.deserialize_keras_object(decoder)
        self.decoder = require_layer("decoder", decoder)
        self.manifold = manifolds.get(manifold)
        if self.manifold.symmetry is None:
            raise ValueError(
                "Expected a manifold with a symmetry, such as RealProjective(2). "
                f"Received: {self.manifold!r}, which needs no even decoder."
            )
        self.method = self._suitable(require_choice("method", method, METHODS))

    def _suitable(self, method: str) -> str:
        """The method, for which a decoder that is built already must have the right width."""
        width = _input_width(self.decoder)
        widths = {
            "quadratic": self.manifold.even_embedding_dim,
            "average": self.manifold.ambient_dim,
        }
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
        if not self.decoder.built:
            self.decoder.build(self._decoder_input_shape(input_shape))
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if self.method == "quadratic":
            return self.decoder(self.manifold.even_features(inputs), training=training)
        patterns = ops.convert_to_tensor(self.manifold.symmetry, dtype=inputs.dtype)
        group = patterns.shape[0]
        images = ops.expand_dims(patterns, 1) * inputs  # [group, batch, n]
        flat = ops.reshape(images, (-1, inputs.shape[-1]))  # one pass over all images
        outputs = self.decoder(flat, training=training)  # [group * batch, ...]
        require_one_tensor(RAW_OUTPUT, outputs)
        return ops.mean(ops.reshape(outputs, (group, -1, *outputs.shape[1:])), axis=0)

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """As the decoder's, which need not know its output's shape before it is called."""
        shape = self._decoder_input_shape(inputs.shape)
        outputs = self.decoder(keras.KerasTensor(shape, dtype=inputs.dtype))
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
        }

    def _decoder_input_shape(self, input_shape: Shape) -> Shape:
        if self.method == "average":
            return tuple(input_shape)
        return (*input_shape[:-1], self.manifold.even_embedding_dim)


def _input_width(decoder: keras.layers.Layer) -> int | None:
    """Number of coordinates that a decoder takes; `None` where that is still open."""
    try:
        shape = decoder.input_shape
    except AttributeError:
        return None
    return shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None
