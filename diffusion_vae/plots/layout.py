"""Figures without global state: one size, one set of type sizes, panels in rows."""

import math
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffusion_vae.plots.charts.frames import INK, TEXT, AnyAxes

COLUMNS = 3  # most panels in a row
TITLE = 9  # points
PANEL = 3.8  # inches
SMALL_PANEL = 3.4  # inches, where there are several
LETTERS = 52  # in a line of a panel's title
SMALL_LETTERS = 48
LETTERS_PER_INCH = 11  # in a line of a figure's title
MARGIN = 0.08  # inches
NOTE, NOTE_HEIGHT = 6, 0.16  # points and inches, of the line that names data, run and epoch
DPI = 150


def new_figure(width: float, height: float, make: Callable[..., Figure] = Figure) -> Figure:
    """An empty figure; a figure that `Figure` makes need not be closed."""
    figure = make(figsize=(width, height), dpi=DPI, layout="constrained")
    figure.set_facecolor("white")
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=MARGIN, h_pad=MARGIN)
    return figure


def panel_figure(
    count: int,
    beside: float = 0.0,
    side: float | None = None,
    aspect: float = 1.0,
    make: Callable[..., Figure] = Figure,
) -> tuple[Figure, list[Any]]:
    """A figure and a division of it into cells for `count` panels.

    Args:
        count: Number of panels.
        beside: Width in inches kept free on the right for a legend.
        side: Width of a panel in inches.
        aspect: Height of a panel over its width.
        make: Function that makes the figure, with Matplotlib's arguments.

    Returns:
        The figure, and a list of `count` places for `figure.add_subplot`.
    """
    columns = min(count, COLUMNS)
    rows = math.ceil(count / columns)
    side = side or (PANEL if count == 1 else SMALL_PANEL)
    figure = new_figure(columns * side + beside, rows * (side * aspect + 0.35), make)
    grid = figure.add_gridspec(rows, columns)
    return figure, [grid[i // columns, i % columns] for i in range(count)]


def heading(figure: Figure, text: str | None) -> None:
    """Title of the whole figure, in lines that are no longer than the figure is wide."""
    if text:
        letters = int(LETTERS_PER_INCH * figure.get_figwidth())
        lines = [textwrap.fill(line, letters) for line in text.splitlines()]
        figure.suptitle("\n".join(lines), fontsize=TITLE + 1, color=INK)


def note(figure: Figure, text: str) -> Figure:
    """Says at the lower right of a finished figure what it shows; it grows by that line."""
    if text:
        figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() + NOTE_HEIGHT)
        figure.supxlabel(text, x=0.99, ha="right", fontsize=NOTE, color=INK)
    return figure


def caption(axes: AnyAxes, text: str | None, alone: bool) -> None:
    """Title of one panel, in lines that are no longer than the panel is wide."""
    if text:
        lines = textwrap.fill(text, LETTERS if alone else SMALL_LETTERS)
        axes.set_title(lines, fontsize=TITLE if alone else TEXT, color=INK)


def picture_axes(
    figure: Figure,
    place: Any,
    image: np.ndarray,
    opacity: np.ndarray | None = None,
    label: str = "",
) -> Axes:
    """Axes that show one picture in [0, 1], without ticks."""
    axes = figure.add_subplot(place)
    style: dict[str, Any] = {"cmap": "gray", "vmin": 0.0, "vmax": 1.0, "interpolation": "nearest"}
    axes.imshow(image, alpha=opacity, **style)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(label, fontsize=TEXT, color=INK)
    return axes
