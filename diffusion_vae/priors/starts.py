"""Where the components of a mixture start: together they are close to the manifold's prior."""

import math

import numpy as np
from keras import ops

from diffusion_vae.autodiff import run_eagerly
from diffusion_vae.heat_kernels import Law, ProductKernel
from diffusion_vae.layers.diffusion_time import Limits
from diffusion_vae.priors.base import pieces
from diffusion_vae.random import SeedGenerator
from diffusion_vae.typing import Tensor

ROUGHNESS = 0.1  # expected chi-square divergence of the mixture from the manifold's prior
POINTS = 8  # at which a return density is looked at
REACH = 10.0  # of log times, from where training of a posterior starts
HALVINGS = 12  # of an interval of log times
EDGE = 0.01  # share of limits that a start keeps from either end


def starts(law: Law, count: int, seed: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Centres and log times of kernels of equal weight that are close to the manifold's prior.

    With centres drawn from a law from which the motion of time t leads to the prior p, the
    expectation of the mixture is p, and its chi-square divergence from p is (g(t) - 1) / K on
    average: on a closed manifold g is the density of a return after 2t, times the volume; in R^d
    it is t^(-d / 2) for centres from N(0, 1 - t). The time is the one where that is 0.1. On a
    product a factor's share of the components is K^(dim of the factor / dim).

    Args:
        law: The law of the components.
        count: Number K of components.
        seed: Integer seed, or `None`.

    Returns:
        Points of the manifold `[K, ambient_dim]`, and log times `[time_dim]`.
    """
    return run_eagerly(_starts, law, count, SeedGenerator(seed))


def _starts(law: Law, count: int, seed: SeedGenerator) -> tuple[np.ndarray, np.ndarray]:
    factors = law.kernels if isinstance(law, ProductKernel) else (law,)
    centres, log_times = [], []
    for factor in factors:
        share = count ** (factor.manifold.dim / law.manifold.dim)
        centre, log_time = _of_factor(factor, count, 1.0 + ROUGHNESS * share, seed)
        centres.append(ops.convert_to_numpy(centre))
        log_times += log_time
    return np.concatenate(centres, axis=-1), np.array(log_times)


def _of_factor(
    law: Law, count: int, growth: float, seed: SeedGenerator
) -> tuple[Tensor, list[float]]:
    """Centres and log times with g(t) = `growth`."""
    manifold, limits = law.manifold, law.default_log_time_range()
    if manifold.closed:
        return manifold.prior_sample((count,), seed=seed), _closed(law, growth, seed)
    found = manifold.prior_motion
    if found is None:  # a space of one's own
        return manifold.prior_sample((count,), seed=seed), law.default_initial_log_time()
    point, longest = found
    time = longest * growth ** (-2.0 / manifold.dim)
    log_times = [_inside(math.log(time), pair) for pair in limits]
    location = ops.convert_to_tensor(np.tile(point, (count, 1)).astype("float32"))
    rest = [max(longest - math.exp(log_time), 1e-4 * longest) for log_time in log_times]
    spread = ops.convert_to_tensor(np.tile(rest, (count, 1)).astype("float32"))
    return law.sample(location, spread, seed=seed), log_times


def _closed(law: Law, growth: float, seed: SeedGenerator) -> list[float]:
    """Log times at which a return after twice the time is `growth` times as dense as p."""
    points = law.manifold.prior_sample((POINTS,), seed=seed)
    base = law.default_initial_log_time()
    limits = law.default_log_time_range()
    growth *= pieces(law.manifold)  # the motion stays on its own

    def excess(shift: float) -> float:
        double = [2.0 * math.exp(start + shift) for start in base]
        time = ops.convert_to_tensor(np.tile(double, (POINTS, 1)).astype("float32"))
        density = ops.convert_to_numpy(law.log_density(points, points, time))
        prior = ops.convert_to_numpy(law.manifold.prior_log_density(points))
        return float(np.mean(density - prior)) - math.log(growth)

    low, high = -REACH, REACH
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return [_inside(start + high, pair) for start, pair in zip(base, limits, strict=True)]


def _inside(log_time: float, limits: Limits) -> float:
    """The nearest log time that keeps from the limits."""
    if limits is None:
        return log_time
    margin = EDGE * (limits[1] - limits[0])
    return min(max(log_time, limits[0] + margin), limits[1] - margin)
