"""Columns by name: which are data and which are labels."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from diffusion_vae.checks import did_you_mean
from diffusion_vae.datasets.tables.base import listed

Names: TypeAlias = str | Sequence[str] | None


def choose_columns(
    present: Sequence[str],
    columns: Names = None,
    label_column: Names = None,
    what: str = "the table",
    hidden: Collection[str] = (),
) -> tuple[list[int], list[int]]:
    """Places of the columns of data, and of those of labels.

    Args:
        present: Names of all columns.
        columns: Names of the columns of data, or patterns such as `"neuron_*"`; a text may
            hold several, with commas between. `None` takes all that are no labels.
        label_column: The same for the labels; `None` takes none.
        what: What the table is called in an error.
        hidden: Names of columns that are taken only if they are named in full.

    Returns:
        Places of the columns of data, in the order of their names, and of the labels.

    Raises:
        ValueError: If there is no such column, or none is left.

    Example:
        >>> choose_columns(["x_1", "x_2", "cell"], "x_*", "cell")
        ([0, 1], [2])
    """
    labels = find_columns(present, "label_column", label_column, what, hidden)[0]
    if columns is None:
        data = [place for place, name in enumerate(present) if name not in hidden]
        data = [place for place in data if place not in labels]
    else:
        found, in_full = find_columns(present, "columns", columns, what, hidden)
        data = [place for place in found if place in in_full or place not in labels]
    if not data:
        raise ValueError(
            f"Expected {what} to have a column of data. Received: {listed(present) or 'none'}"
            + (", which hold labels or number the rows." if present else ".")
        )
    return data, labels


def find_columns(
    present: Sequence[str],
    option: str,
    names: Names,
    what: str = "the table",
    hidden: Collection[str] = (),
) -> tuple[list[int], list[int]]:
    """Places of the columns that an option names.

    Args:
        present: Names of all columns.
        option: What the option is called in the error.
        names: As `columns` of `choose_columns`.
        what: What the table is called in the error.
        hidden: Names of columns that no pattern finds.

    Returns:
        Places of all, and of those among them that are named in full.

    Raises:
        ValueError: If there is no such column.
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(present):
        places.setdefault(name, []).append(place)
    shown = [name for name in places if name not in hidden]
    found, in_full = [], []
    for name in _several(names, places):
        if name in places:
            in_full += places[name]
            found += places[name]
            continue
        matching = [each for each in shown if fnmatchcase(each, name)]
        if not matching:
            raise ValueError(
                f"Expected `{option}` to name columns of {what}. Received: {name!r}."
                f"{did_you_mean(name, places)} Its columns: {listed(shown) or 'none'}."
            )
        found += [place for each in matching for place in places[each]]
    return list(dict.fromkeys(found)), in_full


def _several(names: Names, places: Collection[str]) -> list[str]:
    if names is None:
        return []
    if isinstance(names, str):
        return [names] if names in places else [each.strip() for each in names.split(",")]
    wrong = [each for each in names if not isinstance(each, (str, int))]
    if wrong:
        raise TypeError(f"Expected names of columns, as text. Received: {wrong[0]!r}.")
    return [str(each) for each in names]
