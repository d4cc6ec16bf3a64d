"""Finished pictures on a dark background."""

from typing import Any

import numpy as np
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

# Black becomes the grey LIGHTEST, and white becomes LIGHTEST - SPAN, the background.
LIGHTEST, SPAN = 0.95, 0.85

_COLOURS: dict[type, tuple[str, ...]] = {
    Text: ("color",),
    Line2D: ("color", "markerfacecolor", "markeredgecolor"),
    Patch: ("facecolor", "edgecolor"),
    Collection: ("facecolor", "edgecolor"),
}


def use_dark_background(figure: Figure) -> Figure:
    """Turns black on white into white on black; colours and pictures do not change.

    Texts, lines, outlines and surfaces of one neutral grey are inverted. Points keep their
    colours, which are readable on both backgrounds.

    Args:
        figure: A Matplotlib `Figure` of this package; it is changed.

    Returns:
        The figure.
    """
    figure.draw_without_rendering()  # ticks are made while drawing
    # All are read before any is set: the colour of a mark may be that of its line.
    changes = [
        (artist, name, _inverted(getattr(artist, f"get_{name}")()))
        for kind, names in _COLOURS.items()
        for artist in dict.fromkeys(figure.findobj(kind))
        for name in names
    ]
    for artist, name, colour in changes:
        if colour is not None:
            getattr(artist, f"set_{name}")(colour)
    return figure


def _inverted(colour: Any) -> tuple[float, float, float, float] | None:
    """The inverse of a neutral grey, `None` for other colours and for no colour."""
    rgba = to_rgba_array(colour)  # [k, 4]
    if len(rgba) == 0 or np.ptp(rgba, axis=0).any() or np.ptp(rgba[0, :3]) or rgba[0, 3] == 0:
        return None
    return to_rgba(3 * (LIGHTEST - SPAN * rgba[0, 0],), rgba[0, 3])
