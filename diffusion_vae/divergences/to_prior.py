"""Distances between the law of latent points and the prior of their manifold."""

import math
from collections.abc import Callable
from typing import Self

import keras
from keras import ops

from diffusion_vae.checks import require_choice, require_integer, require_positive
from diffusion_vae.divergences import prior_terms
from diffusion_vae.divergences.samples import (
    check_statistic,
    discrepancy,
    gaussian_kernel,
    mean_within,
    negative_distance,
)
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.manifolds import Manifold
from diffusion_vae.manifolds.arguments import require_real
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

PRIOR_SAMPLES = 200


class DivergenceToPrior:
    """A distance between latent points and the prior; an instance serves any manifold.

    Args:
        statistic: `"v"` (never negative, biased) or `"u"` (unbiased).
        prior_samples: Draws from the prior, where no closed form replaces them.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> class MeanLength(DivergenceToPrior):  # of the mean, which is 0 under the prior
        ...     def __call__(self, z: Tensor, manifold: Manifold, seed: Seed = None) -> Tensor:
        ...         return ops.norm(ops.mean(z, axis=0))
        >>> sphere = Sphere(2)
        >>> float(MeanLength()(sphere.random_uniform((1000,), seed=0), sphere)) < 0.1
        True
    """

    def __init__(self, statistic: str = "v", prior_samples: int = PRIOR_SAMPLES) -> None:
        check_statistic(statistic)
        self.statistic = statistic
        self.prior_samples = require_integer("prior_samples", prior_samples, 2)

    def __call__(self, z: Tensor, manifold: Manifold, seed: Seed = None) -> Tensor:
        """Distance of the law of `z` from the prior.

        Args:
            z: Points, `[n, ambient_dim]`.
            manifold: The `Manifold` they lie on.
            seed: Seed or seed generator of the prior's draws.

        Returns:
            A scalar.
        """
        raise NotImplementedError

    def get_config(self) -> dict:
        return {"statistic": self.statistic, "prior_samples": self.prior_samples}

    @classmethod
    def from_config(cls, config: dict) -> Self:
        return cls(**config)


@serializable
class MMDToPrior(DivergenceToPrior):
    """Squared MMD with the kernel exp(-|x - y|^2 / bandwidth) of ambient distances.

    The terms of the prior are exact on R^d, S^d, RP^d, flat tori, SO(3), O(3) and products
    of them; elsewhere the prior is sampled. On RP^d distances are those of z z^T.

    Args:
        bandwidth: Scale of squared distances; by default the ambient dimension.
        statistic: As in `DivergenceToPrior`.
        prior_samples: As in `DivergenceToPrior`.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> sphere = Sphere(2)
        >>> z = sphere.random_uniform((500,), seed=0)
        >>> pole = sphere.project(ops.zeros((500, 3)))  # all at one point
        >>> float(MMDToPrior()(z, sphere)) < 0.01 < float(MMDToPrior()(pole, sphere))
        True
    """

    def __init__(
        self,
        bandwidth: float | None = None,
        statistic: str = "v",
        prior_samples: int = PRIOR_SAMPLES,
    ) -> None:
        super().__init__(statistic, prior_samples)
        self.bandwidth = None if bandwidth is None else require_positive("bandwidth", bandwidth)

    def __call__(self, z: Tensor, manifold: Manifold, seed: Seed = None) -> Tensor:
        bandwidth = self.bandwidth or manifold.ambient_dim
        kernel = gaussian_kernel(bandwidth)
        points = _features(manifold, z)
        known = prior_terms.gaussian_mean(manifold, bandwidth)
        if known is None:
            prior = _prior_features(z, manifold, self.prior_samples, seed)
            return discrepancy(prior, points, kernel, self.statistic)
        mean, of_prior = known
        within = mean_within(points, kernel, self.statistic)
        return within - 2.0 * ops.mean(mean(z)) + of_prior

    def get_config(self) -> dict:
        return {"bandwidth": self.bandwidth, **super().get_config()}


@serializable
class EnergyDistanceToPrior(DivergenceToPrior):
    """Energy distance in ambient coordinates (on RP^d, of z z^T).

    The terms of the prior are exact on S^d, RP^d, SO(3) and O(3); elsewhere it is sampled.

    Args:
        statistic: As in `DivergenceToPrior`.
        prior_samples: As in `DivergenceToPrior`.

    Example:
        >>> from diffusion_vae.manifolds import SO3
        >>> z = SO3().random_uniform((500,), seed=0)
        >>> 0 <= float(EnergyDistanceToPrior()(z, SO3())) < 0.02
        True
    """

    def __call__(self, z: Tensor, manifold: Manifold, seed: Seed = None) -> Tensor:
        points = _features(manifold, z)
        mean = prior_terms.mean_distance(manifold)
        if mean is None:
            prior = _prior_features(z, manifold, self.prior_samples, seed)
            return discrepancy(prior, points, negative_distance, self.statistic)
        return mean + mean_within(points, negative_distance, self.statistic)


@serializable
class HeatKernelMMDToPrior(DivergenceToPrior):
    """Squared MMD whose kernel is the exact heat kernel at some time.

    The heat kernel is positive definite, and its mean over the uniform prior is 1 / volume
    at every point: no prior samples are needed on a closed manifold. The result is divided
    by that mean, so that the prior's own term is 1 whatever the space.

    Args:
        time: Time of the kernel; by default volume^(2 / dim) / 50, on S^2 a quarter: a
            cloud of half a radian.
        statistic: As in `DivergenceToPrior`.
        prior_samples: As in `DivergenceToPrior`; not used.

    Example:
        >>> from diffusion_vae.manifolds import FlatTorus
        >>> torus = FlatTorus(2)
        >>> z = torus.random_uniform((500,), seed=0)
        >>> 0 <= float(HeatKernelMMDToPrior()(z, torus)) < 0.05
        True
    """

    def __init__(
        self,
        time: float | None = None,
        statistic: str = "v",
        prior_samples: int = PRIOR_SAMPLES,
    ) -> None:
        super().__init__(statistic, prior_samples)
        self.time = None if time is None else require_positive("time", time)

    def __call__(self, z: Tensor, manifold: Manifold, seed: Seed = None) -> Tensor:
        if not manifold.closed:
            raise ValueError(
                "Expected a closed manifold for the heat kernel's MMD: its mean over the prior "
                f"must be known. Received: {manifold!r}. Use divergence='mmd'."
            )
        time = self.time or math.exp(2.0 * manifold.log_volume / manifold.dim) / 50.0
        time = ops.full((manifold.time_dim,), time, dtype=z.dtype)
        x, y = ops.expand_dims(z, 1), ops.expand_dims(z, 0)
        x = ops.broadcast_to(x, (ops.shape(z)[0], ops.shape(z)[0], manifold.ambient_dim))
        log_density = heat_kernel(manifold).log_density(y, x, time)  # [n, n]
        relative = ops.exp(log_density + manifold.log_volume)
        if self.statistic == "v":
            return ops.mean(relative) - 1.0
        count = ops.cast(ops.shape(z)[0], relative.dtype)
        off_diagonal = ops.sum(relative) - ops.sum(ops.diagonal(relative))
        return off_diagonal / ops.maximum(count * (count - 1.0), 1.0) - 1.0

    def get_config(self) -> dict:
        return {"time": self.time, **super().get_config()}


@serializable
class SampledDivergenceToPrior(DivergenceToPrior):
    """A user's function of prior samples `[n, ...]` and latent points `[m, ...]`.

    Args:
        function: Takes the two sets and returns a scalar; registered with Keras, so that a
            model that uses it can be saved.
        prior_samples: Draws from the prior.

    Example:
        >>> from diffusion_vae.divergences import energy_distance
        >>> from diffusion_vae.manifolds import Euclidean
        >>> plane = Euclidean(2)
        >>> divergence = SampledDivergenceToPrior(energy_distance, prior_samples=500)
        >>> 0 <= float(divergence(plane.prior_sample((500,), seed=0), plane, seed=1)) < 0.02
        True
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], Tensor],
        prior_samples: int = PRIOR_SAMPLES,
    ) -> None:
        super().__init__("v", prior_samples)
        self.function = function

    def __call__(self, z: Tensor, manifold: Manifold, seed: Seed = None) -> Tensor:
        return self.function(_prior_like(z, manifold, self.prior_samples, seed), z)

    def get_config(self) -> dict:
        return {
            "function": keras.saving.serialize_keras_object(self.function),
            "prior_samples": self.prior_samples,
        }

    @classmethod
    def from_config(cls, config: dict) -> Self:
        function = keras.saving.deserialize_keras_object(config["function"])
        return cls(function, config["prior_samples"])


DIVERGENCES = {
    "mmd": MMDToPrior,
    "energy": EnergyDistanceToPrior,
    "heat_kernel": HeatKernelMMDToPrior,
}


def get(divergence: DivergenceToPrior | dict | str | Callable) -> DivergenceToPrior:
    """A divergence by its name, from its serialised configuration or a function, or itself.

    Args:
        divergence: `"mmd"`, `"energy"`, `"heat_kernel"`, a `DivergenceToPrior`, its
            serialised configuration, or a function of two sets of samples.

    Returns:
        A `DivergenceToPrior`.

    Raises:
        ValueError: If the name is unknown.

    Example:
        >>> get("energy").get_config()
        {'statistic': 'v', 'prior_samples': 200}
    """
    if isinstance(divergence, DivergenceToPrior):
        return divergence
    if isinstance(divergence, dict):
        return keras.saving.deserialize_keras_object(divergence)
    if callable(divergence):
        return SampledDivergenceToPrior(divergence)
    also = ", a DivergenceToPrior or a function of two sets of samples"
    require_choice("divergence", divergence, DIVERGENCES, also)
    return DIVERGENCES[divergence]()


def _features(manifold: Manifold, z: Tensor) -> Tensor:
    """Coordinates in which distances of the points `[n, ambient_dim]` are taken.

    Raises:
        ValueError: If the points are not of that shape.
    """
    shape = require_real("z", z)
    if shape is None or len(shape) != 2 or shape[1] != manifold.ambient_dim or shape[0] == 0:
        raise ValueError(
            f"Expected `z` of shape [n, {manifold.ambient_dim}] on {manifold!r}, at least one "
            f"point. Received shape: {shape}."
        )
    return manifold.even_embedding(z)


def _prior_features(z: Tensor, manifold: Manifold, count: int, seed: Seed) -> Tensor:
    return manifold.even_embedding(_prior_like(z, manifold, count, seed))


def _prior_like(z: Tensor, manifold: Manifold, count: int, seed: Seed) -> Tensor:
    """Draws from the prior, `[count, ambient_dim]`, in the dtype of the points `z`."""
    return ops.cast(manifold.prior_sample((count,), seed=seed), ops.convert_to_tensor(z).dtype)
