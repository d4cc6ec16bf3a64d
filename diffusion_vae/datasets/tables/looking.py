"""One look at all rows, before a training that would take them for what they are not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from diffusion_vae.datasets.tables.rows import Rows

LARGEST_COUNT = 2**24  # float32 holds every whole number up to here
OF_COUNTS = (
    " Take the layer of raw counts (`layer=`); `restore_counts` brings back counts that were "
    "normalised."
)


@dataclass(frozen=True)
class Sums:
    """Sums of a matrix of numbers, in float64.

    Attributes:
        rows: Of each row, `[rows]`.
        columns: Of each column, `[columns]`.
    """

    rows: np.ndarray
    columns: np.ndarray


def look_through(
    rows: Rows,
    what: str,
    row_names: Sequence[str],
    column_names: Sequence[str],
    counts: bool,
    check: Callable[[np.ndarray], None] | None = None,
) -> Sums:
    """Checks all values, a block of rows at a time, and adds them up.

    Args:
        rows: The rows.
        what: What they are called in an error.
        row_names: Name of each row, for errors.
        column_names: Name of each column, for errors.
        counts: Whether values must be whole numbers of at least 0.
        check: A function that raises `ValueError` for values that it cannot take, `[n, columns]`.

    Raises:
        ValueError: If there are no rows or columns, or a value is no finite number or no count.
    """
    if 0 in rows.shape:
        raise ValueError(
            f"Expected {what} to have at least one cell and one gene. Received: "
            f"{rows.shape[0]} x {rows.shape[1]}."
        )
    if rows.dtype.kind not in "buif":
        raise ValueError(f"Expected {what} to hold real numbers. Received: dtype {rows.dtype}.")
    totals = np.zeros(len(rows))
    sums = np.zeros(rows.shape[1])
    for start, block in rows.blocks():
        wrong, why = _wrong(block, counts)
        if wrong is not None:
            row, column = wrong
            advice = "" if not counts else OF_COUNTS
            raise ValueError(
                f"Expected {what} to hold {why}. Received: {block[row, column]:g} in cell "
                f"{row_names[start + row]!r}, gene {column_names[column]!r}.{advice}"
            )
        if check is not None:
            check(block)
        totals[start : start + len(block)] = block.sum(axis=1, dtype=np.float64)
        sums += block.sum(axis=0, dtype=np.float64)
    return Sums(totals, sums)


def _wrong(block: np.ndarray, counts: bool) -> tuple[tuple[int, int] | None, str]:
    """Place of the first value that cannot be taken, or `None`, and what is expected."""
    expected = {"a finite number in every place": ~np.isfinite(block)}
    if counts:
        expected |= {
            "counts, which are at least 0": block < 0,
            "counts, which are whole numbers, before any scaling or logarithm": (
                np.rint(block) != block
            ),
            f"counts up to {LARGEST_COUNT}, which float32 can hold": block > LARGEST_COUNT,
        }
    for text, bad in expected.items():
        if bad.any():
            row, column = np.argwhere(bad)[0]
            return (int(row), int(column)), text
    return None, ""
