"""Latent points in the chart of their manifold (paper, Figs. 1, 3 and 4)."""

import numpy as np

from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.charts.registry import latent_points
from diffusion_vae.plots.colouring import colouring_of
from diffusion_vae.plots.layout import caption, heading, panel_figure
from diffusion_vae.plots.legends import draw_legend, legend_width

OPAQUE, PALE = 0.9, 0.15


def latent_scatter(
    manifold,
    locations,
    labels=None,
    *,
    factors=None,
    colouring=None,
    title=None,
    point_size=None,
):
    """Draws latent points, coloured by class or by known factors.

    Args:
        manifold: A `Manifold`.
        locations: Latent points, `[n, ambient_dim]`.
        labels: A class (or number) for each point, `[n]`, or `None`.
        factors: Known factors of the points, `[n, ...]`, or `None`.
        colouring: `"labels"`, `"torus"` (factors: two angles in radians), `"circle"`
            (an angle), `"rotation"` (3x3 matrices), `"sphere"` (unit vectors of R^3), a
            function from factors to RGB, or `None` to choose by what is given.
        title: Title of the figure.
        point_size: Area of a point in square typographic points.

    Returns:
        A Matplotlib `Figure`. Points that are not finite are left out, and counted in
        the title.

    Raises:
        ValueError: If shapes do not fit, or a colouring misses its data.
    """
    z = latent_points(manifold, locations)
    finite = np.isfinite(z).all(axis=-1)  # [n]
    painted = colouring_of(len(z), labels, factors, colouring)
    panels = chart(manifold, z)
    figure, places = panel_figure(len(panels), beside=legend_width(painted))
    size = point_size or float(np.clip(15000.0 / max(len(z), 1), 2.5, 16.0))
    order = np.random.default_rng(0).permutation(len(z))  # no class lies on top of the others
    order = order[finite[order]]
    for panel, place in zip(panels, places, strict=True):
        axes = figure.add_subplot(place, projection="3d" if panel.picture_dim == 3 else None)
        panel.spreads = bool(np.any(painted.levels))
        panel.draw_frame(axes)
        shown = order[panel.shows(z[order])]
        _draw_points(axes, panel, z[shown], painted, shown, size)
        caption(axes, panel.title, len(panels) == 1)
    draw_legend(figure, places, painted)
    lost = f"{np.sum(~finite)} points are not finite and not shown" if not finite.all() else ""
    heading(figure, "\n".join(filter(None, (title, lost))))
    return figure


def _draw_points(axes, panel, z, painted, index, size):
    positions = panel.spread(panel.coordinates(z), painted.levels[index])
    rgba = np.column_stack([painted.rgb[index], _opacity(axes, positions)])  # [n, 4]
    for marker in dict.fromkeys(painted.markers[index]):
        chosen = painted.markers[index] == marker
        style = {"depthshade": False} if panel.picture_dim == 3 else {"zorder": 3}
        axes.scatter(
            *positions[chosen].T,
            s=size,
            c=rgba[chosen],
            marker=marker,
            linewidths=0,
            rasterized=len(z) > 2000,
            **style,
        )


def _opacity(axes, positions):
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
