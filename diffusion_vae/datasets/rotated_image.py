"""One picture on a turntable: data that live on a circle."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.datasets.angles import split_angles
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.images import load_picture
from diffusion_vae.datasets.registry import register

CHUNK = 256  # pictures turned at once


def disc(size: int) -> np.ndarray:
    """Mask of the inscribed disc, float32 `[size, size]`: one inside, zero outside.

    The edge is two pixels wide, so that it does not tell the angle.
    """
    centre = (size - 1) / 2
    y, x = np.mgrid[:size, :size] - centre
    return np.clip((size / 2 - np.hypot(x, y)) / 2, 0.0, 1.0).astype(np.float32)


def rotate_picture(picture: np.ndarray, angles: ArrayLike) -> np.ndarray:
    """Turns a picture about its centre and cuts out a disc.

    Args:
        picture: `[size, size, channels]`.
        angles: Radians, counter-clockwise as the picture is seen, `[n, 1]`.

    Returns:
        Turned pictures, float32 `[n, size, size, channels]`, by cubic splines; zero
        outside the disc, and within the range of the picture inside it.
    """
    from scipy import ndimage

    size, _, channels = picture.shape
    centre = (size - 1) / 2
    y, x = (np.mgrid[:size, :size] - centre).reshape(2, 1, -1)  # [1, pixels]
    turns = np.asarray(angles, float)  # [n, 1]
    splines = [
        ndimage.spline_filter(picture[..., c], mode="mirror", output=np.float64)
        for c in range(channels)
    ]
    turned = np.empty((len(turns), size, size, channels), np.float32)
    for first in range(0, len(turns), CHUNK):
        part = turns[first : first + CHUNK]  # [chunk, 1]
        # Rows run down, so counter-clockwise on the screen is clockwise in (x, y).
        rows = np.cos(part) * y + np.sin(part) * x + centre  # [chunk, pixels]
        columns = -np.sin(part) * y + np.cos(part) * x + centre
        for c, spline in enumerate(splines):
            values = ndimage.map_coordinates(
                spline, [rows, columns], order=3, mode="mirror", prefilter=False
            )
            turned[first : first + CHUNK, ..., c] = values.reshape(len(part), size, size)
    return np.clip(turned, picture.min(), picture.max()) * disc(size)[..., None]


@register("rotated_image", "one picture turned about its centre (circle)")
def make_rotated_image(
    picture: str | Path | np.ndarray = "china",
    size: int | None = 64,
    angles: Literal["random", "regular"] = "random",
    train_size: int = 2000,
    test_size: int = 500,
    seed: int = 0,
) -> Dataset:
    """A picture turned about its centre, seen through a disc.

    The factor is the angle in radians, `[N, 1]`, counter-clockwise.

    Args:
        picture: A path, an array `[height, width(, channels)]`, `"china"` or `"flower"`
            (photographs in scikit-learn); its central square is taken.
        size: Pixels a side; `None` keeps those of the central square.
        angles: Training angles `"random"` (uniform), or `"regular"` without a
            duplicated end point.
        train_size: Training examples.
        test_size: Test examples; their angles are always uniform.
        seed: Seed of the angles.
    """
    from diffusion_vae.manifolds import FlatTorus

    require_choice("angles", angles, ("random", "regular"))
    side = None if size is None else require_integer("size", size, 2)
    still = load_picture(picture, side, square=True)  # [size, size, channels]
    train_size = require_integer("train_size", train_size, 1)
    test_size = require_integer("test_size", test_size, 1)
    train_factors, test_factors = split_angles(angles, train_size, test_size, 1, seed)

    def render(factors: np.ndarray) -> np.ndarray:
        return rotate_picture(still, factors)

    extras = {"picture": still}
    return Dataset.from_factors(
        render, train_factors, test_factors, FlatTorus(1), "circle", extras=extras
    )
