"""Animated pictures of a training, slow enough to follow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from matplotlib.figure import Figure

from diffusion_vae.files import replacing
from diffusion_vae.plots.images import to_unit
from diffusion_vae.plots.saving import to_array

FASTEST = 0.02  # seconds a frame: viewers slow down faster frames


def write_gif(
    frames: Iterable,
    path: str | Path,
    seconds_per_frame: float = 0.5,
    seconds_on_last: float = 2.0,
) -> Path:
    """Writes frames as a GIF that repeats without end.

    Frames of different sizes are put on white, at the upper left.

    Args:
        frames: Paths of pictures, `Figure`s or arrays (`[H, W]`, `[H, W, 3 or 4]`; bytes,
            or numbers in [0, 1]), in their order.
        path: File to write; missing folders are made.
        seconds_per_frame: Time that each frame stays.
        seconds_on_last: Time that the last frame stays.

    Returns:
        The path, a `pathlib.Path`.

    Raises:
        ValueError: If there is no frame, or it would stay too short a time.
    """
    for name, seconds in (
        ("seconds_per_frame", seconds_per_frame),
        ("seconds_on_last", seconds_on_last),
    ):
        if not seconds >= FASTEST:
            raise ValueError(
                f"Expected `{name}` to be at least {FASTEST}, or viewers change it. "
                f"Received: {seconds}."
            )
    pictures = [_pixels(frame) for frame in frames]
    if not pictures:
        raise ValueError("Expected at least one frame. Received: none.")
    height = max(picture.shape[0] for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    movie: list[np.ndarray] = []
    milliseconds: list[float] = []
    for picture in pictures:
        sheet = np.full((height, width, 3), 255, dtype=np.uint8)
        sheet[: picture.shape[0], : picture.shape[1]] = picture
        if movie and np.array_equal(movie[-1], sheet):  # a GIF holds no frame twice in a row
            milliseconds[-1] += 1000.0 * seconds_per_frame
            continue
        movie.append(sheet)
        milliseconds.append(1000.0 * seconds_per_frame)
    milliseconds[-1] += 1000.0 * (seconds_on_last - seconds_per_frame)
    with replacing(path) as temporary:
        duration = milliseconds if len(movie) > 1 else milliseconds[0]
        imageio.imwrite(temporary, np.stack(movie), extension=".gif", duration=duration, loop=0)
    return Path(path)


def _pixels(frame: Any) -> np.ndarray:
    """Bytes `[H, W, 3]` of a path, figure or array; transparent pixels become white."""
    if isinstance(frame, Figure):
        return to_array(frame)
    if isinstance(frame, (str, Path)):
        frame = imageio.imread(frame)
    frame = np.asarray(frame)
    if frame.dtype != np.uint8:
        frame = np.rint(255.0 * to_unit(frame, (0.0, 1.0))).astype(np.uint8)
    if frame.ndim == 2:
        frame = np.repeat(frame[..., None], 3, axis=-1)
    if frame.ndim != 3 or frame.shape[-1] not in (1, 3, 4):
        raise ValueError(
            "Expected a frame of shape [H, W], [H, W, 3] or [H, W, 4]. "
            f"Received shape: {frame.shape}."
        )
    if frame.shape[-1] == 1:
        return np.repeat(frame, 3, axis=-1)
    if frame.shape[-1] == 3:
        return frame
    opacity = frame[..., 3:] / 255.0
    return np.rint(opacity * frame[..., :3] + 255.0 * (1.0 - opacity)).astype(np.uint8)
