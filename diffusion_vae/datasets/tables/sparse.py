"""Sparse matrices, which the networks read as dense ones."""

import sys
from typing import Any

import numpy as np

LARGEST = 2 * 2**30  # bytes of a table that is made dense unasked


def is_sparse(value: Any) -> bool:
    """Whether this is a sparse matrix or array of SciPy."""
    library = sys.modules.get("scipy.sparse")
    return library is not None and library.issparse(value)


def dense(value: Any, what: str) -> np.ndarray:
    """A matrix as a dense array.

    Args:
        value: An array, or a sparse matrix of SciPy.
        what: What it is called in the error.

    Raises:
        ValueError: If a sparse one would need more than 2 GiB.
    """
    if not is_sparse(value):
        return np.asarray(value)
    rows, columns = value.shape
    size = rows * columns * max(value.dtype.itemsize, 4)
    if size > LARGEST:
        raise ValueError(
            f"Expected {what} to need at most {LARGEST / 2**30:g} GiB as a dense table. Received: "
            f"a sparse {type(value).__name__} of {rows} x {columns}, {size / 2**30:.1f} GiB. Take "
            "fewer columns or rows, or, if you have the memory, give `x.toarray()`."
        )
    return value.toarray()
