"""Small pictures that explain the colours of a scatter."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from diffusion_vae.plots import colours
from diffusion_vae.plots.charts.frames import INK, TEXT, AnyAxes, pi_label
from diffusion_vae.plots.charts.rotations import RotationBall
from diffusion_vae.plots.colouring import LEGEND_ROWS, Colouring, draw_class_legend

SIDE = 1.0  # inches
PIXELS = 240
WIDTHS = {"classes": 0.6, "scale": 0.6, "plain": 0.0, "function": 0.0}


def legend_width(painted: Colouring) -> float:
    """Room in inches on the right of the panels."""
    columns = max(1, -(-len(painted.handles) // LEGEND_ROWS))
    return WIDTHS.get(painted.kind, SIDE + 0.35) * columns


def draw_legend(figure: Figure, painted: Colouring, scale_name: str = "") -> None:
    """Explains the colours beside the panels, never over the data."""
    if painted.kind == "classes":
        draw_class_legend(figure, painted)
    elif painted.kind == "scale":
        scale = ScalarMappable(Normalize(*painted.extent), cmap="viridis")
        bar = figure.colorbar(scale, ax=figure.axes, shrink=0.7, pad=0.02)
        bar.ax.tick_params(labelsize=TEXT, colors=INK)
        bar.outline.set_visible(False)
        bar.set_label(scale_name, fontsize=TEXT, color=INK)
    elif painted.kind in _PICTURES:
        _PICTURES[painted.kind](_corner(figure))


def _corner(figure: Figure) -> Axes:
    """Square axes at the right edge, in the room that `legend_width` asks for."""
    width, height = figure.get_size_inches()
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0, 0, 1 - (SIDE + 0.35) / width, 1))
    left, bottom = 1 - (SIDE + 0.08) / width, 0.5 - 0.5 * SIDE / height
    axes = figure.add_axes((left, bottom, SIDE / width, SIDE / height))
    axes.set_in_layout(False)
    axes.tick_params(labelsize=TEXT - 1, colors=INK, length=2, width=0.5, pad=1)
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, color=INK)
    return axes


def _square(low: float, high: float) -> np.ndarray:
    """Centres of pixels of a square, `[PIXELS, PIXELS, 2]`, the first row at the bottom."""
    t = low + (high - low) * (np.arange(PIXELS) + 0.5) / PIXELS
    return np.stack(np.meshgrid(t, t), axis=-1)


def _show(
    axes: AnyAxes,
    rgb: np.ndarray,
    low: float,
    high: float,
    radius: tuple[float, float] | None = None,
) -> None:
    image = np.ones((PIXELS, PIXELS, 4))
    image[..., :3] = rgb
    if radius is not None:
        r = np.linalg.norm(_square(low, high), axis=-1)
        image[..., 3] = (r >= radius[0]) & (r <= radius[1])
        axes.set_axis_off()
    axes.imshow(image, origin="lower", extent=(low, high, low, high), interpolation="nearest")


def _torus(axes: AnyAxes) -> None:
    _show(axes, colours.torus_colours(_square(0, 2 * np.pi)), 0, 2 * np.pi)
    ticks = [0, np.pi, 2 * np.pi]
    axes.set_xticks(ticks, [pi_label(t) for t in ticks])
    axes.set_yticks(ticks, [pi_label(t) for t in ticks])
    axes.set_xlabel("factor 1", fontsize=TEXT - 1, color=INK, labelpad=1)
    axes.set_ylabel("factor 2", fontsize=TEXT - 1, color=INK, labelpad=0)


def _circle(axes: AnyAxes) -> None:
    xy = _square(-1, 1)
    _show(axes, colours.circle_colours(np.arctan2(xy[..., 1], xy[..., 0])), -1, 1, (0.65, 1.0))
    for turn in range(4):
        angle = 0.5 * np.pi * turn
        place = 0.4 * np.array([np.cos(angle), np.sin(angle)])
        style = {"fontsize": TEXT - 1, "color": INK, "ha": "center", "va": "center"}
        axes.text(*place, pi_label(angle), **style)
    axes.set_title("factor", fontsize=TEXT - 1, color=INK)


def _sphere(axes: AnyAxes) -> None:
    xy = _square(-1, 1)
    height = np.sqrt(np.maximum(0.0, 1.0 - np.sum(xy**2, axis=-1, keepdims=True)))
    _show(axes, colours.point_colours(np.concatenate([xy, height], -1)), -1, 1, (0.0, 1.0))
    axes.set_title("factor, seen\nfrom above", fontsize=TEXT - 1, color=INK)


def _line(axes: AnyAxes) -> None:
    xy = _square(-1, 1)
    height = np.sqrt(np.maximum(0.0, 1.0 - np.sum(xy**2, axis=-1, keepdims=True)))
    _show(axes, colours.line_colours(np.concatenate([xy, height], -1)), -1, 1, (0.0, 1.0))
    axes.set_title("line, seen\nfrom above", fontsize=TEXT - 1, color=INK)


def _rotation(axes: AnyAxes) -> None:
    xy = _square(-1, 1).reshape(-1, 2)
    places = np.column_stack([xy, np.zeros(len(xy))])  # [PIXELS^2, 3], height 0 of the ball
    rgb = colours.rotation_colours(RotationBall("").from_ball(places))
    _show(axes, rgb.reshape(PIXELS, PIXELS, 3), -1, 1, (0.0, 1.0))
    axes.set_title("factor, ball\nat height 0", fontsize=TEXT - 1, color=INK)


_PICTURES = {
    "torus": _torus,
    "circle": _circle,
    "sphere": _sphere,
    "line": _line,
    "rotation": _rotation,
}
