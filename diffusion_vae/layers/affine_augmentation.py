"""Disturbances of pictures that leave what they show as it is."""

import keras
import numpy as np

from diffusion_vae.checks import require_fraction, require_number
from diffusion_vae.serialization import serializable


@serializable
class AffineAugmentation(keras.layers.Layer):
    """Small random rotations, shifts and zooms; what comes in from outside is 0.

    Does nothing in inference mode. Input and output: `[batch, height, width, channels]`.

    Args:
        degrees: Largest rotation either way, 0 to 180.
        shift: Largest shift in each direction, as a share of the picture's size, in [0, 1).
        zoom: Largest relative change of size, in [0, 1).
        seed: Integer seed of the draws.

    Raises:
        ValueError: If an argument is out of its range, or if examples are no pictures with
            channels: Keras's layers would take `[batch, height, width]` for one picture.
    """

    def __init__(self, degrees=15.0, shift=0.1, zoom=0.1, seed=None, **kwargs):
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

    def build(self, input_shape):
        if len(input_shape) != 4:
            raise ValueError(
                "Expected pictures of shape [batch, height, width, channels] to disturb. "
                f"Received shape: {tuple(input_shape)}. Add an axis of channels to the data."
            )
        self.built = True

    def call(self, inputs, training=False):
        for step in self.steps:
            inputs = step(inputs, training=training)
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        arguments = {name: getattr(self, name) for name in ("degrees", "shift", "zoom", "seed")}
        return {**super().get_config(), **arguments}
