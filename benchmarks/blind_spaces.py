"""The spaces of the blind trials: their uniform points, and coordinates that points share.

Plain NumPy, so that the data are the same on every backend and hold nothing of what is tried.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RADIUS = 1.0  # of the disc and the ball
HALF_HEIGHT = 1.5  # of the cylinder, whose circle has radius 1


class Space(NamedTuple):
    """A space as the makers of data see it.

    Attributes:
        draw: `random, count -> points`, in the coordinates of the library, `[count, ambient]`;
            uniform, on the disc, the ball and the cylinder within their bounds.
        embed: `points -> [count, k]`: an embedding in which all names of a point are one, true
            to scale for short distances.
        bounded: The embedding's coordinates along which the space has an edge.
    """

    draw: Callable
    embed: Callable
    bounded: slice = slice(0)


def make_sphere(dim):
    return Space(lambda random, count: _unit(random.standard_normal((count, dim + 1))), _as_is)


def make_ball(dim):
    def draw(random, count):
        directions = _unit(random.standard_normal((count, dim)))
        return directions * RADIUS * random.uniform(size=(count, 1)) ** (1.0 / dim)

    return Space(draw, _as_is, slice(None))


def draw_torus(random, count):
    angles = random.uniform(0.0, 2.0 * math.pi, (count, 2))
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(count, 4)


def draw_cylinder(random, count):
    angle = random.uniform(0.0, 2.0 * math.pi, count)
    height = random.uniform(-HALF_HEIGHT, HALF_HEIGHT, count)
    return np.stack([np.cos(angle), np.sin(angle), height], axis=-1)


def draw_rotations(random, count):
    from scipy.spatial.transform import Rotation

    return Rotation.from_quat(random.standard_normal((count, 4))).as_matrix().reshape(count, 9)


def embed_lines(z):
    """z z^T by its upper triangle, scaled so that the length is that of the whole matrix."""
    rows, columns = np.triu_indices(z.shape[1])
    weights = np.where(rows == columns, math.sqrt(0.5), 1.0)
    return z[:, rows] * z[:, columns] * weights


def angles_of(z):
    """Angles of the pairs of coordinates of torus points, `[count, 2 n] -> [count, n]`."""
    return np.arctan2(z[:, 1::2], z[:, ::2])


def chords(q, p):
    """Distances between the rows of two arrays, `[a, k], [b, k] -> [a, b]`."""
    squares = (q**2).sum(axis=1)[:, None] + (p**2).sum(axis=1) - 2.0 * q @ p.T
    return np.sqrt(np.maximum(squares, 0.0))


def _unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _as_is(z):
    return z


SPACES = {
    "sphere:1": make_sphere(1),
    "sphere:2": make_sphere(2),
    "torus:2": Space(draw_torus, _as_is),
    "projective:2": Space(make_sphere(2).draw, embed_lines),
    "so3": Space(draw_rotations, lambda z: z / math.sqrt(2.0)),
    "sphere:1 x euclidean:1": Space(draw_cylinder, _as_is, slice(2, 3)),
    "euclidean:2": make_ball(2),
    "euclidean:3": make_ball(3),
}
