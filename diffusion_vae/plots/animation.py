"""Animated pictures of a training, slow enough to follow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from scipy.spatial import KDTree

from diffusion_vae.files import replacing
from diffusion_vae.plots.colours import PALETTE
from diffusion_vae.plots.images import to_unit
from diffusion_vae.plots.saving import to_array

COLOURS = 256  # of a GIF
EXACT = 48  # most frequent colours that stay as they are
RESERVED = [int(colour[1:], 16) for colour in PALETTE]  # and those of classes
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
    require_duration("seconds_per_frame", seconds_per_frame)
    require_duration("seconds_on_last", seconds_on_last)
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
    first, *others = _in_one_palette(movie)
    with replacing(path) as temporary:
        first.save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=[round(time) for time in milliseconds] if others else round(milliseconds[0]),
            loop=0,
            optimize=False,  # Pillow would give each frame a palette of its own
            disposal=1,
        )
    return Path(path)


def require_duration(name: str, seconds: float) -> float:
    """Returns the time that a frame stays; `ValueError` if viewers would not keep it."""
    if not seconds >= FASTEST:
        raise ValueError(
            f"Expected `{name}` to be at least {FASTEST}, or viewers change it. "
            f"Received: {seconds}."
        )
    return seconds


def _in_one_palette(movie: list[np.ndarray]) -> list[Image.Image]:
    """Frames `[H, W, 3]` as pictures with one palette, or a legend would change its colours.

    Colours that all frames have in large numbers stay exactly as they are (the ground, the
    legend); the others go to the nearest of the palette, without dots of two colours.
    """
    packed = [frame.astype(np.int32) @ (65536, 256, 1) for frame in movie]  # [H, W]
    counted = [np.unique(frame, return_counts=True) for frame in packed]
    colours, place = np.unique(np.concatenate([c for c, _ in counted]), return_inverse=True)
    counts = np.bincount(place, np.concatenate([n for _, n in counted]))  # [colours]
    rgb = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], -1).astype(np.uint8)
    palette = rgb
    if len(rgb) > COLOURS:
        exact = rgb[np.argsort(-counts, kind="stable")[:EXACT]]
        exact = np.concatenate([rgb[np.isin(colours, RESERVED)], exact])
        exact = exact[np.sort(np.unique(exact, axis=0, return_index=True)[1])]
        left = COLOURS - len(exact)
        chosen = Image.fromarray(rgb[None]).quantize(left).getpalette() or []
        others = np.array(chosen, dtype=np.uint8).reshape(-1, 3)[:left]
        palette = np.concatenate([exact, others]).astype(np.uint8)
    nearest = KDTree(palette.astype(float)).query(rgb.astype(float))[1].astype(np.uint8)
    pictures = []
    for frame in packed:
        picture = Image.fromarray(nearest[np.searchsorted(colours, frame)])
        picture.putpalette(palette.tobytes())
        pictures.append(picture)
    return pictures


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
