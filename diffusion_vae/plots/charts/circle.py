"""Circles: S^1, the one-dimensional torus and RP^1."""

from collections.abc import Callable

import numpy as np

from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel

PICTURES_PER_SIDE = 2  # a circle of `n` pictures alone would look nearly empty
RING = 0.45  # distance of the last class from the circle


class Circle(Panel):
    """The unit circle, with the classes on rings outside it.

    Args:
        title: Title of the panel.
        times: Turns of the picture's angle in one turn of the latent angle: 2 on RP^1,
            where z and -z are one point.
    """

    def __init__(self, title: str, times: int = 1) -> None:
        self.title = title
        self.times = times

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        angle = self.times * np.arctan2(z[:, 1], z[:, 0])  # [n]
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1)

    def spread(self, positions: np.ndarray, levels: np.ndarray) -> np.ndarray:
        return positions * (1.0 + RING * np.asarray(levels))[:, None]

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.circle(axes, 0.97)
        self._limits(axes, 1.08 + (RING if self.spreads else 0.0))

    def grids(self, n: int) -> list[Grid]:
        count = PICTURES_PER_SIDE * n
        angle = 2.0 * np.pi * np.arange(count) / count  # [k]
        positions = np.stack([np.cos(angle), np.sin(angle)], axis=-1)  # [k, 2]
        latent = angle / self.times
        points = np.stack([np.cos(latent), np.sin(latent)], axis=-1)  # [k, 2]
        side = np.sqrt(2.0) * np.sin(np.pi / count) if count > 1 else 1.0
        return [Grid(points, positions, (side, side), self._grid_frame(side), self.title)]

    def _grid_frame(self, side: float) -> Callable[[AnyAxes], None]:
        return lambda axes: self._limits(axes, 1.0 + side)

    def _limits(self, axes: AnyAxes, limit: float) -> None:
        for turn in range(4):
            angle = 0.5 * np.pi * turn
            text = frames.pi_label(angle / self.times)
            axes.annotate(
                text,
                (0.8 * np.cos(angle), 0.8 * np.sin(angle)),
                fontsize=frames.TEXT,
                color=frames.INK,
                ha="center",
                va="center",
            )
        frames.plain_axes(axes, (-limit, limit))
