"""All circular shifts of one picture: a grid of points of a flat torus."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.images import Size, load_picture
from diffusion_vae.datasets.pictures import random_split
from diffusion_vae.datasets.registry import register


def shift_picture(picture: np.ndarray, angles: ArrayLike) -> np.ndarray:
    """Moves a picture around the torus, linearly interpolated between the pixels.

    Args:
        picture: `[height, width, channels]`.
        angles: Radians down the rows and along the columns, `[n, 2]`; 2 pi is one
            whole picture. Shifts by whole pixels only reorder the pixels.

    Returns:
        Shifted pictures, float32 `[n, height, width, channels]`, continuous in the
        angles and within the range of the picture.
    """
    sides = np.array(picture.shape[:2])
    shifts = np.asarray(angles, float) / (2.0 * math.pi) * sides  # [n, 2] pixels
    shifts = np.where(np.abs(shifts - np.round(shifts)) < 1e-4, np.round(shifts), shifts)
    below = np.floor(shifts).astype(int)
    share = (shifts - below).astype(np.float32)  # [n, 2]
    moved = np.zeros((len(shifts), *picture.shape), np.float32)
    for down in (0, 1):
        for along in (0, 1):
            corner = below + np.array([down, along])  # [n, 2]
            rows = (np.arange(sides[0]) - corner[:, :1]) % sides[0]  # [n, height]
            columns = (np.arange(sides[1]) - corner[:, 1:]) % sides[1]  # [n, width]
            weight = np.abs(1 - down - share[:, 0]) * np.abs(1 - along - share[:, 1])  # [n]
            here = picture[rows[:, :, None], columns[:, None, :]]
            moved += weight[:, None, None, None] * here
    return moved


@register("shifted_image", "all circular shifts of one picture (flat torus)")
def make_shifted_image(
    picture: str | Path | np.ndarray = "china",
    size: Size | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Every circular shift of a picture by whole pixels, split at random.

    The factors are the shifts as angles, `[N, 2]`: 2 pi times the pixels over the
    height, then over the width. `render` interpolates between the pixels.

    Args:
        picture: A path, an array `[height, width(, channels)]`, `"china"` or
            `"flower"` (photographs in scikit-learn).
        size: Pixels a side or `(height, width)`. `None` keeps the picture's size, and
            takes 32x48 for the photographs: an H x W picture has H W shifts.
        test_fraction: Share of the shifts for testing; 0 trains on all of them.
        seed: Seed of the split.
    """
    from diffusion_vae.manifolds import FlatTorus

    if size is None and isinstance(picture, str) and picture in ("china", "flower"):
        size = (32, 48)
    still = load_picture(picture, size)  # [height, width, channels]
    sides = still.shape[:2]
    pixels = np.moveaxis(np.indices(sides), 0, -1).reshape(-1, 2)  # [height * width, 2]
    factors = (2.0 * math.pi * pixels / sides).astype(np.float32)
    train, test = random_split(len(factors), test_fraction, seed)

    def render(angles: np.ndarray) -> np.ndarray:
        return shift_picture(still, angles)

    extras = {"picture": still}
    return Dataset.from_factors(
        render, factors[train], factors[test], FlatTorus(2), "torus", extras=extras
    )
