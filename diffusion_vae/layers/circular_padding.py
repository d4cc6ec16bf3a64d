"""Padding of pictures that have no border."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor


@serializable
class CircularPadding2D(keras.layers.Layer):
    """Continues a picture beyond its borders with its opposite side.

    For periodic pictures: followed by a convolution without padding, a shifted
    picture gives shifted features. A picture may go round more than once.

    Args:
        padding: `((top, bottom), (left, right))`, or one number for all sides.

    Input shape:
        `[batch, height, width, channels]`, height and width known.

    Output shape:
        `[batch, top + height + bottom, left + width + right, channels]`.

    Raises:
        TypeError: If a number of pixels is not an integer.
        ValueError: If one is negative, `padding` is not of that form, or the height or
            the width of the input is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.layers import CircularPadding2D
        >>> row = np.array([1.0, 2.0, 3.0], "float32").reshape(1, 1, 3, 1)
        >>> np.asarray(CircularPadding2D(((0, 0), (1, 1)))(row)).ravel().tolist()
        [3.0, 1.0, 2.0, 3.0, 1.0]
    """

    def __init__(self, padding: int | Sequence[Sequence[int]] = 1, **kwargs: Any) -> None:
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

    def build(self, input_shape: Shape) -> None:
        if None in tuple(input_shape[1:3]):
            raise ValueError(
                "Expected pictures of known height and width. "
                f"Received shape: {tuple(input_shape)}."
            )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
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

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, height, width, channels = input_shape
        (top, bottom), (left, right) = self.padding
        return (batch, top + height + bottom, left + width + right, channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}
