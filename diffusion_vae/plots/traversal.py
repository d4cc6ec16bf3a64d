"""Decoded points along each direction of the latent space."""

from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.galleries import checked_limits, sheet
from diffusion_vae.plots.images import Limits

DIRECTIONS = 6  # rows at most
OPEN_REACH = 2.0  # length of a direction on a manifold that is not closed
LOOKS = 64  # points along a direction, to find the farthest one


def traversals(
    model: Any,
    example: ArrayLike,
    steps: int = 11,
    *,
    limits: Limits | None = None,
    title: str | None = None,
) -> Figure:
    """Draws decoded points on geodesics through an encoded example, a row a direction.

    The picture in the middle is decoded at the example's place. Each geodesic is followed
    both ways: on a closed manifold to its farthest point (the antipode on a sphere, half a
    turn on a torus), elsewhere for a length of 2.

    Args:
        model: A model with `manifold`, `encode` and `decode`.
        example: One example, `[*event]`.
        steps: Number of pictures in a row, odd.
        limits: The values (low, high) shown black and white; by default those of the
            example, see `value_range`.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.

    Raises:
        ValueError: If `steps` is not odd, or below 3.
    """
    if steps < 3 or steps % 2 == 0:
        raise ValueError(f"Expected `steps` to be odd and at least 3. Received: {steps}.")
    x = np.asarray(example)[None]
    z = np.asarray(model.encode(x)[0])[0]  # [ambient_dim]
    space = model.manifold
    ways = [geodesic_through(space, z, v, steps) for v in tangent_basis(space, z)[:DIRECTIONS]]
    rows = [{f"direction {i + 1}": np.asarray(model.decode(w))} for i, w in enumerate(ways)]
    return sheet(rows, checked_limits(limits, x), title, label_rows=True)


def tangent_basis(manifold: Manifold, z: np.ndarray) -> np.ndarray:
    """Orthonormal tangent vectors at a point, `[dim, ambient_dim]`.

    They come from the ambient axes, the one that is nearest to tangent first: on a flat
    torus each moves one angle.
    """
    axes = np.eye(manifold.ambient_dim)
    left = evaluated(manifold.tangent_project, np.tile(z, (len(axes), 1)), axes)  # [n, n]
    basis = []
    for _ in range(manifold.dim):
        longest = left[np.argmax(np.linalg.norm(left, axis=-1))]
        basis.append(longest / np.linalg.norm(longest))
        left = left - np.outer(left @ basis[-1], basis[-1])
    return np.array(basis)


def geodesic_through(
    manifold: Manifold, z: np.ndarray, direction: np.ndarray, steps: int
) -> np.ndarray:
    """Points of the geodesic through `z`, `[steps, ambient_dim]`, with `z` in the middle."""
    reach = _reach(manifold, z, direction)
    points = _along(manifold, z, direction, np.linspace(-reach, reach, steps))
    return points.astype(keras.config.floatx())


def _reach(manifold: Manifold, z: np.ndarray, direction: np.ndarray) -> float:
    """Length at which a geodesic is farthest from its start."""
    if not manifold.closed:
        return OPEN_REACH
    scattered = evaluated(lambda: manifold.prior_sample((LOOKS,), seed=0))
    distances = evaluated(manifold.distance, np.tile(z, (LOOKS, 1)), scattered)
    longest = 1.2 * float(np.max(distances, where=np.isfinite(distances), initial=0.0))
    lengths = np.linspace(0.0, longest, LOOKS)
    ahead = _along(manifold, z, direction, lengths)
    away = evaluated(manifold.distance, np.tile(z, (LOOKS, 1)), ahead)
    return float(lengths[np.nanargmax(away)])


def _along(
    manifold: Manifold, z: np.ndarray, direction: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    start = np.tile(z, (len(lengths), 1))
    return evaluated(manifold.exp, start, lengths[:, None] * direction)
