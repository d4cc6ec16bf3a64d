"""Spheres: the circle, the sphere in space, great spheres of more dimensions."""

import numpy as np

from diffusion_vae.manifolds import Sphere
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.circle import Circle
from diffusion_vae.plots.charts.directions import directions_title, principal_directions
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, disc_lattice, lattice
from diffusion_vae.plots.charts.registry import register_chart

LONGITUDE = (0.0, 2.0 * np.pi)
COLATITUDE = (0.0, np.pi)  # counted downwards: the north pole is up, as on the sphere


class SphereInSpace(Panel):
    """S^2 in space; its grid is the map of longitude and colatitude (paper, Fig. 4).

    The point at longitude theta and colatitude phi is
    `(cos theta sin phi, sin theta sin phi, cos phi)`. The arc theta = 0, where the
    map is cut, is drawn on the sphere. `SphereMap` shows the points in that map.
    """

    picture_dim = 3
    title = "sphere $S^2$"

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return z

    def surface(self) -> np.ndarray:
        return frames.sphere_mesh()

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.translucent_sphere(axes)
        phi = np.linspace(0.0, np.pi, 61)
        axes.plot(np.sin(phi), 0 * phi, np.cos(phi), color="black", linewidth=1.4)
        frames.space_axes(axes)

    def grids(self, n: int) -> list[Grid]:
        rows = (n + 1) // 2
        positions, cell = lattice(2 * rows, rows, LONGITUDE, COLATITUDE)
        theta, phi = positions[:, 0], np.pi - positions[:, 1]  # [k]
        points = np.stack(
            [np.cos(theta) * np.sin(phi), np.sin(theta) * np.sin(phi), np.cos(phi)], axis=-1
        )
        title = "sphere $S^2$, left and right side: the thick arc"
        return [Grid(points, positions, cell, _draw_map, title)]


class SphereMap(Panel):
    """S^2 once more, as the map of the grid: it hides no point behind the sphere."""

    title = "its map: left and right side are the thick arc"
    repeats = True

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        longitude = np.mod(np.arctan2(z[:, 1], z[:, 0]), 2.0 * np.pi)  # [n]
        return np.stack([longitude, np.pi - np.arccos(np.clip(z[:, 2], -1.0, 1.0))], axis=-1)

    def draw_frame(self, axes: AnyAxes) -> None:
        _draw_map(axes)

    def grids(self, n: int) -> list[Grid]:
        return []


class GreatSphere(Panel):
    """S^d, d > 2, seen along all but two directions: a disc with a front and a back.

    Args:
        title: Title of the panel.
        directions: Orthonormal rows `[3, d + 1]`: right, up, towards the viewer.
    """

    def __init__(self, title: str, directions: np.ndarray) -> None:
        self.title = title
        self.directions = directions

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return z @ self.directions[:2].T

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.circle(axes)
        frames.plain_axes(axes, (-1.08, 1.08))

    def grids(self, n: int) -> list[Grid]:
        positions, cell = disc_lattice(n)
        height = np.sqrt(np.maximum(0.0, 1.0 - np.sum(positions**2, axis=-1)))  # [k]
        grids = []
        for sign, side in ((1.0, "front"), (-1.0, "back")):
            on_sphere = np.column_stack([positions, sign * height])  # [k, 3]
            title = f"{side} of a great 2-sphere"
            points = on_sphere @ self.directions
            grids.append(Grid(points, positions, cell, self.draw_frame, title))
        return grids


def _draw_map(axes: AnyAxes) -> None:
    frames.angle_axes(axes, LONGITUDE, COLATITUDE, ("longitude", "colatitude"), downwards=True)


@register_chart(Sphere)
def sphere_panels(sphere: Sphere, points: np.ndarray | None = None) -> Panel | list[Panel]:
    """The circle, the sphere in space and its map, or a disc of two principal directions."""
    if sphere.dim == 1:
        return Circle("circle $S^1$")
    if sphere.dim == 2:
        return [SphereInSpace(), SphereMap()]
    directions, share = principal_directions(points, sphere.ambient_dim, 3)
    return GreatSphere(directions_title(f"$S^{{{sphere.dim}}}$", share), directions)
