"""Data in the plane, their latent density, and generated data."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy import stats

from diffusion_vae.plots.charts.frames import INK, TEXT, AnyAxes
from diffusion_vae.plots.colours import PALETTE
from diffusion_vae.plots.layout import TITLE, heading, new_figure

PANEL = 2.9  # inches
BINS = 60
POINTS = 400  # of a density curve


def plane_data_panels(
    model: Any, x: ArrayLike, labels: ArrayLike | None = None, *, title: str | None = None
) -> Figure:
    """Three panels: the data, the latent density of each class, and generated data.

    Args:
        model: A model of events `(2,)` whose latent points have one coordinate, with
            `sample_posterior` and `sample`.
        x: Data, `[n, 2]`.
        labels: Class of each, `[n]`, or `None`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"Expected data of shape [n, 2]. Received shape: {x.shape}.")
    generated = model.sample(len(x), noise=True)
    latent = model.sample_posterior(x)[0]  # [n, 1]
    if latent.shape[1] != 1:
        raise ValueError(
            "Expected latent points with one coordinate, whose density is a curve. Received: "
            f"{latent.shape[1]} coordinates. Use `latent_scatter`."
        )
    figure = new_figure(3 * PANEL, PANEL)
    places = figure.subplots(1, 3)
    margin = 0.1 * np.ptp(x, axis=0) + 1e-6
    extent = np.stack([x.min(axis=0) - margin, x.max(axis=0) + margin], axis=-1)  # [2, 2]
    _cloud(places[0], x, extent, "data")
    _densities(places[1], latent[:, 0], labels)
    _cloud(places[2], generated, extent, "generated")
    heading(figure, title)
    return figure


def _cloud(axes: AnyAxes, x: np.ndarray, extent: np.ndarray, title: str) -> None:
    axes.hist2d(*x.T, bins=BINS, range=extent, cmap="viridis", rasterized=True)
    _finish(axes, title)


def _densities(axes: AnyAxes, z: np.ndarray, labels: ArrayLike | None) -> None:
    labels = np.zeros(len(z), int) if labels is None else np.asarray(labels)
    line = np.linspace(min(z.min(), -3.5), max(z.max(), 3.5), POINTS)
    for colour, label in zip(np.resize(PALETTE, 40), np.unique(labels), strict=False):
        own = z[labels == label]
        if len(own) < 2 or np.ptp(own) == 0:  # no density can be estimated
            continue
        density = stats.gaussian_kde(own)(line) * len(own) / len(z)
        axes.fill_between(line, density, color=colour, alpha=0.5, lw=0, label=f"class {label}")
    axes.plot(line, stats.norm.pdf(line), color=INK, lw=0.8, ls="--", label="prior")
    axes.set_ylim(bottom=0.0)
    axes.legend(fontsize=TEXT - 1, frameon=False)
    _finish(axes, "latent points")


def _finish(axes: AnyAxes, title: str) -> None:
    axes.set_title(title, fontsize=TITLE, color=INK)
    axes.tick_params(labelsize=TEXT - 1, colors=INK, length=2, width=0.5)
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, color=INK)
