"""Samples of Brownian motion on an embedded torus: normal noise, transported.

Two standard normal numbers e and n become an end (v', phi): first v' - v is the quantile
of its law at the probability of e, then phi that of its law given v' at the probability
of n. On the unrolled tube both are smooth, and as t -> 0

    v' - v = sqrt(t) (e + D),    phi = n sqrt(t) exp(E_0 + E_1 n^2 + E_2 n^4 + ...),

D -> 0, E_0 -> -log w(v), E_k -> 0. D and the E_k are tables in (sqrt t, v, e).
"""

import dataclasses
import math
from functools import cache

import numpy as np
from keras import ops
from scipy.interpolate import CubicSpline
from scipy.special import ndtri

from diffusion_vae.cache import cached
from diffusion_vae.heat_kernels.embedded_torus.plan import SOURCES
from diffusion_vae.heat_kernels.embedded_torus.unrolled_spectrum import (
    UnrolledWaves,
    angle_reach,
    unrolled,
)
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.typing import Tensor

LAST = 16.0  # time, in units of a^2, of the last table: the tube has forgotten its start
ROOTS = 21  # equal steps of sqrt(t), from 0
PLACES, BEYOND = 32, 5  # nodes of v on the circle, and beyond its ends
NOISES, NOISE_END = 37, 5.4  # nodes of e
TAILS = np.linspace(0.4, 4.4, 6)  # nodes of n
POWERS = 3
NEWTON_STEPS = 8


@dataclasses.dataclass(frozen=True)
class Transport:
    """Tables of the transport on the unit torus.

    Attributes:
        ratio: c / a.
        shift: (sqrt t, v, e) -> D.
        spread: (sqrt t, v, e) -> E_k, one table each.
    """

    ratio: float
    shift: UniformSpline
    spread: tuple[UniformSpline, ...]

    def __call__(self, v: Tensor, t: Tensor, e: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
        """Angles of the tube and about the axis from start to end, both `[...]`.

        Args:
            v: Angles of the tube at the start, in [-pi, pi], `[...]`.
            t: Times in units of a^2, `[...]`.
            e: Standard normal noise, `[...]`.
            n: Standard normal noise, `[...]`.
        """
        early = ops.minimum(t, LAST)
        root = ops.sqrt(early)
        d = root * (e + self.shift(root, v, e))
        square = ops.minimum(ops.square(n), float(TAILS[-1]) ** 2)
        exponent: Tensor = 0.0
        for table in reversed(self.spread):
            exponent = exponent * square + table(root, v, e)
        # Later the angle about the axis is spread at its mean rate.
        rate = 1.0 / (self.ratio * math.sqrt(self.ratio**2 - 1.0))
        variance = early * ops.exp(2.0 * exponent) + (t - early) * rate
        return d, n * ops.sqrt(variance)


@cache
def transport_of(ratio: float) -> Transport:
    """The `Transport` of the torus with c / a = `ratio`, from the cache or built."""
    tables = cached(
        f"embedded-torus-samples-{ratio!r}",
        lambda: {"tables": transport_tables(ratio).astype("float32")},
        sources=SOURCES,
    )["tables"]
    step = 2.0 * math.pi / PLACES
    low = 0.0, -math.pi - BEYOND * step, -NOISE_END
    high = math.sqrt(LAST), math.pi + BEYOND * step, NOISE_END
    splines = [UniformSpline(table, low, high) for table in tables]
    return Transport(ratio, splines[0], tuple(splines[1:]))


def transport_tables(ratio: float) -> np.ndarray:
    """D, E_0, E_1, ... at the nodes, `[1 + POWERS, ROOTS, PLACES + 1 + 2 BEYOND, NOISES]`."""
    v = np.linspace(0.0, math.pi, PLACES // 2 + 1)
    result = np.zeros((1 + POWERS, ROOTS, len(v), NOISES))
    result[1, 0] = -np.log(ratio + np.cos(v))[:, None]
    for index, root in enumerate(np.linspace(0.0, math.sqrt(LAST), ROOTS)[1:], start=1):
        result[:, index] = _tables_at(ratio, root**2, v)
    # Seen in the plane of the core circle, v and e change sign, and D with them.
    mirrored = result[:, :, -1:0:-1, ::-1].copy()  # at -pi <= v < 0
    mirrored[0] *= -1.0
    circle = np.concatenate([mirrored, result[:, :, :-1]], axis=2)
    return circle[:, :, np.arange(-BEYOND, PLACES + BEYOND + 1) % PLACES]


def _tables_at(ratio: float, t: float, v: np.ndarray) -> np.ndarray:
    """D, E_0, E_1, ... at one time, `[1 + POWERS, places, noises]`."""
    waves = unrolled(ratio, t, period=2.3 * angle_reach(ratio, t))
    noise = np.linspace(-NOISE_END, NOISE_END, NOISES)
    d = _quantiles(waves, ratio, t, v, noise)  # [places, noises]
    start = np.repeat(v, NOISES)
    kernels = waves.pair_kernels(t, start, start + d.ravel())  # [waves, pairs]
    log_ratio = np.log(_tail_angles(waves, kernels, t, ratio) / (TAILS * math.sqrt(t)))
    powers = TAILS[:, None] ** (2 * np.arange(POWERS))
    weight = np.exp(-0.125 * TAILS**2)
    fit = np.linalg.pinv(powers * weight[:, None]) * weight
    spread = (log_ratio @ fit.T).T.reshape(POWERS, len(v), NOISES)
    return np.concatenate([(d / math.sqrt(t) - noise)[None], spread])


def _quantiles(
    waves: UnrolledWaves, ratio: float, t: float, v: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """Differences v' - v as probable as the standard normal `noise`, `[places, noises]`."""
    far = 7.3 * math.sqrt(t)
    d = np.linspace(-far, far, 801)
    ends = v[:, None] + d
    alone = waves.alone(0.0)  # the law of v' needs no waves
    start = np.repeat(v, len(d))
    density = alone.pair_kernels(t, start, ends.ravel())[0].reshape(ends.shape)
    density = np.maximum(density, 0.0) * (ratio + np.cos(ends))
    result = np.empty((len(v), len(noise)))
    for row, values in zip(result, density, strict=True):
        below = CubicSpline(d, values).antiderivative()(d)
        above = CubicSpline(d, values[::-1]).antiderivative()(d)[::-1]
        total = below[-1]
        low, high = below / total, above / total
        inside = (low > 3e-9) & (high > 3e-9)
        # Each tail from its own side: 1 - x loses the digits of a small x.
        z = np.where(low < 0.5, ndtri(np.minimum(low, 0.5)), -ndtri(np.minimum(high, 0.5)))
        # Where two places differ by less than the rounding, they may come in the wrong order.
        before = np.maximum.accumulate(np.where(inside, z, -math.inf))
        inside[1:] &= z[1:] > before[:-1] + 1e-9
        row[:] = CubicSpline(z[inside], d[inside])(noise)
    return result


def _tail_angles(waves: UnrolledWaves, kernels: np.ndarray, t: float, ratio: float) -> np.ndarray:
    """Angles about the axis as probable, given both ends, as the normal `TAILS`.

    Newton's method for z(phi) = TAILS, with z the normal quantile of the probability of an
    angle below phi: that function is nearly linear.

    Args:
        waves: The unrolled spectrum.
        kernels: Kernels of its waves, between the pairs of ends, `[waves, pairs]`.
        t: Time in units of a^2.
        ratio: c / a.

    Returns:
        `[pairs, tails]`.
    """
    numbers = waves.wave_numbers[1:]
    shares = (kernels[1:] / kernels[0]).T  # [pairs, waves - 1], the characteristic function
    # Its curvature at 0 tells the width.
    width = np.sqrt(-2.0 * np.log(np.clip(shares[:, 0], 1e-6, 1.0 - 1e-12))) / numbers[0]
    width = np.clip(width, 0.3 * math.sqrt(t) / (ratio + 1.0), math.sqrt(t) / (ratio - 1.0))
    phi = width[:, None] * TAILS
    for _ in range(NEWTON_STEPS):
        below, density = np.zeros_like(phi), np.full_like(phi, 0.5)
        first = np.exp(1j * numbers[0] * phi)
        wave = np.ones_like(first)
        for number, share in zip(numbers, shares.T, strict=True):
            wave = wave * first
            below += (share[:, None] / number) * wave.imag
            density += share[:, None] * wave.real
        scale = numbers[0] / math.pi
        above = 0.5 - scale * (0.5 * phi + below)
        above = np.clip(above, 1e-14, 0.5 - 1e-14)
        z = -ndtri(above)
        slope = scale * np.maximum(density, 1e-14) / np.exp(-0.5 * z**2) * math.sqrt(2 * math.pi)
        move = np.clip((TAILS - z) / slope, -0.3 * phi, 0.3 * phi)
        phi = phi + move
    return phi
