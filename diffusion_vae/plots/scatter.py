"""Latent points in the chart of their manifold (paper, Figs. 1, 3 and 4)."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Panel
from diffusion_vae.plots.charts.registry import latent_points
from diffusion_vae.plots.colouring import Colouring, ColouringChoice, colouring_of
from diffusion_vae.plots.layout import caption, heading, panel_figure
from diffusion_vae.plots.legends import draw_legend, legend_width

OPAQUE, PALE = 0.9, 0.25


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one marker in one panel, whose opacity depends on the view.

    Attributes:
        axes: Where they are drawn.
        points: What Matplotlib drew.
        positions: Their places in the picture, `[n, picture_dim]`.
        rgb: Their colours, `[n, 3]`.
    """

    axes: Axes
    points: PathCollection
    positions: np.ndarray
    rgb: np.ndarray

    def shade(self) -> None:
        """Makes the points that are far from the viewer pale."""
        rgba = np.column_stack([self.rgb, _opacity(self.axes, self.positions)])  # [n, 4]
        self.points.set_facecolor(rgba.tolist())


def latent_scatter(
    manifold: Manifold,
    locations: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    factors: ArrayLike | None = None,
    colouring: ColouringChoice = None,
    scale_name: str = "",
    title: str | None = None,
    point_size: float | None = None,
) -> Figure:
    """Draws latent points, coloured by class or by known factors.

    Args:
        manifold: A `Manifold`.
        locations: Latent points, `[n, ambient_dim]`.
        labels: A class (or number) for each point, `[n]`, or `None`.
        factors: Known factors of the points, `[n, ...]`, or `None`.
        colouring: `"labels"`, `"torus"` (factors: two angles in radians), `"circle"`
            (an angle), `"rotation"` (3x3 matrices), `"sphere"` (unit vectors of R^3), a
            function from factors to RGB, or `None` to choose by what is given.
        scale_name: What a continuous scale of numbers shows.
        title: Title of the figure.
        point_size: Area of a point in square typographic points.

    Returns:
        A Matplotlib `Figure`. Points that are not finite are left out, and counted in
        the title.

    Raises:
        ValueError: If shapes do not fit, or a colouring misses its data.
    """
    z = latent_points(manifold, locations)
    painted = colouring_of(len(z), labels, factors, colouring)
    return draw_scatter(manifold, z, painted, scale_name, title, point_size)[0]


def draw_scatter(
    manifold: Manifold,
    z: np.ndarray,
    painted: Colouring,
    scale_name: str = "",
    title: str | None = None,
    point_size: float | None = None,
    repeats: bool = True,
) -> tuple[Figure, list[Cloud]]:
    """Draws latent points as `latent_scatter` does.

    Args:
        manifold: A `Manifold`.
        z: Latent points, `[n, ambient_dim]`, float64.
        painted: Their `Colouring`.
        scale_name: As in `latent_scatter`.
        title: As in `latent_scatter`.
        point_size: As in `latent_scatter`.
        repeats: Whether to draw the panels that repeat another one in another view.

    Returns:
        The figure, and a list of the `Cloud`s in it.
    """
    finite = np.isfinite(z).all(axis=-1)  # [n]
    panels = [panel for panel in chart(manifold, z) if repeats or not panel.repeats]
    figure, places = panel_figure(len(panels), beside=legend_width(painted))
    size = point_size or float(np.clip(15000.0 / max(len(z), 1), 2.5, 16.0))
    order = np.random.default_rng(0).permutation(len(z))  # no class lies on top of the others
    order = order[finite[order]]
    clouds = []
    for panel, place in zip(panels, places, strict=True):
        axes = figure.add_subplot(place, projection="3d" if panel.picture_dim == 3 else None)
        panel.spreads = bool(np.any(painted.levels))
        panel.draw_frame(axes)
        shown = order[panel.shows(z[order])]
        clouds += _draw_points(axes, panel, z[shown], painted, shown, size)
        caption(axes, panel.title, len(panels) == 1)
    draw_legend(figure, painted, scale_name)
    lost = f"{np.sum(~finite)} points are not finite and not shown" if not finite.all() else ""
    heading(figure, "\n".join(filter(None, (title, lost))))
    return figure, clouds


def _draw_points(
    axes: AnyAxes, panel: Panel, z: np.ndarray, painted: Colouring, index: np.ndarray, size: float
) -> list[Cloud]:
    """Clouds of the points of each marker."""
    positions = panel.spread(panel.coordinates(z), painted.levels[index])
    rgb = painted.rgb[index]  # [n, 3]
    clouds = []
    for marker in dict.fromkeys(painted.markers[index]):
        chosen = painted.markers[index] == marker
        style = {"depthshade": False} if panel.picture_dim == 3 else {"zorder": 3}
        points = axes.scatter(
            *positions[chosen].T,
            s=size,
            c=rgb[chosen],
            marker=marker,
            linewidths=0,
            rasterized=len(z) > 2000,
            **style,
        )
        clouds.append(Cloud(axes, points, positions[chosen], rgb[chosen]))
        clouds[-1].shade()
    return clouds


def _opacity(axes: AnyAxes, positions: np.ndarray) -> np.ndarray:
    """Opacity of each point; in space what is far from the viewer is pale, `[n]`."""
    if positions.shape[-1] == 2:
        return np.full(len(positions), OPAQUE)
    elevation, azimuth = np.deg2rad(axes.elev), np.deg2rad(axes.azim)
    viewer = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    ends = np.array([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()])  # [3, 2]
    nearness = (positions - ends.mean(axis=-1)) @ viewer / (0.5 * np.ptp(ends[0]))  # [n]
    return np.clip(np.interp(nearness, (-0.6, 0.4), (PALE, OPAQUE)), PALE, OPAQUE)
