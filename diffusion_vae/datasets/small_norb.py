"""Small NORB: toys of five kinds on a turntable, photographed in grey."""

import gzip
import math
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from diffusion_vae.checks import require_choice
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.images import Size, resize
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find_local

SOURCE = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small"
CATEGORIES = ("animal", "human", "plane", "truck", "car")
ELEVATIONS, LIGHTINGS = 9, 6
STEPS = 36  # a full turn in the units of the azimuths that are stored
PARTS = {"train": "training", "test": "testing"}
# Magic numbers of the files' matrix format, and the type of the values.
TYPES = {
    0x1E3D4C51: "<f4",
    0x1E3D4C53: "<f8",
    0x1E3D4C54: "<i4",
    0x1E3D4C55: "u1",
    0x1E3D4C56: "<i2",
}


@register("small_norb", "50 toys on a turntable, 18 sides, grey (circle); local files only")
def load_small_norb(
    path: str | Path | None = None,
    category: Literal["animal", "human", "plane", "truck", "car"] | None = None,
    camera: Literal[0, 1] = 0,
    elevation: Literal[0, 1, 2, 3, 4, 5, 6, 7, 8] | None = None,
    lighting: Literal[0, 1, 2, 3, 4, 5] | None = None,
    size: Size | None = 64,
) -> Dataset:
    """Small NORB (LeCun et al. 2004), events `(size, size, 1)` with values in [0, 1].

    The folder with the six files `smallnorb-...-dat.mat`, `-cat.mat` and `-info.mat` of
    training and testing (or the same with `.gz`) is looked for like `mnist`, under the
    name `small_norb` or `smallnorb`; it is not downloaded. Training and test set show
    different toys. The factor is the azimuth as an angle in radians, `[N, 1]`; labels
    are the categories, or the toys' numbers where one category is chosen; `extras` has
    toy, elevation and lighting of each picture.

    Args:
        path: The folder; `None` searches for it.
        category: `"animal"`, `"human"`, `"plane"`, `"truck"`, `"car"`, or `None` for all.
        camera: 0 or 1, the left or the right camera.
        elevation: 0 to 8 (30 to 70 degrees), or `None` for all.
        lighting: 0 to 5, or `None` for all.
        size: Pixels a side or `(height, width)` to resize to; `None` keeps 96x96.
    """
    from diffusion_vae.manifolds import FlatTorus

    require_choice("category", category, (None, *CATEGORIES))
    require_choice("camera", camera, (0, 1))
    require_choice("elevation", elevation, (None, *range(ELEVATIONS)))
    require_choice("lighting", lighting, (None, *range(LIGHTINGS)))
    folder = Path(path).expanduser() if path is not None else _find()
    pictures, angles, labels = {}, {}, {}
    extras: dict[str, np.ndarray] = {}
    for split in PARTS:
        kinds, info = _read(folder, split, "cat"), _read(folder, split, "info")
        kept = np.ones(len(kinds), dtype=bool)  # [N]
        if category is not None:
            kept &= kinds == CATEGORIES.index(category)
        for column, setting in ((1, elevation), (3, lighting)):
            if setting is not None:
                kept &= info[:, column] == setting
        if not kept.any():
            raise ValueError(
                f"Expected pictures of this kind in {str(folder)!r}. Received: none in the "
                f"{PARTS[split]} set; change `category`, `elevation` or `lighting`."
            )
        pictures[split] = _pictures(_read(folder, split, "dat")[:, camera], kept, size)
        toys, heights, azimuths, lights = info[kept].T
        angles[split] = (2.0 * math.pi * azimuths / STEPS).astype(np.float32)[:, None]
        labels[split] = (kinds[kept] if category is None else toys).astype(np.int64)
        extras |= {
            f"{split}_toy": toys,
            f"{split}_elevation": heights,
            f"{split}_lighting": lights,
        }
    return Dataset(
        name="small_norb",
        train=pictures["train"],
        test=pictures["test"],
        train_factors=angles["train"],
        test_factors=angles["test"],
        train_labels=labels["train"],
        test_labels=labels["test"],
        factor_manifold=FlatTorus(1),
        colouring="circle",
        extras=extras,
    )


def read_matrix(path: Path) -> np.ndarray:
    """Array of one file of the NORB matrix format, plain or gzipped.

    The file starts with a magic number that names the type, the rank, and at least
    three sizes (four bytes each, little-endian); the values follow.

    Raises:
        ValueError: If the file is damaged or of another format.
    """
    try:
        content: np.ndarray | bytes
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as file:
                content = file.read()
        else:
            content = np.memmap(path, np.uint8, mode="r")
        magic, rank = (int(number) for number in np.frombuffer(content, "<i4", count=2))
        if magic not in TYPES:
            raise ValueError(f"it starts with the number {magic:#x}")
        sizes = np.frombuffer(content, "<i4", count=max(rank, 3), offset=8)
        values = np.frombuffer(
            content, TYPES[magic], count=math.prod(sizes[:rank].tolist()), offset=8 + sizes.nbytes
        )
        return values.reshape(sizes[:rank])
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as a file of small NORB: it seems damaged or "
            f"incomplete ({error}); fetch it again."
        ) from error


def _find() -> Path:
    return find_local(["small_norb", "smallnorb"], f"the six files of {SOURCE} as small_norb")


def _read(folder: Path, split: str, kind: str) -> np.ndarray:
    """The `dat`, `cat` or `info` array of a split."""
    pattern = f"smallnorb-*-{PARTS[split]}-{kind}.mat"
    files = sorted([*folder.glob(pattern), *folder.glob(f"{pattern}.gz")])
    if not files:
        raise FileNotFoundError(
            f"There is no file {pattern} (or .gz) in {str(folder)!r}; it is one of the six files "
            f"of {SOURCE}."
        )
    array = read_matrix(files[0])
    rank, shape = {"dat": (4, "[N, 2, height, width]"), "cat": (1, "[N]"), "info": (2, "[N, 4]")}[
        kind
    ]
    if array.ndim != rank:
        raise ValueError(
            f"Expected {str(files[0])!r} to hold an array {shape}. Received: shape {array.shape}."
        )
    return array


def _pictures(stored: np.ndarray, kept: np.ndarray, size: Size | None) -> np.ndarray:
    """The chosen pictures, float32 `[n, height, width, 1]`; the rest is never copied."""
    pictures = stored[kept].astype(np.float32)[..., None] / np.float32(255)
    if size is None:
        return pictures
    return np.stack([resize(picture, size) for picture in pictures])
