"""Writing pictures to disk: a file is complete or not there."""

import os
import uuid
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg


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
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save(figure, path, dpi=150):
    """Writes a figure; the ending of `path` (.png, .pdf, .svg) is the format.

    Args:
        figure: A Matplotlib `Figure`.
        path: Where to write; missing folders are made.
        dpi: Pixels per inch.

    Returns:
        The path, a `pathlib.Path`.
    """
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=dpi, facecolor="white")
    return Path(path)


def to_array(figure, dpi=100):
    """Pixels of a figure, bytes `[height, width, 3]`."""
    before = figure.get_dpi()
    try:
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
    finally:
        figure.set_dpi(before)
