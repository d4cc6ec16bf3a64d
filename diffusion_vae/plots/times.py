"""Diffusion times over the latent space: they show where the encoder is uncertain."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.scatter import latent_scatter


def time_map(
    manifold: Manifold,
    locations: ArrayLike,
    times: ArrayLike,
    *,
    title: str | None = None,
    point_size: float | None = None,
) -> Figure:
    """Draws latent points in the colour of the log of their diffusion time.

    A longer time means a wider posterior. Where the posterior has several times (on products
    and Euclidean spaces) the mean of their logarithms is shown.

    Args:
        manifold: A `Manifold`.
        locations: Latent points, `[n, ambient_dim]`.
        times: Diffusion times as `model.encode` returns them, `[n, time_dim]` or `[n]`.
        title: Title of the figure.
        point_size: Area of a point in square typographic points.

    Returns:
        A Matplotlib `Figure`.

    Raises:
        ValueError: If there is not one time for each point, or one is not positive.
    """
    times, locations = np.asarray(times, dtype="float64"), np.asarray(locations)
    if len(times) != len(locations) or times.ndim not in (1, 2) or not np.all(times > 0):
        raise ValueError(
            f"Expected positive times [n, time_dim] of the {len(locations)} points. "
            f"Received shape {times.shape} with a smallest value of {times.min(initial=np.inf)}."
        )
    log_time = np.log(times.reshape(len(times), -1)).mean(axis=-1)  # [n]
    return latent_scatter(
        manifold,
        locations,
        log_time,
        colouring="scale",
        scale_name="log of the diffusion time",
        title=title,
        point_size=point_size,
    )
