"""Counts that somebody has normalised and taken the logarithm of, back again."""

from typing import Any

import numpy as np

from diffusion_vae.datasets.tables.sparse import is_sparse

ROUNDING = 2e-3  # relative error of logs that were stored with three decimals
SLACK = 0.02


def restore_counts(logs: Any) -> Any:
    """Counts from log(1 + c s), with a factor s for each cell that nobody kept.

    The least value of a cell that is not 0 is taken for a count of 1. In a cell without a count of
    1 all counts come out too small by one factor.

    Args:
        logs: Normalised values, `[cells, genes]`, such as `adata.raw.X`; an array or a sparse
            matrix of SciPy, which is not changed.

    Returns:
        Whole numbers, float32, of the same kind (sparse: CSR).

    Raises:
        ValueError: If values are negative or not finite, or what comes out are no whole numbers.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.anndata import restore_counts
        >>> counts = np.array([[1, 0, 3], [2, 10, 1]])
        >>> restore_counts(np.log1p(counts * [[20.0], [0.5]])).tolist()
        [[1.0, 0.0, 3.0], [2.0, 10.0, 1.0]]
    """
    if is_sparse(logs):
        found = logs.tocsr(copy=True).astype(np.float64)
        found.sum_duplicates()
        cells = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        found.data = _restored(found.data, cells, found.shape[0])
        found.eliminate_zeros()
        return found.astype(np.float32)
    array = np.asarray(logs, dtype=np.float64)
    cells = np.broadcast_to(np.arange(len(array))[:, None], array.shape)
    values = _restored(array.ravel(), cells.ravel(), len(array))
    return values.reshape(array.shape).astype(np.float32)


def _restored(logs: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """Counts of values that lie behind each other, `[values]`.

    Args:
        logs: `[values]`.
        cells: The cell of each.
        count: Number of cells.
    """
    if not (np.isfinite(logs) & (logs >= 0)).all():
        wrong = logs[~(np.isfinite(logs) & (logs >= 0))][0]
        raise ValueError(
            "Expected logarithms of 1 + normalised counts, which are at least 0 and finite. "
            f"Received: {wrong:g}. Give what was there before scaling, such as `adata.raw.X`."
        )
    values = np.expm1(logs)
    least = np.full(count, np.inf)
    np.minimum.at(least, cells, np.where(values > 0, values, np.inf))
    ratios = values / least[cells]
    counts = np.rint(ratios)
    wrong = np.abs(ratios - counts) > SLACK + ROUNDING * ratios
    if wrong.any():
        raise ValueError(
            "Expected values whose exponentials, less 1, are multiples of the least one of their "
            f"cell. Received: {int(wrong.sum())} of {len(ratios)} that are none, such as "
            f"{ratios[wrong][0]:.3g} times it. They are no counts that were only normalised."
        )
    return counts
