"""Unoriented lines in space: data that live on the real projective plane."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.registry import register

CHUNK = 256  # pictures at a time
BEADS = 41  # points of a rod at which it glows
HALF_LENGTH = 0.8  # of the rod, in half sides of the picture
THICKNESS = 0.2  # of a bead at the middle
NEARNESS = 0.6  # how much thicker the nearest end is, and how much thinner the farthest
FULL_LIGHT = 4.0  # glow at which half of the brightness is reached


def draw_lines(directions: ArrayLike, size: int) -> np.ndarray:
    """Glowing rods through the origin, seen along the third axis.

    A rod is a row of Gaussian beads, the same under a half turn about its middle. Its near
    end is thick and bright and its far end thin and dark, so that a line and its mirror image
    behind the picture differ.

    Args:
        directions: Unit vectors, `[n, 3]`; u and -u are one line.
        size: Pixels a side.

    Returns:
        Pictures in [0, 1], float32 `[n, size, size, 1]`.
    """
    directions = np.asarray(directions, float)
    pixels = (np.arange(size) + 0.5) * 2.0 / size - 1.0  # [size]
    places = np.linspace(-HALF_LENGTH, HALF_LENGTH, BEADS)
    out = np.empty((len(directions), size, size, 1), np.float32)
    for first in range(0, len(directions), CHUNK):
        beads = places[:, None] * directions[first : first + CHUNK, None]  # [chunk, beads, 3]
        depth = beads[..., 2] / HALF_LENGTH  # [chunk, beads], 1 at the nearest place
        light = 0.5 * (1.0 + depth)
        width = THICKNESS * (1.0 + NEARNESS * depth[..., None])
        rows, columns = (
            np.exp(-0.5 * ((pixels - beads[..., axis, None]) / width) ** 2) for axis in (1, 0)
        )  # [chunk, beads, size] each
        glow = np.einsum("nb,nbi,nbj->nij", light, rows, columns)
        out[first : first + CHUNK, ..., 0] = glow / (glow + FULL_LIGHT)
    return out


@register("unoriented_lines", "lines through the origin of space (projective plane)")
def make_unoriented_lines(
    size: int = 32, train_size: int = 6400, test_size: int = 1600, seed: int = 0
) -> Dataset:
    """Lines through the origin of R^3 drawn as rods, events `(size, size, 1)` in [0, 1].

    The factor is a unit vector along the line, `[N, 3]`, uniform on the sphere; a vector
    and its negative are one line and give one picture.

    Args:
        size: Pixels a side.
        train_size: Training examples.
        test_size: Test examples.
        seed: Seed of the directions.
    """
    from diffusion_vae.manifolds import RealProjective

    size = require_integer("size", size, 2)
    train, test = (
        _directions(require_integer(name, count, 1), [seed, split])
        for split, (name, count) in enumerate(
            [("train_size", train_size), ("test_size", test_size)]
        )
    )

    def render(factors: np.ndarray) -> np.ndarray:
        return draw_lines(factors, size)

    return Dataset.from_factors(render, train, test, RealProjective(2), "line")


def _directions(count: int, seed: int | Sequence[int]) -> np.ndarray:
    draws = np.random.default_rng(seed).standard_normal((count, 3))
    return (draws / np.linalg.norm(draws, axis=1, keepdims=True)).astype(np.float32)
