"""Hyperbolic spaces: line, Poincare disc and ball, principal directions at the origin."""

import dataclasses

import numpy as np

from diffusion_vae.manifolds import Hyperbolic
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.ball import Ball
from diffusion_vae.plots.charts.directions import directions_title, principal_directions
from diffusion_vae.plots.charts.euclidean import EuclideanLine, EuclideanPanel
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, disc_lattice
from diffusion_vae.plots.charts.registry import register_chart

GRID_RADIUS = 0.96  # of the disc that a grid of pictures covers: 3.9 radii from the origin
CIRCLES = (1.0, 2.0, 3.0)  # distances from the origin that are drawn, in radii
REACH = 3.0  # least distance from the origin in the map of equal areas, in radii


def to_disc(space: Hyperbolic, z: np.ndarray) -> np.ndarray:
    """Places in the Poincare disc or ball, `[n, d + 1] -> [n, d]`: angles are right."""
    s, h = _parts(space, z)
    return s / (1.0 + h)


def from_disc(space: Hyperbolic, places: np.ndarray) -> np.ndarray:
    """Points at places of the Poincare disc or ball; inverts `to_disc`."""
    square = np.sum(np.square(places), axis=-1, keepdims=True)
    point = np.concatenate([1.0 + square, 2.0 * places], axis=-1) / (1.0 - square)
    return space.radius * point


class PoincareDisc(Panel):
    """H^2 as the disc of Poincare: angles are right, lengths grow without end at the rim.

    Faint circles are 1, 2 and 3 radii of curvature from the origin.

    Args:
        space: `Hyperbolic(2)`.
    """

    title = "hyperbolic plane $H^2$, Poincaré disc"

    def __init__(self, space: Hyperbolic) -> None:
        self.space = space

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return to_disc(self.space, z)

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.circle(axes)
        for distance in CIRCLES:
            frames.circle(axes, np.tanh(0.5 * distance), color=frames.FAINT, linewidth=0.5)
        frames.plain_axes(axes, (-1.04, 1.04))

    def grids(self, n: int) -> list[Grid]:
        positions, cell = disc_lattice(n, GRID_RADIUS)
        points = from_disc(self.space, positions)
        return [Grid(points, positions, cell, self._draw_disc, self.title)]

    def _draw_disc(self, axes: AnyAxes) -> None:
        frames.circle(axes)
        frames.plain_axes(axes, (-1.08, 1.08))


class EqualAreaDisc(Panel):
    """H^2 once more, in the map of equal areas: as many points are as dense everywhere.

    Args:
        space: `Hyperbolic(2)`.
        points: Latent points `[n, 3]` that the frame must hold, or `None`.
    """

    title = "in a map of equal areas"
    repeats = True

    def __init__(self, space: Hyperbolic, points: np.ndarray | None) -> None:
        self.space = space
        self.reach = 2.0 * np.sinh(0.5 * REACH)
        if points is not None and len(points):
            farthest = np.linalg.norm(self.coordinates(points), axis=-1).max()
            self.reach = max(self.reach, 1.03 * float(farthest))

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        s, h = _parts(self.space, z)
        return s * np.sqrt(2.0 / (1.0 + h))  # of length 2 sinh(r / 2)

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.plain_axes(axes, (-1.04 * self.reach, 1.04 * self.reach))
        whole = int(2.0 * np.arcsinh(0.5 * self.reach))
        for distance in range(1, whole + 1):
            frames.circle(axes, 2.0 * np.sinh(0.5 * distance), color=frames.FAINT, linewidth=0.5)

    def grids(self, n: int) -> list[Grid]:
        return []


class PoincareBall(Ball):
    """H^3 as the ball of Poincare.

    Args:
        space: `Hyperbolic(3)`.
    """

    reach = GRID_RADIUS

    def __init__(self, space: Hyperbolic) -> None:
        super().__init__("$H^3$, Poincaré ball")
        self.space = space

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return to_disc(self.space, z)

    def from_ball(self, places: np.ndarray) -> np.ndarray:
        return from_disc(self.space, places)

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.translucent_sphere(axes)
        frames.space_axes(axes)

    def slice_outline(self, axes: AnyAxes, radius: float) -> None:
        frames.circle(axes, radius)


class HyperbolicLine(EuclideanLine):
    """H^1, which is a line.

    Args:
        space: `Hyperbolic(1)`.
        points: Latent points `[n, 2]` that the frame must hold, or `None`.
    """

    def __init__(self, space: Hyperbolic, points: np.ndarray | None) -> None:
        self.space = space
        super().__init__("$H^1$", None if points is None else _velocities(space, points))

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return super().coordinates(_velocities(self.space, z))

    def grids(self, n: int) -> list[Grid]:
        return [_on(self.space, grid) for grid in super().grids(n)]


class HyperbolicDirections(EuclideanPanel):
    """H^d, d > 3: principal directions of the velocities that lead to points from the origin.

    Args:
        space: `Hyperbolic(d)`.
        points: Latent points `[n, d + 1]`, or `None`.
    """

    def __init__(self, space: Hyperbolic, points: np.ndarray | None) -> None:
        self.space = space
        velocities = None if points is None else _velocities(space, points)
        directions, share = principal_directions(velocities, space.dim, 2)
        title = directions_title(f"$H^{{{space.dim}}}$ from the origin", share)
        super().__init__(directions, title, velocities)

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return super().coordinates(_velocities(self.space, z))

    def grids(self, n: int) -> list[Grid]:
        return [_on(self.space, grid) for grid in super().grids(n)]


def _velocities(space: Hyperbolic, z: np.ndarray) -> np.ndarray:
    return evaluated(space.even_embedding, z)


def _on(space: Hyperbolic, grid: Grid) -> Grid:
    """The grid whose velocities at the origin are made points of the space."""
    return dataclasses.replace(grid, points=evaluated(space.project_even, grid.points))


def _parts(space: Hyperbolic, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Space coordinates and height over the radius of curvature."""
    s = z[:, 1:] / space.radius
    return s, np.sqrt(1.0 + np.sum(s**2, axis=-1, keepdims=True))


@register_chart(Hyperbolic)
def hyperbolic_panels(space: Hyperbolic, points: np.ndarray | None = None) -> Panel | list[Panel]:
    """A line, the Poincare disc and a map of equal areas, the ball, or principal directions."""
    if space.dim == 1:
        return HyperbolicLine(space, points)
    if space.dim == 2:
        return [PoincareDisc(space), EqualAreaDisc(space, points)]
    if space.dim == 3:
        return PoincareBall(space)
    return HyperbolicDirections(space, points)
