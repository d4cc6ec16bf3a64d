"""Log density of a torus of revolution once the tube has been gone round.

`TubeTable`: the tube is closed, the angle phi about the axis is not. With v and v' the
angles of the tube, u their middle and d their difference,

    log K = log theta(d, t) - y/2 - 1/2 log(2 pi t) + C(u, d, y, t),   y = phi^2 / (S t),

theta the wrapped normal law of a circle and S a mean of w^-2. C is a table of cosines
and Chebyshev polynomials, fitted to the spectrum.

`SlowWaves`: later still the few slowest eigenfunctions are left, and are summed.
"""

import dataclasses
import math

import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.embedded_torus.cover import (
    WIDE,
    chebyshev,
    chebyshev_list,
    soft_limit,
)
from diffusion_vae.heat_kernels.embedded_torus.spectrum import closed

TIMES = 11  # of the fit, in log t
THIN_SIZES = 12, 26, 16  # of the fit, in u, d / 2, y
SIZES = 20, 36, 19  # the same on fat tori, from earlier times on
TUBE_STARTS = 2.0, 10.0 / 3.0  # earliest times of the table: on fat tori, on thin ones
LARGEST_Y = 60.0  # of the table
DEEPEST, UNKNOWN = 26.0, 0.003  # depth below the peak of what is known; weight of the rest
CIRCLE_WAVES = 6
FINEST = 24  # waves of an eigenfunction in the angle of the tube
LEFT_OUT = 18.0  # an eigenfunction is left out if below exp(-18) when the waves begin


@dataclasses.dataclass(frozen=True)
class TubeTable:
    """C(u, d, y, t) for `low` <= t <= `high`, times in units of a^2.

    Attributes:
        ratio: c / a.
        coefficients: `[middles * differences, TIMES * degree]`.
    """

    ratio: float
    low: float
    high: float
    coefficients: np.ndarray

    def log_density(self, v, d, phi, t):
        """Log density on the unit torus, summed over the windings `phi`.

        Args:
            v: Angles of the tube at the start, `[points]`.
            d: Angles of the tube to the end, `[points]`.
            phi: Angles about the axis, one for each image, `[points, windings]`.
            t: Times in units of a^2, `[points]`, clipped to the table.
        """
        t = ops.clip(t, self.low, self.high)
        u = v + 0.5 * d
        spread = t * mean_rate(self.ratio, ops.cos(v), ops.cos(v + d))
        y = ops.square(phi) / ops.expand_dims(spread, -1)  # [points, windings]
        middles, differences, degree = sizes(self.ratio)
        angles = ops.expand_dims(chebyshev(ops.cos(u), middles), -1)
        angles = angles * ops.expand_dims(chebyshev(ops.cos(0.5 * d), differences), -2)
        angles = ops.reshape(angles, (-1, middles * differences))
        place = 2.0 * ops.log(t / self.low) / math.log(self.high / self.low) - 1.0
        in_time = ops.expand_dims(chebyshev(place, TIMES), -1)  # [points, TIMES, 1]
        terms = ops.matmul(angles, ops.cast(self.coefficients, angles.dtype))
        terms = ops.sum(ops.reshape(terms, (-1, TIMES, degree)) * in_time, axis=1)
        powers = chebyshev_list(2.0 * soft_limit(y, LARGEST_Y) / LARGEST_Y - 1.0, degree)
        correction = sum(terms[..., k : k + 1] * p for k, p in enumerate(powers))
        summed = ops.logsumexp(correction - 0.5 * y, axis=-1)
        waves = [ops.exp(-0.5 * k**2 * t) * ops.cos(k * d) for k in range(1, CIRCLE_WAVES + 1)]
        circle = ops.log1p(2.0 * sum(waves)) - math.log(2.0 * math.pi)
        return summed + circle - 0.5 * ops.log(2.0 * math.pi * t)


def mean_rate(ratio, cosine, other):
    """S: between the mean of w^-2 over the torus and that at the two ends."""
    ends = (ratio + cosine) ** -2.0 + (ratio + other) ** -2.0
    return 0.25 * ends + 0.5 / (ratio * math.sqrt(ratio**2 - 1.0))


def sizes(ratio):
    """Numbers of cosines in u and in d / 2, and of polynomials in y."""
    return THIN_SIZES if ratio >= WIDE else SIZES


def tube_start(ratio):
    """Earliest time of the table, in units of a^2: fat tori are sooner without unrolling.

    Half-way round the outer circle y is then no larger than the table.
    """
    if ratio >= WIDE:
        return TUBE_STARTS[1]
    half_way = math.pi**2 / (0.86 * LARGEST_Y * mean_rate(ratio, 1.0, 1.0))
    return min(max(half_way, TUBE_STARTS[0]), TUBE_STARTS[1])


def fit_tube_table(ratio, low, high):
    """Coefficients of a `TubeTable`, in float64."""
    middles, differences, degree = sizes(ratio)
    place = np.cos(math.pi * (np.arange(TIMES) + 0.5) / TIMES)
    times = low * (high / low) ** (0.5 * (place + 1.0))
    u = math.pi * (np.arange(middles) + 0.5) / middles
    d = 2.0 * math.pi * (np.arange(differences) + 0.5) / differences
    start = (u[:, None] - 0.5 * d).ravel()
    end = (u[:, None] + 0.5 * d).ravel()
    y = 0.5 * LARGEST_Y * (1.0 - np.cos(math.pi * (np.arange(2 * degree) + 0.5) / (2 * degree)))
    in_y = np.polynomial.chebyshev.chebvander(2.0 * y / LARGEST_Y - 1.0, degree - 1)
    values = []
    for t in times:
        period = 2.3 * 7.5 * math.sqrt(t) / (ratio - 1.0)
        waves = closed(ratio, t, period)
        rate = mean_rate(ratio, np.cos(start), np.cos(end))
        phi = np.sqrt(rate[:, None] * t * y)  # [places, angles]
        density = waves.sum(waves.kernels(t, start, end, pairs=True), phi)
        k = np.arange(1, CIRCLE_WAVES + 1)
        circle = np.exp(-0.5 * k**2 * t) * np.cos(k * (end - start)[:, None])
        circle = (1.0 + 2.0 * np.sum(circle, axis=-1)) / (2.0 * math.pi)  # [places]
        # Far out a density is as small as the rounding errors of its sum: there the
        # correction is kept as it was, and counts little.
        known = np.minimum.accumulate(2.0 * math.pi * t * density > math.exp(-DEEPEST), axis=1)
        last = np.sum(known, axis=1, keepdims=True) - 1
        smooth = np.where(known, density, 1.0) * math.sqrt(2.0 * math.pi * t) / circle[:, None]
        correction = np.log(smooth) + 0.5 * y
        correction = np.where(known, correction, np.take_along_axis(correction, last, axis=1))
        weighted = np.where(known, 1.0, UNKNOWN)[..., None] ** 2 * in_y  # [places, angles, degree]
        right = np.sum(weighted * correction[..., None], axis=1)
        values.append(np.linalg.solve(in_y.T @ weighted, right[..., None])[..., 0])
    values = np.array(values).reshape(TIMES, middles, differences, degree)
    in_u = np.linalg.inv(np.cos(np.outer(u, np.arange(middles))))
    in_d = np.linalg.inv(np.cos(np.outer(0.5 * d, np.arange(differences))))
    in_time = np.linalg.inv(np.polynomial.chebyshev.chebvander(place, TIMES - 1))
    result = np.einsum("at,bu,cd,tudk->bcak", in_time, in_u, in_d, values, optimize=True)
    return result.reshape(middles * differences, TIMES * degree)


@dataclasses.dataclass(frozen=True)
class SlowWaves:
    """The eigenfunctions that are left at `low` and later, on the unit torus.

    Attributes:
        low: Earliest time, in units of a^2.
        wave_numbers: Waves about the axis, `[functions]`.
        rates: Decay rates, `[functions]`.
        functions: Coefficients of cos 0, cos v, ... and sin v, ..., scaled so that the
            density is the sum of cos(m phi) exp(-rate t) f(v) f(v'),
            `[2 FINEST + 1, functions]`.
    """

    low: float
    wave_numbers: np.ndarray
    rates: np.ndarray
    functions: np.ndarray

    def log_density(self, v, d, phi, t):
        """Log density on the unit torus; `phi` `[points]`, the rest as in `TubeTable`."""
        t = ops.maximum(t, self.low)
        start, end = self._functions(v), self._functions(v + d)  # [points, functions]
        numbers, rates = (ops.cast(x, t.dtype) for x in (self.wave_numbers, self.rates))
        along = ops.cos(ops.expand_dims(phi, -1) * numbers)
        decay = ops.exp(-ops.expand_dims(t, -1) * rates)
        density = ops.sum(start * end * along * decay, axis=-1)
        return ops.log(ops.maximum(density, 1e-12))

    def _functions(self, v):
        cosine = chebyshev_list(ops.cos(v), FINEST + 1)
        sine = [ops.sin(v), 2.0 * ops.sin(v) * ops.cos(v)]
        while len(sine) < FINEST:
            sine.append(2.0 * ops.cos(v) * sine[-1] - sine[-2])
        basis = ops.stack([*cosine, *sine], axis=-1)  # [points, 2 FINEST + 1]
        return ops.matmul(basis, ops.cast(self.functions, basis.dtype))


def slow_waves(ratio, low):
    """Wave numbers, rates and functions of `SlowWaves`, in float64."""
    waves = closed(ratio, 0.02)
    nodes = waves.nodes.nodes
    angle = np.outer(nodes, np.arange(FINEST + 1))
    basis = np.concatenate([np.cos(angle), np.sin(angle[:, 1:])], axis=1)
    scale = np.full(2 * FINEST + 1, 2.0 / len(nodes))
    scale[0] *= 0.5
    numbers, rates, functions = [], [], []
    for number in waves.wave_numbers:
        found, values = waves.spectrum(number)
        kept = found * low < LEFT_OUT
        if not np.any(kept):
            break
        factor = math.sqrt((1.0 if number == 0 else 2.0) / (2.0 * math.pi))
        numbers.append(np.full(np.sum(kept), number))
        rates.append(np.maximum(found[kept], 0.0))
        functions.append(basis.T @ values[:, kept] * scale[:, None] * factor)
    return np.concatenate(numbers), np.concatenate(rates), np.concatenate(functions, axis=1)
