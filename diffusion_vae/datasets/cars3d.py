"""Cars3D: 183 cars on a turntable, each drawn from 24 sides and 4 heights."""

import math
from pathlib import Path
from typing import Literal

import numpy as np

from diffusion_vae.checks import require_choice
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.images import Size, resize
from diffusion_vae.datasets.object_split import TEST, SplitUnit, split_objects
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find_local

SOURCE = "nips2015-analogy-data.tar.gz of http://www.scottreed.info"
ELEVATIONS = 4


@register("cars3d", "183 cars on a turntable, 24 sides (circle); local files only")
def load_cars3d(
    path: str | Path | None = None,
    size: Size | None = 64,
    elevation: Literal[0, 1, 2, 3] | None = 0,
    train_share: float = 0.7,
    split: SplitUnit = "object",
    seed: int = 17,
) -> Dataset:
    """Cars3D (Reed et al. 2015), events `(size, size, 3)` with values in [0, 1].

    The folder `cars` of the archive `nips2015-analogy-data.tar.gz` holds one `.mat` file a
    car. It is looked for like `mnist`, under the name `cars3d` or `cars`; it is not
    downloaded. The factor is the azimuth as an angle in radians, `[N, 1]`; labels number
    the cars, and `extras` has their names and the elevation of each picture.

    Args:
        path: The folder; `None` searches for it.
        size: Pixels a side or `(height, width)` to resize to; `None` keeps 128x128.
        elevation: 0, 1, 2 or 3, or `None` for pictures from all four heights.
        train_share: Share of the cars for training; the rest is the test set.
        split: `"object"`, or `"example"` to split single pictures.
        seed: Seed of the split.
    """
    from diffusion_vae.manifolds import FlatTorus

    require_choice("elevation", elevation, (None, *range(ELEVATIONS)))
    folder = Path(path).expanduser() if path is not None else _find()
    files = sorted(folder.glob("*.mat"))
    if not files:
        raise FileNotFoundError(
            f"There are no .mat files in {str(folder)!r}; expected the folder cars of {SOURCE}."
        )
    cars = [_read_car(file, size, elevation) for file in files]  # each [azimuths, heights, ...]
    azimuths, heights = cars[0].shape[:2]
    each = azimuths * heights
    pictures = np.stack(cars).reshape(-1, *cars[0].shape[2:])  # [N, height, width, 3]
    turn = np.tile(np.repeat(np.arange(azimuths), heights), len(files))  # [N]
    shown = np.arange(heights) if elevation is None else np.array([elevation])
    height = np.tile(shown, azimuths * len(files))  # [N]
    objects = np.repeat([file.stem for file in files], each)
    names, labels, tags = split_objects(objects, split, train_share, seed, where=repr(str(folder)))
    angles = (2.0 * math.pi * turn / azimuths).astype(np.float32)[:, None]
    train, test = tags != TEST, tags == TEST
    return Dataset(
        name="cars3d",
        train=pictures[train],
        test=pictures[test],
        train_factors=angles[train],
        test_factors=angles[test],
        train_labels=labels[train],
        test_labels=labels[test],
        factor_manifold=FlatTorus(1),
        colouring="circle",
        extras={
            "objects": names,
            "train_elevation": height[train],
            "test_elevation": height[test],
        },
    )


def _find() -> Path:
    return find_local(["cars3d", "cars"], f"the folder cars (of {SOURCE}) as cars3d")


def _read_car(file: Path, size: Size | None, elevation: int | None) -> np.ndarray:
    """Pictures of one car, float32 `[azimuths, elevations, height, width, 3]`."""
    from scipy.io import loadmat

    try:
        stored = loadmat(file, variable_names=["im"])["im"]
    except Exception as error:  # a damaged file can raise almost any error
        raise ValueError(
            f"{str(file)!r} cannot be read as a car of Cars3D: it seems damaged or is another "
            f"file ({error}); fetch it again."
        ) from error
    if stored.ndim != 5 or stored.shape[2] != 3 or stored.shape[4] != ELEVATIONS:
        raise ValueError(
            f"Expected `im` of {str(file)!r} to be [height, width, 3, azimuths, {ELEVATIONS}]. "
            f"Received: shape {stored.shape}; this is not Cars3D."
        )
    views = np.moveaxis(stored, (3, 4), (0, 1))  # [azimuths, elevations, height, width, 3]
    if elevation is not None:
        views = views[:, elevation : elevation + 1]
    pictures = views.astype(np.float32) / np.float32(255)
    if size is None:
        return pictures
    flat = [resize(picture, size) for picture in pictures.reshape(-1, *pictures.shape[2:])]
    return np.stack(flat).reshape(*pictures.shape[:2], *flat[0].shape)
