"""Decoded pictures of a grid of latent points, at their places in the chart."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid
from diffusion_vae.plots.images import Limits, as_images, decoded_range, mosaic, to_unit
from diffusion_vae.plots.layout import caption, heading, panel_figure

GRID_SIDE = 4.4  # inches
MANY, FEWER = 15, 11  # pictures along the longer side of a panel


def reconstruction_grid(
    model: Any,
    n: int | None = None,
    *,
    locations: ArrayLike | None = None,
    limits: Limits | None = None,
    title: str | None = None,
) -> Figure:
    """Draws the decoded pictures of a regular grid of latent points.

    Every picture stands at the place of its latent point in the chart of
    `latent_scatter`. If a space has more dimensions than the plane, slices or sides
    are shown, and their titles name them.

    Args:
        model: A model with `manifold` and `decode`.
        n: Number of pictures along the longer side of a panel; by default 15, and 11 where
            there are three panels or more.
        locations: Latent points `[m, ambient_dim]` that fix the principal directions
            of a space of many dimensions, as those passed to `latent_scatter`.
        limits: The values (low, high) shown black and white; by default guessed from the
            decoded pictures. Pass `value_range(x)` of the data.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.

    Raises:
        ValueError: If `n` is not positive, or the decoder gives no pictures.
    """
    if n is not None and n < 1:
        raise ValueError(f"Expected `n` to be at least 1. Received: {n}.")
    panels = chart(model.manifold, locations)
    grids = [g for panel in panels for g in panel.grids(n or MANY)]
    if n is None and len(grids) > 2:  # or a notebook, which shrinks the figure, shows dots
        grids = [g for panel in panels for g in panel.grids(FEWER)]
    decoded = np.asarray(model.decode(np.concatenate([g.points for g in grids])))
    pictures = to_unit(as_images(decoded), limits or decoded_range(decoded))
    ends = np.cumsum([len(g.points) for g in grids])
    side = GRID_SIDE if len(grids) == 1 else None
    figure, places = panel_figure(len(grids), side=side, aspect=max(map(_aspect, grids)))
    for grid, place, part in zip(grids, places, np.split(pictures, ends[:-1]), strict=True):
        draw_grid(figure.add_subplot(place), grid, part)
        caption(figure.axes[-1], grid.title, len(grids) == 1)
    heading(figure, title)
    return figure


def draw_grid(axes: AnyAxes, grid: Grid, pictures: np.ndarray) -> None:
    """Draws the frame of a `Grid` and its pictures in [0, 1], `[k, H, W]` or `[k, H, W, 3]`."""
    grid.draw_frame(axes)
    _draw_pictures(axes, grid, pictures)


def _aspect(grid: Grid) -> float:
    """Height over width of the region that the pictures cover."""
    width, height = np.ptp(grid.positions, axis=0) + np.array(grid.cell)
    return float(np.clip(height / width, 0.25, 1.0))


def _draw_pictures(axes: AnyAxes, grid: Grid, pictures: np.ndarray) -> None:
    horizontal, vertical, aspect = axes.get_xlim(), axes.get_ylim(), axes.get_aspect()
    image, extent = mosaic(pictures, grid.positions, grid.cell)
    axes.imshow(image, extent=extent, interpolation="antialiased", zorder=1)
    axes.set(xlim=horizontal, ylim=vertical, aspect=aspect)
