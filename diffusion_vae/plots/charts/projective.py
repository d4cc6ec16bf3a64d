"""Real projective spaces: circle, disc and ball with opposite boundary points identified."""

import numpy as np

from diffusion_vae.manifolds import RealProjective
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.ball import Ball
from diffusion_vae.plots.charts.circle import Circle
from diffusion_vae.plots.charts.directions import principal_directions
from diffusion_vae.plots.charts.even_features import EvenFeatures
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, disc_lattice
from diffusion_vae.plots.charts.registry import register_chart


def to_ball(z: np.ndarray) -> np.ndarray:
    """Stereographic places in the unit ball of points +-z, `[n, d + 1] -> [n, d]`.

    Of z and -z the one with last coordinate <= 0 is projected from the north pole.
    On the boundary, where the last coordinate is 0, z and -z are opposite.
    """
    lower = np.where(z[:, -1:] > 0, -z, z)
    return lower[:, :-1] / (1.0 - lower[:, -1:])


def from_ball(places: np.ndarray) -> np.ndarray:
    """Points of the lower half of the sphere, `[n, d] -> [n, d + 1]`; inverts `to_ball`."""
    square = np.sum(np.square(places), axis=-1, keepdims=True)  # [n, 1]
    return np.concatenate([2.0 * places, square - 1.0], axis=-1) / (1.0 + square)


class ProjectiveDisc(Panel):
    """RP^2 as a disc (paper, Fig. 3)."""

    title = "$RP^2$, equal marks are one point"

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return to_ball(z)

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.identified_boundary(axes)
        frames.plain_axes(axes, (-1.12, 1.12))

    def grids(self, n: int) -> list[Grid]:
        positions, cell = disc_lattice(n)
        return [Grid(from_ball(positions), positions, cell, self.draw_frame, self.title)]


class ProjectiveBall(Ball):
    """RP^3 as a ball (paper, Fig. 3)."""

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return to_ball(z)

    def from_ball(self, places: np.ndarray) -> np.ndarray:
        return from_ball(places)


class ProjectiveFeatures(EvenFeatures):
    """RP^d, d > 3: principal directions of the matrices z z^T, the same for z and -z.

    The grid is the disc of the great RP^2 through the principal directions of z.

    Args:
        space: A `RealProjective`.
        points: Latent points `[n, d + 1]`, or `None`.
    """

    def __init__(self, space: RealProjective, points: np.ndarray | None) -> None:
        super().__init__(space, points, f"$RP^{{{space.dim}}}$, $zz^T$")
        self.axes, _ = principal_directions(points, space.ambient_dim, 3, centre=False)

    def grids(self, n: int) -> list[Grid]:
        disc = ProjectiveDisc()
        positions, cell = disc_lattice(n)
        points = from_ball(positions) @ self.axes
        title = f"a great $RP^2$ in $RP^{{{self.space.dim}}}$"
        return [Grid(points, positions, cell, disc.draw_frame, title)]


@register_chart(RealProjective)
def projective_panel(space: RealProjective, points: np.ndarray | None = None) -> Panel:
    """A circle, a disc, a ball, or principal directions of z z^T."""
    if space.dim == 1:
        return Circle("$RP^1$, a circle", times=2)
    if space.dim == 2:
        return ProjectiveDisc()
    if space.dim == 3:
        return ProjectiveBall("$RP^3$")
    return ProjectiveFeatures(space, points)
