"""Cubic splines on uniform grids: tables that Keras evaluates smoothly."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from diffusion_vae.typing import Tensor


class UniformSpline:
    """Interpolating cubic spline of one or more variables, twice differentiable.

    Built in float64, evaluated by `keras.ops` in the dtype of its arguments, which
    are clipped to the grid.

    Args:
        values: Values at the nodes, `[n]`, `[n, m]`, ..., at least 5 along each axis.
        starts: First node along each axis.
        stops: Last node along each axis.
    """

    def __init__(self, values: ArrayLike, starts: Sequence[float], stops: Sequence[float]) -> None:
        coefficients = np.asarray(values, dtype=np.float64)
        self._starts, self._stops = tuple(starts), tuple(stops)
        self._cells = tuple(n - 1 for n in coefficients.shape)
        for axis in range(coefficients.ndim):
            flat = np.moveaxis(coefficients, axis, 0)
            coefficients = np.moveaxis(_coefficients(flat), 0, axis)
        # Row of a cell: all 4^axes coefficients it needs, so that one lookup finds them.
        shifts = itertools.product(range(4), repeat=coefficients.ndim)
        corners = [
            coefficients[tuple(slice(s, s + n) for s, n in zip(shift, self._cells, strict=True))]
            for shift in shifts
        ]
        self._rows = np.stack(corners, axis=-1).reshape(-1, len(corners))  # [cells, 4^axes]
        self._rounded: dict[str, np.ndarray] = {}  # the rows in each dtype asked for

    def __call__(self, *x: Tensor) -> Tensor:
        """Values at the points, arrays `[...]` that broadcast, one per axis.

        NaN where a coordinate is NaN.
        """
        points = [ops.convert_to_tensor(v) for v in x]
        index, weights = 0, None
        for v, start, stop, cells in zip(
            points, self._starts, self._stops, self._cells, strict=True
        ):
            place = (ops.clip(v, start, stop) - start) * (cells / (stop - start))
            cell = ops.clip(ops.floor(ops.stop_gradient(place)), 0, cells - 1)
            own = _weights(place - cell)  # [..., 4]
            weights = own if weights is None else _products(weights, own)
            index = index * cells + ops.cast(ops.where(cell >= 0, cell, 0.0), "int32")
        rows = ops.take(self._table(points[0].dtype), index, axis=0)  # [..., 4^axes]
        return ops.sum(rows * ops.reshape(weights, ops.shape(rows)), axis=-1)

    def _table(self, dtype: Any) -> Tensor:
        name = keras.backend.standardize_dtype(dtype)
        if name not in self._rounded:
            self._rounded[name] = self._rows.astype(name)
        return ops.convert_to_tensor(self._rounded[name])


def _products(a: Tensor, b: Tensor) -> Tensor:
    """All products of the last axes, `[..., n] x [..., m] -> [..., n m]`."""
    outer = a[..., :, None] * b[..., None, :]
    return ops.reshape(outer, (*ops.shape(outer)[:-2], a.shape[-1] * b.shape[-1]))


def _weights(f: Tensor) -> Tensor:
    """Values of the four B-splines that cover a cell, at the fraction `f` of it."""
    g = 1.0 - f
    f2, g2 = ops.square(f), ops.square(g)
    return ops.stack(
        [g2 * g / 6.0, 2.0 / 3.0 - f2 + 0.5 * f2 * f, 2.0 / 3.0 - g2 + 0.5 * g2 * g, f2 * f / 6.0],
        axis=-1,
    )


def _coefficients(values: np.ndarray) -> np.ndarray:
    """From values at n nodes, `[n, ...]`, to n + 2 coefficients, no knot beside either end.

    c[i] + 4 c[i + 1] + c[i + 2] = 6 v[i] at every node, and at both ends the fourth difference
    of c is 0, from which the third coefficient and the last but two follow at once. The others
    come by elimination (Thomas).
    """
    n = len(values)
    c = np.empty((n + 2, *values.shape[1:]))
    c[2] = (8.0 * values[1] - values[0] - values[2]) / 6.0
    c[n - 1] = (8.0 * values[-2] - values[-1] - values[-3]) / 6.0
    ratio = np.zeros(n)
    for i in range(3, n - 1):
        ratio[i] = 1.0 / (4.0 - ratio[i - 1])
        c[i] = ratio[i] * (6.0 * values[i - 1] - c[i - 1])
    for i in range(n - 2, 2, -1):
        c[i] -= ratio[i] * c[i + 1]
    c[1] = 6.0 * values[1] - 4.0 * c[2] - c[3]
    c[0] = 6.0 * values[0] - 4.0 * c[1] - c[2]
    c[n] = 6.0 * values[-2] - 4.0 * c[n - 1] - c[n - 2]
    c[n + 1] = 6.0 * values[-1] - 4.0 * c[n] - c[n - 1]
    return c
