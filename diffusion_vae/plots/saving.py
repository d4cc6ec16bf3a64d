"""Pictures on disk; an interrupted write leaves no partial file."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from diffusion_vae.files import replacing


def save(figure: Figure, path: str | Path, dpi: float = 150) -> Path:
    """Writes a figure; the ending of `path` (.png, .pdf, .svg) is the format.

    Args:
        figure: A Matplotlib `Figure`.
        path: File to write; missing folders are made.
        dpi: Pixels per inch.

    Returns:
        The path, a `pathlib.Path`.
    """
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=dpi, facecolor=figure.get_facecolor())
    return Path(path)


def to_array(figure: Figure, dpi: float = 100) -> np.ndarray:
    """Pixels of a figure, bytes `[height, width, 3]`."""
    before = figure.get_dpi()
    try:
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
    finally:
        figure.set_dpi(before)
