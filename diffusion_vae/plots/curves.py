"""Learning curves: every metric of a training, on training and held-out examples."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from diffusion_vae.plots.charts.frames import INK, TEXT, AnyAxes
from diffusion_vae.plots.colours import PALETTE
from diffusion_vae.plots.layout import COLUMNS, heading, new_figure

WIDTH, HEIGHT = 2.2, 1.55  # inches, of one panel
FIRST = ("elbo", "loss", "reconstruction_loss", "kl_loss", "mse", "log_time")
STYLES = (("training", "", PALETTE[0], "-"), ("held out", "val_", PALETTE[6], "--"))


def learning_curves(history: Mapping[str, Sequence[float]], *, title: str | None = None) -> Figure:
    """Draws each metric against the epoch, training and held-out examples in one panel.

    Args:
        history: A dictionary from names to a value for each epoch, as `History.history` or
            `history.json`; held-out values have the prefix `val_`. What is not finite is a
            gap.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.

    Raises:
        ValueError: If there is no epoch.
    """
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    names = [n for n in FIRST if n in names] + [n for n in names if n not in FIRST]
    if not any(len(values) for values in history.values()):
        raise ValueError("Expected the metrics of at least one epoch. Received: none.")
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    figure = new_figure(columns * WIDTH, rows * HEIGHT + 0.3)
    grid = figure.add_gridspec(rows, columns)
    for i, name in enumerate(names):
        axes = figure.add_subplot(grid[i // columns, i % columns])
        for label, prefix, colour, line in STYLES:
            values = np.asarray(history.get(prefix + name, ()), dtype="float64")
            if len(values):
                epochs = np.arange(1, len(values) + 1)
                style: dict[str, Any] = {
                    "color": colour,
                    "linestyle": line,
                    "linewidth": 1.2,
                    "label": label,
                }
                axes.plot(epochs, values, marker="." if len(values) < 3 else "", **style)
        _finish(axes, name.replace("_", " "))
        if i + columns >= len(names):  # the lowest of its column
            axes.set_xlabel("epoch", fontsize=TEXT - 1, color=INK, labelpad=1)
    handles = {h.get_label(): h for axes in figure.axes for h in axes.lines}
    figure.legend(
        handles=list(handles.values()),
        loc="outside lower center",
        ncols=len(handles),
        frameon=False,
        fontsize=TEXT,
        labelcolor=INK,
    )
    heading(figure, title)
    return figure


def _finish(axes: AnyAxes, name: str) -> None:
    axes.set_title(name, fontsize=TEXT, color=INK)
    axes.tick_params(labelsize=TEXT - 1, colors=INK, length=2, width=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.ticklabel_format(axis="y", useOffset=False)
    for side, spine in axes.spines.items():
        spine.set(linewidth=0.5, color=INK, visible=side in ("left", "bottom"))
