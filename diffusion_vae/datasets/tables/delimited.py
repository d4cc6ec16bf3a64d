"""Text files of values with commas, semicolons, tabs or blanks between."""

import csv
import gzip
import itertools
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from diffusion_vae.datasets.tables.frames import is_number
from diffusion_vae.datasets.tables.warning import say

LOOKED_AT = 50  # lines that tell how the others are written
QUOTED = re.compile(r'"[^"]*"')
DECIMAL_COMMA = re.compile(r"(?<![\d.,])\d+,\d+(?![\d.,])")
DECIMAL_POINT = re.compile(r"\d\.\d")
BLANKS = r"\s+"


def read_delimited(
    path: Path, limit: int | None = None, header: bool | None = None
) -> tuple[Any, list[str]]:
    """Reads a text file of values into a DataFrame of pandas.

    A first line of numbers is an example, but for 0, 1, 2, ..., which pandas writes as names. What
    was guessed is said in a `TableWarning`.

    Args:
        path: A `.csv` or `.tsv` file, with `.gz` behind it if it is compressed.
        limit: Number of rows to read; `None` reads all.
        header: Whether the first line holds the names of the columns; `None` finds out.

    Returns:
        The DataFrame, and the names of those of its columns that hold no data: an unnamed first
        one, as pandas writes its index, and unnamed empty ones.

    Raises:
        ValueError: If the file holds no rows, is no text, or its lines differ in length.
    """
    import pandas as pd

    what = repr(path.name)
    try:
        with _opened(path) as file:
            lines = list(itertools.islice((line for line in file if line.strip()), LOOKED_AT))
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(_no_text(path, error)) from error
    if not lines:
        raise ValueError(f"Expected {what} to hold rows of numbers. Received: an empty file.")
    delimiter = _delimiter(path, lines[0])
    decimal = _decimal(delimiter, lines, what)
    named = _has_names(_fields(lines[0], delimiter), decimal, what) if header is None else header
    try:
        with _opened(path) as file, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                sep=delimiter,
                decimal=decimal,
                header=0 if named else None,
                index_col=False,
                skipinitialspace=True,
                nrows=limit,
                low_memory=False,
            )
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(_no_text(path, error)) from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError, csv.Error) as error:
        _require_even_lines(path, delimiter)
        raise ValueError(
            f"{str(path)!r} cannot be read as a table ({str(error).strip()}); write it again."
        ) from error
    if frame.isna().to_numpy().any():  # lines that are too short are filled up
        _require_even_lines(path, delimiter)
    if frame.empty:
        raise ValueError(f"Expected {what} to hold rows of numbers. Received: names alone.")
    frame.columns = [str(name).strip().removeprefix("# ") for name in frame.columns]
    return frame, _without_data(frame, what) if named else []


def _opened(path: Path) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _no_text(path: Path, error: Exception) -> str:
    return (
        f"{str(path)!r} cannot be read as a table in UTF-8 ({error}). Save it as CSV in UTF-8, "
        "or fetch it again."
    )


def _delimiter(path: Path, line: str) -> str:
    """What stands between the values of a line."""
    bare = QUOTED.sub("", line)
    if ".tsv" in path.name.lower() or "\t" in bare:
        return "\t"
    if ";" in bare:
        return ";"
    pieces = bare.split()
    if "," not in bare and len(pieces) > 1 and all(map(is_number, pieces)):
        return BLANKS
    return ","


def _decimal(delimiter: str, lines: Sequence[str], what: str) -> str:
    """The decimal sign: a comma only where none stands between values, nor any point in them."""
    if delimiter == "," or any(DECIMAL_POINT.search(line) for line in lines):
        return "."
    if not any(DECIMAL_COMMA.search(line) for line in lines):
        return "."
    say(f"The numbers of {what} have decimal commas: 1,5 is read as one and a half.")
    return ","


def _fields(line: str, delimiter: str) -> list[str]:
    if delimiter == BLANKS:
        return line.split()
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]


def _has_names(fields: Sequence[str], decimal: str, what: str) -> bool:
    """Whether the first line holds names and not numbers."""
    unnamed = fields[0] == "" and len(fields) > 1
    counted = [str(number) for number in range(len(fields) - unnamed)]
    if list(fields[unnamed:]) == counted:
        if not unnamed:
            say(
                f"The first line of {what} holds 0, 1, ..., and is taken as names, which pandas "
                "writes so. If it is an example, set `header` to false."
            )
        return True
    numbers = [is_number(field.replace(decimal, ".")) for field in fields]
    empty = [field == "" for field in fields]
    if not any(numbers):
        return True
    if all(number or no for number, no in zip(numbers, empty, strict=True)):
        say(
            f"The first line of {what} holds numbers, and is taken as an example. If it holds "
            "names, set `header` to true."
        )
        return False
    say(
        f"The first line of {what} holds numbers and text, and is taken as names. If it is an "
        "example, set `header` to false."
    )
    return True


def _without_data(frame: Any, what: str) -> list[str]:
    """Names of columns that no one has named and that hold no data."""
    unnamed = [name for name in frame.columns if re.fullmatch(r"Unnamed: \d+(\.\d+)?", name)]
    empty = [name for name in unnamed if frame[name].isna().all()]
    index = list(itertools.takewhile(lambda name: name in unnamed, frame.columns))
    index = [name for name in index if name not in empty]
    if index:
        say(
            f"The first column of {what} has no name, and is taken as an index. If it is data, "
            "give it a name."
        )
    return [*index, *empty]


def _require_even_lines(path: Path, delimiter: str) -> None:
    """Raises `ValueError` with the first line that has another number of values."""
    with _opened(path) as file:
        rows: Any = csv.reader(file, delimiter=delimiter) if delimiter != BLANKS else None
        first = 0
        for number, row in enumerate(rows or map(str.split, file), start=1):
            first = first or len(row)
            if row and len(row) != first:
                place = rows.line_num if rows else number
                raise ValueError(
                    f"Expected {path.name!r} to have {first} values in each line, as in its "
                    f"first. Received: {len(row)} in line {place}. Fill up short lines, name "
                    "every column, and put text that holds a delimiter in quotes."
                )
