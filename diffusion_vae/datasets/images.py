"""Image files as float pictures with values in [0, 1], by Pillow."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def read_image(path: Path, size=None, channels: int | None = None) -> np.ndarray:
    """One picture of a file; transparency is dropped.

    Args:
        path: The file.
        size: Pixels a side, or `(height, width)`, to resize to; `None` keeps the size.
        channels: 1 (grey) or 3 (colour); `None` takes what the file has.

    Returns:
        The picture, float32 `[height, width, channels]` in [0, 1].

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no readable picture of 8 bits a channel.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no picture {str(path)!r}; check the path.")
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"mode {image.mode} has more than 8 bits a channel; convert it")
            grey = image.mode in ("1", "L", "LA") if channels is None else channels == 1
            picture = image.convert("L" if grey else "RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as a picture ({error}).") from error
    if size is not None:
        height, width = height_and_width(size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture, np.float32) / np.float32(255)
    return pixels.reshape(picture.height, picture.width, -1)


def read_images(paths, size=None, channels: int | None = None) -> np.ndarray:
    """Pictures of files, all of one size, float32 `[N, height, width, channels]`.

    The pictures are grey if all of them are, else coloured; `channels` decides otherwise.
    """
    pictures = [read_image(path, size, channels) for path in paths]
    if any(picture.shape[-1] == 3 for picture in pictures):
        pictures = [np.broadcast_to(p, (*p.shape[:2], 3)) for p in pictures]
    shapes = {picture.shape[:2]: path for picture, path in zip(pictures, paths, strict=True)}
    if len(shapes) > 1:
        (first, one), (second, other) = list(shapes.items())[:2]
        raise ValueError(
            f"Expected pictures of one size. Received: {first} in {one.name} and {second} in "
            f"{other.name}; pass `size=` to resize them."
        )
    return np.stack(pictures)


def height_and_width(size) -> tuple[int, int]:
    """`size` as (height, width): one number for a square, or a pair."""
    pair = (size, size) if isinstance(size, (int, np.integer)) else tuple(size)
    if len(pair) != 2 or any(int(side) != side or side < 1 for side in pair):
        raise ValueError(
            f"Expected `size` to be a number of pixels or (height, width). Received: {size!r}."
        )
    return int(pair[0]), int(pair[1])
