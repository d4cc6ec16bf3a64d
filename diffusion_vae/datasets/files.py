"""Data sets of the user, by path: `.npz`, `.h5`, TFRecord, a folder of images."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.archives import HDF5_SUFFIXES, read_archive, stored_names
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.images import SUFFIXES, Size, read_images
from diffusion_vae.datasets.pictures import (
    Binarization,
    binarized,
    labels_or_factors,
    random_split,
    split_examples,
)
from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.datasets.stored.folder import FolderPictures
from diffusion_vae.datasets.stored.hdf5 import HDF5Pictures
from diffusion_vae.datasets.stored.records import RecordPictures

RECORDS = ".tfrecord"  # part of the name: shards are called a.tfrecord-00000-of-00010


def from_path(
    path: str | Path,
    key: str | None = None,
    size: Size | None = None,
    square: bool = False,
    test_fraction: float = 0.2,
    limit: int | None = None,
    binarize: Binarization | None = None,
    stream: bool = False,
    seed: int = 0,
) -> Dataset:
    """Data set of a file or a folder.

    An archive holds `x_train`, `x_test`, `y_train`, `y_test`, or one array `data`
    (or `images`, `imgs`, `x`, or any name with `key=`) and perhaps `labels`; several columns of
    labels are taken as factors. Whole numbers are scaled to [0, 1] by their range
    (`value_range.find_white`), floats are unchanged. A folder holds images of one size, or one
    subfolder of images for each class, or (as LSUN) images further down, without classes.
    Without a test set the examples are split at random.

    Args:
        path: An `.npz` file, an `.h5` file, a `.tfrecord` file or a folder of them, or a
            folder of images.
        key: Name of the one array that holds all examples (archives), or of the feature
            that holds the encoded picture (TFRecord, by default `image`).
        size: Pixels a side or `(height, width)` to resize to (folders).
        square: Whether to cut out the largest central square first (folders).
        test_fraction: Share of the examples for testing where there is no test set.
        limit: Number of rows or images to read, from the first on; `None` reads all.
        binarize: `"threshold"`, `"stochastic"`, `"dynamic"`, or `None` for grey values.
        stream: Whether training pictures stay in their files and are read batch by batch: an
            `.h5` of whole numbers (see `diffusion-vae convert`), or a folder. Those of
            TFRecord files always do.
        seed: Seed of the split and of the binarization.

    Returns:
        A `Dataset` named after the absolute path.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If the content is damaged or of the wrong form.
    """
    path = Path(path).expanduser().absolute()
    require_integer("seed", seed, 0)
    if limit is not None:
        require_integer("limit", limit, 2)
    options: dict[str, Any] = {
        "test_fraction": test_fraction,
        "limit": limit,
        "binarize": binarize,
        "seed": seed,
    }
    if RECORDS in path.name or (path.is_dir() and any(path.glob(f"*{RECORDS}*"))):
        for option, value in (("size", size), ("square", square or None), ("binarize", binarize)):
            _reject(option, value, path, "TFRecord files")
        pictures: StoredPictures = RecordPictures(path, key or "image")
        return _streamed(pictures, None, test_fraction, limit, seed, {"key": key})
    if path.is_dir():
        _reject("key", key, path, "folders of images")
        if stream:
            _reject("binarize", binarize, path, "pictures that stay in their files")
            paths, labels = _listed(path)
            pictures = FolderPictures(path, paths, size, square)
            how: dict[str, Any] = {
                "size": list(size) if isinstance(size, tuple) else size,
                "square": square,
            }
            return _streamed(pictures, labels, test_fraction, limit, seed, how | {"stream": True})
        arrays = _read_folder(path, size, square, limit)
        options["size"] = list(size) if isinstance(size, tuple) else size
        options["square"] = square
    elif path.suffix in (".npz", *HDF5_SUFFIXES):
        _reject("size", size, path, "archives")
        _reject("square", square or None, path, "archives")
        if stream:
            _reject("binarize", binarize, path, "pictures that stay in their file")
            return _streamed_archive(path, key, test_fraction, limit, seed)
        arrays = read_archive(path, limit, key)
        options["key"] = key
    elif path.exists():
        raise ValueError(
            f"Expected an .npz file, an .h5 file or a folder of images. Received: {str(path)!r}."
        )
    else:
        raise FileNotFoundError(f"There is no file or folder {str(path)!r}; check the path.")
    dataset = split_examples(str(path), arrays, test_fraction=test_fraction, seed=seed)
    dataset = binarized(dataset, binarize, seed)
    return dataclasses.replace(dataset, name=str(path), options=options)


def _streamed_archive(
    path: Path, key: str | None, test_fraction: float, limit: int | None, seed: int
) -> Dataset:
    """Data set of an HDF5 file whose pictures stay there; labels are read."""
    if path.suffix not in HDF5_SUFFIXES:
        raise ValueError(
            f"{path.name!r} cannot be read as HDF5. Expected an .h5 file, a folder or TFRecord "
            "files with `stream`; leave it out, or write an .h5 file."
        )
    names = stored_names(path, key)
    if "test" in names:
        raise ValueError(
            f"Expected one array of pictures to stream. Received: {names['train']!r} and "
            f"{names['test']!r} in {path.name!r}; name one with `key=`, or leave `stream` out."
        )
    pictures, labels = HDF5Pictures(path, names["train"]), None
    if "train_labels" in names:
        labels = read_archive(path, key=names["train_labels"])["train"]
    how = {"key": key, "stream": True}
    return _streamed(pictures, labels, test_fraction, limit, seed, how)


def _streamed(
    pictures: StoredPictures,
    labels: np.ndarray | None,
    test_fraction: float,
    limit: int | None,
    seed: int,
    options: dict[str, Any],
) -> Dataset:
    """Data set whose training pictures stay in their files."""
    known, factors = labels_or_factors(labels, len(pictures), str(pictures.path))
    pictures.rows = pictures.rows[:limit]  # before a part is selected, scaled as the whole is
    train, test = random_split(len(pictures), test_fraction, seed)
    return Dataset(
        name=str(pictures.path),
        train=pictures.select(train),
        test=pictures.select(test)[:],
        train_factors=None if factors is None else factors[train],
        test_factors=None if factors is None else factors[test],
        train_labels=None if known is None else known[train],
        test_labels=None if known is None else known[test],
        options={**options, "test_fraction": test_fraction, "limit": limit, "seed": seed},
    )


def _read_folder(
    folder: Path, size: Size | None, square: bool, limit: int | None
) -> dict[str, np.ndarray]:
    """Images of a folder as arrays, with labels if it has subfolders of classes."""
    paths, labels = _listed(folder)
    arrays = {"train": read_images(paths[:limit], size, square)}
    return arrays if labels is None else {**arrays, "train_labels": labels[:limit]}


def _listed(folder: Path) -> tuple[list[Path], np.ndarray | None]:
    """Images of a folder, or of its subfolders with a label for each, or further down."""
    paths = image_paths(folder)
    classes = [sub for sub in sorted(folder.iterdir()) if sub.is_dir() and image_paths(sub)]
    labels = None
    if not paths:
        paths = [path for sub in classes for path in image_paths(sub)]
        labels = np.repeat(np.arange(len(classes)), [len(image_paths(sub)) for sub in classes])
    if not paths:
        paths, labels = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES), None
    if not paths:
        raise ValueError(
            f"Expected images ({', '.join(SUFFIXES)}) in the folder {str(folder)!r} or in its "
            f"subfolders. Received: none."
        )
    return paths, labels


def image_paths(folder: Path) -> list[Path]:
    """Image files of a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _reject(option: str, value: Any, path: Path, kind: str) -> None:
    if value is not None:
        raise ValueError(f"The option `{option}` is not for {kind}. Received: {path.name!r}.")
