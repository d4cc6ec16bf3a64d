"""Random disturbances of pictures."""

from typing import Any

import keras
import numpy as np

from diffusion_vae.checks import require_fraction, require_number
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor


@serializable
class AffineAugmentation(keras.layers.Layer):
    """Small random rotations, shifts and zooms of pictures.

    Pixels that come in from outside a picture are 0. In inference mode nothing is changed.

    Args:
        degrees: Largest rotation either way, 0 to 180.
        shift: Largest shift in each direction, as a share of the picture's size, in [0, 1).
        zoom: Largest relative change of size, in [0, 1).
        seed: Integer seed of the draws, or `None`.

    Input shape:
        `[batch, height, width, channels]`.

    Output shape:
        The same.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If an argument is out of range, or if the input has no axis of channels
            (Keras's own layers would take `[batch, height, width]` for one picture).

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.layers import AffineAugmentation
        >>> layer = AffineAugmentation(degrees=10.0, seed=0)
        >>> pictures = np.ones((2, 8, 8, 1), "float32")
        >>> tuple(layer(pictures, training=True).shape)
        (2, 8, 8, 1)
        >>> bool((np.asarray(layer(pictures)) == pictures).all())  # inference mode
        True
    """

    def __init__(
        self,
        degrees: float = 15.0,
        shift: float = 0.1,
        zoom: float = 0.1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.degrees = require_number("degrees", degrees, least=0.0, most=180.0)
        self.shift = require_fraction("shift", shift)
        self.zoom = require_fraction("zoom", zoom)
        self.seed = seed
        seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(3)]
        fill = {"fill_mode": "constant", "fill_value": 0.0}
        self.steps = [
            keras.layers.RandomRotation(self.degrees / 360.0, **fill, seed=seeds[0]),
            keras.layers.RandomTranslation(self.shift, self.shift, **fill, seed=seeds[1]),
            keras.layers.RandomZoom(self.zoom, **fill, seed=seeds[2]),
        ]

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 4:
            raise ValueError(
                "Expected pictures of shape [batch, height, width, channels] to disturb. "
                f"Received shape: {tuple(input_shape)}. Add an axis of channels to the data."
            )
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        for step in self.steps:
            inputs = step(inputs, training=training)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        arguments = {name: getattr(self, name) for name in ("degrees", "shift", "zoom", "seed")}
        return {**super().get_config(), **arguments}
