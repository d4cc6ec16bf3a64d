"""Image files as float pictures with values in [0, 1], by Pillow."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, UnidentifiedImageError

from diffusion_vae.datasets.checks import validate
from diffusion_vae.datasets.value_range import IN_IMAGE_FILES, find_white

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
BICUBIC = Image.Resampling.BICUBIC
SAMPLES = ("china", "flower")  # photographs in scikit-learn

Size: TypeAlias = int | tuple[int, int]
"""Pixels a side, or (height, width)."""


def load_picture(
    picture: ArrayLike | Path, size: Size | None = None, square: bool = False
) -> np.ndarray:
    """One picture of a file, of an array, or a photograph in scikit-learn.

    Args:
        picture: A path, an array `[height, width]` or `[height, width, channels]`
            (whole numbers are scaled to [0, 1]), `"china"` or `"flower"`.
        size: Pixels a side, or `(height, width)`, to resize to; `None` keeps the size.
        square: Whether to cut out the largest central square first.

    Returns:
        The picture, float32 `[height, width, channels]`.
    """
    if isinstance(picture, str) and picture in SAMPLES:
        from sklearn.datasets import load_sample_image

        picture = load_sample_image(f"{picture}.jpg")
    elif isinstance(picture, (str, Path)):
        (array,) = _scaled([read_image(Path(picture).expanduser())], repr(str(picture)))
        return _cut(array, size, square)
    stored = np.asarray(picture)
    array = validate(stored, "the picture")
    array = array / np.float32(find_white(stored.dtype, [stored], "the picture"))
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise ValueError(
            f"Expected a picture of shape [height, width, channels]. Received: {array.shape}."
        )
    return _cut(array, size, square)


def read_cut(path: Path, size: Size | None, square: bool) -> np.ndarray:
    """One picture of a file, cut and resized, with 255 as 1 whatever its range."""
    return _cut(read_image(path), size, square)


def _cut(array: np.ndarray, size: Size | None, square: bool) -> np.ndarray:
    if square:
        side = min(array.shape[:2])
        top, left = ((length - side) // 2 for length in array.shape[:2])
        array = array[top : top + side, left : left + side]
    return array if size is None else resize(array, size)


def read_image(path: Path, size: Size | None = None) -> np.ndarray:
    """One picture of a file, grey or coloured as the file is; transparency is dropped.

    Args:
        path: The file.
        size: Pixels a side, or `(height, width)`, to resize to; `None` keeps the size.

    Returns:
        The picture, float32 `[height, width, channels]` in [0, 1], 255 as 1.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no readable picture of 8 bits a channel.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no picture {str(path)!r}; check the path.")
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"mode {image.mode} has more than 8 bits a channel; convert it")
            grey = image.mode in ("1", "L", "LA")
            pixels = np.asarray(image.convert("L" if grey else "RGB"), np.float32)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as a picture ({error}).") from error
    picture = pixels.reshape(*pixels.shape[:2], -1) / np.float32(255)
    return picture if size is None else resize(picture, size)


def read_images(
    paths: Sequence[Path], size: Size | None = None, square: bool = False
) -> np.ndarray:
    """Pictures of files, all of one size, float32 `[N, height, width, channels]`.

    They are grey if all of them are, and coloured otherwise; `square` cuts out the largest
    central square of each before it is resized.
    """
    pictures = [read_cut(path, size, square) for path in paths]
    shapes = {picture.shape[:2]: path for picture, path in zip(pictures, paths, strict=True)}
    if len(shapes) > 1:
        (first, one), (second, other) = list(shapes.items())[:2]
        raise ValueError(
            f"Expected pictures of one size. Received: {first} in {one.name} and {second} in "
            f"{other.name}; pass `size=` to resize them."
        )
    channels = max(picture.shape[-1] for picture in pictures)
    scaled = _scaled(pictures, repr(str(paths[0].parent)))
    return np.stack([np.broadcast_to(p, (*p.shape[:2], channels)) for p in scaled])


def _scaled(pictures: Sequence[np.ndarray], name: str) -> Sequence[np.ndarray]:
    """Pictures read with 255 as 1, in the range of all of them: files may hold 0 and 1."""
    greys = (np.ceil(255 * each - 1e-3) for each in pictures)
    white = find_white(np.uint8, greys, name, IN_IMAGE_FILES)
    return pictures if white == 255 else [each * np.float32(255 / white) for each in pictures]


def resize(picture: np.ndarray, size: Size) -> np.ndarray:
    """Picture at another size, float32 `[height, width, channels]`, within its own range."""
    height, width = height_and_width(size)
    if picture.shape[:2] == (height, width):
        return picture
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize((width, height), BICUBIC)
        for channel in np.moveaxis(picture.astype(np.float32), -1, 0)
    ]
    resized = np.stack([np.asarray(channel) for channel in channels], axis=-1)
    return np.clip(resized, picture.min(), picture.max())


def height_and_width(size: Size) -> tuple[int, int]:
    """`size` as (height, width): one number for a square, or a pair."""
    pair = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    whole = all(isinstance(side, (int, np.integer)) and side >= 1 for side in pair)
    if len(pair) != 2 or not whole:
        raise ValueError(
            f"Expected `size` to be a number of pixels or (height, width). Received: {size!r}."
        )
    return int(pair[0]), int(pair[1])
