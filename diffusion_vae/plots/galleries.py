"""Contact sheets: data beside what the model makes of it, and draws from the model."""

import numpy as np

from diffusion_vae.plots.images import as_images, grid_image, value_range
from diffusion_vae.plots.layout import heading, new_figure, picture_axes

PICTURE = 0.42  # inches
ROW_LABEL = 0.9


def reconstruction_pairs(model, x, n=10, *, limits=None, title=None):
    """Draws originals above their reconstructions.

    Args:
        model: A model with `reconstruct`.
        x: Data, `[m, *event]`; the first `n` are shown.
        n: Number of examples.
        limits: The values (low, high) shown black and white; by default those of the
            originals, see `value_range`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    x = np.asarray(x)[:n]
    reconstructed = np.asarray(model.reconstruct(x))
    limits = limits or value_range(x)
    rows = {"original": x, "reconstruction": reconstructed}
    return _labelled_rows(rows, limits, title)


def _labelled_rows(rows, limits, title):
    """Rows of pictures with their names on the left."""
    count = max(len(x) for x in rows.values())
    height, width = as_images(next(iter(rows.values()))).shape[1:3]
    side = PICTURE * max(1.0, 8.0 / count)
    figure = new_figure(
        count * side * width / max(height, width) + ROW_LABEL,
        len(rows) * side * height / max(height, width) + (0.3 if title else 0.1),
    )
    places = figure.add_gridspec(len(rows), 1)
    for place, (name, x) in zip(places, rows.items(), strict=True):
        axes = picture_axes(figure, place, grid_image(x, columns=count, limits=limits))
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8, color="0.25")
    heading(figure, title)
    return figure
