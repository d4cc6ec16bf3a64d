"""Table of the KL of Brownian motion on an embedded torus to the uniform law."""

import math
from functools import cache

import numpy as np

from diffusion_vae.cache import cached
from diffusion_vae.heat_kernels.embedded_torus.plan import NARROW_HOLE_BELOW, SOURCES
from diffusion_vae.heat_kernels.embedded_torus.spectrum import REACH, Waves, closed
from diffusion_vae.heat_kernels.numeric import relative_entropy_term
from diffusion_vae.heat_kernels.radial import LONGEST, SHORTEST, inverse_softplus
from diffusion_vae.manifolds.numerics.spline import UniformSpline

TIME_STEP = 0.1  # of log time
PLACES, NARROW_HOLE_PLACES = 33, 97  # equal steps of cos v
EXPANSION = 0.02  # time, in units of a^2, below which the expansion in t is used,
HOLE_EXPANSION = 0.45  # and its largest value in units of (c - a)^2, the hole's radius squared
SMALL = 1e-10  # a KL below which only its leading term, quadratic, is computed


@cache
def kl_table_of(c: float, a: float) -> UniformSpline:
    """The table of the torus with these radii, from the cache or built.

    A spline in (log t, cos v); log(1 + exp(value)) is the KL.
    """
    values = cached(
        f"embedded-torus-kl-{c!r}-{a!r}", lambda: {"values": kl_table(c, a)}, sources=SOURCES
    )
    ends = (math.log(SHORTEST), -1.0), (math.log(LONGEST), 1.0)
    return UniformSpline(values["values"], *ends)


def kl_table(c: float, a: float) -> np.ndarray:
    """Values of the spline of `kl_table_of`.

    At small t it is -log(2 pi t) - 1 + log Vol + Sc(v) t / 4 + B(v) t^2, with B from the
    spectrum; else the integral over the spectrum; in the end the slowest waves are left.

    Returns:
        `[times, places]`, times in equal steps of log t from `SHORTEST` to `LONGEST`.
    """
    ratio = c / a
    count = math.ceil(math.log(LONGEST / SHORTEST) / TIME_STEP) + 1
    times = np.geomspace(SHORTEST, LONGEST, count) / a**2
    cosine = np.linspace(-1.0, 1.0, NARROW_HOLE_PLACES if ratio < NARROW_HOLE_BELOW else PLACES)
    v = np.arccos(cosine)
    start = min(EXPANSION, HOLE_EXPANSION * (ratio - 1.0) ** 2)
    second = np.exp(_log_kl(ratio, start, v)) - _first_order(ratio, start, cosine)
    second = second / start**2
    rows = []
    for t in times:
        if t < start:
            rows.append(np.log(_first_order(ratio, t, cosine) + second * t**2))
        else:
            rows.append(_log_kl(ratio, t, v))
    return inverse_softplus(np.array(rows))


def _first_order(ratio: float, t: float, cosine: np.ndarray) -> np.ndarray:
    """Expansion of the KL on the unit torus to the first order in t."""
    curvature = 2.0 * cosine / (ratio + cosine)
    return -math.log(2.0 * math.pi * t) - 1.0 + math.log(_area(ratio)) + 0.25 * curvature * t


def _log_kl(ratio: float, t: float, v: np.ndarray) -> np.ndarray:
    """Logarithm of the KL on the unit torus from its spectrum, `[len(v)]`."""
    reach = 1.2 * REACH * math.sqrt(t) / (ratio - 1.0)
    period = min(2.0 * math.pi, 2.0 * reach)  # a longer one is not felt
    waves = closed(ratio, t, period)
    nodes, count = waves.nodes, len(waves.wave_numbers)
    kernels = waves.kernels(t, v)  # [waves, places, nodes]
    phi = np.linspace(0.0, 0.5 * period, 2 * count + 1)
    weight = np.full(len(phi), period / (2 * count))
    weight[[0, -1]] *= 0.5
    x = np.cos(np.outer(phi, waves.wave_numbers)) * (2.0 / period)
    x[:, 0] *= 0.5
    x = np.tensordot(x, kernels, axes=1) * _area(ratio)  # [angles, places, nodes]
    share = weight[:, None] * nodes.step * (ratio + np.cos(nodes.nodes)) / _area(ratio)
    terms = relative_entropy_term(np.log(np.maximum(x, 1e-300)))
    kl = np.sum(share[:, None] * terms, axis=(0, 2)) + (1.0 - np.sum(share))
    return np.where(kl > SMALL, np.log(np.maximum(kl, SMALL)), _log_leading(waves, t, v, ratio))


def _log_leading(waves: Waves, t: float, v: np.ndarray, ratio: float) -> np.ndarray:
    """Logarithm of half the mean square of the density, relative to uniform, less 1."""
    at = waves.readings(v)
    root = np.sqrt(ratio + np.cos(waves.nodes.nodes))
    logs = []
    for number in waves.wave_numbers[:3]:
        rates, functions = waves.spectrum(number)
        square = np.square(at @ (functions * root[:, None])) * (1.0 if number == 0 else 2.0)
        first = 1 if number == 0 else 0  # the uniform law itself
        with np.errstate(divide="ignore"):
            logs.append((np.log(square) - 2.0 * rates * t)[:, first:])
    terms = np.concatenate(logs, axis=1)
    largest = np.max(terms, axis=1)
    total = largest + np.log(np.sum(np.exp(terms - largest[:, None]), axis=1))
    return total + math.log(0.5 * _area(ratio) / (2.0 * math.pi))


def _area(ratio: float) -> float:
    return 4.0 * math.pi**2 * ratio
