"""Padding of pictures that have no border."""

import keras
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.serialization import serializable


@serializable
class CircularPadding2D(keras.layers.Layer):
    """Continues a picture beyond its borders with its opposite side.

    For periodic pictures: followed by a convolution without padding, a shifted
    picture gives shifted features. A picture may go round more than once.

    Input: `[batch, height, width, channels]`. Output:
    `[batch, top + height + bottom, left + width + right, channels]`.

    Args:
        padding: `((top, bottom), (left, right))`, or one number for all sides.
    """

    def __init__(self, padding=1, **kwargs):
        super().__init__(**kwargs)
        sides = ((padding,) * 2,) * 2 if isinstance(padding, int) else padding
        try:
            (top, bottom), (left, right) = sides
        except (TypeError, ValueError):
            raise ValueError(
                "Expected `padding` to be a number or ((top, bottom), (left, right)). "
                f"Received: {padding!r}."
            ) from None
        self.padding = tuple(
            tuple(require_integer("padding", size, 0) for size in pair)
            for pair in ((top, bottom), (left, right))
        )
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        if None in tuple(input_shape[1:3]):
            raise ValueError(
                "Expected pictures of known height and width. "
                f"Received shape: {tuple(input_shape)}."
            )
        self.built = True

    def call(self, inputs):
        # `ops.pad(mode="wrap")` does not exist on TensorFlow.
        (top, bottom), (left, right) = self.padding
        height, width = inputs.shape[1:3]
        rows = [
            inputs[:, height - top % height :],
            *[inputs] * (top // height + 1 + bottom // height),
            inputs[:, : bottom % height],
        ]
        tall = ops.concatenate(rows, axis=1)  # [batch, top + height + bottom, width, channels]
        columns = [
            tall[:, :, width - left % width :],
            *[tall] * (left // width + 1 + right // width),
            tall[:, :, : right % width],
        ]
        return ops.concatenate(columns, axis=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        (top, bottom), (left, right) = self.padding
        return (batch, top + height + bottom, left + width + right, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}
