"""Colours of latent points: classes, angles, translations, rotations."""

import numpy as np
from numpy.typing import ArrayLike

# Ten colours told apart with every common colour vision (Petroff 2021, arXiv:2107.02270).
PALETTE = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
MARKERS = "o^sDvPX*"
STEPS = 12  # checks along each side of the legend square
CHROMA = 0.25
# The torus of colours: mean chroma, how far chroma and brightness go from their means.
TORUS_CHROMA, TORUS_TUBE, TORUS_BRIGHTNESS = 0.155, 0.075, 0.24

# NTSC: RGB from luma Y and the chroma pair I, Q.
_YIQ_TO_RGB = np.array([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.106, 1.703]])


def yiq_to_rgb(y: ArrayLike, i: ArrayLike, q: ArrayLike) -> np.ndarray:
    """RGB in [0, 1] of NTSC luma and chroma, `[...] x 3 -> [..., 3]`, clipped."""
    yiq = np.stack(np.broadcast_arrays(y, i, q), axis=-1)
    return np.clip(yiq @ _YIQ_TO_RGB.T, 0.0, 1.0)


def circle_colours(angles: ArrayLike) -> np.ndarray:
    """A cyclic colour for each angle in radians, `[...] -> [..., 3]`."""
    angles = np.asarray(angles, dtype="float64")
    sine, cosine = np.sin(angles), np.cos(angles)
    return yiq_to_rgb(0.5 - 0.2 * sine, CHROMA * cosine, CHROMA * sine)


def torus_colours(angles: ArrayLike) -> np.ndarray:
    """A colour of its own for each pair of angles, periodic in both (after the paper, Fig. 5).

    The hue goes round with the first angle; with the second go brightness and saturation, once
    round a small circle. The colours thus lie on a torus in the space of colours: where an
    encoder folds or winds, or jumps, the picture's colours meet that are apart in the legend.
    Both angles are rounded to twelve steps.

    Args:
        angles: Horizontal and vertical translation in radians, `[..., 2]`.

    Returns:
        RGB in [0, 1], `[..., 3]`.
    """
    step = 2.0 * np.pi / STEPS
    rounded = np.rint(np.mod(np.asarray(angles, dtype="float64"), 2.0 * np.pi) / step) * step
    theta, phi = rounded[..., 0], rounded[..., 1]
    chroma = TORUS_CHROMA + TORUS_TUBE * np.cos(phi)
    y = 0.5 + TORUS_BRIGHTNESS * np.sin(phi)
    return yiq_to_rgb(y, chroma * np.cos(theta), chroma * np.sin(theta))


def rotation_colours(rotations: ArrayLike) -> np.ndarray:
    """Colours of rotations: red, green and blue for the three axes, paler near the identity.

    The colour is continuous on all of SO(3): it is a function of products of two
    components of the unit quaternion (w, v), so that rotations by pi about an axis and
    about its opposite agree.

    Args:
        rotations: Matrices, `[..., 9]` or `[..., 3, 3]`.

    Returns:
        RGB in [0, 1], `[..., 3]`.
    """
    r = np.asarray(rotations, dtype="float64")
    r = r.reshape(*r.shape[:-1], 3, 3) if r.shape[-1] == 9 else r  # [..., 3, 3]
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)  # [..., 3]
    cosine = 0.5 * (np.sum(diagonal, axis=-1, keepdims=True) - 1.0)  # [..., 1]
    upper = np.stack([r[..., 2, 1], r[..., 0, 2], r[..., 1, 0]], axis=-1)
    lower = np.stack([r[..., 1, 2], r[..., 2, 0], r[..., 0, 1]], axis=-1)
    signed = 0.5 * (upper - lower)  # 2 w v, the axis times the sine of the angle
    squares = 0.5 * (diagonal - cosine)  # v^2
    hue = 0.25 * signed + 0.7 * (squares - np.mean(squares, axis=-1, keepdims=True))
    return np.clip(0.35 + 0.2 * (1.0 + cosine) + hue, 0.0, 1.0)


def point_colours(points: ArrayLike) -> np.ndarray:
    """Colours of points of the unit sphere, RGB from the coordinates, `[..., 3] -> [..., 3]`."""
    return np.clip(0.5 + 0.45 * np.asarray(points, dtype="float64"), 0.0, 1.0)


def line_colours(directions: ArrayLike) -> np.ndarray:
    """Colours of unoriented lines: the same for u and -u, `[..., 3] -> [..., 3]`.

    Squares of the coordinates alone would paint mirrored lines alike; products tell them.
    """
    u = np.asarray(directions, dtype="float64")
    products = np.stack([u[..., 1] * u[..., 2], u[..., 2] * u[..., 0], u[..., 0] * u[..., 1]], -1)
    return np.clip(0.2 + 0.55 * u**2 + 0.55 * products, 0.0, 1.0)
