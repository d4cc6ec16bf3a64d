"""Log density of an embedded torus unrolled both ways: a polynomial fitted to its spectrum.

On the plane (v, phi) with the metric dv^2 + w^2 dphi^2, w = ratio + cos v, nothing comes
round, and with u the middle and d the difference of the tube angles

    log K = -log(2 pi t) - (x + y)/2 + C(u, x, y, t),   x = d^2 / t,   y = W^2 phi^2 / t,

W^-2 the mean of w^-2 between the ends (exact for phi -> 0). C is smooth: even in u and
polynomial in x and y; it vanishes with t. Each `UnrolledTable` holds it on an interval of t,
as cosines times Chebyshev polynomials, by least squares on the float64 spectrum. Where
another way round the tube is shorter, K hardly counts, and the fit is weighted by its share.
"""

import dataclasses
import math

import numpy as np
from keras import ops
from scipy.linalg import cho_factor, cho_solve

from diffusion_vae.heat_kernels.embedded_torus.chebyshev import (
    chebyshev,
    chebyshev_list,
    soft_limit,
)
from diffusion_vae.heat_kernels.embedded_torus.plan import REGULARISED_BELOW, unrolled_extent
from diffusion_vae.heat_kernels.embedded_torus.spectrum import closed
from diffusion_vae.heat_kernels.embedded_torus.unrolled_spectrum import unrolled
from diffusion_vae.typing import Tensor

COSINES, TIMES = 20, 9  # of the fit, in u and in t
FLOOR, RIDGE = 3e-4, 1e-9  # weight of points that do not count; regularisation
FAT_FLOOR, FAT_RIDGE = 1e-2, 1e-7  # the same below `REGULARISED_BELOW`
STRETCH = 1.8  # how much finer u is resolved on the outside than half-way up
TAIL = 23.2  # depth below the peak down to which the fit is tight
DEEPEST = 31.0  # depth of what is known
LINE, LINE_WEIGHTS = np.polynomial.legendre.leggauss(6)  # from one end to the other


@dataclasses.dataclass(frozen=True)
class UnrolledTable:
    """C(u, x, y, t) for `low` <= t <= `high`; with `low` = 0, in powers of t.

    Attributes:
        ratio: c / a; times are in units of a^2.
        low: Earliest time.
        high: Latest time.
        coefficients: `[COSINES * TIMES, terms]`.
        images: Turns of the tube that are summed.
    """

    ratio: float
    low: float
    high: float
    coefficients: np.ndarray

    @property
    def images(self) -> int:
        return 2 if self.high < 0.8 else 3 if self.high < 1.6 else 4

    def log_density(self, v: Tensor, d: Tensor, phi: Tensor, t: Tensor) -> Tensor:
        """Log density on the unit torus, all images summed.

        Args:
            v: Angles of the tube at the start, `[points]`.
            d: Angles of the tube to the end, in [-pi, pi], `[points]`.
            phi: Angles about the axis, one for each image, `[points, windings]`.
            t: Times in units of a^2, `[points]`, clipped to the table.
        """
        t = ops.minimum(t, self.high)
        if self.low:
            t = ops.maximum(t, self.low)
        away = turn_back(d)
        turns = [0.0, 1.0, -1.0, 2.0][: self.images]
        images, windings = len(turns), phi.shape[-1]
        values = self._log_density(
            ops.tile(v, (images,)),
            ops.concatenate([d + turn * away for turn in turns], axis=0),
            ops.tile(phi, (images, 1)),
            ops.tile(t, (images,)),
        )  # all images at once, a third of the operations
        values = ops.reshape(values, (images, -1, windings))
        parts = [values[image] for image in range(images)]
        return ops.logsumexp(ops.concatenate(parts, axis=-1), axis=-1)

    def _log_density(self, v: Tensor, d: Tensor, phi: Tensor, t: Tensor) -> Tensor:
        u = v + 0.5 * d
        reach, degree = unrolled_extent(self.ratio, self.low)
        mean = sum(
            0.5 * weight / ops.square(self.ratio + ops.cos(u + 0.5 * place * d))
            for place, weight in zip(LINE, LINE_WEIGHTS, strict=True)
        )  # [points]
        x = ops.square(d) / t
        y = ops.square(phi) / ops.expand_dims(mean, -1)  # [points, windings]
        y = y / ops.expand_dims(t, -1)  # by itself: the square of mean t could underflow
        near_x = soft_limit(x, 0.98 * reach)
        near_y = soft_limit(y, ops.expand_dims(reach - near_x, -1))
        cosines = chebyshev(stretched_cosine(u), COSINES)  # [points, COSINES]
        times = chebyshev(2.0 * self._place(t) - 1.0, TIMES)
        factor = t if self.low == 0 else ops.ones_like(t)
        outer = ops.expand_dims(factor, -1) * times  # [points, TIMES]
        outer = ops.expand_dims(cosines, -1) * ops.expand_dims(outer, -2)
        outer = ops.reshape(outer, (-1, COSINES * TIMES))
        # [points, terms]: in x and y, those of a degree in y side by side
        terms = ops.matmul(outer, ops.cast(self.coefficients, outer.dtype))
        in_x = chebyshev(2.0 * near_x / reach - 1.0, degree + 1)
        start, in_y = 0, []
        for count in range(degree + 1, 0, -1):
            part = terms[..., start : start + count] * in_x[..., :count]
            in_y.append(ops.sum(part, axis=-1, keepdims=True))
            start += count
        powers = chebyshev_list(2.0 * near_y / reach - 1.0, degree + 1)
        correction = sum(a * b for a, b in zip(in_y, powers, strict=True))
        gaussian = -0.5 * (ops.expand_dims(x, -1) + y)
        return correction + gaussian - ops.expand_dims(ops.log(2.0 * math.pi * t), -1)

    def _place(self, t: Tensor) -> Tensor:
        """Place of a time in the table, in [0, 1]."""
        if self.low == 0:
            return t / self.high
        return ops.log(t / self.low) / math.log(self.high / self.low)


def turn_back(angle: Tensor) -> Tensor:
    """A turn against the sign of an angle; added, it gives the second shortest image."""
    return ops.cast(ops.where(angle > 0.0, -2.0 * math.pi, 2.0 * math.pi), angle.dtype)


def stretched_cosine(u: Tensor) -> Tensor:
    """cos of 2 atan(STRETCH tan(u / 2)): even in u, finest near 0."""
    cosine = ops.cos(u)
    far = STRETCH**2 * (1.0 - cosine)
    return (1.0 + cosine - far) / (1.0 + cosine + far)


def fit_unrolled_table(ratio: float, low: float, high: float) -> np.ndarray:
    """Coefficients of a `UnrolledTable`, `[COSINES * TIMES, terms]`, in float64."""
    reach, degree = unrolled_extent(ratio, low)
    nodes = degree + 8  # of the fit, in x and in y
    place = 0.5 * (1.0 - np.cos(math.pi * (np.arange(TIMES) + 0.5) / TIMES))
    times = high * place if low == 0 else low * (high / low) ** place
    count = math.ceil(1.6 * COSINES)
    chi = math.pi * (np.arange(count) + 0.5) / count
    u = 2.0 * np.arctan(np.tan(0.5 * chi) / STRETCH)  # [count]
    node = 0.5 * (1.0 - np.cos(math.pi * (np.arange(nodes) + 0.5) / nodes))
    x = np.repeat((reach * node)[:, None], nodes, axis=1)  # [nodes, nodes]
    y = (reach - x) * node
    cosines = np.cos(np.outer(chi, np.arange(COSINES)))  # [count, COSINES]
    basis = _basis(x, y, reach, degree)  # [nodes^2, terms]
    fitted = [_fit(ratio, t, u, x, y, cosines, basis, low == 0) for t in times]
    in_time = np.polynomial.chebyshev.chebvander(2.0 * place - 1.0, TIMES - 1)
    result = np.tensordot(np.linalg.inv(in_time), np.array(fitted), axes=1)
    return result.transpose(1, 0, 2).reshape(COSINES * TIMES, -1)


def _basis(x: np.ndarray, y: np.ndarray, reach: float, degree: int) -> np.ndarray:
    in_x = np.polynomial.chebyshev.chebvander(2.0 * x.ravel() / reach - 1.0, degree)
    in_y = np.polynomial.chebyshev.chebvander(2.0 * y.ravel() / reach - 1.0, degree)
    columns = [in_x[:, i] * in_y[:, j] for j in range(degree + 1) for i in range(degree + 1 - j)]
    return np.stack(columns, axis=-1)


def _fit(
    ratio: float,
    t: float,
    u: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    cosines: np.ndarray,
    basis: np.ndarray,
    short: bool,
) -> np.ndarray:
    """Weighted least squares at one time, over u, x and y at once, `[COSINES, terms]`."""
    correction, weight = _samples(ratio, t, u, x, y, short)  # [count, nodes^2]
    scaled = basis * weight[..., None]
    matrices = np.einsum("uga,ugb->uab", scaled, scaled, optimize=True)
    right = np.einsum("uga,ug->ua", scaled, correction * weight, optimize=True)
    if short:
        right /= t
    terms, size = basis.shape[1], COSINES * basis.shape[1]
    pairs = np.einsum("uk,ul->klu", cosines, cosines).reshape(COSINES**2, -1)
    normal = (pairs @ matrices.reshape(len(u), -1)).reshape(COSINES, COSINES, terms, terms)
    normal = normal.transpose(0, 2, 1, 3).reshape(size, size)
    ridge = RIDGE if ratio >= REGULARISED_BELOW else FAT_RIDGE
    normal[np.diag_indices(size)] += ridge * np.trace(normal) / size
    # The transpose of a symmetric matrix, stored by columns: it need not be copied.
    factor = cho_factor(normal.T, lower=True, overwrite_a=True, check_finite=False)
    return cho_solve(factor, (cosines.T @ right).ravel()).reshape(COSINES, terms)


def _samples(
    ratio: float, t: float, u: np.ndarray, x: np.ndarray, y: np.ndarray, short: bool
) -> tuple[np.ndarray, np.ndarray]:
    """C at the nodes and its weight there, both `[count, nodes^2]`."""
    d = np.sqrt(t * x[:, 0])  # [nodes]
    line = u[:, None, None] + 0.5 * d[:, None] * LINE
    mean = np.sum(0.5 * LINE_WEIGHTS / (ratio + np.cos(line)) ** 2, axis=-1)  # [count, nodes]
    phi = np.sqrt(t * y * mean[..., None]).reshape(-1, len(d))
    start, end = (u[:, None] - 0.5 * d).ravel(), (u[:, None] + 0.5 * d).ravel()
    waves = unrolled(ratio, t)
    density = waves.sum(waves.pair_kernels(t, start, end), phi)  # [count * nodes, nodes]
    known = density > 0.0
    log_density = np.log(np.where(known, density, 1.0)) + math.log(2.0 * math.pi * t)
    half_period = math.pi / waves.wave_numbers[1]
    known &= (log_density > -DEEPEST) & (phi < half_period)
    weight = 1.0 / (1.0 + np.exp(-2.0 * (log_density + TAIL)))
    if not short:
        torus = closed(ratio, t)
        total = torus.sum(torus.pair_kernels(t, start, end), phi)
        weight *= np.clip(density / np.maximum(total, 1e-30), 0.0, 1.0)
    floor = FLOOR if ratio >= REGULARISED_BELOW else FAT_FLOOR
    weight += floor / (1.0 + np.exp(-2.0 * (log_density + TAIL + 2.5)))
    correction = log_density.reshape(len(u), -1) + 0.5 * (x + y).ravel()
    known = known.reshape(len(u), -1)
    return np.where(known, correction, 0.0), np.where(known, weight.reshape(len(u), -1), 0.0)
