"""Contact sheets: data beside their reconstructions, and draws from the model."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.images import (
    Limits,
    as_images,
    decoded_range,
    grid_image,
    require_limits,
    value_range,
)
from diffusion_vae.plots.layout import heading, new_figure, picture_axes

WIDTH = 5.2  # inches, of a sheet of pictures
LARGEST = 0.7  # inches, of one picture
ROW_LABEL = 0.95  # inches
BETWEEN = 0.16  # inches, between blocks
NARROWEST = 2.5  # inches


def examples(
    x: ArrayLike,
    n: int = 64,
    *,
    columns: int | None = None,
    limits: Limits | None = None,
    title: str | None = None,
) -> Figure:
    """Draws the first examples of a data set.

    Args:
        x: Data, `[m, *event]`.
        n: Number of examples.
        columns: Pictures in a row; by default as many as make a square.
        limits: The values (low, high) shown black and white. See `value_range`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    x = np.asarray(x)[:n]
    columns = columns or math.ceil(math.sqrt(max(len(x), 1)))
    return sheet([{"": x}], checked_limits(limits, x), title, columns=columns)


def prior_samples(
    model: Any,
    n: int = 64,
    *,
    columns: int | None = None,
    limits: Limits | None = None,
    title: str | None = None,
) -> Figure:
    """Draws decoded samples from the prior.

    Args:
        model: A model with `sample`.
        n: Number of samples.
        columns: Pictures in a row; by default as many as make a square.
        limits: The values (low, high) shown black and white; by default guessed from the
            samples. Pass `value_range(x)` of the data.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    samples = np.asarray(model.sample(n))
    limits = limits or decoded_range(samples)
    return examples(samples, n, columns=columns, limits=limits, title=title)


def reconstruction_pairs(
    model: Any,
    x: ArrayLike,
    n: int = 10,
    *,
    limits: Limits | None = None,
    title: str | None = None,
) -> Figure:
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
    rows = [{"original": x}, {"reconstruction": np.asarray(model.reconstruct(x))}]
    return sheet(rows, checked_limits(limits, x), title, label_rows=True)


def picture_rows(
    rows: Any, columns: int | None = 20, *, limits: Limits | None = None, title: str | None = None
) -> Figure:
    """Draws rows of pictures with a name each, such as data above draws of several models.

    Args:
        rows: A dictionary from names to pictures `[m, *event]`, of which the first
            `columns` are shown; the first row is the data.
        columns: Pictures in a row.
        limits: The values (low, high) shown black and white; by default those of the
            first row, see `value_range`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.

    Raises:
        ValueError: If there is no row, or one has fewer pictures than the first.
    """
    shown = [{name: np.asarray(x)[:columns]} for name, x in rows.items()]
    counts = [len(x) for row in shown for x in row.values()]
    if not counts or min(counts) != max(counts):
        raise ValueError(
            f"Expected rows of at least {columns} pictures, or of equally many. "
            f"Received: {dict(zip(rows, counts, strict=True))}."
        )
    first = next(iter(shown[0].values()))
    return sheet(shown, checked_limits(limits, first), title, label_rows=True)


def posterior_samples(
    model: Any, x: ArrayLike, n: int = 8, *, limits: Limits | None = None, title: str | None = None
) -> Figure:
    """Draws each example beside decoded draws from its posterior.

    Args:
        model: A model with `sample_posterior` and `decode`.
        x: Data, `[m, *event]`, one row each.
        n: Number of draws for each example.
        limits: The values (low, high) shown black and white; by default those of the
            examples, see `value_range`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    x = np.asarray(x)
    decoded = np.asarray(model.decode(model.sample_posterior(x, n)))  # [n, m, *event]
    rows = [
        {"example": x[i : i + 1], "decoded draws from its posterior": decoded[:, i]}
        for i in range(len(x))
    ]
    return sheet(rows, checked_limits(limits, x), title)


def geodesic_interpolation(
    model: Any,
    x0: ArrayLike,
    x1: ArrayLike,
    steps: int = 8,
    *,
    limits: Limits | None = None,
    title: str | None = None,
) -> Figure:
    """Draws decoded points of the shortest paths between encoded examples.

    A pair that no path joins (on different components of O(3)) has an empty row.

    Args:
        model: A model with `manifold`, `encode`, `interpolate` and `decode`.
        x0: Examples at the start, `[m, *event]`, one row each.
        x1: Examples at the end, `[m, *event]`.
        steps: Number of points on each path, both ends included.
        limits: The values (low, high) shown black and white; by default those of the
            examples, see `value_range`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.

    Raises:
        ValueError: If the shapes of `x0` and `x1` differ.
    """
    x0, x1 = np.asarray(x0), np.asarray(x1)
    if x0.shape != x1.shape:
        raise ValueError(
            "Expected as many examples at the start as at the end, of one shape. "
            f"Received shapes: {x0.shape} and {x1.shape}."
        )
    z0, z1 = model.encode(x0)[0], model.encode(x1)[0]  # [m, ambient_dim]
    joined = np.isfinite(evaluated(model.manifold.distance, z0, z1))  # [m]
    limits = checked_limits(limits, np.concatenate([x0, x1]))
    between = np.full((len(x0), steps, *x0.shape[1:]), limits[1], dtype="float64")
    if joined.any():
        path = model.interpolate(z0[joined], z1[joined], steps)  # [steps, joined, ambient_dim]
        between[joined] = np.moveaxis(np.asarray(model.decode(path)), 0, 1)
    rows = [
        {"start": x0[i : i + 1], "decoded geodesic": between[i], "end": x1[i : i + 1]}
        for i in range(len(x0))
    ]
    return sheet(rows, limits, title)


def checked_limits(limits: Limits | None, x: ArrayLike) -> Limits:
    """The values shown black and white: `limits`, or those of `x`."""
    return value_range(x) if limits is None else require_limits(limits)


def _tiled(
    block: np.ndarray, columns: int | None, limits: Limits | None
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures side by side, and the opacity of the result: nothing between them."""
    opaque = np.ones((len(block), *as_images(block).shape[1:3]))
    opacity = grid_image(opaque, columns, limits=(0.0, 1.0), ground=0.0)
    return grid_image(block, columns, limits=limits), opacity


def sheet(
    rows: Sequence[Mapping[str, np.ndarray]],
    limits: Limits | None,
    title: str | None,
    label_rows: bool = False,
    columns: int | None = None,
) -> Figure:
    """Rows of blocks of pictures, `{name of a block: [k, *event]}`, on a common scale.

    Names stand on the left of each row, or above the blocks of the first row. A block
    is one line of pictures, or several of `columns` pictures each.
    """
    if not rows or not len(next(iter(rows[0].values()))):
        raise ValueError("Expected at least one example to draw. Received: none.")
    counts = [len(block) for block in rows[0].values()]
    widths = [min(count, columns or count) for count in counts]
    lines = len(rows) * math.ceil(counts[0] / widths[0])
    height, width = as_images(next(iter(rows[0].values()))).shape[1:3]
    side = min(LARGEST, WIDTH / sum(widths)) / max(height, width)  # inches a pixel
    pixels = [count * (width + 1) - 1 for count in widths]  # with the gaps of `grid_image`
    room = ROW_LABEL if label_rows else BETWEEN * (len(counts) - 1)
    figure = new_figure(
        max(sum(pixels) * side + room + 0.2, NARROWEST),
        lines * (side * height + 0.02) + 0.25 + (0.3 if title else 0.0),
    )
    places = figure.add_gridspec(len(rows), len(counts), width_ratios=pixels)
    engine: Any = figure.get_layout_engine()
    engine.set(h_pad=0.02, hspace=0.0, wspace=0.0)
    for i, row in enumerate(rows):
        for j, (name, block) in enumerate(row.items()):
            axes = picture_axes(figure, places[i, j], *_tiled(block, widths[j], limits))
            style: dict[str, Any] = {"fontsize": 8, "color": "0.25"}
            if label_rows:
                axes.set_ylabel(name, rotation=0, ha="right", va="center", **style)
            elif i == 0 and name:
                axes.set_title(name, **style)
    heading(figure, title)
    return figure
