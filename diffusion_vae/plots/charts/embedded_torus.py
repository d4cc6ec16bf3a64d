"""The torus of revolution in space, with its grid in the square of its two angles."""

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.manifolds import EmbeddedTorus
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.flat_torus import AnglePair
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import BACKING, Grid, Panel
from diffusion_vae.plots.charts.registry import register_chart

TURN = np.linspace(-np.pi, np.pi, 73)
ANGLES = ("angle about the axis", "angle about the tube")


class TorusInSpace(Panel):
    """The torus in space; thick curves are the sides of the square of the grid."""

    picture_dim = 3
    title = "torus in $R^3$"

    def __init__(self, torus: EmbeddedTorus) -> None:
        self.torus = torus

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return z

    def surface(self) -> np.ndarray:
        return self._at(*np.meshgrid(TURN, TURN[::3]))

    def backing(self) -> np.ndarray:
        thinner = EmbeddedTorus(self.torus.centre_radius, BACKING * self.torus.tube_radius)
        return TorusInSpace(thinner).surface()

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.translucent(axes, self.surface())
        for side in (self._at(TURN, np.pi), self._at(np.pi, TURN)):
            axes.plot(*side.T, color="black", linewidth=1.2)
        tube, radius = self.torus.tube_radius, self.torus.centre_radius + self.torus.tube_radius
        frames.space_axes(axes, radius, elevation=55.0, azimuth=215.0)
        height = max(tube / radius, 0.4)
        axes.set_zlim(-height * radius, height * radius)
        axes.set_box_aspect((1, 1, height), zoom=1.35)

    def grids(self, n: int) -> list[Grid]:
        title = "torus in $R^3$, sides: the thick curves"
        return AnglePair(self.torus, (0, 1), title, labels=ANGLES).grids(n)

    def _at(self, phi: ArrayLike, theta: ArrayLike) -> np.ndarray:
        angles = np.stack(np.broadcast_arrays(phi, theta), axis=-1)
        return evaluated(self.torus.from_angles, angles)


@register_chart(EmbeddedTorus)
def embedded_torus_panel(torus: EmbeddedTorus, points: np.ndarray | None = None) -> Panel:
    """The torus as it lies in space."""
    return TorusInSpace(torus)
