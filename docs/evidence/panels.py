"""Pictures of a run as pixels without margins, for figures that set several side by side."""

import numpy as np

from diffusion_vae import plots
from diffusion_vae.plots.charts.registry import latent_points
from diffusion_vae.plots.colouring import colouring_of
from diffusion_vae.plots.scatter import draw_scatter

DPI = 220


def latent_panel(run, points=None, point_size=None):
    """The latent space of a `LoadedRun` in one view: its first test examples, all by default."""
    manifold, data = run.model.manifold, run.dataset
    labels, factors = (
        None if known is None else known[:points]
        for known in (data.test_labels, data.test_factors)
    )
    z = latent_points(manifold, run.model.encode(data.test[:points])[0])
    painted = colouring_of(len(z), labels, factors, data.colouring)
    figure, _ = draw_scatter(manifold, z, painted, point_size=point_size, repeats=False)
    return cropped(plots.to_array(figure, dpi=DPI))


def decoded_panel(run, side, points=None):
    """Decoded latent points of a `LoadedRun`, the middle one of slices that stand in a row."""
    limits = plots.value_range(run.dataset.test[:points])
    figure = plots.reconstruction_grid(run.model, side, limits=limits)
    pixels, panels = plots.to_array(figure, dpi=DPI), len(figure.axes)
    width = pixels.shape[1] // panels
    return cropped(pixels[:, panels // 2 * width :][:, :width])


def cropped(pixels):
    """A picture without its empty margins."""
    filled = np.any(pixels != pixels[0, 0], axis=-1)
    rows, columns = (np.flatnonzero(filled.any(axis=axis)) for axis in (1, 0))
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
