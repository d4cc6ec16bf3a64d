"""The registry of panels: the type of a manifold decides which ones draw it."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.charts.panel import Panel

Builder: TypeAlias = Callable[[Any, np.ndarray | None], Panel | list[Panel]]

_BUILDERS: dict[type, Builder] = {}


def register_chart(*types: type[Manifold]) -> Callable[[Builder], Builder]:
    """Registers a function `(manifold, points) -> Panel or list of Panels` for types."""

    def register(builder: Builder) -> Builder:
        for manifold_type in types:
            _BUILDERS[manifold_type] = builder
        return builder

    return register


def chart(manifold: Manifold, points: ArrayLike | None = None) -> list[Panel]:
    """Panels that show a manifold: one for most, several for products and O(3).

    The renderer is that of the manifold's type or of its closest registered base
    class; another manifold is drawn by its coordinates.

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
            "Pass `model.manifold`, or `manifolds.get('sphere:2')`."
        )
    known = None if points is None else latent_points(manifold, points)
    if known is not None:
        known = known[np.isfinite(known).all(axis=-1)]
    for base in type(manifold).__mro__:
        if base in _BUILDERS:
            panels = _BUILDERS[base](manifold, known)
            return panels if isinstance(panels, list) else [panels]
    raise TypeError(f"Expected a manifold with a chart. Received: {manifold!r}.")


def latent_points(manifold: Manifold, z: ArrayLike) -> np.ndarray:
    """Latent points as float64 `[n, ambient_dim]`.

    Raises:
        ValueError: If their shape is another.
    """
    z = np.asarray(z, dtype="float64")
    if z.ndim != 2 or z.shape[-1] != manifold.ambient_dim:
        raise ValueError(
            f"Expected latent points of shape [n, {manifold.ambient_dim}] for {manifold!r}. "
            f"Received shape: {z.shape}. Pass the locations that `model.encode(x)` returns."
        )
    return z
