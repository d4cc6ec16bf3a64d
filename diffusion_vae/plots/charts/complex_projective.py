"""Complex projective spaces: a sphere, a triangle with its torus, principal directions."""

import dataclasses
from collections.abc import Callable

import numpy as np

from diffusion_vae.manifolds import ComplexProjective
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.even_features import EvenFeatures
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, lattice
from diffusion_vae.plots.charts.registry import register_chart
from diffusion_vae.plots.charts.sphere import SphereInSpace, SphereMap

SQUARE = (-np.pi, np.pi)
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
MARGIN = 0.14  # about the triangle, for its labels
NAMES = ("$|z_0|^2 = 1$", "$|z_1|^2 = 1$", "$|z_2|^2 = 1$")


def as_complex(z: np.ndarray) -> np.ndarray:
    """Complex coordinates, `[k, 2n + 2] -> [k, n + 1]`."""
    half = z.shape[-1] // 2
    return z[:, :half] + 1j * z[:, half:]


def as_real(z: np.ndarray) -> np.ndarray:
    """Real parts, then imaginary parts, `[k, n + 1] -> [k, 2n + 2]`."""
    return np.concatenate([z.real, z.imag], axis=-1)


def to_sphere(z: np.ndarray) -> np.ndarray:
    """Hopf's map to the unit sphere, `[k, 4] -> [k, 3]`; (1, 0) is the north pole."""
    first, second = as_complex(z).T
    across = 2.0 * first.conj() * second
    height = np.abs(first) ** 2 - np.abs(second) ** 2
    return np.stack([across.real, across.imag, height], axis=-1)


def from_sphere(places: np.ndarray) -> np.ndarray:
    """Points of CP^1 at places of the unit sphere, as pairs of complex numbers, `[k, 2]`."""
    half = 0.5 * np.arccos(np.clip(places[:, 2], -1.0, 1.0))
    turn = np.exp(1j * np.arctan2(places[:, 1], places[:, 0]))
    return np.stack([np.cos(half) + 0j, np.sin(half) * turn], axis=-1)


class HopfSphere(SphereInSpace):
    """CP^1 as the sphere that it is."""

    title = "$CP^1$, a sphere"

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return to_sphere(z)

    def grids(self, n: int) -> list[Grid]:
        grids = super().grids(n)
        return [dataclasses.replace(g, points=as_real(from_sphere(g.points))) for g in grids]


class HopfMap(SphereMap):
    """CP^1 once more, as a map."""

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return super().coordinates(to_sphere(z))


class Shares(Panel):
    """CP^2 by the squared moduli of its coordinates, which sum to 1: a triangle.

    The uniform law is uniform in it. Of the torus of phases over a place the grid shows the
    point whose phases are equal.
    """

    title = "$CP^2$, squared moduli"

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return np.abs(as_complex(z)) ** 2 @ CORNERS

    def draw_frame(self, axes: AnyAxes) -> None:
        axes.plot(*np.concatenate([CORNERS, CORNERS[:1]]).T, color=frames.INK, linewidth=0.8)
        self._label(axes, 1.0)

    def grids(self, n: int) -> list[Grid]:
        counts = np.array([(i, j, n - 1 - i - j) for i in range(n) for j in range(n - i)])
        shares = (counts + 1.0 / 3.0) / n  # [k, 3], the centres of n (n + 1) / 2 triangles
        side = np.sqrt(0.75) / n  # rows are as far apart
        title = f"{self.title}, phases equal"
        points = as_real(np.sqrt(shares) + 0j)
        return [Grid(points, shares @ CORNERS, (side, side), self._grid_frame(side), title)]

    def _grid_frame(self, side: float) -> Callable[[AnyAxes], None]:
        def draw(axes: AnyAxes) -> None:
            middle = CORNERS.mean(axis=0)
            wider = middle + (1.0 + 1.2 * side) * (CORNERS - middle)
            axes.plot(*np.concatenate([wider, wider[:1]]).T, color=frames.FAINT, linewidth=0.8)
            self._label(axes, 1.0 + 1.2 * side)

        return draw

    def _label(self, axes: AnyAxes, size: float) -> None:
        middle = CORNERS.mean(axis=0)
        places = middle + size * (CORNERS - middle) + 0.04 * np.array([[0, -1], [0, -1], [0, 1]])
        for name, place, vertical in zip(NAMES, places, ("top", "top", "bottom"), strict=True):
            axes.annotate(
                name, place, fontsize=frames.TEXT, color=frames.INK, ha="center", va=vertical
            )
        room = MARGIN + 0.5 * (size - 1.0)
        frames.plain_axes(axes, (-room, 1.0 + room), (-room, CORNERS[2, 1] + room))


class Phases(Panel):
    """CP^2 by the phases of its coordinates relative to the first: a square, periodic.

    With the triangle of the squared moduli it shows all four dimensions. The grid is the torus
    on which all moduli are equal.
    """

    title = "its phases, opposite sides are the same"

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        first, second, third = as_complex(z).T
        return np.angle(np.stack([second, third], axis=-1) * first.conj()[:, None])

    def draw_frame(self, axes: AnyAxes) -> None:
        frames.angle_axes(axes, SQUARE, SQUARE, ("phase of $z_1 / z_0$", "phase of $z_2 / z_0$"))

    def grids(self, n: int) -> list[Grid]:
        positions, cell = lattice(n, n, SQUARE, SQUARE)
        angles = np.column_stack([np.zeros(len(positions)), positions])
        points = as_real(np.exp(1j * angles) / np.sqrt(3.0))
        return [
            Grid(points, positions, cell, self.draw_frame, "phases where the moduli are equal")
        ]


class ComplexFeatures(EvenFeatures):
    """CP^n, n > 2: principal directions of the matrices z z*, the same for all phases of z.

    The grid is the complex line, a sphere, through the two principal directions of z.

    Args:
        space: A `ComplexProjective`.
        points: Latent points `[k, 2n + 2]`, or `None`.
    """

    def __init__(self, space: ComplexProjective, points: np.ndarray | None) -> None:
        super().__init__(space, points, f"$CP^{{{space.complex_dim}}}$, $zz^*$")
        known = np.zeros((0, space.ambient_dim)) if points is None else points
        z = as_complex(np.concatenate([known, np.eye(space.ambient_dim)[:2] * 1e-6]))
        self.axes = np.linalg.eigh(z.T @ z.conj())[1][:, :-3:-1].T  # [2, n + 1]

    def grids(self, n: int) -> list[Grid]:
        title = f"a complex line in $CP^{{{self.space.dim // 2}}}$"
        grids = SphereInSpace().grids(n)
        return [
            dataclasses.replace(g, points=as_real(from_sphere(g.points) @ self.axes), title=title)
            for g in grids
        ]


@register_chart(ComplexProjective)
def complex_projective_panels(
    space: ComplexProjective, points: np.ndarray | None = None
) -> Panel | list[Panel]:
    """A sphere and its map, a triangle and a torus, or principal directions of z z*."""
    if space.complex_dim == 1:
        return [HopfSphere(), HopfMap()]
    if space.complex_dim == 2:
        return [Shares(), Phases()]
    return ComplexFeatures(space, points)
