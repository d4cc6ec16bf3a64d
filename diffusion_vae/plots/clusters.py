"""Generated pictures of a model with clusters: draws of each, and paths between them."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from diffusion_vae.plots.galleries import sheet
from diffusion_vae.plots.images import Limits, decoded_range

DRAWS = 10  # pictures in a row


def cluster_samples(
    model: Any, n: int = DRAWS, *, limits: Limits | None = None, title: str | None = None
) -> Figure:
    """Draws decoded samples from the prior of each cluster, a row a cluster.

    Args:
        model: A model with `sample_cluster` and a latent of `clusters`.
        n: Number of samples of each.
        limits: The values (low, high) shown black and white; by default guessed from the
            pictures. Pass `value_range(x)` of the data.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    rows = [model.sample_cluster(c, n) for c in range(model.latent.clusters)]
    return _rows(rows, limits, title)


def cluster_interpolation(
    model: Any, steps: int = DRAWS, *, limits: Limits | None = None, title: str | None = None
) -> Figure:
    """Draws decoded points on the path from each cluster's centre to the next one's.

    The last row leads back to the first cluster.

    Args:
        model: A model with `interpolate_clusters`, `decode` and a latent of `clusters`.
        steps: Number of points on each path, both ends included.
        limits: The values (low, high) shown black and white; by default guessed from the
            pictures. Pass `value_range(x)` of the data.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    count = model.latent.clusters
    ways = [model.interpolate_clusters(c, (c + 1) % count, steps) for c in range(count)]
    return _rows(model.decode(np.stack(ways)), limits, title)


def away_from_origin(
    model: Any, steps: int = DRAWS, *, limits: Limits | None = None, title: str | None = None
) -> Figure:
    """Draws decoded multiples 0, 1, ..., `steps - 1` of each cluster's centre.

    The second column shows the centres, the first the origin, which all have in common.

    Args:
        model: A model with `decode` and a latent with `centres`.
        steps: Number of multiples.
        limits: The values (low, high) shown black and white; by default guessed from the
            pictures. Pass `value_range(x)` of the data.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    centres = np.asarray(model.latent.centres)[:, None]  # [K, 1, D]
    multiples = np.arange(steps, dtype="float32")[:, None]  # [steps, 1]
    return _rows(model.decode(multiples * centres), limits, title)


def _rows(pictures: Any, limits: Limits | None, title: str | None) -> Figure:
    """A sheet of `[K, n, *event]`, a row a cluster."""
    rows = [{f"cluster {c}": np.asarray(row)} for c, row in enumerate(pictures)]
    limits = limits or decoded_range(pictures)
    return sheet(rows, limits, title, label_rows=True)
