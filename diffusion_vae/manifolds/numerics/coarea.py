"""Weighted points of a level set f = 0 by the coarea formula, the basis of its uniform law."""

from __future__ import annotations

import functools
from typing import NamedTuple

import keras
import numpy as np
from scipy.stats import qmc

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds.numerics.level_set import Function
from diffusion_vae.manifolds.numerics.numpy_view import ArrayFunction

REPLICATES = 8  # independent scramblings, whose spread gives the standard error
LINES = 2**11  # lines per axis and replicate
CELLS = 96  # grid cells on a line; a feature thinner than one may be missed
BISECTIONS = 25
SHELL_POINTS = 2**19  # points of the box per replicate
SHELL_WIDTH = 0.05  # half width of the shell, in units of half the mean side of the box


class WeightedPoints(NamedTuple):
    """Points of a manifold, each with the volume it stands for.

    Attributes:
        points: float64, `[count, n]`.
        weights: float64, `[count]`; they sum to the volume.
        standard_error: Relative standard error of the volume.
    """

    points: np.ndarray
    weights: np.ndarray
    standard_error: float


def weighted_points(
    function: Function, codimension: int, low: np.ndarray, high: np.ndarray, seed: int
) -> WeightedPoints:
    """Points of `function = 0` in a box, with weights that sum to its volume.

    Args:
        function: Level-set function of Keras tensors, `[..., n] -> [..., codimension]`.
        codimension: Number of its values.
        low: Lower corner of the box, `[n]`.
        high: Upper corner of the box, `[n]`.
        seed: Integer seed of the scrambled Sobol points.

    Returns:
        `WeightedPoints`.

    Raises:
        ValueError: If there is no such point, or the level set leaves the box.
    """
    sample = _along_lines if codimension == 1 else _in_shell
    f = _Evaluator(function, low.size)
    parts = [sample(f, low, high, np.random.SeedSequence([seed, i])) for i in range(REPLICATES)]
    volumes = np.array([np.sum(weights) for _, weights in parts])
    if not volumes.any():
        raise ValueError(
            f"Expected the level set f = 0 to meet the box `bounds`. Received: no point of it "
            f"between {low.tolist()} and {high.tolist()}. Check the signs of f and the bounds."
        )
    return WeightedPoints(
        np.concatenate([points for points, _ in parts]),
        np.concatenate([weights for _, weights in parts]) / REPLICATES,
        float(np.std(volumes, ddof=1) / np.sqrt(REPLICATES) / np.mean(volumes)),
    )


def _along_lines(
    f: _Evaluator, low: np.ndarray, high: np.ndarray, seeds: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """All points of a hypersurface on random lines parallel to the axes.

    With n the unit normal, dA = dA_i / |n_i| over the coordinate plane across
    axis i, so that Vol = sum_i int |n_i| dA_i, since |n|^2 = 1: an integrand
    between 0 and 1, summed over the points on each line.
    """
    n = low.size
    points, weights = [], []
    for axis, seed in enumerate(seeds.spawn(n)):
        across = np.arange(n) != axis
        base = np.empty((LINES, n))
        sobol = qmc.Sobol(n - 1, rng=np.random.default_rng(seed)).random(LINES)
        base[:, across] = low[across] + sobol * (high - low)[across]
        roots = _roots_on_lines(f, base, axis, low[axis], high[axis])  # [count, n]
        slope = f.slopes(roots)[:, 0, :]  # [count, n]
        area = np.prod((high - low)[across]) / LINES
        points.append(roots)
        weights.append(area * np.abs(slope[:, axis]) / np.linalg.norm(slope, axis=-1))
    return np.concatenate(points), np.concatenate(weights)


def _roots_on_lines(
    f: _Evaluator, base: np.ndarray, axis: int, start: float, end: float
) -> np.ndarray:
    """Sign changes of the function along an axis, refined by bisection, `[count, n]`."""
    nodes = np.linspace(start, end, CELLS + 1)
    x = np.repeat(base[:, None, :], CELLS + 1, axis=1)  # [lines, nodes, n]
    x[..., axis] = nodes
    positive = f.values(x)[..., 0] >= 0  # [lines, nodes]
    if np.any(positive[:, 0] != positive[:, -1]):
        raise ValueError(
            "Expected the level set f = 0 to lie inside `bounds`. Received: bounds "
            f"{start:.6g} to {end:.6g} on axis {axis}, with f of both signs at the ends of a "
            "line. Widen the bounds."
        )
    line, cell = np.nonzero(positive[:, :-1] != positive[:, 1:])
    x = base[line]
    left, right, left_positive = nodes[cell], nodes[cell + 1], positive[line, cell]
    for _ in range(BISECTIONS):
        x[:, axis] = middle = 0.5 * (left + right)
        same = (f.values(x)[:, 0] >= 0) == left_positive
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    return x


def _in_shell(
    f: _Evaluator, low: np.ndarray, high: np.ndarray, seeds: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """Points of a thin shell |f| < eps about a level set of any codimension.

    int K(f(x)) sqrt(det J J^T) dx = int K(c) Vol(f = c) dc, with K a product of
    parabolas of mass one: the volume up to the square of the relative width.
    Points are then brought to f = 0 by Newton steps of least length.
    """
    sobol = qmc.Sobol(low.size, rng=np.random.default_rng(seeds)).random(SHELL_POINTS)
    x = low + sobol * (high - low)  # [count, n]
    width = SHELL_WIDTH * 0.5 * np.mean(high - low)
    scale = width * _typical_slope(f, x[: 2**12])  # [codimension]
    value = f.values(x) / scale  # [count, codimension]
    near = np.all(np.abs(value) < 1.0, axis=-1)
    points, slope = _land(f, x[near]), f.slopes(x[near])  # [near, n], [near, codimension, n]
    gram = slope @ np.swapaxes(slope, -1, -2)
    kernel = np.prod(0.75 * (1.0 - value[near] ** 2) / scale, axis=-1)  # [near]
    weights = kernel * np.sqrt(np.maximum(np.linalg.det(gram), 0.0))
    if np.any((points < low) | (points > high)):
        raise ValueError(
            "Expected the level set f = 0 to lie inside `bounds`. Received: points of it "
            f"outside the box from {low.tolist()} to {high.tolist()}. Widen the bounds."
        )
    return points, weights * np.prod(high - low) / SHELL_POINTS


def _typical_slope(f: _Evaluator, x: np.ndarray) -> np.ndarray:
    """Median length of the gradients of f where it is nearest to 0, `[codimension]`."""
    value, slope = f.values(x), f.slopes(x)
    length = np.linalg.norm(slope, axis=-1)  # [count, codimension]
    away = np.max(np.abs(value) / np.maximum(length, 1e-30), axis=-1)  # [count]
    return np.median(length[np.argsort(away)[: len(x) // 16]], axis=0)


def _land(f: _Evaluator, x: np.ndarray, steps: int = 4) -> np.ndarray:
    """Newton steps of least length from nearby points to f = 0, `[count, n]`."""
    for _ in range(steps):
        value, slope = f.values(x), f.slopes(x)
        gram = slope @ np.swapaxes(slope, -1, -2)  # [count, codimension, codimension]
        gram += (
            1e-12
            * (1.0 + np.trace(gram, axis1=-2, axis2=-1)[:, None, None])
            * np.eye(gram.shape[-1])
        )
        multipliers = np.linalg.solve(gram, value[..., None])  # [count, codimension, 1]
        x = x - np.sum(slope * multipliers, axis=-2)
    return x


class _Evaluator:
    """Values and derivatives of a level-set function, of arrays `[..., n]`."""

    def __init__(self, function: Function, n: int) -> None:
        # In the precision in which users write f; the volume needs no more.
        dtype = keras.config.floatx()
        self._values = ArrayFunction(function, n, dtype)
        self.slopes = ArrayFunction(functools.partial(jacobian, function), n, dtype)

    def values(self, x: np.ndarray) -> np.ndarray:
        """Values of the function, `[..., codimension]`."""
        value = self._values(x)
        if not np.all(np.isfinite(value)):
            raise ValueError(
                "Expected the level-set function `f` to be finite in `bounds`. "
                f"Received: {np.sum(~np.isfinite(value))} values that are not."
            )
        return value
