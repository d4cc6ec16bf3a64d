"""Latent points in space, seen from all sides."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.charts.registry import latent_points
from diffusion_vae.plots.colouring import ColouringChoice, colouring_of
from diffusion_vae.plots.layout import note as add_note
from diffusion_vae.plots.saving import to_array
from diffusion_vae.plots.scatter import draw_scatter

VIEWS = 40  # of one turn
SECONDS_PER_VIEW = 0.1


def turning_scatter(
    manifold: Manifold,
    locations: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    factors: ArrayLike | None = None,
    colouring: ColouringChoice = None,
    views: int = VIEWS,
    dpi: float = 160,
    title: str | None = None,
    note: str = "",
) -> list[np.ndarray]:
    """Frames of a `latent_scatter` whose panels in space turn once about the vertical.

    `write_gif(turning_scatter(...), path, SECONDS_PER_VIEW, SECONDS_PER_VIEW)` writes them.

    Args:
        manifold: A `Manifold` of which a panel is in space, see `is_drawn_in_space`.
        locations: Latent points, `[n, ambient_dim]`.
        labels: As in `latent_scatter`.
        factors: As in `latent_scatter`.
        colouring: As in `latent_scatter`.
        views: Number of frames.
        dpi: Pixels per inch.
        title: Title of the picture.
        note: A small line at the lower right, such as the names of data and run.

    Returns:
        A list of `views` pictures, bytes `[H, W, 3]`.

    Raises:
        ValueError: If no panel is in space, or there are fewer than 2 views.
    """
    if not is_drawn_in_space(manifold):
        raise ValueError(
            f"Expected a latent space that is drawn in space. Received: {manifold!r}, which is "
            "drawn in the plane. Use `latent_scatter`."
        )
    if views < 2:
        raise ValueError(f"Expected `views` to be at least 2. Received: {views}.")
    z = latent_points(manifold, locations)
    painted = colouring_of(len(z), labels, factors, colouring)
    figure, clouds = draw_scatter(manifold, z, painted, title=title, repeats=False)
    add_note(figure, note)
    figure.set_dpi(dpi)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the panels stay where they are
    in_space: list[Any] = [axes for axes in figure.axes if axes.name == "3d"]
    starts = [axes.azim for axes in in_space]
    frames = []
    for turn in 360.0 * np.arange(views) / views:
        for axes, start in zip(in_space, starts, strict=True):
            axes.view_init(elev=axes.elev, azim=start + turn)
        for cloud in clouds:
            cloud.shade()
        frames.append(to_array(figure, dpi))
    return frames


def is_drawn_in_space(manifold: Manifold) -> bool:
    """Whether a panel of the manifold is in space."""
    return any(panel.picture_dim == 3 for panel in chart(manifold))
