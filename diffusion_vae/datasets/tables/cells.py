"""AnnData: cells are rows, genes are columns, `obs` holds the labels."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from diffusion_vae.checks import did_you_mean
from diffusion_vae.datasets.tables.base import Table, checked_values, listed
from diffusion_vae.datasets.tables.choice import Names, choose_columns, find_columns
from diffusion_vae.datasets.tables.frames import labels_of_frame
from diffusion_vae.datasets.tables.sparse import dense, is_sparse


def is_anndata(value: Any) -> bool:
    """Whether this is an `anndata.AnnData`, a view or a backed one included."""
    library = sys.modules.get("anndata")
    return library is not None and isinstance(value, library.AnnData)


def table_of_cells(
    data: Any,
    what: str = "the data",
    columns: Names = None,
    label_column: Names = None,
    layer: str | None = None,
    key: str | None = None,
    limit: int | None = None,
) -> Table:
    """The cells of an `AnnData` as rows of numbers; what is sparse becomes dense.

    Args:
        data: An `AnnData`; it is not changed, and shares no memory with what is returned.
        what: What it is called in an error.
        columns: Genes, as in `choose_columns`.
        label_column: Columns of `obs`.
        layer: A layer instead of `X`, or `"raw"` for `data.raw.X`.
        key: An entry of `obsm` instead of `X`, such as `"X_pca"`.
        limit: Number of cells, the first ones; `None` takes all.

    Raises:
        ValueError: If something of that name is not there, a value is no finite number, or the
            dense table would be too large.
    """
    matrix, names = matrix_of(data, what, layer, key)
    chosen, _ = choose_columns(names, columns, None, what)
    observed = [str(name) for name in data.obs.columns]
    places, _ = find_columns(observed, "label_column", label_column, f"`obs` of {what}")
    labels = labels_of_frame(data.obs.iloc[:limit], places, what)
    values = np.array(_rows(matrix, chosen, limit, len(names), what))
    if values.dtype.kind not in "buif":
        raise ValueError(f"Expected {what} to hold real numbers. Received: dtype {values.dtype}.")
    shown = tuple(names[place] for place in chosen)
    return Table(checked_values(values, shown, what), shown, labels)


def matrix_of(
    data: Any, what: str, layer: str | None, key: str | None = None
) -> tuple[Any, list[str]]:
    """A matrix of the data as it is stored, and the names of its columns; see `table_of_cells`.

    Of a view it is a copy, of all else the matrix itself: do not write into it.
    """
    if layer is not None and key is not None:
        raise ValueError(f"Expected one of `layer` and `key` for {what}. Received: both.")
    if key is not None:
        matrix = _entry(data.obsm, "key", key, f"`obsm` of {what}")
        matrix = matrix.to_numpy() if hasattr(matrix, "iloc") else matrix
        matrix = matrix if is_sparse(matrix) else np.asarray(matrix).reshape(data.n_obs, -1)
        return matrix, [str(number) for number in range(matrix.shape[1])]
    if layer == "raw" and "raw" not in data.layers:
        if data.raw is None:
            raise ValueError(f"Expected {what} to have `raw`. Received: none; leave `layer` out.")
        return data.raw.X, [str(name) for name in data.raw.var_names]
    where = f"layers of {what} (`None` is `X`)"
    matrix = data.X if layer is None else _entry(data.layers, "layer", layer, where)
    if matrix is None:
        raise ValueError(
            f"Expected {what} to have an `X`. Received: none. Choose one of its layers with "
            f"`layer=`: {listed(list(data.layers)) or 'none'}."
        )
    return matrix, [str(name) for name in data.var_names]


def _entry(entries: Any, option: str, name: str, where: str) -> Any:
    if name not in entries:
        raise ValueError(
            f"Expected `{option}` to be one of the {where}: {listed(list(entries)) or 'none'}. "
            f"Received: {name!r}.{did_you_mean(name, list(entries))}"
        )
    return entries[name]


def _rows(
    matrix: Any, chosen: Sequence[int], limit: int | None, width: int, what: str
) -> np.ndarray:
    """The chosen columns of the first rows; of what is on disk only these rows are read."""
    rows = matrix[:limit]
    if len(chosen) < width:
        rows = rows[:, list(chosen)]
    return dense(rows, what)
