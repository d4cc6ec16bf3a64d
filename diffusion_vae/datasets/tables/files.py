"""Files of tables: `.csv`, `.tsv`, `.parquet`, `.npy`, `.h5ad`."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.datasets.tables.base import Table, checked_values
from diffusion_vae.datasets.tables.cells import table_of_cells
from diffusion_vae.datasets.tables.choice import Names, choose_columns
from diffusion_vae.datasets.tables.delimited import read_delimited
from diffusion_vae.datasets.tables.frames import numeric_labels, table_of_frame
from diffusion_vae.datasets.tables.warning import say

DELIMITED = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
SUFFIXES = (*DELIMITED, ".parquet", ".npy", ".h5ad")
EXTRAS = {"pandas": "tables", "pyarrow": "tables", "anndata": "anndata"}


def table_suffix(path: Path) -> str | None:
    """The suffix of a file that holds a table, such as `.csv.gz`; `None` for other files."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def read_table(
    path: Path,
    columns: Names = None,
    label_column: Names = None,
    layer: str | None = None,
    key: str | None = None,
    header: bool | None = None,
    limit: int | None = None,
) -> Table:
    """Reads a file of a table.

    Args:
        path: A file with one of the `SUFFIXES`.
        columns: As in `choose_columns`.
        label_column: As in `choose_columns`.
        layer: As in `table_of_cells` (`.h5ad`).
        key: As in `table_of_cells` (`.h5ad`).
        header: As in `read_delimited` (`.csv`, `.tsv`).
        limit: Number of rows, from the first on; `None` takes all.

    Raises:
        ImportError: If a package that reads such files is not installed.
        ValueError: If the file is damaged, or its content is no table of finite numbers.
    """
    suffix, what = table_suffix(path), repr(path.name)
    if suffix in DELIMITED:
        _require_packages(path, "pandas")
        frame, hidden = read_delimited(path, limit, header)
        return table_of_frame(frame, what, columns, label_column, hidden)
    if suffix == ".parquet":
        return table_of_frame(_read_parquet(path)[:limit], what, columns, label_column)
    if suffix == ".h5ad":
        return _read_cells(path, what, columns, label_column, layer, key, limit)
    return table_of_array(read_npy(path, limit), what, columns, label_column)


def read_npy(path: Path, limit: int | None = None) -> np.ndarray:
    """Reads the array of an `.npy` file.

    Raises:
        ValueError: If it is damaged, or holds objects.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as an array of numbers: it is damaged, or holds "
            "objects. Write it again with `numpy.save`."
        ) from error
    return np.array(np.atleast_1d(array)[:limit])


def table_of_array(
    array: np.ndarray, what: str, columns: Names = None, label_column: Names = None
) -> Table:
    """The rows of an array `[rows, columns]`; its columns are called 0, 1, ...

    Raises:
        ValueError: If it is no table of finite numbers, or a column is missing.
    """
    if array.dtype.kind not in "buif" or array.ndim != 2:
        raise ValueError(
            f"Expected {what} to hold real numbers, [rows, columns] or pictures. Received: "
            f"{array.dtype} of shape {array.shape}."
        )
    names = [str(number) for number in range(array.shape[1])]
    data, labels = choose_columns(names, columns, label_column, what)
    if array.dtype == np.uint8 and array.max(initial=0) > 1:
        say(
            f"The uint8 values of {what} are taken as a table and left as they are. If they are "
            "flat pictures, give them the shape [examples, height, width]."
        )
    chosen = tuple(names[place] for place in data)
    known = array[:, labels].astype(np.float64) if labels else None
    return Table(checked_values(array[:, data], chosen, what), chosen, numeric_labels(known))


def _read_parquet(path: Path) -> Any:
    _require_packages(path, "pandas", "pyarrow")
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (pa.ArrowException, OSError) as error:
        raise ValueError(_damaged(path, "Parquet", error)) from error


def _read_cells(path: Path, what: str, *options: Any) -> Table:
    _require_packages(path, "anndata")
    import anndata
    import h5py

    if not h5py.is_hdf5(path):
        raise ValueError(_damaged(path, "HDF5", "it is no HDF5 file or incomplete"))
    try:
        data = anndata.read_h5ad(path, backed="r")
    except (OSError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(_damaged(path, "AnnData", error)) from error
    try:
        return table_of_cells(data, what, *options)
    finally:
        data.file.close()


def _damaged(path: Path, kind: str, error: Any) -> str:
    return (
        f"{str(path)!r} cannot be read as {kind} ({str(error).strip()}); fetch or write it again."
    )


def _require_packages(path: Path, *names: str) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f"Expected the package {name}, which reads {path.name!r}. Install it: "
                f'pip install "diffusion-vae[{EXTRAS[name]}]".'
            ) from error
