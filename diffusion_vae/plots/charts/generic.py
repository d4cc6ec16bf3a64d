"""Manifolds without a chart: their coordinates, or principal directions if these are many."""

from collections.abc import Callable

import numpy as np

from diffusion_vae.manifolds import ImplicitManifold, Manifold
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.directions import directions_title, principal_directions
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel, lattice
from diffusion_vae.plots.charts.registry import register_chart

SAMPLES = 4000
REFINEMENTS = 30
DUST = 1.5  # area of the points that show the manifold, in square typographic points
BESIDE = 0.3  # largest distance of a picture from the centre of its cell, in cells
SHORTEST = 0.15  # half of the shortest side of a frame, of its longest
CLEARANCE = 0.98  # least distance of two pictures, in cells


class Coordinates(Panel):
    """A manifold known by its projection only, in its ambient coordinates.

    The grid looks along the third direction: in each cell of the plane of the first
    two stands the picture of the nearest point of the manifold, of the sheet in front
    or of the one at the back. Where the manifold has no point in a cell there is none.

    Args:
        manifold: A `Manifold`.
        directions: Rows `[3, ambient_dim]`: right, up, towards the viewer.
        title: Title of the panel.
    """

    def __init__(self, manifold: Manifold, directions: np.ndarray, title: str) -> None:
        self.manifold = manifold
        self.directions = directions
        self.title = title
        self.picture_dim = 3 if manifold.ambient_dim == 3 else 2
        self._cloud: np.ndarray | None = None

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return z @ self.directions[: self.picture_dim].T

    def draw_frame(self, axes: AnyAxes) -> None:
        places = self.coordinates(self._samples())
        style = {"s": DUST, "color": frames.FAINT, "linewidths": 0, "zorder": 0}
        axes.scatter(*places.T, **style)
        ends = _ends(places)
        names = [f"{self._axis_name} {i + 1}" for i in range(self.picture_dim)]
        axes.set_aspect("equal")
        if self.picture_dim == 2:
            frames.labelled_axes(axes, ends[0], ends[1], names)
            return
        axes.computed_zorder = False  # or the surface hides latent points
        for pair, set_limits in zip(
            ends, (axes.set_xlim, axes.set_ylim, axes.set_zlim), strict=True
        ):
            set_limits(*pair)
        sides = np.ptp(ends, axis=-1)
        axes.set_box_aspect(sides / sides.max(), zoom=1.02)  # a flat surface fills the picture
        frames.space_ticks(axes, names)

    def grids(self, n: int) -> list[Grid]:
        samples = self._samples()
        sheets = [("front", 1.0), ("back", -1.0)] if self._has_two_sides else [("", 1.0)]
        grids = []
        for side, sign in sheets:
            points, cell = self._sheet(samples, sign, n)
            title = self.title + (f", {side}" if side else "")
            positions = points @ self.directions[:2].T
            grids.append(Grid(points, positions, cell, self._draw_plane(cell), title))
        return grids

    @property
    def _has_two_sides(self) -> bool:
        return self.manifold.dim >= 2 and self.manifold.ambient_dim > 2

    @property
    def _axis_name(self) -> str:
        return "coordinate" if self.manifold.ambient_dim <= 3 else "direction"

    def _samples(self) -> np.ndarray:
        """Many points of the manifold, always the same, `[SAMPLES, ambient_dim]`."""
        if self._cloud is None:
            try:
                cloud = evaluated(lambda: self.manifold.prior_sample((SAMPLES,), seed=0))
            except ValueError:  # its own `project` is no closest point; a picture needs none
                noise = np.random.default_rng(0).normal(size=(SAMPLES, self.manifold.ambient_dim))
                cloud = evaluated(self.manifold.project, noise)
            self._cloud = cloud[np.isfinite(cloud).all(axis=-1)]
        return self._cloud

    def _sheet(
        self, samples: np.ndarray, sign: float, n: int
    ) -> tuple[np.ndarray, tuple[float, float]]:
        """Points whose places are near the cells of a lattice, no two on top of each other."""
        plane, depth = self.directions[:2], sign * self.directions[2]
        places = samples @ plane.T  # [samples, 2]
        ends = _ends(places)
        sides = np.ptp(ends, axis=-1)
        side = float(sides.max()) / n  # of a square cell
        counts = np.ceil(sides / side - 1e-9).astype(int)
        ends = ends.mean(axis=-1, keepdims=True) + 0.5 * side * counts[:, None] * (-1.0, 1.0)
        positions, cell = lattice(*counts.tolist(), *ends)
        starts, targets = [], []
        for position in positions:
            inside = np.abs(places - position).max(axis=-1) <= 0.5 * side
            if inside.any():
                here = samples[inside]
                starts.append(here[np.argmax(here @ depth)])
                targets.append(position)
        points = self._moved_to(np.array(starts), np.array(targets))
        missed = np.abs(points @ plane.T - targets).max(axis=-1) / side
        order = np.argsort(np.round(missed, 2), kind="stable")
        if self.manifold.dim > 1:  # the centre of the cell is beside the manifold's outline
            order = order[missed[order] <= max(BESIDE, float(missed.min()))]
        points = points[order]
        return _apart(points, points @ plane.T, CLEARANCE * side), cell

    def _moved_to(self, points: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Alternating projections on the manifold and on the fibres over the targets."""
        plane = self.directions[:2]
        for _ in range(REFINEMENTS):
            shifted = points + (targets - points @ plane.T) @ plane
            points = evaluated(self.manifold.project, shifted)
        return points

    def _draw_plane(self, cell: tuple[float, float]) -> Callable[[AnyAxes], None]:
        def draw(axes: AnyAxes) -> None:
            half = 0.5 * np.array(cell)[:, None] * (-1.0, 1.0)
            ends = _ends(self._samples() @ self.directions[:2].T) + half  # [2, 2]
            names = [f"{self._axis_name} {i}" for i in (1, 2)]
            frames.labelled_axes(axes, ends[0], ends[1], names)
            axes.set_aspect("equal")

        return draw


def _ends(places: np.ndarray) -> np.ndarray:
    """Ends of each axis of a box around the places, `[axes, 2]`; no side is much shorter."""
    low, high = places.min(axis=0), places.max(axis=0)
    longest = max(float((high - low).max()), 1e-6)
    half = np.maximum(0.5 * (high - low) + 0.04 * longest, SHORTEST * longest)
    return 0.5 * (low + high)[:, None] + half[:, None] * (-1.0, 1.0)


def _apart(points: np.ndarray, places: np.ndarray, distance: float) -> np.ndarray:
    """Keeps only the first of points that are too near to each other in the picture."""
    kept: list[int] = []
    for i, place in enumerate(places):
        if not kept or np.abs(places[kept] - place).max(axis=-1).min() >= distance:
            kept.append(i)
    return points[kept]


@register_chart(Manifold)
def coordinate_panel(manifold: Manifold, points: np.ndarray | None = None) -> Panel:
    """Coordinates in the plane or in space; principal directions where there are more."""
    return _named_panel(type(manifold).__name__, manifold, points)


@register_chart(ImplicitManifold)
def level_set_panel(manifold: ImplicitManifold, points: np.ndarray | None = None) -> Panel:
    """The same under the name of the function."""
    name = f"zeros of {getattr(manifold.f, '__name__', 'a function')}"
    return _named_panel(name, manifold, points)


def _named_panel(name: str, manifold: Manifold, points: np.ndarray | None) -> Panel:
    if manifold.ambient_dim <= 3:
        directions, _ = principal_directions(None, manifold.ambient_dim, 3)
        return Coordinates(manifold, directions, name)
    directions, share = principal_directions(points, manifold.ambient_dim, 3)
    return Coordinates(manifold, directions, directions_title(name, share))
