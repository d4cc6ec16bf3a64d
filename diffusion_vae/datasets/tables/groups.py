"""A column of categories, such as the batch of each cell, as one-hot rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from diffusion_vae.checks import did_you_mean
from diffusion_vae.datasets.tables.base import listed


def column_of(frame: Any, option: str, column: Any, what: str) -> Any:
    """A column of a DataFrame of pandas.

    Raises:
        ValueError: If there is none of that name.
    """
    columns = [str(name) for name in frame.columns]
    if column not in columns:
        raise ValueError(
            f"Expected `{option}` to be a column of {what}: {listed(columns) or 'none'}. "
            f"Received: {column!r}.{did_you_mean(column, columns)}"
        )
    return frame.iloc[:, columns.index(column)]


def groups_of(
    frame: Any, option: str, column: Any, what: str, known: Sequence[str] | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number of each row's category, and the names of the categories.

    Args:
        frame: A DataFrame of pandas.
        option: What the column's name is called in an error.
        column: Name of the column.
        what: What the frame is called in an error.
        known: Names of categories that were given numbers before; `None` takes those of the
            column, in their order.

    Returns:
        Integers `[rows]`, and names.

    Raises:
        ValueError: If there is no such column, a row has no category, a category no row, or one
            is not among those that are known.
    """
    given = column_of(frame, option, column, what)
    values = given.astype("category").cat
    missing = int((values.codes < 0).sum())
    if missing:
        raise ValueError(
            f"Expected every row of {what} to have a {column!r}. Received: {missing} of "
            f"{len(given)} without. Fill them, or leave those rows out."
        )
    names = [str(name) for name in values.categories]
    blank = [name for name in names if not name.strip()]
    if blank:
        raise ValueError(
            f"Expected every {column!r} of {what} to have a name. Received: {blank[0]!r}. Give it "
            "one, or leave those rows out."
        )
    codes = values.codes.to_numpy().astype(np.int64)
    counts = np.bincount(codes, minlength=len(names))
    if known is not None:
        unknown = [name for name, count in zip(names, counts, strict=True) if name not in known]
        unknown = [name for name in unknown if counts[names.index(name)]]
        if unknown:
            raise ValueError(
                f"Expected every {column!r} of {what} to be one of those of the training: "
                f"{listed(list(known))}. Received: {listed(unknown)}."
            )
        place = np.array([known.index(name) if name in known else -1 for name in names])
        return place[codes], tuple(known)
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if empty:
        raise ValueError(
            f"Expected every category of {column!r} in {what} to have rows. Received: none with "
            f"{listed(empty)}. Call `adata.obs[{column!r}].cat.remove_unused_categories()`, and "
            "put back what it returns."
        )
    if len(names) > max(1, len(codes) // 2):
        raise ValueError(
            f"Expected {column!r} of {what} to hold categories with several rows each. Received: "
            f"{len(names)} different ones in {len(codes)} rows. Choose another column."
        )
    return codes, tuple(names)
