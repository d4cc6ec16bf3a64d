"""Covariances of square feature maps, between the entries of one d x d map.

Maps are `[..., d, d, maps]`; each map has a covariance of its own.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from keras import ops

from diffusion_vae.latents.base import Params
from diffusion_vae.typing import Shape, Tensor

MAP = (-3, -2, -1)  # rows, columns, maps


class MapCovariance(Protocol):
    """A family of covariances, and the scaling of standard normal maps that has them.

    Attributes:
        parameter_names: Names of its parameters.
        parameter_shapes: Their shapes, without the batch.
        raw_shapes: Shapes of a network's raw outputs, from which `read` makes them.
    """

    parameter_names: tuple[str, ...]
    parameter_shapes: tuple[Shape, ...]
    raw_shapes: tuple[Shape, ...]

    def read(self, *raw: Tensor) -> Params:
        """The parameters of raw outputs of the shapes `raw_shapes`."""

    def scale(self, noise: Tensor, params: Params) -> Tensor:
        """Maps of this covariance from standard normal ones, `[..., d, d, maps]`."""

    def whiten(self, deviation: Tensor, params: Params) -> Tensor:
        """The inverse of `scale`."""

    def trace(self, params: Params) -> Tensor:
        """Trace of the covariance of all maps, `[...]`."""

    def log_determinant(self, params: Params) -> Tensor:
        """Log determinant of the covariance of all maps, `[...]`."""


class IndependentEntries:
    """A free variance for each entry: `log_variance` `[..., d, d, maps]`."""

    parameter_names: tuple[str, ...] = ("log_variance",)

    def __init__(self, map_size: int, maps: int) -> None:
        self.parameter_shapes: tuple[Shape, ...] = ((map_size, map_size, maps),)
        self.raw_shapes: tuple[Shape, ...] = self.parameter_shapes

    def read(self, *raw: Tensor) -> Params:
        return dict(zip(self.parameter_names, raw, strict=True))

    def scale(self, noise: Tensor, params: Params) -> Tensor:
        return ops.exp(0.5 * params["log_variance"]) * noise

    def whiten(self, deviation: Tensor, params: Params) -> Tensor:
        return ops.exp(-0.5 * params["log_variance"]) * deviation

    def trace(self, params: Params) -> Tensor:
        return ops.sum(ops.exp(params["log_variance"]), axis=MAP)

    def log_determinant(self, params: Params) -> Tensor:
        return ops.sum(params["log_variance"], axis=MAP)


class DiagonalKronecker:
    """Variance omega_i psi_j at row i and column j: `row_log_variance` and
    `column_log_variance`, `[..., d, maps]` each.

    Only the product counts: (c omega, psi / c) is the same covariance.
    """

    parameter_names: tuple[str, ...] = ("row_log_variance", "column_log_variance")

    def __init__(self, map_size: int, maps: int) -> None:
        self.map_size = map_size
        self.parameter_shapes: tuple[Shape, ...] = ((map_size, maps),) * 2
        self.raw_shapes: tuple[Shape, ...] = self.parameter_shapes

    def read(self, *raw: Tensor) -> Params:
        return dict(zip(self.parameter_names, raw, strict=True))

    def scale(self, noise: Tensor, params: Params) -> Tensor:
        return ops.exp(0.5 * self._log_variance(params)) * noise

    def whiten(self, deviation: Tensor, params: Params) -> Tensor:
        return ops.exp(-0.5 * self._log_variance(params)) * deviation

    def trace(self, params: Params) -> Tensor:
        traces = [ops.sum(ops.exp(params[name]), axis=-2) for name in self.parameter_names]
        return ops.sum(traces[0] * traces[1], axis=-1)

    def log_determinant(self, params: Params) -> Tensor:
        logs = [ops.sum(params[name], axis=(-2, -1)) for name in self.parameter_names]
        return self.map_size * (logs[0] + logs[1])

    def _log_variance(self, params: Params) -> Tensor:
        rows, columns = (params[name] for name in self.parameter_names)
        return ops.expand_dims(rows, -2) + ops.expand_dims(columns, -3)  # [..., d, d, maps]


class FullKronecker:
    """Row covariance C C^T and column covariance D D^T: the Cholesky factors
    `row_factor` and `column_factor`, `[..., maps, d, d]` each, lower triangular."""

    parameter_names: tuple[str, ...] = ("row_factor", "column_factor")

    def __init__(self, map_size: int, maps: int) -> None:
        self.map_size = map_size
        entries = map_size * (map_size + 1) // 2
        self.parameter_shapes: tuple[Shape, ...] = ((maps, map_size, map_size),) * 2
        self.raw_shapes: tuple[Shape, ...] = ((maps, entries),) * 2
        rows, columns = np.tril_indices(map_size)
        self._diagonal = rows == columns  # [entries]
        placement = np.zeros((entries, map_size * map_size))
        placement[np.arange(entries), rows * map_size + columns] = 1.0
        self._placement = placement

    def read(self, *raw: Tensor) -> Params:
        factors = [self._triangle(entries) for entries in raw]
        return dict(zip(self.parameter_names, factors, strict=True))

    def scale(self, noise: Tensor, params: Params) -> Tensor:
        row, column = (params[name] for name in self.parameter_names)
        return ops.einsum("...kia,...abk,...kjb->...ijk", row, noise, column)

    def whiten(self, deviation: Tensor, params: Params) -> Tensor:
        identity = ops.eye(self.map_size, dtype=deviation.dtype)
        row, column = (
            ops.solve_triangular(factor, ops.zeros_like(factor) + identity, lower=True)
            for factor in (params[name] for name in self.parameter_names)
        )  # the inverse factors, [..., maps, d, d]
        return ops.einsum("...kai,...ijk,...kbj->...abk", row, deviation, column)

    def trace(self, params: Params) -> Tensor:
        traces = [
            ops.sum(ops.square(params[name]), axis=(-2, -1)) for name in self.parameter_names
        ]
        return ops.sum(traces[0] * traces[1], axis=-1)

    def log_determinant(self, params: Params) -> Tensor:
        logs = []
        for name in self.parameter_names:
            diagonal = ops.diagonal(params[name], axis1=-2, axis2=-1)  # [..., maps, d]
            logs.append(2.0 * ops.sum(ops.log(diagonal), axis=(-2, -1)))
        return self.map_size * (logs[0] + logs[1])

    def _triangle(self, raw: Tensor) -> Tensor:
        """Raw entries `[..., maps, d (d + 1) / 2]` as factors with a positive diagonal."""
        entries = ops.where(self._diagonal, ops.exp(0.5 * raw), raw)
        placement = ops.convert_to_tensor(self._placement, dtype=raw.dtype)
        flat = ops.matmul(entries, placement)  # [..., maps, d * d]
        return ops.reshape(flat, (*ops.shape(raw)[:-1], self.map_size, self.map_size))


COVARIANCES: dict[str, Callable[[int, int], MapCovariance]] = {
    "independent": IndependentEntries,
    "diagonal": DiagonalKronecker,
    "full": FullKronecker,
}
