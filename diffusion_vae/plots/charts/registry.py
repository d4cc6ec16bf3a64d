"""Finds the panels that draw a manifold, by its type."""

import numpy as np

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.charts.panel import Panel

_BUILDERS: dict = {}


def register_chart(*types):
    """Registers a function `(manifold, points) -> Panel or list of Panels` for types."""

    def register(builder):
        for manifold_type in types:
            _BUILDERS[manifold_type] = builder
        return builder

    return register


def chart(manifold, points=None) -> list[Panel]:
    """Panels that show a manifold: one for most, several for products and O(3).

    The renderer is that of the manifold's type or of its closest registered base
    class; a manifold of the user's own is drawn by its coordinates.

    Args:
        manifold: A `Manifold`.
        points: Latent points `[n, ambient_dim]` from which principal directions are
            taken where the space has more dimensions than a picture. Without them
            the first coordinates are shown.

    Returns:
        A list of `Panel`.

    Raises:
        TypeError: If `manifold` is not a manifold.
        ValueError: If the points do not have the manifold's number of coordinates.
    """
    if not isinstance(manifold, Manifold):
        raise TypeError(
            f"Expected a manifold to draw. Received: {manifold!r}. "
            "Pass `model.manifold`, or `parse('sphere:2')` for a text form."
        )
    if points is not None:
        points = latent_points(manifold, points)
        points = points[np.isfinite(points).all(axis=-1)]
    for base in type(manifold).__mro__:
        if base in _BUILDERS:
            panels = _BUILDERS[base](manifold, points)
            return panels if isinstance(panels, list) else [panels]
    raise TypeError(f"Expected a manifold with a chart. Received: {manifold!r}.")


def latent_points(manifold, z):
    """Latent points as float64 `[n, ambient_dim]`, or an error that says what is wrong."""
    z = np.asarray(z, dtype="float64")
    if z.ndim != 2 or z.shape[-1] != manifold.ambient_dim:
        raise ValueError(
            f"Expected latent points of shape [n, {manifold.ambient_dim}] for {manifold!r}. "
            f"Received shape: {z.shape}. Pass the locations that `model.encode(x)` returns."
        )
    return z
