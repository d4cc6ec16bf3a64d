"""A decoder that gives identified points the same picture."""

import keras
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.checks import require_choice
from diffusion_vae.layers.full_precision import require_layer
from diffusion_vae.serialization import serializable

METHODS = ("average", "quadratic")


@serializable
class EvenDecoder(keras.layers.Layer):
    """Makes a decoder invariant under the symmetry of a manifold, decode(-z) = decode(z).

    `"average"` (the paper's) averages the raw outputs of one shared decoder over the
    symmetry group: one pass a group element. `"quadratic"` feeds z z^T of the
    symmetric factors instead of z: one pass, even by construction. Factors without
    a symmetry are left alone.

    Input: points `[batch, ambient_dim]`. Output: what the decoder returns.

    Args:
        decoder: A Keras layer or model; its input is `[batch, ambient_dim]`
            (`"average"`) or the manifold's even embedding (`"quadratic"`).
        manifold: A `Manifold` with a symmetry, or its text form.
        method: `"average"` or `"quadratic"`.
    """

    def __init__(self, decoder, manifold, method="average", **kwargs):
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
        self.method = require_choice("method", method, METHODS)

    def build(self, input_shape):
        if not self.decoder.built:
            self.decoder.build(self._decoder_input_shape(input_shape))
        self.built = True

    def call(self, inputs, training=None):
        if self.method == "quadratic":
            return self.decoder(self.manifold.even_embedding(inputs), training=training)
        patterns = ops.convert_to_tensor(self.manifold.symmetry, dtype=inputs.dtype)
        group = patterns.shape[0]
        images = ops.expand_dims(patterns, 1) * inputs  # [group, batch, n]
        flat = ops.reshape(images, (-1, inputs.shape[-1]))  # one pass over all images
        outputs = self.decoder(flat, training=training)  # [group * batch, ...]
        return ops.mean(ops.reshape(outputs, (group, -1, *outputs.shape[1:])), axis=0)

    def compute_output_shape(self, input_shape):
        return self.decoder.compute_output_shape(self._decoder_input_shape(input_shape))

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "decoder": serialize(self.decoder),
            "manifold": serialize(self.manifold),
            "method": self.method,
        }

    def _decoder_input_shape(self, input_shape):
        if self.method == "average":
            return tuple(input_shape)
        return (*input_shape[:-1], self.manifold.even_embedding_dim)
