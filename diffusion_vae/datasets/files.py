"""Data sets of the user, by path: arrays, tables, TFRecord, a folder of images."""

import dataclasses
from collections.abc import Sequence
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
from diffusion_vae.datasets.tables.files import DELIMITED, read_npy, read_table, table_suffix
from diffusion_vae.datasets.tables.splitting import split_table

KINDS = (
    "an .npz, .h5 or .npy file, a table (.csv, .tsv, .parquet, .h5ad), TFRecord files or a folder "
    "of images"
)
RECORD = ".tfrecord"  # part of the name: shards are called a.tfrecord-00000-of-00010
RECORDS, FOLDERS, ARCHIVES = "TFRecord files", "folders of images", "archives"
ARRAYS, TEXTS = ".npy files", ".csv and .tsv files"
PARQUET, CELLS = ".parquet files", ".h5ad files"
TABLE = ("columns", "label_column", "binarize")
# Options of each kind beside those of all.
TAKEN = {
    RECORDS: ("key", "stream"),
    FOLDERS: ("size", "square", "binarize", "stream"),
    ARCHIVES: ("key", "binarize", "stream"),
    ARRAYS: TABLE,
    TEXTS: (*TABLE, "header"),
    PARQUET: TABLE,
    CELLS: (*TABLE, "key", "layer"),
}


def from_path(
    path: str | Path,
    key: str | None = None,
    size: Size | None = None,
    square: bool = False,
    test_fraction: float = 0.2,
    limit: int | None = None,
    binarize: Binarization | None = None,
    stream: bool = False,
    columns: str | Sequence[str] | None = None,
    label_column: str | Sequence[str] | None = None,
    header: bool | None = None,
    layer: str | None = None,
    seed: int = 0,
) -> Dataset:
    """Data set of a file or a folder.

    A table (`.csv`, `.tsv`, with or without `.gz`; `.parquet`; `.h5ad`; `.npy` of two
    dimensions) has an example in each row. Its numbers stay as they are, whole ones too.

    An archive (`.npz`, `.h5`) holds `x_train`, `x_test`, `y_train`, `y_test`, or one array `data`
    (or `images`, `imgs`, `x`, or any name with `key=`) and perhaps `labels`; several columns of
    labels are taken as factors. Whole numbers are scaled to [0, 1] by their range
    (`value_range.find_white`), floats are unchanged. An `.npy` file of more than two
    dimensions holds pictures, which are scaled in the same way. A folder holds images of one
    size, or one subfolder of images for each class, or (as LSUN) images further down, without
    classes. Without a test set the examples are split at random.

    Args:
        path: An `.npz` file, an `.h5` file, a table, a `.tfrecord` file or a folder of them,
            or a folder of images.
        key: Name of the one array that holds all examples (archives), of the feature
            that holds the encoded picture (TFRecord, by default `image`), or of an entry of
            `obsm` (`.h5ad`).
        size: Pixels a side or `(height, width)` to resize to (folders).
        square: Whether to cut out the largest central square first (folders).
        test_fraction: Share of the examples for testing where there is no test set.
        limit: Number of rows or images to read, from the first on; `None` reads all.
        binarize: `"threshold"`, `"stochastic"`, `"dynamic"`, or `None` for grey values.
        stream: Whether training pictures stay in their files and are read batch by batch: an
            `.h5` of whole numbers (see `diffusion-vae convert`), or a folder. Those of
            TFRecord files always do.
        columns: Tables: names of the columns of data, or patterns such as `neuron_*`. `None`
            takes all that are no labels.
        label_column: Tables: name of the column of labels. Text or whole numbers become
            `train_labels` and `test_labels`; numbers with fractions, or several columns of
            numbers, become factors. In `.h5ad` the columns of `obs`.
        header: `.csv`, `.tsv`: whether the first line holds names. `None` finds out.
        layer: `.h5ad`: a layer instead of `X`, or `raw`.
        seed: Seed of the split and of the binarization.

    Returns:
        A `Dataset` named after the absolute path.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ImportError: If a package that reads such tables is not installed.
        ValueError: If the content is damaged or of the wrong form.
    """
    path = Path(path).expanduser().absolute()
    require_integer("seed", seed, 0)
    if limit is not None:
        require_integer("limit", limit, 2)
    kind = _kind(path)
    given = {
        "key": key, "size": size, "square": square or None, "binarize": binarize,
        "stream": stream or None, "columns": columns, "label_column": label_column,
        "header": header, "layer": layer,
    }  # fmt: skip
    for option, value in given.items():
        if value is not None and option not in TAKEN[kind]:
            raise ValueError(f"The option `{option}` is not for {kind}. Received: {path.name!r}.")
    split: dict[str, Any] = {"test_fraction": test_fraction, "seed": seed}
    options: dict[str, Any] = {"limit": limit, **split}
    if stream and binarize is not None:
        raise ValueError(
            "The option `binarize` is not for pictures that stay in their files. Received: "
            f"{path.name!r}."
        )
    if kind == RECORDS:
        pictures: StoredPictures = RecordPictures(path, key or "image")
        return _streamed(pictures, None, options | {"key": key})
    if kind == FOLDERS:
        options["size"] = list(size) if isinstance(size, tuple) else size
        options["square"] = square
        if stream:
            paths, labels = _listed(path)
            pictures = FolderPictures(path, paths, size, square)
            return _streamed(pictures, labels, options | {"stream": True})
        dataset = split_examples(str(path), _read_folder(path, size, square, limit), **split)
    elif kind == ARCHIVES:
        options["key"] = key
        if stream:
            return _streamed_archive(path, key, options)
        dataset = split_examples(str(path), read_archive(path, limit, key), **split)
    elif kind == ARRAYS and (array := read_npy(path, limit)).ndim > 2:
        _require_no_columns(path, array, columns=columns, label_column=label_column)
        dataset = split_examples(str(path), {"train": array}, **split)
    else:
        for option in TAKEN[kind]:
            value = given[option]
            options[option] = list(value) if isinstance(value, tuple) else value
        table = read_table(path, columns, label_column, layer, key, header, limit)
        dataset = split_table(str(path), table, **split)
    options["binarize"] = binarize
    dataset = binarized(dataset, binarize, seed)
    return dataclasses.replace(dataset, name=str(path), options=options)


def _kind(path: Path) -> str:
    """What there is at a path.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If it is nothing that can be read.
    """
    if RECORD in path.name or (path.is_dir() and any(path.glob(f"*{RECORD}*"))):
        return RECORDS
    if path.is_dir():
        return FOLDERS
    if path.suffix in (".npz", *HDF5_SUFFIXES):
        return ARCHIVES
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {str(path)!r}; check the path.")
    suffix = table_suffix(path)
    if suffix is None:
        raise ValueError(f"Expected {KINDS}. Received: {str(path)!r}.")
    if suffix in DELIMITED:
        return TEXTS
    return {".npy": ARRAYS, ".parquet": PARQUET, ".h5ad": CELLS}[suffix]


def _streamed_archive(path: Path, key: str | None, options: dict[str, Any]) -> Dataset:
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
    return _streamed(pictures, labels, options | {"stream": True})


def _streamed(
    pictures: StoredPictures, labels: np.ndarray | None, options: dict[str, Any]
) -> Dataset:
    """Data set whose training pictures stay in their files."""
    known, factors = labels_or_factors(labels, len(pictures), str(pictures.path))
    pictures.rows = pictures.rows[
        : options["limit"]
    ]  # before a part is selected, scaled as the whole is
    train, test = random_split(len(pictures), options["test_fraction"], options["seed"])
    return Dataset(
        name=str(pictures.path),
        train=pictures.select(train),
        test=pictures.select(test)[:],
        train_factors=None if factors is None else factors[train],
        test_factors=None if factors is None else factors[test],
        train_labels=None if known is None else known[train],
        test_labels=None if known is None else known[test],
        options=options,
    )


def _require_no_columns(path: Path, array: np.ndarray, **options: Any) -> None:
    for option, value in options.items():
        if value is not None:
            raise ValueError(
                f"The option `{option}` is for tables. Received: {path.name!r}, an array of shape "
                f"{array.shape}; leave it out."
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


def _reject(options: dict[str, Any], path: Path, kind: str) -> None:
    """Raises `ValueError` for the first option that was given; what it is not for is `kind`."""
    for option, value in options.items():
        if value is not None:
            raise ValueError(f"The option `{option}` is not for {kind}. Received: {path.name!r}.")
