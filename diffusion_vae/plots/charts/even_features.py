"""Spaces whose points have several names, by principal directions of what the names share."""

import numpy as np

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.directions import directions_title, principal_directions
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Panel


class EvenFeatures(Panel):
    """Principal directions of the even embedding; a subclass gives `grids`.

    Args:
        space: A manifold, with names of one point or not.
        points: Latent points `[n, ambient_dim]`, or `None`.
        name: What is embedded, for the title.
    """

    def __init__(self, space: Manifold, points: np.ndarray | None, name: str) -> None:
        self.space = space
        features = None if points is None else self._features(points)
        self.directions, share = principal_directions(features, space.even_embedding_dim, 2)
        self.title = directions_title(name, share)
        self.radius = 1.0
        if features is not None and len(features):
            self.radius = max(float(np.abs(features @ self.directions.T).max()), 1e-3)

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return self._features(z) @ self.directions.T

    def draw_frame(self, axes: AnyAxes) -> None:
        ends = (-1.08 * self.radius, 1.08 * self.radius)
        frames.labelled_axes(axes, ends, ends, ("direction 1", "direction 2"))
        axes.set_aspect("equal")

    def _features(self, z: np.ndarray) -> np.ndarray:
        return evaluated(self.space.even_embedding, z)
