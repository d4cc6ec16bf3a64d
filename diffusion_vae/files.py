"""Whole files: written completely or not at all, and read back."""

import contextlib
import errno
import glob
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What the operating system's errors mean for a file that is to be written.
CAUSES = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the quota of the disk is used up; free some space",
    errno.EFBIG: "the file would be larger than allowed",
    errno.EROFS: "the folder is read-only; choose another",
    errno.EACCES: "there is no permission to; choose another folder",
    errno.EPERM: "there is no permission to; choose another folder",
    errno.ENOTDIR: "a part of its path is a file and no folder; choose another folder",
    errno.EISDIR: "a folder has this name; choose another",
    errno.EIO: "the disk reports an error",
}

# Seconds after which an unchanged temporary file was left by a killed process.
ABANDONED = 3600.0


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside `path`, and renames it to `path` at the end.

    The folder is made. After an error the temporary file is removed, and an older file at
    `path` is left as it was. A killed process leaves its temporary file behind; whoever
    writes the same file an hour later, or after that, removes it.

    Args:
        path: Where the complete file will be.

    Yields:
        A `pathlib.Path` with the same ending, to write to.

    Raises:
        OSError: If the disk is full or the folder cannot be written to.
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # a file has the folder's name
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        _remove_abandoned(path)
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):  # the error is what led here
                temporary.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Removes what killed processes left of earlier writes of `path`."""
    for left in path.parent.glob(f".{'[0-9a-f]' * 8}-{glob.escape(path.name)}"):
        with contextlib.suppress(OSError):  # another process was faster, or it is not ours
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns errors of a full disk or a read-only folder into a sentence about `path`."""
    try:
        yield
    except OSError as error:
        number = error.errno or next((n for n in CAUSES if os.strerror(n) in str(error)), None)
        if number not in CAUSES or getattr(error, "about_writing", False):
            raise
        told = OSError(
            f"Could not write {path}: {CAUSES[number]}. Files written earlier are as they were."
        )
        told.errno, told.about_writing = number, True  # type: ignore[attr-defined]
        raise told from error


def write_json(path: str | os.PathLike[str], value: Any) -> Path:
    """Writes a JSON-able value, indented, and returns the path."""
    with replacing(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def read_object(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads a JSON file that holds an object, as a dictionary.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not valid JSON, or holds something else.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise ValueError(
            f"Expected {path} to hold a JSON object. Received: {type(value).__name__}."
        )
    return value


def read_history(path: str | os.PathLike[str]) -> dict[str, list[float]]:
    """Reads a history of training: for each metric a list of numbers, one per epoch.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not valid JSON, or holds something else.
    """
    history = read_object(path)
    for name, values in history.items():
        if not isinstance(values, list) or not all(isinstance(v, (int, float)) for v in values):
            raise ValueError(
                f"Expected {path} to hold lists of numbers by name. "
                f"Received: {name!r}: {values!r:.60}."
            )
    return history


def read_json(path: str | os.PathLike[str]) -> Any:
    """Reads a JSON file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not valid JSON; the sentence says where it breaks.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Expected valid JSON in {path}. Received a file that is no text (byte {error.start})."
        ) from error
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Expected valid JSON in {path}. Received a file that breaks at line "
            f"{error.lineno}, column {error.colno}: {error.msg}."
        ) from error
