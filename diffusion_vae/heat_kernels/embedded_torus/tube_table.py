"""Log density of an embedded torus whose tube has been gone round.

The tube is closed, the angle phi about the axis is not. With v and v' the angles of the tube,
u their middle and d their difference,

    log K = log theta(d, t) - y/2 - 1/2 log(2 pi t) + C(u, d, y, t),   y = phi^2 / (S t),

theta the wrapped normal law of a circle and S a mean of w^-2. C is a table of cosines
and Chebyshev polynomials, fitted to the spectrum.
"""

import dataclasses
import math

import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.embedded_torus.chebyshev import (
    chebyshev,
    chebyshev_list,
    soft_limit,
)
from diffusion_vae.heat_kernels.embedded_torus.plan import TUBE_REACH, mean_rate, tube_sizes
from diffusion_vae.heat_kernels.embedded_torus.spectrum import closed
from diffusion_vae.typing import Tensor

TIMES = 11  # of the fit, in log t
DEEPEST, UNKNOWN = 26.0, 0.003  # depth below the peak of what is known; weight of the rest
CIRCLE_WAVES = 6
PERIOD = 2.3 * 7.5  # about the axis, in sqrt(t) along the inner circle: nothing comes round


@dataclasses.dataclass(frozen=True)
class TubeTable:
    """C(u, d, y, t) for `low` <= t <= `high`, times in units of a^2.

    Attributes:
        ratio: c / a.
        low: Earliest time.
        high: Latest time.
        coefficients: `[middles * differences, TIMES * degree]`.
    """

    ratio: float
    low: float
    high: float
    coefficients: np.ndarray

    def log_density(self, v: Tensor, d: Tensor, phi: Tensor, t: Tensor) -> Tensor:
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
        middles, differences, degree = tube_sizes(self.ratio)
        angles = ops.expand_dims(chebyshev(ops.cos(u), middles), -1)
        angles = angles * ops.expand_dims(chebyshev(ops.cos(0.5 * d), differences), -2)
        angles = ops.reshape(angles, (-1, middles * differences))
        place = 2.0 * ops.log(t / self.low) / math.log(self.high / self.low) - 1.0
        in_time = ops.expand_dims(chebyshev(place, TIMES), -1)  # [points, TIMES, 1]
        terms = ops.matmul(angles, ops.cast(self.coefficients, angles.dtype))
        terms = ops.sum(ops.reshape(terms, (-1, TIMES, degree)) * in_time, axis=1)
        powers = chebyshev_list(2.0 * soft_limit(y, TUBE_REACH) / TUBE_REACH - 1.0, degree)
        correction = sum(terms[..., k : k + 1] * p for k, p in enumerate(powers))
        summed = ops.logsumexp(correction - 0.5 * y, axis=-1)
        waves = [ops.exp(-0.5 * k**2 * t) * ops.cos(k * d) for k in range(1, CIRCLE_WAVES + 1)]
        circle = ops.log1p(2.0 * sum(waves)) - math.log(2.0 * math.pi)
        return summed + circle - 0.5 * ops.log(2.0 * math.pi * t)


def fit_tube_table(ratio: float, low: float, high: float) -> np.ndarray:
    """Coefficients of a `TubeTable`, in float64."""
    middles, differences, degree = tube_sizes(ratio)
    place = np.cos(math.pi * (np.arange(TIMES) + 0.5) / TIMES)
    times = low * (high / low) ** (0.5 * (place + 1.0))
    u = math.pi * (np.arange(middles) + 0.5) / middles
    d = 2.0 * math.pi * (np.arange(differences) + 0.5) / differences
    start = (u[:, None] - 0.5 * d).ravel()
    end = (u[:, None] + 0.5 * d).ravel()
    y = 0.5 * TUBE_REACH * (1.0 - np.cos(math.pi * (np.arange(2 * degree) + 0.5) / (2 * degree)))
    in_y = np.polynomial.chebyshev.chebvander(2.0 * y / TUBE_REACH - 1.0, degree - 1)
    values = []
    for t in times:
        period = PERIOD * math.sqrt(t) / (ratio - 1.0)
        waves = closed(ratio, t, period)
        rate = mean_rate(ratio, np.cos(start), np.cos(end))
        phi = np.sqrt(rate[:, None] * t * y)  # [places, angles]
        density = waves.sum(waves.pair_kernels(t, start, end), phi)
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
    fitted = np.array(values).reshape(TIMES, middles, differences, degree)
    in_u = np.linalg.inv(np.cos(np.outer(u, np.arange(middles))))
    in_d = np.linalg.inv(np.cos(np.outer(0.5 * d, np.arange(differences))))
    in_time = np.linalg.inv(np.polynomial.chebyshev.chebvander(place, TIMES - 1))
    result = np.einsum("at,bu,cd,tudk->bcak", in_time, in_u, in_d, fitted, optimize=True)
    return result.reshape(middles * differences, TIMES * degree)
