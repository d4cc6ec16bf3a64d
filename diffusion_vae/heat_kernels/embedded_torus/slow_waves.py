"""Log density of an embedded torus at late times: its slowest eigenfunctions, summed."""

import dataclasses
import math

import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.embedded_torus.chebyshev import chebyshev_list
from diffusion_vae.heat_kernels.embedded_torus.spectrum import closed
from diffusion_vae.typing import Tensor

FINEST = 24  # waves of an eigenfunction in the angle of the tube
LEFT_OUT = 18.0  # an eigenfunction is left out if below exp(-18) at the first time
RESOLUTION = 0.02  # time that the spectrum resolves


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

    def log_density(self, v: Tensor, d: Tensor, phi: Tensor, t: Tensor) -> Tensor:
        """Log density on the unit torus, all `[points]`.

        Args:
            v: Angles of the tube at the start.
            d: Angles of the tube from start to end.
            phi: Angles about the axis from start to end.
            t: Times in units of a^2; earlier ones count as `low`.
        """
        t = ops.maximum(t, self.low)
        start, end = self._functions(v), self._functions(v + d)  # [points, functions]
        numbers, rates = (ops.cast(x, t.dtype) for x in (self.wave_numbers, self.rates))
        along = ops.cos(ops.expand_dims(phi, -1) * numbers)
        decay = ops.exp(-ops.expand_dims(t, -1) * rates)
        density = ops.sum(start * end * along * decay, axis=-1)
        return ops.log(ops.maximum(density, 1e-12))

    def _functions(self, v: Tensor) -> Tensor:
        cosine = chebyshev_list(ops.cos(v), FINEST + 1)
        sine = [ops.sin(v), 2.0 * ops.sin(v) * ops.cos(v)]
        while len(sine) < FINEST:
            sine.append(2.0 * ops.cos(v) * sine[-1] - sine[-2])
        basis = ops.stack([*cosine, *sine], axis=-1)  # [points, 2 FINEST + 1]
        return ops.matmul(basis, ops.cast(self.functions, basis.dtype))


def slow_waves(ratio: float, low: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wave numbers, rates and functions of `SlowWaves`, in float64."""
    waves = closed(ratio, RESOLUTION)
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
        numbers.append(np.full(int(np.sum(kept)), number))
        rates.append(np.maximum(found[kept], 0.0))
        functions.append(basis.T @ values[:, kept] * scale[:, None] * factor)
    return np.concatenate(numbers), np.concatenate(rates), np.concatenate(functions, axis=1)
