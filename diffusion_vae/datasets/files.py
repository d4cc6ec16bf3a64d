"""Data sets of one's own, by path: an `.npz` file, an `.h5` file, a folder of images."""

import dataclasses
from pathlib import Path

import numpy as np

from diffusion_vae.datasets.archives import HDF5_SUFFIXES, read_archive
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.checks import require_count
from diffusion_vae.datasets.images import SUFFIXES, read_images
from diffusion_vae.datasets.pictures import binarized, random_split, split_examples
from diffusion_vae.datasets.stored import StoredPictures


def from_path(
    path,
    key=None,
    size=None,
    square=False,
    test_fraction=0.2,
    limit=None,
    binarize=None,
    stream=False,
    seed=0,
) -> Dataset:
    """Data set of a file or a folder.

    An archive holds `x_train`, `x_test`, `y_train`, `y_test`, or one array `data`
    (or `images`, or any name with `key=`) and perhaps `labels`; uint8 is scaled to
    [0, 1], floats are left as they are. A folder holds images of one size, or one
    subfolder of images for each class, or (as LSUN) images further down, without classes.
    Without a test set the examples are split
    at random.

    Args:
        path: An `.npz` file, an `.h5` file, or a folder of images.
        key: Name of the one array that holds all examples (archives).
        size: Pixels a side or `(height, width)` to resize to (folders).
        square: Whether to cut out the largest central square first (folders).
        test_fraction: Share of the examples for testing where there is no test set.
        limit: Reads the first so many rows or images only.
        binarize: `None`, `"threshold"`, `"stochastic"` or `"dynamic"`.
        stream: Whether training pictures stay in the file, an `.h5` of uint8 pictures,
            and are read batch by batch (see `diffusion-vae convert`).
        seed: Of the split and of the binarization.

    Returns:
        A `Dataset` named after the absolute path.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If the content is damaged or of the wrong form.
    """
    path = Path(path).expanduser().absolute()
    require_count("seed", seed, 0)
    if limit is not None:
        require_count("limit", limit, 2)
    options = {"test_fraction": test_fraction, "limit": limit, "binarize": binarize, "seed": seed}
    if path.is_dir():
        _reject("key", key, path, "folders of images")
        _reject("stream", stream or None, path, "folders of images")
        arrays = _read_folder(path, size, square, limit)
        options["size"] = list(size) if isinstance(size, tuple) else size
        options["square"] = square
    elif path.suffix in (".npz", *HDF5_SUFFIXES):
        _reject("size", size, path, "archives")
        _reject("square", square or None, path, "archives")
        if stream:
            _reject("binarize", binarize, path, "pictures that stay in their file")
            return _streamed(path, key or "data", test_fraction, limit, seed)
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


def _streamed(path, key, test_fraction, limit, seed):
    """Data set whose training pictures stay in an HDF5 file."""
    pictures = StoredPictures(path, key)
    train, test = random_split(min(limit or len(pictures), len(pictures)), test_fraction, seed)
    options = {"key": key, "test_fraction": test_fraction, "limit": limit, "seed": seed}
    return Dataset(
        name=str(path),
        train=StoredPictures(path, key, train),
        test=StoredPictures(path, key, test)[:],
        options={**options, "stream": True},
    )


def _read_folder(folder, size, square, limit):
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
    arrays = {"train": read_images(paths[:limit], size, square)}
    return arrays if labels is None else {**arrays, "train_labels": labels[:limit]}


def image_paths(folder: Path) -> list[Path]:
    """Image files of a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _reject(option, value, path, kind):
    if value is not None:
        raise ValueError(f"The option `{option}` is not for {kind}. Received: {path.name!r}.")
