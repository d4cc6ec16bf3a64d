"""DataFrames of pandas and polars: numbers, and columns that hold none."""

import decimal
import numbers
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from diffusion_vae.datasets.tables.base import (
    Labels,
    Table,
    checked_values,
    listed,
    require_present,
)
from diffusion_vae.datasets.tables.choice import Names, choose_columns

NUMBERS = (numbers.Real, decimal.Decimal, np.bool_)
FEW_CLASSES = 20  # more may be names of the rows
HINT = "Choose columns of numbers with `columns=`; one of classes can be the `label_column=`."


def is_frame(value: Any) -> bool:
    """Whether this is a DataFrame of pandas or polars."""
    return any(
        (library := sys.modules.get(name)) is not None and isinstance(value, library.DataFrame)
        for name in ("pandas", "polars")
    )


def table_of_frame(
    frame: Any,
    what: str = "the table",
    columns: Names = None,
    label_column: Names = None,
    hidden: Sequence[str] = (),
    hint: str = HINT,
) -> Table:
    """The rows of a DataFrame as numbers, with their labels.

    Args:
        frame: A DataFrame of pandas or polars; its index is no column.
        what: What it is called in an error.
        columns: As in `choose_columns`.
        label_column: As in `choose_columns`; for pandas alone.
        hidden: As in `choose_columns`.
        hint: What to do about columns that hold no numbers.

    Raises:
        ValueError: If a column is missing, holds something else than numbers, or has no
            number in some row.
    """
    names = [str(name) for name in frame.columns]
    data, labels = choose_columns(names, columns, label_column, what, hidden)
    arrays, others = [], []
    for place in data:
        series = _column(frame, place)
        values = _numbers(series)
        if values is None:
            others.append(f"{names[place]!r} ({_described(series)})")
        else:
            arrays.append(values)
    if others:
        raise ValueError(
            f"Expected the columns of {what} to hold numbers. Received: {listed(others)}. {hint}"
        )
    chosen = tuple(names[place] for place in data)
    values = checked_values(np.stack(arrays, axis=1), chosen, what)
    return Table(values, chosen, labels_of_frame(frame, labels, what))


def labels_of_frame(frame: Any, places: Sequence[int], what: str) -> Labels:
    """Classes and factors in columns of a DataFrame of pandas.

    A column of text is one of classes, and so is one of whole numbers that stands alone; other
    numbers are factors.

    Raises:
        ValueError: If a label is missing, several columns hold classes, or one holds dates.
    """
    classes, names = None, None
    factors: list[np.ndarray] = []
    for place in places:
        series, column = _column(frame, place), str(frame.columns[place])
        values = _numbers(series)
        if values is not None:
            require_present(values[:, None], [column], f"the labels of {what}")
            factors.append(values)
            continue
        if classes is not None:
            raise ValueError(
                f"Expected at most one label column of classes in {what}. Received: {column!r} "
                "as well. Leave one out, or write it as numbers."
            )
        classes, names = _classes(series, column, what)
    table = np.stack(factors, axis=1) if factors else None
    return Labels(classes, names, table) if names else numeric_labels(table)


def numeric_labels(table: np.ndarray | None) -> Labels:
    """Labels of numbers: classes if they are one column of whole ones, else factors."""
    if table is None:
        return Labels()
    if table.shape[1] == 1 and np.all(table == np.rint(table)):
        return Labels(table[:, 0].astype(np.int64))
    return Labels(factors=table.astype(np.float64))


def _column(frame: Any, place: int) -> Any:
    return frame.iloc[:, place] if hasattr(frame, "iloc") else frame.to_series(place)


def _numbers(series: Any) -> np.ndarray | None:
    """A column as float64 with NaN where a value is missing; `None` if it holds no numbers."""
    if not hasattr(series, "iloc"):  # polars
        import polars

        if not (series.dtype.is_numeric() or series.dtype in (polars.Boolean, polars.Null)):
            return None
        return series.cast(polars.Float64).to_numpy().astype(np.float64)
    from pandas.api import types

    if types.is_complex_dtype(series.dtype):
        return None
    if types.is_numeric_dtype(series.dtype):  # truth values, too
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if series.dtype != object:
        return None
    present = series.notna()
    if not all(isinstance(each, NUMBERS) for each in series[present]):
        return None
    return series.where(present, np.nan).to_numpy(dtype=np.float64)


def _described(series: Any) -> str:
    """What a column holds instead of numbers, with an example."""
    values = [each for each in series.to_list() if isinstance(each, str)]
    if not values:
        return str(series.dtype)
    wrong = [each for each in values if not is_number(each)] or values
    share = "" if len(wrong) == len(series) else f", in {len(wrong)} of {len(series)} rows"
    return f"text, such as {wrong[0][:40]!r}{share}"


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _classes(series: Any, column: str, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number of each row's class, and the names of the classes in their order."""
    missing = int(series.isna().sum())
    if missing:
        raise ValueError(
            f"Expected {what} to have a label in every row. Received: {missing} missing in "
            f"{column!r}. Fill them, or remove those rows."
        )
    values, categories = series.to_list(), getattr(series.dtype, "categories", None)
    known = values if categories is None else categories.to_list()
    wrong = next((each for each in known if not isinstance(each, (str, bool, int))), None)
    if wrong is not None:
        raise ValueError(
            f"Expected the label column {column!r} of {what} to hold classes or numbers. "
            f"Received: {wrong!r} ({series.dtype}). Write it as text or as numbers."
        )
    seen = set(values)
    ordered = sorted(seen, key=str) if categories is None else [k for k in known if k in seen]
    if len(ordered) > max(FEW_CLASSES, len(values) // 2):
        raise ValueError(
            f"Expected the label column {column!r} of {what} to hold classes. Received: "
            f"{len(ordered)} different texts in {len(values)} rows. Choose another column."
        )
    rank = {each: place for place, each in enumerate(ordered)}
    classes = np.array([rank[each] for each in values], dtype=np.int64)
    return classes, tuple(str(each) for each in ordered)
