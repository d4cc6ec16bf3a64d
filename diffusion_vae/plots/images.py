"""Data as pictures: shapes, grey values, tilings."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

OVERSHOOT = 0.25  # of the range [0, 1]; a Gaussian decoder leaves it by about as much
STRIPE_ROWS = 64
GAP = 1  # pixels between pictures
THIN = 0.04  # a gap in a mosaic, of the side of a picture
RARE = 0.01  # share of the values of a decoder that its range need not hold

Limits: TypeAlias = tuple[float, float]
"""The values (low, high) shown black and white."""


def as_images(x: ArrayLike) -> np.ndarray:
    """Pictures of a batch of data, `[n, *event] -> [n, H, W]` or `[n, H, W, 3]`.

    An event is `(H, W)`, `(H, W, 1)`, `(H, W, 3)`, or flat: of square length a square
    picture, of any other length vertical stripes.

    Args:
        x: Data, `[n, *event]`.

    Returns:
        Pictures, floating-point; bytes are divided by 255.

    Raises:
        ValueError: If the events are no pictures.
    """
    x = np.asarray(x)
    x = x / 255.0 if x.dtype == np.uint8 else x.astype("float64")
    if x.ndim == 2:
        side = math.isqrt(x.shape[1])
        if side * side == x.shape[1]:
            return x.reshape(-1, side, side)
        return np.repeat(x[:, None, :], min(x.shape[1], STRIPE_ROWS), axis=1)
    if x.ndim == 3:
        return x
    if x.ndim == 4 and x.shape[-1] == 1:
        return x[..., 0]
    if x.ndim == 4 and x.shape[-1] == 3:
        return x
    raise ValueError(
        "Expected a batch of pictures [n, H, W], [n, H, W, 1], [n, H, W, 3] or of vectors "
        f"[n, D]. Received shape: {x.shape}. Add the batch axis, or reshape the data."
    )


def value_range(x: ArrayLike) -> Limits:
    """The values that are shown black and white.

    [0, 1] for data that lie there, up to the overshoot of a decoder; a range
    symmetric about zero for signed data; from zero to the maximum otherwise.

    Args:
        x: Data of any shape.

    Returns:
        A pair of floats, the lower smaller than the upper.
    """
    x = np.asarray(x)
    finite = x[np.isfinite(x)]
    if x.dtype == np.uint8 or finite.size == 0:
        return (0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if low < -OVERSHOOT * max(high, 0.0) and low < 0.0:
        return (-max(-low, high), max(-low, high))
    return (0.0, 1.0) if high <= 1.0 + OVERSHOOT else (0.0, high)


def decoded_range(decoded: ArrayLike) -> Limits:
    """The range of data of which only decoded pictures are known.

    As `value_range`, but of all values save the most extreme ones: a decoder leaves the range
    of its data here and there, and one such pixel would make all pictures grey.

    Args:
        decoded: Decoded pictures, of any shape.

    Returns:
        A pair of floats, the lower smaller than the upper.
    """
    decoded = np.asarray(decoded)
    finite = decoded[np.isfinite(decoded)]
    if decoded.dtype == np.uint8 or finite.size == 0:
        return value_range(decoded)
    return value_range(np.quantile(finite, (RARE, 1.0 - RARE)))


def to_unit(x: np.ndarray, limits: Limits | None = None) -> np.ndarray:
    """Values scaled and clipped to [0, 1]; what is not finite becomes 0.5."""
    low, high = require_limits(limits) if limits is not None else value_range(x)
    scaled = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.where(np.isfinite(scaled), scaled, 0.5)


def require_limits(limits: Limits) -> Limits:
    """Returns a pair (low, high) of floats.

    Raises:
        ValueError: If `low` is not below `high`.
    """
    low, high = (float(limit) for limit in limits)
    if not low < high:
        raise ValueError(
            f"Expected a value range (low, high) with low < high. Received: {limits!r}."
        )
    return low, high


def grid_image(
    x: ArrayLike,
    columns: int | None = None,
    gap: int = GAP,
    limits: Limits | None = None,
    ground: float = 1.0,
) -> np.ndarray:
    """Tiles a batch of pictures, row by row from the upper left.

    Args:
        x: Data, `[n, *event]`, as `as_images` takes it.
        columns: Pictures in a row; by default as many as make a square.
        gap: Pixels between pictures.
        limits: The values (low, high) shown black and white. See `value_range`.
        ground: Grey value of the gaps, in [0, 1].

    Returns:
        One picture in [0, 1], `[H, W]` or `[H, W, 3]`.

    Raises:
        ValueError: If there is no picture, or `columns` is not positive.
    """
    pictures = to_unit(as_images(x), limits)
    if len(pictures) == 0:
        raise ValueError("Expected at least one picture. Received: none.")
    columns = math.ceil(math.sqrt(len(pictures))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"Expected `columns` to be at least 1. Received: {columns}.")
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    height, width = pictures.shape[1:3]
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap)
    sheet = np.full((*size, *pictures.shape[3:]), ground)
    for i, picture in enumerate(pictures):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def mosaic(
    pictures: np.ndarray, positions: np.ndarray, cell: tuple[float, float]
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Pictures at places of a plane, as one image with a transparent ground.

    Every picture is scaled to fill the room of a cell but for a thin gap, keeping its
    proportions; the second coordinate of the plane points up.

    Args:
        pictures: In [0, 1], `[k, H, W]` or `[k, H, W, 3]`.
        positions: Centres in the plane, `[k, 2]`.
        cell: Width and height of the room for one picture.

    Returns:
        The image `[rows, columns, 4]`, its first row at the top, and its place in the
        plane (left, right, bottom, top), as Matplotlib's `imshow` takes it.
    """
    height, width = pictures.shape[1:3]
    colours = pictures if pictures.ndim == 4 else np.repeat(pictures[..., None], 3, axis=-1)
    gap = max(GAP, round(THIN * max(height, width)))  # seen also where large pictures shrink
    per_unit = max((width + gap) / cell[0], (height + gap) / cell[1])  # pixels
    left_top = np.stack([positions[:, 0], -positions[:, 1]], axis=-1)  # [k, 2]
    left_top = left_top * per_unit - 0.5 * np.array([width, height])
    origin = left_top.min(axis=0)  # [2]
    corner = np.rint(left_top - origin).astype(int)  # [k, 2]
    columns, rows = corner.max(axis=0) + np.array([width, height])
    image = np.zeros((rows, columns, 4))
    for (left, top), picture in zip(corner, colours, strict=True):
        image[top : top + height, left : left + width, :3] = picture
        image[top : top + height, left : left + width, 3] = 1.0
    x, y = origin / per_unit
    return image, (x, x + columns / per_unit, -y - rows / per_unit, -y)
