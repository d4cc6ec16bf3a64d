"""Covariances of square feature maps: how the entries of one d x d map vary together.

Each class names its parameters, reads them from raw outputs of a network, and knows the
scaling `A = scale(S)` of standard normal maps S, its inverse, and what densities need.
Maps are `[..., d, d, maps]`; each map has a covariance of its own.
"""

import numpy as np
from keras import ops

MAP = (-3, -2, -1)  # rows, columns, maps


class IndependentEntries:
    """A free variance for each entry: `log_variance` `[..., d, d, maps]`."""

    parameter_names = ("log_variance",)

    def __init__(self, map_size, maps):
        self.parameter_shapes = ((map_size, map_size, maps),)
        self.raw_shapes = self.parameter_shapes

    def read(self, log_variance):
        return {"log_variance": log_variance}

    def scale(self, noise, params):
        return ops.exp(0.5 * params["log_variance"]) * noise

    def whiten(self, deviation, params):
        return ops.exp(-0.5 * params["log_variance"]) * deviation

    def trace(self, params):
        """Trace of the covariance of all maps, `[...]`."""
        return ops.sum(ops.exp(params["log_variance"]), axis=MAP)

    def log_determinant(self, params):
        """Log determinant of the covariance of all maps, `[...]`."""
        return ops.sum(params["log_variance"], axis=MAP)


class DiagonalKronecker:
    """Variance omega_i psi_j at row i and column j: `row_log_variance` and
    `column_log_variance`, `[..., d, maps]` each.

    Only the product counts: (c omega, psi / c) is the same covariance.
    """

    parameter_names = ("row_log_variance", "column_log_variance")

    def __init__(self, map_size, maps):
        self.map_size = map_size
        self.parameter_shapes = ((map_size, maps),) * 2
        self.raw_shapes = self.parameter_shapes

    def read(self, rows, columns):
        return dict(zip(self.parameter_names, (rows, columns), strict=True))

    def scale(self, noise, params):
        return ops.exp(0.5 * self._log_variance(params)) * noise

    def whiten(self, deviation, params):
        return ops.exp(-0.5 * self._log_variance(params)) * deviation

    def trace(self, params):
        traces = [ops.sum(ops.exp(params[name]), axis=-2) for name in self.parameter_names]
        return ops.sum(traces[0] * traces[1], axis=-1)

    def log_determinant(self, params):
        logs = [ops.sum(params[name], axis=(-2, -1)) for name in self.parameter_names]
        return self.map_size * (logs[0] + logs[1])

    def _log_variance(self, params):
        rows, columns = (params[name] for name in self.parameter_names)
        return ops.expand_dims(rows, -2) + ops.expand_dims(columns, -3)  # [..., d, d, maps]


class FullKronecker:
    """Row covariance C C^T and column covariance D D^T: the Cholesky factors
    `row_factor` and `column_factor`, `[..., maps, d, d]` each, lower triangular."""

    parameter_names = ("row_factor", "column_factor")

    def __init__(self, map_size, maps):
        self.map_size = map_size
        entries = map_size * (map_size + 1) // 2
        self.parameter_shapes = ((maps, map_size, map_size),) * 2
        self.raw_shapes = ((maps, entries),) * 2
        rows, columns = np.tril_indices(map_size)
        self._diagonal = rows == columns  # [entries]
        placement = np.zeros((entries, map_size * map_size))
        placement[np.arange(entries), rows * map_size + columns] = 1.0
        self._placement = placement

    def read(self, rows, columns):
        factors = (self._triangle(rows), self._triangle(columns))
        return dict(zip(self.parameter_names, factors, strict=True))

    def scale(self, noise, params):
        row, column = (params[name] for name in self.parameter_names)
        return ops.einsum("...kia,...abk,...kjb->...ijk", row, noise, column)

    def whiten(self, deviation, params):
        identity = np.eye(self.map_size)
        row, column = (
            ops.solve_triangular(factor, ops.zeros_like(factor) + identity, lower=True)
            for factor in (params[name] for name in self.parameter_names)
        )  # the inverse factors, [..., maps, d, d]
        return ops.einsum("...kai,...ijk,...kbj->...abk", row, deviation, column)

    def trace(self, params):
        traces = [
            ops.sum(ops.square(params[name]), axis=(-2, -1)) for name in self.parameter_names
        ]
        return ops.sum(traces[0] * traces[1], axis=-1)

    def log_determinant(self, params):
        logs = []
        for name in self.parameter_names:
            diagonal = ops.diagonal(params[name], axis1=-2, axis2=-1)  # [..., maps, d]
            logs.append(2.0 * ops.sum(ops.log(diagonal), axis=(-2, -1)))
        return self.map_size * (logs[0] + logs[1])

    def _triangle(self, raw):
        """Raw entries `[..., maps, d (d + 1) / 2]` as factors with a positive diagonal."""
        entries = ops.where(self._diagonal, ops.exp(0.5 * raw), raw)
        placement = ops.convert_to_tensor(self._placement, dtype=raw.dtype)
        flat = ops.matmul(entries, placement)  # [..., maps, d * d]
        return ops.reshape(flat, (*ops.shape(raw)[:-1], self.map_size, self.map_size))


COVARIANCES = {
    "independent": IndependentEntries,
    "diagonal": DiagonalKronecker,
    "full": FullKronecker,
}
