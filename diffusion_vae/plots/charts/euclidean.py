"""Euclidean spaces with their normal prior: line, plane, space, principal directions."""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr, ndtri

from diffusion_vae.manifolds import Euclidean
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.directions import directions_title, principal_directions
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, lattice
from diffusion_vae.plots.charts.registry import register_chart

REACH = 3.0  # standard deviations of the prior that a scatter shows at least
UNIT = (0.0, 1.0)
QUANTILE_TICKS = (-2, -1, 0, 1, 2)
QUANTILE_NAMES = ("−2", "−1", "0", "1", "2")


class EuclideanPanel(Panel):
    """The base of the Euclidean charts: directions, limits, a grid of prior quantiles.

    The grid divides the plane of the first two directions into cells of equal prior
    probability. Its axes are marked with latent values.

    Args:
        directions: Orthonormal rows `[picture_dim, d]`.
        title: Title of the panel.
        points: Latent points `[n, d]` that the frame must hold, or `None`.
    """

    def __init__(
        self, directions: np.ndarray, title: str, points: np.ndarray | None = None
    ) -> None:
        self.directions = directions
        self.title = title
        self.picture_dim = len(directions)
        self.name = "direction" if directions.shape[1] > 3 else "coordinate"
        self.reach = REACH
        if points is not None and len(points):
            self.reach = max(REACH, 1.05 * float(np.abs(points @ directions.T).max()))

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return z @ self.directions.T

    def draw_frame(self, axes: AnyAxes) -> None:
        ends, names = (-self.reach, self.reach), self._names
        if self.picture_dim == 3:
            frames.space_axes(axes, self.reach, zoom=1.02, azimuth=-60.0)
            axes.set_axis_on()
            frames.space_ticks(axes, names)
            return
        for radius in (1.0, 2.0):  # one and two standard deviations of the prior
            frames.circle(axes, radius, color=frames.FAINT)
        frames.labelled_axes(axes, ends, ends, names)
        axes.set_aspect("equal")

    def grids(self, n: int) -> list[Grid]:
        positions, cell = lattice(n, n, UNIT, UNIT)
        points = ndtri(positions) @ self.directions[:2]
        rest = ", others 0" if self.directions.shape[1] > 2 else ""
        title = f"{self.title}{rest}, quantiles of the prior"
        return [Grid(points, positions, cell, self._draw_quantiles, title)]

    @property
    def _names(self) -> list[str]:
        return [f"{self.name} {i + 1}" for i in range(self.picture_dim)]

    def _draw_quantiles(self, axes: AnyAxes) -> None:
        frames.labelled_axes(axes, UNIT, UNIT, self._names)
        axes.set_xticks(ndtr(QUANTILE_TICKS), QUANTILE_NAMES)
        axes.set_yticks(ndtr(QUANTILE_TICKS), QUANTILE_NAMES)
        axes.set_aspect("equal")


class EuclideanLine(EuclideanPanel):
    """R^1, with the classes in rows one above the other."""

    def __init__(self, title: str, points: np.ndarray | None = None) -> None:
        super().__init__(np.eye(1), title, points)
        self.picture_dim = 2

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return np.column_stack([z[:, 0], np.zeros(len(z))])

    def spread(self, positions: np.ndarray, levels: np.ndarray) -> np.ndarray:
        return positions + np.stack([0 * levels, levels], axis=-1)

    def draw_frame(self, axes: AnyAxes) -> None:
        rows = (-0.1, 1.1) if self.spreads else (-0.6, 0.6)
        frames.labelled_axes(axes, (-self.reach, self.reach), rows, ("coordinate", ""))
        axes.set_yticks([])
        for side in ("left", "right", "top"):
            axes.spines[side].set_visible(False)

    def grids(self, n: int) -> list[Grid]:
        positions, cell = lattice(n, 1, UNIT, (0.0, 1.0 / n))
        points = ndtri(positions[:, :1])
        title = f"{self.title}, quantiles of the prior"
        return [Grid(points, positions, cell, self._draw_strip(1.0 / n), title)]

    def _draw_strip(self, height: float) -> Callable[[AnyAxes], None]:
        def draw(axes: AnyAxes) -> None:
            frames.labelled_axes(axes, UNIT, (0.0, height), ("coordinate", ""))
            axes.set_xticks(ndtr(QUANTILE_TICKS), QUANTILE_NAMES)
            axes.set_yticks([])
            axes.set_aspect("equal")

        return draw


@register_chart(Euclidean)
def euclidean_panel(space: Euclidean, points: np.ndarray | None = None) -> Panel:
    """A line, a plane, space, or the plane of two principal directions."""
    name = f"$R^{{{space.dim}}}$"
    if space.dim == 1:
        return EuclideanLine(name, points)
    if space.dim <= 3:
        return EuclideanPanel(np.eye(space.dim), name, points)
    directions, share = principal_directions(points, space.dim, 2)
    return EuclideanPanel(directions, directions_title(name, share), points)
