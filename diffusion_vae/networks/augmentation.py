"""Disturbances of pictures that leave what they show as it is."""

import keras
import numpy as np


def affine_augmentation(degrees=15.0, shift=0.1, zoom=0.1, seed=None):
    """Small random rotations, shifts and zooms; what comes in from outside is 0.

    Args:
        degrees: Largest rotation, either way.
        shift: Largest shift in each direction, as a share of the picture's size.
        zoom: Largest relative change of size.
        seed: Integer seed of the draws.

    Returns:
        A `keras.Sequential` of pictures `[batch, height, width, channels]`, which does
        nothing in inference mode.
    """
    seeds = np.random.SeedSequence(seed).generate_state(3)
    fill = {"fill_mode": "constant", "fill_value": 0.0}
    return keras.Sequential(
        [
            keras.layers.RandomRotation(degrees / 360.0, **fill, seed=int(seeds[0])),
            keras.layers.RandomTranslation(shift, shift, **fill, seed=int(seeds[1])),
            keras.layers.RandomZoom(zoom, **fill, seed=int(seeds[2])),
        ],
        name="augmentation",
    )
