"""A window on the decoder: a click on the latent space shows the decoded picture."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.charts.panel import Grid
from diffusion_vae.plots.images import Limits, as_images, decoded_range, to_unit
from diffusion_vae.plots.layout import caption, panel_figure, picture_axes
from diffusion_vae.plots.reconstruction import draw_grid

CLICKABLE = 64  # points along the longer side of a panel that can be chosen
MARK: dict[str, Any] = {
    "marker": "s",
    "markersize": 7,
    "markeredgecolor": "#bd1f01",
    "markerfacecolor": "none",
}


def explore(
    model: Any,
    figure: Figure,
    n: int = 10,
    *,
    locations: ArrayLike | None = None,
    limits: Limits | None = None,
) -> Figure:
    """Draws a picture of the latent space that answers clicks with decoded pictures.

    The panels are those of `reconstruction_grid`. Clicking in one, or dragging with the
    button held down, decodes the latent point there and shows it on the right:
    `explore(model, plt.figure()); plt.show()`, with a Matplotlib backend that opens
    windows, or `%matplotlib widget` in Jupyter.

    Args:
        model: A model with `manifold` and `decode`.
        figure: An empty Matplotlib figure that a window shows.
        n: Number of pictures along the longer side of a panel.
        locations: Latent points `[m, ambient_dim]` that fix the principal directions of
            a space of many dimensions, as those passed to `latent_scatter`.
        limits: The values (low, high) shown black and white; by default guessed from the
            decoded pictures. Pass `value_range(x)` of the data.

    Returns:
        The figure.

    Raises:
        TypeError: If `figure` is no Matplotlib figure.
        ValueError: If `n` is not positive, or the decoder gives no pictures.
    """
    if not isinstance(figure, Figure):
        raise TypeError(
            "Expected `figure` to be a Matplotlib figure with a window, as `plt.figure()` makes "
            f"it. Received: {figure!r}."
        )
    if n < 1:
        raise ValueError(f"Expected `n` to be at least 1. Received: {n}.")

    def sized(
        figsize: tuple[float, float], dpi: float, layout: Any
    ) -> Figure:  # a window has a dpi of its own
        figure.set_size_inches(figsize)
        figure.set_layout_engine(layout)
        return figure

    panels = chart(model.manifold, locations)
    coarse, fine = ([g for p in panels for g in p.grids(m)] for m in (n, CLICKABLE))
    decoded = np.asarray(model.decode(np.concatenate([g.points for g in coarse])))
    limits = limits or decoded_range(decoded)
    pictures = to_unit(as_images(decoded), limits)  # [k, H, W] or [k, H, W, 3]
    _, places = panel_figure(len(coarse) + 1, make=sized)
    marks = {}
    ends = np.cumsum([len(g.points) for g in coarse])
    for grid, place, part in zip(coarse, places[:-1], np.split(pictures, ends[:-1]), strict=True):
        axes = figure.add_subplot(place)
        draw_grid(axes, grid, part)
        caption(axes, grid.title, False)
        (marks[axes],) = axes.plot([], [], linestyle="", zorder=5, **MARK)
    shown = picture_axes(figure, places[-1], np.ones_like(pictures[0]))
    caption(shown, "click in the latent space", False)
    clickable = {a: (g, f) for a, g, f in zip(marks, coarse, fine, strict=True)}

    def answer(event: Any) -> None:
        if event.inaxes not in clickable or event.button != 1:
            return
        drawn, grid = clickable[event.inaxes]
        away, beside = (_cells_away(g, (event.xdata, event.ydata)) for g in (grid, drawn))
        nearest = int(np.argmin(np.linalg.norm(away, axis=-1)))
        if away[nearest].max() > 1.0 and beside.max(axis=-1).min() > 0.5:
            return  # neither at a point nor on a picture
        picture = as_images(np.asarray(model.decode(grid.points[nearest : nearest + 1])))
        shown.images[0].set_data(to_unit(picture, limits)[0])
        caption(shown, "decoded at the mark", False)
        for axes, mark in marks.items():
            here = (
                grid.positions[nearest : nearest + 1] if axes is event.inaxes else np.empty((0, 2))
            )
            mark.set_data(*here.T)
        figure.canvas.draw_idle()

    for name in ("button_press_event", "motion_notify_event"):
        figure.canvas.mpl_connect(name, answer)
    return figure


def _cells_away(grid: Grid, place: tuple[float, float]) -> np.ndarray:
    """Distances of the pictures of a grid from a place, in cells, `[k, 2]`."""
    return np.abs(grid.positions - place) / grid.cell
