"""Sheets of many small pictures, for pages and for TensorBoard's projector."""

import base64
import math

import imageio.v3 as imageio
import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.plots.images import Limits, as_images, grid_image, value_range


def sprite_sheet(x: ArrayLike, limits: Limits | None = None) -> tuple[np.ndarray, int]:
    """Tiles pictures without gaps, in a sheet that is nearly square.

    Args:
        x: Data, `[n, *event]`, as `as_images` takes it.
        limits: The values (low, high) shown black and white. See `value_range`.

    Returns:
        Bytes `[H, W]` or `[H, W, 3]`, and the number of pictures in a row.
    """
    x = np.asarray(x)
    columns = math.ceil(math.sqrt(len(x)))
    sheet = grid_image(x, columns, gap=0, limits=limits or value_range(x))
    return np.rint(255.0 * sheet).astype(np.uint8), columns


def most_pictures(event: ArrayLike, room: int) -> int:
    """Number of pictures of the shape of `event` (one example) that fit into `room` bytes."""
    return max(1, room // as_images(np.asarray(event)[None])[0].size)


def data_uri(picture: np.ndarray) -> str:
    """Bytes `[H, W]` or `[H, W, 3]` as a `data:` address of a PNG."""
    png = imageio.imwrite("<bytes>", picture, extension=".png")
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
