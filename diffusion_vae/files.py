"""Writing files so that each is complete or not there."""

import json
import os
import uuid
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """Gives a temporary path beside `path`, and renames it to `path` at the end.

    The folder is made. After an error the temporary file is removed and an older
    file at `path` is left as it was.

    Args:
        path: Where the complete file shall be.

    Yields:
        A `pathlib.Path` with the same ending, to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path, value):
    """Writes a JSON-able value, indented, and returns the path."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    return Path(path)


def read_json(path):
    """Reads a JSON file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not valid JSON; the sentence says where it breaks.
    """
    try:
        return json.loads(Path(path).read_text())
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Expected valid JSON in {path}. Received a file that breaks at line "
            f"{error.lineno}, column {error.colno}: {error.msg}."
        ) from error
