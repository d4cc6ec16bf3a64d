"""Outlines that several charts share: discs, spheres, angle ticks, identified edges."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.ticker import FixedLocator

AnyAxes: TypeAlias = Any
"""Matplotlib axes, of the plane or of space."""

Ends: TypeAlias = Sequence[float] | np.ndarray
"""The two ends of an axis."""

INK = "0.25"  # lines and labels
FAINT = "0.75"
TEXT = 8  # points
SURFACE = 0.05  # opacity of a surface: pale, or grey points vanish on it
PAIR_MARKERS = "^sD"
PAIR_STYLE = {"markersize": 5, "color": "white", "markeredgecolor": INK, "linestyle": ""}
QUARTER = np.pi / 4


def pi_label(angle: float) -> str:
    """A multiple of pi / 4 as it is written."""
    quarters = round(angle / QUARTER)
    if quarters == 0:
        return "0"
    divisor = {0: 1, 2: 2}.get(quarters % 4, 4)
    times = quarters * divisor // 4
    number = {1: "", -1: "-"}.get(times, str(times))
    return rf"${number}\pi$" if divisor == 1 else rf"${number}\pi/{divisor}$"


def plain_axes(axes: AnyAxes, limits: Ends, vertical: Ends | None = None) -> None:
    """Equal aspect, the same limits on both axes, no ticks and no box."""
    axes.set_aspect("equal")
    axes.set_xlim(limits)
    axes.set_ylim(limits if vertical is None else vertical)
    axes.set_axis_off()


def labelled_axes(axes: AnyAxes, horizontal: Ends, vertical: Ends, labels: Sequence[str]) -> None:
    """Small ticks, thin grey spines, the given limits and axis labels."""
    axes.set_xlim(horizontal)
    axes.set_ylim(vertical)
    axes.set_xlabel(labels[0], fontsize=TEXT, color=INK)
    axes.set_ylabel(labels[1], fontsize=TEXT, color=INK)
    axes.tick_params(labelsize=TEXT, colors=INK, length=3, width=0.6)
    for spine in axes.spines.values():
        spine.set(linewidth=0.6, color=INK)


def angle_axes(
    axes: AnyAxes, horizontal: Ends, vertical: Ends, labels: Sequence[str], downwards: bool = False
) -> None:
    """A rectangle of angles with ticks at multiples of pi / 2.

    Args:
        axes: Matplotlib axes.
        horizontal: Left and right end.
        vertical: Lower and upper end.
        labels: Names of the two angles.
        downwards: Whether the second angle is counted from the upper end downwards.
    """
    labelled_axes(axes, horizontal, vertical, labels)
    axes.set_aspect("equal")
    ticks = _quarter_turns(horizontal)
    axes.set_xticks(ticks, [pi_label(t) for t in ticks])
    ticks = _quarter_turns(vertical)
    axes.set_yticks(ticks, [pi_label(vertical[1] - t if downwards else t) for t in ticks])


def _quarter_turns(ends: Ends) -> np.ndarray:
    step = 2 * QUARTER
    return step * np.arange(np.ceil(ends[0] / step - 1e-9), np.floor(ends[1] / step + 1e-9) + 1)


def circle(axes: AnyAxes, radius: float = 1.0, **style: Any) -> None:
    """A circle about the origin of a plane picture."""
    t = np.linspace(0.0, 2.0 * np.pi, 361)
    style = {"color": INK, "linewidth": 0.8, **style}
    axes.plot(radius * np.cos(t), radius * np.sin(t), **style)


def identified_boundary(axes: AnyAxes) -> None:
    """The unit circle with marks that pair its identified points: the opposite ones."""
    circle(axes)
    for angle, marker in zip((np.pi / 6, np.pi / 2, 5 * np.pi / 6), PAIR_MARKERS, strict=True):
        place = 1.07 * np.array([np.cos(angle), np.sin(angle)])
        for mark in (place, -place):
            axes.plot(*mark, marker=marker, **PAIR_STYLE)


def identified_sphere(axes: AnyAxes) -> None:
    """The unit sphere in space with marks that pair its identified points."""
    translucent_sphere(axes)
    for direction, marker in zip(np.eye(3), PAIR_MARKERS, strict=True):
        for mark in (1.04 * direction, -1.04 * direction):
            axes.plot(*mark[:, None], marker=marker, **PAIR_STYLE)


def space_axes(
    axes: AnyAxes,
    radius: float = 1.0,
    zoom: float = 1.5,
    elevation: float = 22.0,
    azimuth: float = 35.0,
) -> None:
    """A bare cube of space about the origin."""
    for set_limits in (axes.set_xlim, axes.set_ylim, axes.set_zlim):
        set_limits(-radius, radius)
    axes.set_box_aspect((1, 1, 1), zoom=zoom)
    axes.view_init(elev=elevation, azim=azimuth)
    axes.set_axis_off()


def translucent(axes: AnyAxes, mesh: np.ndarray) -> None:
    """A pale surface in space through places `[rows, columns, 3]`."""
    x, y, z = np.moveaxis(mesh, -1, 0)
    axes.plot_surface(x, y, z, color="0.6", alpha=SURFACE, linewidth=0, shade=False)


def sphere_mesh() -> np.ndarray:
    """Places on the unit sphere along parallels and meridians, `[25, 49, 3]`."""
    theta, phi = np.meshgrid(np.linspace(0, 2 * np.pi, 49), np.linspace(0, np.pi, 25))
    return np.stack([np.cos(theta) * np.sin(phi), np.sin(theta) * np.sin(phi), np.cos(phi)], -1)


def translucent_sphere(axes: AnyAxes) -> None:
    """The unit sphere in space: a pale surface with three great circles."""
    translucent(axes, sphere_mesh())
    t = np.linspace(0.0, 2.0 * np.pi, 121)
    zero = np.zeros_like(t)
    for curve in ((np.cos(t), np.sin(t), zero), (np.cos(t), zero, np.sin(t))):
        axes.plot(*curve, color=FAINT, linewidth=0.6)
    axes.plot(zero, np.cos(t), np.sin(t), color=FAINT, linewidth=0.6)


def space_ticks(axes: AnyAxes, labels: Sequence[str]) -> None:
    """Few small ticks and labels on the axes of a picture in space."""
    axes.tick_params(labelsize=TEXT - 1, colors=INK, pad=-1)
    axes.set_xlabel(labels[0], fontsize=TEXT, color=INK, labelpad=-4)
    axes.set_ylabel(labels[1], fontsize=TEXT, color=INK, labelpad=-4)
    axes.set_zlabel(labels[2], fontsize=TEXT, color=INK, labelpad=-1)
    axes.grid(False)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
        axis.line.set(color=INK, linewidth=0.6)
        low, high = axis.get_view_interval()
        axis.set_major_locator(FixedLocator(_round_ticks(low, high).tolist()))


def _round_ticks(low: float, high: float) -> np.ndarray:
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-12)))
    for finer in (5.0, 2.0, 1.0, 0.5, 0.2):
        ticks = np.arange(np.ceil(low / (step * finer)), np.floor(high / (step * finer)) + 1)
        if len(ticks) >= 3:
            break
    return ticks * step * finer
