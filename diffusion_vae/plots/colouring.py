"""Colours of points by labels or factors, and the legend that explains them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from diffusion_vae.plots import colours
from diffusion_vae.plots.charts.frames import INK

COLOURINGS = ("labels", "scale", "torus", "circle", "rotation", "sphere", "line")
MOST_CLASSES = 40  # more numbers than these are shown by a continuous scale
LEGEND_ROWS = 14

ColouringChoice: TypeAlias = str | Callable[[np.ndarray], np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Colouring:
    """Colours and markers of points.

    Attributes:
        rgb: Colour of each point, `[n, 3]`.
        markers: Marker of each point, an array of strings `[n]`.
        levels: A number in [0, 1] for the class of each point, `[n]`.
        handles: Legend entries of classes.
        kind: `"classes"`, `"scale"`, `"plain"` or the name of a colouring of factors.
        extent: Ends of a continuous scale.
    """

    rgb: np.ndarray
    markers: np.ndarray
    levels: np.ndarray
    handles: list = field(default_factory=list)
    kind: str = "plain"
    extent: tuple[float, float] = (0.0, 1.0)


def colouring_of(
    count: int,
    labels: ArrayLike | None = None,
    factors: ArrayLike | None = None,
    colouring: ColouringChoice = None,
) -> Colouring:
    """Chooses the colours of `count` points.

    Args:
        count: Number of points.
        labels: A class for each point (integers, strings or booleans), or numbers for
            a continuous scale, `[count]`; or `None`.
        factors: Known factors, `[count, ...]`, or `None`.
        colouring: `"labels"`, `"scale"` (labels as numbers), `"torus"` (factors: two
            angles), `"circle"` (an angle), `"rotation"` (3x3 matrices), `"sphere"` (unit
            vectors of R^3), `"line"` (the same, up to their sign), a function from factors
            to RGB `[count, 3]`, or `None` to choose: labels where there are any, else by the
            shape of the factors.

    Returns:
        A `Colouring`.

    Raises:
        ValueError: If a colouring is unknown, misses its data, or shapes do not fit.
    """
    if colouring is None and labels is None and factors is not None:
        colouring = _by_shape(np.asarray(factors))
    if colouring is None or (isinstance(colouring, str) and colouring in ("labels", "scale")):
        if labels is None:
            if colouring is not None:
                raise ValueError(f"Expected `labels` for {colouring=}. Received: None.")
            return _painted(count, np.tile(_hex(colours.PALETTE[0]), (count, 1)), "plain")
        return _of_labels(count, np.asarray(labels), scale=colouring == "scale")
    if factors is None:
        raise ValueError(f"Expected `factors` for colouring={colouring!r}. Received: None.")
    paint, kind = _painter(colouring)
    rgb = np.asarray(paint(np.asarray(factors)))
    if rgb.shape != (count, 3):
        raise ValueError(
            f"Expected one RGB colour for each of the {count} points from "
            f"colouring={colouring!r}. Received colours of shape {rgb.shape} from factors of "
            f"shape {np.shape(factors)}."
        )
    return _painted(count, rgb, kind)


def _painter(colouring: ColouringChoice) -> tuple[Callable, str]:
    if callable(colouring):
        return colouring, "function"
    painters: dict[str, Callable] = {
        "torus": colours.torus_colours,
        "circle": _first_circle_colours,
        "rotation": colours.rotation_colours,
        "sphere": colours.point_colours,
        "line": colours.line_colours,
    }
    if colouring is None or colouring not in painters:
        raise ValueError(
            f"Expected `colouring` to be one of {COLOURINGS}, a function or None. "
            f"Received: {colouring!r}."
        )
    return painters[colouring], colouring


def _first_circle_colours(factors: np.ndarray) -> np.ndarray:
    return colours.circle_colours(factors.reshape(len(factors), -1)[:, 0])


BY_SHAPE = {
    (): "circle", (1,): "circle", (2,): "torus", (3,): "sphere", (9,): "rotation",
    (3, 3): "rotation",
}  # fmt: skip


def has_colouring(factors: np.ndarray) -> bool:
    """Whether a colouring fits the shape of factors."""
    return factors.shape[1:] in BY_SHAPE


def _by_shape(factors: np.ndarray) -> str:
    """Name of the colouring that fits the shape of factors."""
    if not has_colouring(factors):
        raise ValueError(
            f"No colouring is known for factors of shape {factors.shape}. Expected [n], [n, 1], "
            "[n, 2], [n, 3], [n, 9] or [n, 3, 3]. Pass a function as `colouring`."
        )
    return BY_SHAPE[factors.shape[1:]]


def _of_labels(count: int, labels: np.ndarray, scale: bool) -> Colouring:
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise ValueError(
            f"Expected one label for each of the {count} points. "
            f"Received labels of shape {labels.shape}."
        )
    classes, index = np.unique(labels, return_inverse=True)  # sorted
    numeric = np.issubdtype(labels.dtype, np.number)
    fractional = numeric and bool(np.any(classes != np.rint(classes)))
    if numeric and (scale or fractional or len(classes) > MOST_CLASSES):
        low, high = float(classes[0]), float(classes[-1])
        levels = (labels - low) / max(high - low, 1e-12)
        rgb = colormaps["viridis"](levels)[:, :3]
        return Colouring(rgb, np.full(count, "o"), levels, kind="scale", extent=(low, high))
    palette = np.array([_hex(c) for c in colours.PALETTE])  # [10, 3]
    markers = np.array(list(colours.MARKERS))
    rank = np.arange(len(classes))
    rgb = palette[rank % len(palette)]  # [classes, 3]
    marker = markers[(rank // len(palette)) % len(markers)]
    handles = [
        Line2D([], [], linestyle="", marker=m, color=c, markersize=5, label=_name(k))
        for m, c, k in zip(marker, rgb, classes, strict=True)
    ]
    levels = index / max(len(classes) - 1, 1)
    return Colouring(rgb[index], marker[index], levels, handles, "classes")


def _name(value: Any) -> str:
    if isinstance(value, np.floating):
        return str(int(value))
    return str(value)


def _painted(count: int, rgb: np.ndarray, kind: str) -> Colouring:
    return Colouring(rgb, np.full(count, "o"), np.zeros(count), kind=kind)


def _hex(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0


def draw_class_legend(figure: Figure, painted: Colouring) -> None:
    """Names of the classes, to the right of the panels."""
    figure.legend(
        handles=painted.handles,
        loc="outside right center",
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handletextpad=0.1,
        borderaxespad=0.2,
        ncols=-(-len(painted.handles) // LEGEND_ROWS),
    )
