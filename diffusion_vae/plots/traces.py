"""The charts as traces of plotly: the panels' own frames, read off Matplotlib's axes."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Panel
from diffusion_vae.plots.colouring import Colouring

EYE, EYE_OF_AXES = 1.22, 2.0  # distance of the viewer, from outlines and from named axes
GAP = 0.04  # between panels, of the width of the page's picture
SYMBOLS = {
    "o": "circle", "^": "diamond", "s": "square", "D": "cross", "v": "x",
    "P": "circle-open", "X": "square-open", "*": "diamond-open",
}  # fmt: skip
ELSEWHERE = "between the data"
INK = "#808080"  # readable on white and on black
INSIDE, OUTSIDE = 0.12, 0.7  # opacity of a surface round the points, and of one that holds them


def panel_traces(
    panel: Panel,
    z: np.ndarray,
    shown: np.ndarray,
    painted: Colouring,
    labels: np.ndarray | None,
    index: int,
) -> list[dict[str, Any]]:
    """Traces of one panel: its frame, the points of each class, and points elsewhere.

    Args:
        panel: A `Panel`.
        z: Latent points, those of the examples first, `[k, ambient_dim]`.
        shown: Which of them to draw, `[k]`.
        painted: `Colouring` of the examples.
        labels: Label of each example, or `None`.
        index: Number of the panel.

    Returns:
        A list of dictionaries; `customdata` of a point is its place in `z`.
    """
    panel.spreads = bool(np.any(painted.levels))
    axes = _frame(panel)
    place = _place(panel, index)
    traces = [*_surfaces(panel, place), *_lines(axes, place), *_texts(axes, place)]
    count = len(painted.rgb)
    between = np.flatnonzero(shown[count:]) + count
    between = between[panel.shows(z[between])] if len(between) else between
    if len(between):
        marker = {"color": INK, "opacity": 0.4, "size": 2 if panel.picture_dim == 3 else 4}
        positions = panel.coordinates(z[between])
        traces.append(_points(ELSEWHERE, positions, marker, between, place))
    groups: list[tuple[str, np.ndarray]] = [("data", np.arange(count))]
    if painted.kind == "classes":
        names = np.array([str(label) for label in np.asarray(labels).ravel()])
        groups = [(h.get_label(), np.flatnonzero(names == h.get_label())) for h in painted.handles]
    for name, members in groups:
        kept = members[shown[members]]
        kept = kept[panel.shows(z[kept])] if len(kept) else kept
        if not len(kept):
            continue
        positions = panel.spread(panel.coordinates(z[kept]), painted.levels[kept])
        marker = {
            "color": _colours(painted.rgb[kept], painted.kind),
            "size": 4 if panel.picture_dim == 3 else 7,
            "symbol": SYMBOLS[painted.markers[kept[0]]],
            "line": {"width": 0},
            "opacity": 1.0,  # below 1, plotly draws points of the far side over near ones
        }
        traces.append(_points(name, positions, marker, kept, place))
    return traces


def layout(panels: Sequence[Panel]) -> dict[str, Any]:
    """Layout of a plotly figure with the panels side by side."""
    width = (1.0 - GAP * (len(panels) - 1)) / len(panels)
    description: dict[str, Any] = {
        "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {
            "itemsizing": "constant",
            "x": 1.0,
            "xanchor": "left",
            "y": 0.5,
            "yanchor": "middle",
        },
        "hovermode": "closest",
        "annotations": [],
    }
    for i, panel in enumerate(panels):
        left = i * (width + GAP)
        span = [left, left + width]
        description["annotations"].append(
            {
                "text": plain_text(panel.title),
                "x": left + 0.5 * width,
                "y": 1.0,
                "xref": "paper",
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
        number = str(i + 1) if i else ""
        axes = _frame(panel)
        if axes.name == "3d":
            description["scene" + number] = _scene(axes, span)
        else:
            description["xaxis" + number] = _axis(axes, "x") | {
                "domain": span,
                "anchor": "y" + number,
            }
            same_scale = {"scaleanchor": "x" + number} if axes.get_aspect() == 1 else {}
            description["yaxis" + number] = (
                _axis(axes, "y") | {"anchor": "x" + number} | same_scale
            )
    return description


def plain_text(text: str) -> str:
    """Mathematics of Matplotlib as plotly writes it: `$RP^{2}$` is `RP<sup>2</sup>`."""
    text = text.replace("$", "").replace(r"\pi", "π")
    return re.sub(r"\^\{?(\w+)\}?", r"<sup>\1</sup>", text)


def _frame(panel: Panel) -> AnyAxes:
    """Axes of a throw-away figure on which the panel has drawn its frame."""
    axes = Figure().add_subplot(projection="3d" if panel.picture_dim == 3 else None)
    panel.draw_frame(axes)
    return axes


def _place(panel: Panel, index: int) -> dict[str, str]:
    number = str(index + 1) if index else ""
    if panel.picture_dim == 3:
        return {"type": "scatter3d", "scene": "scene" + number}
    return {"type": "scatter", "xaxis": "x" + number, "yaxis": "y" + number}


def _named(positions: np.ndarray) -> dict[str, list[float]]:
    """Columns x, y and perhaps z."""
    columns = np.transpose(positions).tolist()
    return dict(zip("xyz"[: len(columns)], columns, strict=True))


def _points(
    name: str,
    positions: np.ndarray,
    marker: dict[str, Any],
    members: np.ndarray,
    place: dict[str, str],
) -> dict[str, Any]:
    return {
        **place,
        **_named(positions),
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "legendrank": 1000 + (name == ELSEWHERE),
        "marker": marker,
        "customdata": members.tolist(),
        "hoverinfo": "none",
    }


def _surfaces(panel: Panel, place: dict[str, str]) -> list[dict[str, Any]]:
    mesh = panel.surface() if panel.inside else panel.backing()
    if mesh is None:
        return []
    x, y, z = np.moveaxis(mesh, -1, 0).tolist()
    return [
        {
            "type": "surface",
            "scene": place["scene"],
            "x": x,
            "y": y,
            "z": z,
            "colorscale": [[0, INK], [1, INK]],  # the page sets that of its ground
            "opacity": INSIDE if panel.inside else OUTSIDE,
            "showscale": False,
            "hoverinfo": "skip",
            "lighting": {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0},
            "contours": {axis: {"highlight": False} for axis in "xyz"},
        }
    ]


def _lines(axes: AnyAxes, place: dict[str, str]) -> list[dict[str, Any]]:
    """Curves and marks of a frame."""
    traces = []
    for line in axes.lines:
        positions = line.get_data_3d() if axes.name == "3d" else line.get_data()
        style: dict[str, Any] = {"showlegend": False, "hoverinfo": "skip"}
        if line.get_marker() in SYMBOLS:
            symbol = SYMBOLS[line.get_marker()].removesuffix("-open")
            style |= {"mode": "markers", "marker": {"color": INK, "size": 8}}
            style["marker"]["symbol"] = symbol if symbol == "cross" else symbol + "-open"
        else:
            thick = 2 if axes.name == "3d" else 1
            width = thick * (2.5 if line.get_linewidth() > 1.0 else 1.0)
            style |= {"mode": "lines", "line": {"color": INK, "width": width}}
            style["opacity"] = 1.0 - 0.7 * float(np.mean(to_rgb(line.get_color())))
        traces.append({**place, **_named(np.transpose(positions)), **style})
    return traces


def _texts(axes: AnyAxes, place: dict[str, str]) -> list[dict[str, Any]]:
    if axes.name == "3d" or not axes.texts:
        return []
    return [
        {
            **place,
            **_named(np.array([text.get_position() for text in axes.texts])),
            "mode": "text",
            "text": [plain_text(text.get_text()) for text in axes.texts],
            "showlegend": False,
            "hoverinfo": "skip",
        }
    ]


def _scene(axes: AnyAxes, span: list[float]) -> dict[str, Any]:
    ends = {name: list(getattr(axes, f"get_{name}lim")()) for name in "xyz"}
    box = axes.get_box_aspect() / np.max(axes.get_box_aspect())
    elevation, azimuth = np.deg2rad(axes.elev), np.deg2rad(axes.azim)
    level = [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth)]
    away = EYE_OF_AXES if axes.get_xlabel() else EYE
    eye = away * np.array([*level, np.sin(elevation)])
    return {
        "domain": {"x": span, "y": [0, 1]},
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", box.tolist(), strict=True)),
        "camera": {"eye": dict(zip("xyz", eye.tolist(), strict=True))},
        "dragmode": "orbit",
        **{f"{name}axis": _space_axis(axes, name, ends[name]) for name in "xyz"},
    }


def _space_axis(axes: AnyAxes, name: str, ends: list[float]) -> dict[str, Any]:
    """One axis of a picture in space, wide enough for marks on the outline."""
    margin = 0.06 * (ends[1] - ends[0])
    return {
        "range": [ends[0] - margin, ends[1] + margin],
        "visible": bool(axes.get_xlabel()),
        "showspikes": False,
        "showbackground": False,
        "showgrid": False,
        "showline": True,
        "linecolor": INK,
        "nticks": 5,
        "title": {"text": plain_text(getattr(axes, f"get_{name}label")())},
    }


def _axis(axes: AnyAxes, name: str) -> dict[str, Any]:
    """One axis of a plane picture, with the ticks of the frame, or hidden."""
    ends = list(getattr(axes, f"get_{name}lim")())
    if not axes.axison:
        return {"visible": False, "range": ends}
    ticks = getattr(axes, f"get_{name}ticks")()
    texts = [plain_text(text.get_text()) for text in getattr(axes, f"get_{name}ticklabels")()]
    return {
        "range": ends,
        "constrain": "domain",
        "title": {"text": plain_text(getattr(axes, f"get_{name}label")())},
        "tickvals": [float(tick) for tick in ticks],
        "ticktext": texts if any(texts) else [f"{tick:g}" for tick in ticks],
        "showgrid": False,
        "zeroline": False,
        "mirror": True,
        "linewidth": 1,
        "linecolor": INK,
    }


def _colours(rgb: np.ndarray, kind: str) -> str | list[str]:
    """One colour for a class, else one for each point."""
    names = [f"rgb({r},{g},{b})" for r, g, b in np.rint(255 * rgb).astype(int)]
    return names[0] if kind in ("classes", "plain") else names
