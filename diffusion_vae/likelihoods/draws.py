"""Draws that Keras lacks, from those that it has."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.typing import Seed, Tensor

SMALL_RATE = 64.0  # up to here the cumulative distribution is summed
LARGEST_COUNT = 192  # of such rates: 16 standard deviations above the mean
PROPOSALS = 16  # for an angle: all are refused with probability 3e-8, and the first is taken


def seeds(seed: Seed, count: int) -> list[Seed]:
    """As many seeds as independent draws need, from one.

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, which moves on by itself, or `None`.
        count: How many.
    """
    if seed is None or isinstance(seed, keras.random.SeedGenerator):
        return [seed] * count
    return [int(each) for each in np.random.SeedSequence(int(seed)).generate_state(count) // 2]


def poisson(rate: Tensor, seed: Seed = None) -> Tensor:
    """Counts of Poisson laws, as floats.

    Args:
        rate: Means, `[...]`.
        seed: An integer, a `keras.random.SeedGenerator` or `None`.

    Returns:
        `[...]`.
    """
    normal = keras.random.normal(ops.shape(rate), dtype=rate.dtype, seed=seed)
    return poisson_quantile(normal, rate)


def poisson_quantile(normal: Tensor, rate: Tensor) -> Tensor:
    """The Poisson count at the same quantile as a standard normal number.

    Sums of the probabilities up to a rate of 64. Beyond, the expansion of Giles (2016,
    "Algorithm 955: approximation of the inverse Poisson cumulative distribution function"), whose
    error of less than 1e-4 of a count is the chance of a count that is one too large or small.

    Args:
        normal: Standard normal numbers, `[...]`.
        rate: Means, `[...]`.
    """
    small = rate < SMALL_RATE
    low = ops.where(small, rate, 1.0)
    level = 0.5 * ops.erfc(-normal / math.sqrt(2.0))
    first = ops.exp(-low)

    def unfinished(k: Tensor, count: Tensor, probability: Tensor, below: Tensor) -> Tensor:
        return ops.any(below < level)

    def add(k: Tensor, count: Tensor, probability: Tensor, below: Tensor) -> tuple[Tensor, ...]:
        probability = probability * low / ops.cast(k, rate.dtype)
        further = below + probability
        # In floating point the sum may stop below 1, and below a level next to 1.
        counts = ops.logical_and(below < level, further > below)
        return k + 1, count + ops.cast(counts, rate.dtype), probability, further

    start = (ops.convert_to_tensor(1, dtype="int32"), ops.zeros_like(rate), first, first)
    count = ops.while_loop(unfinished, add, start, maximum_iterations=LARGEST_COUNT)[1]
    high = ops.where(small, SMALL_RATE, rate)
    square = ops.square(normal)
    root = ops.sqrt(high)
    expansion = high + root * normal + (2.0 + square) / 6.0
    expansion = expansion - normal * (2.0 + square) / (72.0 * root)
    expansion = expansion + (3.0 * ops.square(square) + 7.0 * square - 16.0) / (810.0 * high)
    return ops.where(small, count, ops.maximum(ops.floor(expansion), 0.0))


def von_mises(kappa: Tensor, seed: Seed = None) -> Tensor:
    """Angles of von Mises laws around 0, in radians.

    Best and Fisher (1979, "Efficient simulation of the von Mises distribution"), whose proposals
    are taken with probability 0.66 at least.

    Args:
        kappa: Concentrations, `[...]`.
        seed: An integer, a `keras.random.SeedGenerator` or `None`.

    Returns:
        `[...]`, in [-pi, pi].
    """
    squared = 1.0 / (2.0 * kappa + ops.sqrt(4.0 * ops.square(kappa) + 1.0))
    best = squared / (1.0 + squared)  # sin^2 of half the angle where the ratio is largest
    shape = (2, PROPOSALS, *ops.shape(kappa))
    level, chance = ops.unstack(keras.random.uniform(shape, dtype=kappa.dtype, seed=seed), 2)
    half = ops.sqrt(squared) * ops.tan(math.pi * (level - 0.5))  # Cauchy: tangents
    share = ops.square(half) / (1.0 + ops.square(half))
    accepted = ops.log(chance) <= -2.0 * kappa * (share - best) + ops.log(
        0.5 * (1.0 + squared) + 2.0 * kappa * share
    )
    first = ops.argmax(ops.cast(accepted, "int32"), axis=0, keepdims=True)
    return 2.0 * ops.arctan(ops.take_along_axis(half, first, axis=0)[0])
