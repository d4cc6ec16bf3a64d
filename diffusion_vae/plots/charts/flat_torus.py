"""Flat tori: squares of two angles whose opposite sides are the same."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from diffusion_vae.manifolds import FlatTorus
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.circle import Circle
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, lattice
from diffusion_vae.plots.charts.registry import register_chart

MOST_PANELS = 3
SQUARE = (-np.pi, np.pi)


class AnglePair(Panel):
    """Two angles of a torus in the periodic square [-pi, pi]^2.

    Args:
        torus: The torus, with `angles` and `from_angles`.
        pair: Indices of the horizontal and the vertical angle.
        title: Title of the panel.
        others: End of the grid's title, about the angles that are not shown.
        labels: Names of the two angles.
    """

    def __init__(
        self,
        torus: Any,
        pair: tuple[int, int],
        title: str,
        others: str = "",
        labels: Sequence[str] | None = None,
    ) -> None:
        self.torus = torus
        self.pair = pair
        self.title = title
        self.others = others
        self.labels = labels or [f"angle {i + 1}" for i in pair]

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        angles = evaluated(self.torus.angles, z)  # [n, dim]
        return angles[:, list(self.pair)]

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.angle_axes(axes, SQUARE, SQUARE, self.labels)

    def grids(self, n: int) -> list[Grid]:
        positions, cell = lattice(n, n, SQUARE, SQUARE)
        angles = np.zeros((len(positions), self.torus.dim))
        angles[:, list(self.pair)] = positions
        points = evaluated(self.torus.from_angles, angles)
        return [Grid(points, positions, cell, self.draw_frame, self.title + self.others)]


@register_chart(FlatTorus)
def flat_torus_panels(torus: FlatTorus, points: np.ndarray | None = None) -> Panel | list[Panel]:
    """A circle, a square, or consecutive pairs of the first angles."""
    name = f"$T^{{{torus.dim}}}$"
    if torus.dim == 1:
        return Circle(f"{name}, a circle")
    if torus.dim == 2:
        return AnglePair(torus, (0, 1), "flat torus $T^2$, opposite sides are the same")
    pairs = [(i, i + 1) for i in range(0, torus.dim - 1, 2)]
    if torus.dim % 2:
        pairs.append((torus.dim - 2, torus.dim - 1))
    return [
        AnglePair(torus, pair, f"{name}, angles {pair[0] + 1} and {pair[1] + 1}", ", others 0")
        for pair in pairs[:MOST_PANELS]
    ]
