"""Rows of a matrix that stays sparse, or in its file, and that become dense when they are read."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.datasets.tables.sparse import LARGEST, is_sparse

BLOCK = 2**22  # values that are read at a time, where all rows are read


class Rows:
    """Rows of a matrix: a few at a time are made dense, and the matrix as a whole never is.

    They have `len`, `shape`, and indexing by a slice or by row numbers in any order, with
    repeats. What is read is a copy.

    A matrix with columns behind each other (CSC) has no rows to be read: it becomes one with rows
    behind each other (CSR), once and in memory, as sparse as it was.

    Args:
        matrix: An array of NumPy or Dask, a sparse matrix of SciPy, an open array of h5py or the
            sparse one of a file that AnnData keeps open. It is not changed.
        columns: Numbers of the columns to read, integers `[columns]`; `None` reads all.
        what: What the matrix is called in an error.

    Raises:
        ValueError: If a file's CSC matrix would need more than 2 GiB in memory.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets.tables.rows import Rows
        >>> Rows(np.arange(6).reshape(3, 2))[[2, 0, 2]].tolist()
        [[4, 5], [0, 1], [4, 5]]
    """

    def __init__(
        self, matrix: Any, columns: ArrayLike | None = None, what: str = "the data"
    ) -> None:
        self.matrix = _by_rows(matrix, what)
        self.columns = None if columns is None else np.asarray(columns, dtype=np.int64)
        width = self.matrix.shape[1] if self.columns is None else len(self.columns)
        self.shape = (int(self.matrix.shape[0]), int(width))
        self.dtype = np.dtype(self.matrix.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice | ArrayLike) -> np.ndarray:
        if isinstance(index, slice):
            return self._dense(self.matrix[index])
        # h5py refuses rows that do not rise, and every file is best read forwards.
        rising, place = np.unique(np.asarray(index, dtype=np.int64), return_inverse=True)
        return self._dense(self.matrix[rising])[place]

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """All rows, in blocks: the number of a block's first row, and its rows."""
        step = max(1, BLOCK // max(1, self.matrix.shape[1]))
        for start in range(0, len(self), step):
            yield start, self[start : start + step]

    def _dense(self, rows: Any) -> np.ndarray:
        if hasattr(rows, "compute"):  # of Dask
            rows = rows.compute()
        if self.columns is not None:
            rows = rows[:, self.columns]
        return rows.toarray() if is_sparse(rows) else np.array(rows)


def _by_rows(matrix: Any, what: str) -> Any:
    """The matrix, as one whose rows can be read."""
    if is_sparse(matrix):
        return matrix if matrix.format == "csr" else matrix.tocsr()
    if getattr(matrix, "format", None) != "csc":  # else sparse and in a file
        return matrix
    stored = matrix.group["data"]
    size = stored.size * (stored.dtype.itemsize + matrix.group["indices"].dtype.itemsize)
    if size > LARGEST:
        raise ValueError(
            f"Expected {what} to have its rows behind each other in its file (CSR), or to need at "
            f"most {LARGEST / 2**30:g} GiB. Received: columns behind each other (CSC), "
            f"{size / 2**30:.1f} GiB. Convert it once, on a machine that can hold it: "
            "`adata.X = adata.X.tocsr()`, then write it again."
        )
    return matrix.to_memory().tocsr()
