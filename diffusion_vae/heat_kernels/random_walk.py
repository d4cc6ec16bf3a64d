"""The paper's posterior: a random walk of projected Gaussian steps."""

import math
from functools import singledispatch

import keras
from keras import ops

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.heat_kernels import short_time
from diffusion_vae.heat_kernels.base import Law, with_time_axes
from diffusion_vae.heat_kernels.gaussian import GaussianKernel
from diffusion_vae.heat_kernels.hyperbolic import HyperbolicKernel
from diffusion_vae.heat_kernels.product import ProductKernel
from diffusion_vae.manifolds import Euclidean, Hyperbolic, Manifold, Product
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

KL_FORMULAS = ("asymptotic", "paper", "monte_carlo")
MONTE_CARLO_SAMPLES = 16
LOG_TIME_SPAN = 10.0  # width of the default limits on log time


@serializable
class RandomWalk(Law):
    """Brownian motion approximated by `steps` projected steps (paper, section 3.2).

    `sample` walks z <- P(z + sqrt(t / steps) eps). `kl_to_prior` is the short-time
    expansion -(d/2) log(2 pi t) - d/2 + log Vol + c Sc t at the location, and
    `log_density` the matching expansion of the kernel: both approximate, and good
    for t below `exp(default_log_time_range()[0][1])`. On `Euclidean` and `Hyperbolic` factors the
    kernel is exact.

    Args:
        manifold: The latent space.
        steps: Number of steps of the walk.
        kl_formula: `"asymptotic"` (c = 1/4, right in every dimension), `"paper"`
            (c = (d + 4)/24, right for d = 2 only) or `"monte_carlo"` (mean of
            log q - log p over samples of the walk, where neither fits).

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.manifolds import Sphere
        >>> walk = RandomWalk(Sphere(2), steps=20)
        >>> north = np.eye(3)[2]
        >>> tuple(walk.sample(north, [0.1], seed=0).shape)
        (3,)
        >>> round(float(walk.kl_to_prior(north, [0.1])), 3)
        2.046
    """

    approximate = frozenset({"sample", "log_density", "kl_to_prior"})

    def __init__(
        self, manifold: Manifold, steps: int = 10, kl_formula: str = "asymptotic"
    ) -> None:
        super().__init__(manifold)
        self.steps = require_integer("steps", steps, 1)
        self.kl_formula = require_choice("kl_formula", kl_formula, KL_FORMULAS)
        self._kernel = _kernel_of_walk(manifold, steps, kl_formula)
        if self._kernel is not None:
            self.approximate = self._kernel.approximate

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        if self._kernel is not None:
            return self._kernel.sample(location, time, seed=seed)
        location = with_time_axes(location, time)
        # All noise in one draw: [steps, ..., ambient_dim].
        shape = (self.steps, *ops.shape(location))
        noise = keras.random.normal(shape, dtype=location.dtype, seed=seed)
        noise = noise * ops.sqrt(time / self.steps)
        z = location
        for step in range(self.steps):
            z = self.manifold.step(z, noise[step])
        return z

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        if self._kernel is not None:
            return self._kernel.log_density(y, location, time)
        return short_time.log_density(self.manifold, y, location, time[..., 0])

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        if self._kernel is not None:
            return self._kernel.kl_to_prior(location, time, seed=seed)
        if self.kl_formula == "monte_carlo":
            return self._sampled_kl(location, time, seed)
        d = self.manifold.dim
        coefficient = 0.25 if self.kl_formula == "asymptotic" else (d + 4.0) / 24.0
        t = time[..., 0]
        curvature = self.manifold.scalar_curvature(location)  # [...]
        constant = self.manifold.log_volume - 0.5 * d * (1.0 + math.log(2.0 * math.pi))
        return constant - 0.5 * d * ops.log(t) + coefficient * curvature * t

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """Up to where the short-time KL is within 0.02 nats (`short_time.largest_log_time`)."""
        if self._kernel is not None:
            return self._kernel.default_log_time_range()
        high = short_time.largest_log_time(self.manifold)
        return [(high - LOG_TIME_SPAN, high)]

    def default_initial_log_time(self) -> list[float]:
        if self._kernel is not None:
            return self._kernel.default_initial_log_time()
        return super().default_initial_log_time()

    def get_config(self) -> dict:
        return {**super().get_config(), "steps": self.steps, "kl_formula": self.kl_formula}

    def _sampled_kl(self, location: Tensor, time: Tensor, seed: Seed) -> Tensor:
        location = with_time_axes(location, time)
        samples = (MONTE_CARLO_SAMPLES, *ops.shape(location))
        y = self.sample(ops.broadcast_to(location, samples), time, seed=seed)
        log_ratio = self.log_density(y, location, time) - self.manifold.prior_log_density(y)
        return ops.mean(log_ratio, axis=0)


@singledispatch
def _kernel_of_walk(manifold: Manifold, steps: int, kl_formula: str) -> Law | None:
    """A kernel that does all the work of a walk; `None` where the walk does it itself."""
    return None


@_kernel_of_walk.register
def _(manifold: Euclidean, steps: int, kl_formula: str) -> Law:
    return GaussianKernel(manifold)


@_kernel_of_walk.register
def _(manifold: Hyperbolic, steps: int, kl_formula: str) -> Law:
    return HyperbolicKernel(manifold)


@_kernel_of_walk.register
def _(manifold: Product, steps: int, kl_formula: str) -> Law:
    walks = [RandomWalk(factor, steps, kl_formula) for factor in manifold.factors]
    return ProductKernel(manifold, walks)
