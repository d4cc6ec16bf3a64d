"""The ball whose opposite boundary points are the same: RP^3, and so SO(3)."""

from collections.abc import Callable

import numpy as np

from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, disc_lattice

HEIGHTS = (-0.6, 0.0, 0.6)  # of the slices of the grid


class Ball(Panel):
    """A unit ball in space; the grid shows horizontal slices of it.

    A subclass gives `coordinates` and its inverse `from_ball`. Opposite points of the boundary
    are marked as one, unless it draws other outlines.

    Args:
        title: Title of the panel.

    Attributes:
        reach: Radius of the ball of which the grid shows slices, at most 1.
    """

    picture_dim = 3
    inside = True
    reach = 1.0

    def __init__(self, title: str) -> None:
        self.title = title

    def from_ball(self, places: np.ndarray) -> np.ndarray:
        """Latent points at places of the ball, `[n, 3] -> [n, ambient_dim]`."""
        raise NotImplementedError

    def surface(self) -> np.ndarray:
        return frames.sphere_mesh()

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.identified_sphere(axes)
        frames.space_axes(axes)

    def grids(self, n: int) -> list[Grid]:
        grids = []
        for height in HEIGHTS:
            radius = np.sqrt(self.reach**2 - height**2)
            positions, cell = disc_lattice(n, radius)
            places = np.column_stack([positions, np.full(len(positions), height)])  # [k, 3]
            title = f"{self.title}, height {height:g}".replace("-", "−")
            frame = self._slice_frame(radius)
            grids.append(Grid(self.from_ball(places), positions, cell, frame, title))
        return grids

    def slice_outline(self, axes: AnyAxes, radius: float) -> None:
        """Draws the outline of a slice of this radius."""
        if radius == 1.0:
            frames.identified_boundary(axes)
        else:
            frames.circle(axes, radius)

    def _slice_frame(self, radius: float) -> Callable[[AnyAxes], None]:
        def draw(axes: AnyAxes) -> None:
            self.slice_outline(axes, radius)
            frames.plain_axes(axes, (-1.12 * radius, 1.12 * radius))  # as large as the others

        return draw
