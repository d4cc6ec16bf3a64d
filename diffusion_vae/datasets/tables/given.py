"""What users hold in Python, as checked examples."""

import sys
from typing import Any, NamedTuple

import numpy as np

from diffusion_vae.checks import real_array
from diffusion_vae.datasets.pictures import scaled_examples
from diffusion_vae.datasets.tables.base import checked_values
from diffusion_vae.datasets.tables.cells import is_anndata, table_of_cells
from diffusion_vae.datasets.tables.frames import is_frame, table_of_frame
from diffusion_vae.datasets.tables.sparse import dense, is_sparse
from diffusion_vae.datasets.value_range import find_white

CHOOSE = "Give the columns of numbers alone, such as `x[names]`."


class Examples(NamedTuple):
    """Examples as an array.

    Example:
        >>> from diffusion_vae import datasets
        >>> examples = datasets.as_examples([[0.5, 2], [1.5, 4]])
        >>> type(examples).__name__, examples.values.shape
        ('Examples', (2, 2))

    Attributes:
        values: Finite numbers, float32 `[N, *event]`.
        names: Name of each column of a table that has names, else `None`.
    """

    values: np.ndarray
    names: tuple[str, ...] | None


def as_examples(x: Any, name: str = "x") -> Examples:
    """Checks data of any library and returns them as an array.

    The numbers of a table stay as they are. Whole numbers of pictures `[N, height, width]` or
    `[N, height, width, channels]` are scaled to [0, 1], as those of files are.

    Args:
        x: An array or a tensor; a DataFrame of pandas or polars; an `AnnData`, of which `X` is
            taken; or a sparse matrix of SciPy, which becomes dense if it then needs at most 2 GiB.
        name: What it is called in an error.

    Returns:
        `Examples`: the values, float32 `[N, *event]`, and the names of the columns. An array
        of float32 is not copied.

    Raises:
        TypeError: If it is no data.
        ValueError: If a column does not hold numbers, one is missing or infinite, or there are
            no examples.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import datasets
        >>> values, names = datasets.as_examples([[0.5, 2], [1.5, 4]])
        >>> values.dtype, values.shape, names
        (dtype('float32'), (2, 2), None)
    """
    if is_anndata(x):
        table = table_of_cells(x, name)
        return Examples(table.values, table.names)
    if is_frame(x):
        table = table_of_frame(x, name, hint=CHOOSE)
        return Examples(table.values, table.names)
    _refuse_what_is_no_table(x, name)
    values = real_array(name, dense(x, name) if is_sparse(x) else x)
    if values.ndim == 2:
        places = [str(number) for number in range(values.shape[1])]
        return Examples(checked_values(values, places, name), None)
    white = find_white(values.dtype, [values], name) if values.ndim > 2 else 1.0
    return Examples(scaled_examples(values, name, white), None)


def _refuse_what_is_no_table(x: Any, name: str) -> None:
    """Raises `TypeError` for what looks like data, with what to do."""
    remedies = {
        ("pandas", "Series"): "Give a table, such as `x.to_frame()`.",
        ("polars", "Series"): "Give a table, such as `x.to_frame()`.",
        ("polars", "LazyFrame"): "Give `x.collect()`.",
    }
    for (library, kind), remedy in remedies.items():
        module = sys.modules.get(library)
        if module is not None and isinstance(x, getattr(module, kind)):
            raise TypeError(f"Expected `{name}` to be a table. Received: a {kind}. {remedy}")
    if x is None or isinstance(x, (str, bytes, dict)):
        raise TypeError(
            f"Expected `{name}` to be an array, a DataFrame, an AnnData or a sparse matrix. "
            f"Received: {type(x).__name__}."
            + (" Files are read by `datasets.load(path)`." if isinstance(x, str) else "")
        )
