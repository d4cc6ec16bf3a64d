"""What every table becomes: checked numbers, names of the columns, labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from diffusion_vae.datasets.tables.warning import say

SHOWN = 5  # columns that an error names
TOO_LARGE = "infinite or beyond 3e38"
LOST = 0.01  # standard deviations by which rounding to float32 may move a value


@dataclass(frozen=True)
class Labels:
    """What the label columns of a table say of each row.

    Attributes:
        classes: Class of each row, integers `[rows]`, or `None`.
        names: Names of the classes, where they were text.
        factors: Other numbers that are known, float64 `[rows, k]`, or `None`.
    """

    classes: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    factors: np.ndarray | None = None


@dataclass(frozen=True)
class Table:
    """The rows of a table.

    Attributes:
        values: Finite numbers, float32 `[rows, columns]`.
        names: Name of each column; numbers from 0 on where it had none.
        labels: What is known of the rows.
    """

    values: np.ndarray
    names: tuple[str, ...]
    labels: Labels = field(default_factory=Labels)


def checked_values(values: np.ndarray, names: Sequence[str], what: str) -> np.ndarray:
    """The values of a table as float32.

    Args:
        values: Numbers of any kind, `[rows, columns]`.
        names: Name of each column.
        what: What the table is called in an error.

    Returns:
        float32 `[rows, columns]`; no copy if they are so already.

    Raises:
        ValueError: If there is no value, one is missing or infinite, or a column varies so
            little about a large number that float32 cannot tell its values apart.
    """
    if values.ndim != 2 or values.size == 0:
        rows, columns = (values.shape[0], values.shape[1:]) if values.ndim else (0, ())
        raise ValueError(
            f"Expected {what} to be a table with at least one row and one column of numbers. "
            f"Received: {rows} rows, columns of shape {columns}."
        )
    with np.errstate(over="ignore"):  # values too large for float32 become infinite
        single = values.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        require_present(single, names, what)
    if values.dtype != single.dtype:
        _require_precision(values, single, names, what)
    if len(single) > 2:
        _say_of_counters(single, names, what)
    return single


def require_present(values: np.ndarray, names: Sequence[str], what: str) -> None:
    """Raises `ValueError` with the columns in which values are missing or infinite.

    Args:
        values: Floats, `[rows, columns]`.
        names: Name of each column.
        what: What the table is called in the error.
    """
    missing, infinite = np.isnan(values), np.isinf(values)
    bad = missing | infinite
    counts = [
        f"{count} {kind} in column {names[j]!r}"
        for j in np.flatnonzero(bad.any(axis=0)).tolist()
        for kind, count in (("missing", missing[:, j].sum()), (TOO_LARGE, infinite[:, j].sum()))
        if count
    ]
    if not counts:
        return
    raise ValueError(
        f"Expected {what} to have a finite number in every row of a column. Received: "
        f"{listed(counts)}, of {len(values)} rows, the first in row "
        f"{int(np.flatnonzero(bad.any(axis=1))[0])}. Fill them, remove those rows, or leave the "
        "columns out."
    )


def listed(texts: Sequence[str]) -> str:
    """The first few of several texts, and how many more there are."""
    more = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _require_precision(
    values: np.ndarray, single: np.ndarray, names: Sequence[str], what: str
) -> None:
    spread = values.std(axis=0, dtype=np.float64)
    lost = np.abs(values - single.astype(np.float64)).max(axis=0)
    for j in np.flatnonzero(lost > LOST * spread).tolist():
        if values[:, j].min() < values[:, j].max():
            raise ValueError(
                f"Expected {what} to have columns that float32 can hold. Received: {names[j]!r}, "
                f"which varies by {spread[j]:.2g} about {values[:, j].mean(dtype=float):.10g}. "
                "Subtract that from it, or leave the column out."
            )


def _say_of_counters(values: np.ndarray, names: Sequence[str], what: str) -> None:
    """Warns of columns that only number the rows."""
    rows = np.arange(len(values), dtype=np.float32)
    starts = np.isin(values[0], (0, 1)) & (values[-1] - values[0] == rows[-1])
    counters = [
        j
        for j in np.flatnonzero(starts).tolist()
        if np.array_equal(values[:, j] - values[0, j], rows)
    ]
    if counters and values.shape[1] > 1:
        say(
            f"The column {names[counters[0]]!r} of {what} numbers the rows, and is taken as data. "
            "Leave it out if it is none."
        )
