"""Bias of the paper's random walk against the Brownian motion that it approximates."""

import math
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer, require_positive
from diffusion_vae.heat_kernels.base import Law
from diffusion_vae.heat_kernels.exact import heat_kernel
from diffusion_vae.heat_kernels.random_walk import RandomWalk
from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Tensor

BATCH = 20_000  # draws at a time


class WalkBias(NamedTuple):
    """Means over the random walk minus means over Brownian motion, with standard errors.

    Attributes:
        distance: Bias of the geodesic distance from the start.
        distance_error: Standard error of `distance`.
        log_density: Bias of the exact log density, in nats: 0 for the exact law, negative
            if the walk reaches points that Brownian motion does not.
        log_density_error: Standard error of `log_density`.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> bias = walk_bias(Sphere(2), time=0.5, steps=10, draws=2000)
        >>> abs(bias.distance) < 0.1  # radians
        True
    """

    distance: float
    distance_error: float
    log_density: float
    log_density_error: float


def walk_bias(
    manifold: Manifold,
    time: float,
    steps: int = 10,
    draws: int = 100_000,
    location: Tensor | None = None,
    seed: int = 0,
) -> WalkBias:
    """Bias of the walk of `steps` projected steps against the exact heat kernel.

    Args:
        manifold: A manifold with an exact heat kernel.
        time: The diffusion time, a number (for every factor of a product).
        steps: Number of steps of the walk.
        draws: Draws of each law.
        location: Start `[ambient_dim]`; by default every draw starts at a uniform point.
        seed: Integer seed of all draws.

    Returns:
        A `WalkBias`.

    Raises:
        TypeError: If the exact kernel is not known.
        ValueError: If `time` is not positive, or there are fewer than two draws.
    """
    time = require_positive("time", time)
    draws = require_integer("draws", draws, 2)
    exact, walk = heat_kernel(manifold), RandomWalk(manifold, steps)
    if location is not None and np.shape(location) != (manifold.ambient_dim,):
        raise ValueError(
            f"Expected `location` of shape ({manifold.ambient_dim},) on {manifold!r}. "
            f"Received shape: {np.shape(location)}."
        )
    generator = keras.random.SeedGenerator(seed)
    means = [
        _statistics(law, exact, time, draws, location, generator) for law in (walk, exact)
    ]  # [law, statistic, draw]
    bias = [np.mean(values) - np.mean(true) for values, true in zip(*means, strict=True)]
    error = [
        math.sqrt((np.var(values, ddof=1) + np.var(true, ddof=1)) / draws)
        for values, true in zip(*means, strict=True)
    ]
    return WalkBias(float(bias[0]), error[0], float(bias[1]), error[1])


def _statistics(
    law: Law,
    exact: Law,
    time: float,
    draws: int,
    location: Tensor | None,
    generator: keras.random.SeedGenerator,
) -> np.ndarray:
    """Distance from the start and exact log density of draws from a law, `[2, draws]`."""
    manifold, pieces = exact.manifold, []
    for done in range(0, draws, BATCH):
        count = min(BATCH, draws - done)
        if location is None:
            start = manifold.prior_sample((count,), seed=generator)
        else:
            point = ops.cast(location, keras.config.floatx())
            start = ops.broadcast_to(point, (count, manifold.ambient_dim))
        times = ops.full((count, manifold.time_dim), time, dtype=start.dtype)
        y = law.sample(start, times, seed=generator)
        values = [manifold.distance(start, y), exact.log_density(y, start, times)]
        pieces.append([ops.convert_to_numpy(value).astype("float64") for value in values])
    return np.concatenate(pieces, axis=1)
