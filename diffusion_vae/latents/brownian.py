"""Posterior of a diffusion VAE: Brownian motion from an encoded location."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from diffusion_vae import heat_kernels, priors
from diffusion_vae.checks import require_choice, require_positive
from diffusion_vae.heat_kernels import Law
from diffusion_vae.latents.base import LatentDistribution, Params
from diffusion_vae.layers.diffusion_time import DiffusionTime, Limits, one_per_time
from diffusion_vae.layers.projection import ManifoldProjection, VeroneseProjection
from diffusion_vae.priors import LearnedPrior
from diffusion_vae.random import SeedGenerator, layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import LogTimeRange, Seed, Shape, Tensor

LOCATION_HEADS = ("auto", "ambient", "veronese")
EDGE = 0.1  # share of given limits, at either end, where training does not start


@serializable
class BrownianLatent(LatentDistribution):
    """Features -> (location, time); posterior = heat kernel; prior = the manifold's or learned.

    The location is a dense map of the features, projected to the manifold; the time
    is a `DiffusionTime`.

    The KL to a learned prior has no closed form. `kl` is then the exact KL to the manifold's
    prior plus the difference of the two priors' log densities at one draw: its expectation is
    the KL, its variance vanishes with the difference, and for one example it may be negative.

    Args:
        kernel: A heat kernel, for instance `RandomWalk(Sphere(2))`.
        log_time_range: `"auto"` (the kernel's `default_log_time_range`), `(low, high)`,
            `None` (no limits), or a list with an entry for each time.
        initial_log_time: Log time before training; by default the kernel's
            `default_initial_log_time`, within given limits a tenth of their width or more
            from either end.
        fixed_time: A time (not its logarithm), or one per time, that replaces the
            encoder's; `None` to learn it.
        location_head: `"ambient"`: a point of the ambient space is projected; `"veronese"`, on
            projective and hyperbolic spaces and products with them: a `VeroneseProjection`;
            `"auto"`: the latter where it exists.
        prior: A `LearnedPrior` with the same law, such as `MixturePrior(kernel)`; `None` is the
            manifold's.
        seed: Integer seed of the noise and of the initial weights, or `None`.

    Input shape:
        Features, `[batch, n]`.

    Output shape:
        A dictionary: `location` `[batch, ambient_dim]`, `time` `[batch, time_dim]` and the
        draw `z` `[batch, ambient_dim]`.

    Raises:
        TypeError: If `kernel` is not a law on a manifold.
        ValueError: If limits, the start or the fixed time are out of range, or the KL of a
            random walk is left without limits on its time.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.latents import BrownianLatent
        >>> from diffusion_vae.manifolds import Sphere
        >>> latent = BrownianLatent(heat_kernel(Sphere(2)), fixed_time=0.1, seed=0)
        >>> outputs = latent(np.ones((4, 8), "float32"))
        >>> {name: tuple(value.shape) for name, value in outputs.items()}
        {'location': (4, 3), 'time': (4, 1), 'z': (4, 3)}
        >>> np.round(latent.kl(outputs), 3)
        array([2.046, 2.046, 2.046, 2.046], dtype=float32)
    """

    parameter_names = ("location", "time")

    def __init__(
        self,
        kernel: Law,
        *,
        log_time_range: LogTimeRange | str = "auto",
        initial_log_time: float | Sequence[float] | None = None,
        fixed_time: float | Sequence[float] | None = None,
        location_head: str = "auto",
        prior: LearnedPrior | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel = heat_kernels.get(kernel)
        self.manifold = self.kernel.manifold
        self.point_shape = (self.manifold.ambient_dim,)
        if isinstance(log_time_range, str) and log_time_range != "auto":
            raise ValueError(
                'Expected `log_time_range` to be "auto", (low, high) or None. '
                f"Received: {log_time_range!r}."
            )
        require_choice("location_head", location_head, LOCATION_HEADS)
        self.log_time_range = log_time_range
        self.initial_log_time = initial_log_time
        self.fixed_time = _checked_time(fixed_time, self.manifold.time_dim)
        self.location_head = location_head
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.projection: ManifoldProjection | VeroneseProjection
        if location_head == "auto":
            location_head = "veronese" if self.manifold.reads_embedding else "ambient"
        if location_head == "veronese":
            self.projection = VeroneseProjection(self.manifold, dtype=self.dtype_policy)
            width = self.projection.input_dim
        else:
            self.projection = ManifoldProjection(self.manifold, dtype=self.dtype_policy)
            width = self.manifold.ambient_dim
        self.location = self._dense("location", width, layer_seeds(seed, 1)[0])
        self.time = None if self.fixed_time else self._time_layer()
        self.prior = priors.get(prior, self.manifold)

    @property
    def diagnostic_names(self) -> tuple[str, ...]:
        return ("log_time",) if self.time is None else ("log_time", "time_at_limit")

    def _time_layer(self) -> DiffusionTime:
        given, start = self.log_time_range, self.initial_log_time
        automatic = isinstance(given, str)
        if automatic:
            given = self.kernel.default_log_time_range()
        limits = one_per_time(given, self.manifold.time_dim)
        _refuse_unbounded_walk(self.kernel, limits)
        if start is None:
            default = self.kernel.default_initial_log_time()
            start = [
                _start(time, pair, given=not automatic)
                for time, pair in zip(default, limits, strict=True)
            ]
        return DiffusionTime(
            self.manifold.time_dim, limits, start, name="time", dtype=self.dtype_policy
        )

    def build(self, input_shape: Shape) -> None:
        self.location.build(input_shape)
        if self.time is not None:
            self.time.build(input_shape)
        self.projection.build((*input_shape[:-1], self.location.units))
        if self.prior is not None and not self.prior.reads_data:
            self.prior.build()
        self.built = True

    def parameters(self, features: Tensor) -> Params:
        location = self.projection(self.location(features))
        if self.time is not None:
            return {"location": location, "time": self.time(features)}
        return {"location": location, "time": self._given_time(location)}

    def coordinates(self, params: Params) -> Tensor:
        """Location and learned log times of posteriors side by side, `[..., n]`."""
        if self.time is None:
            return params["location"]
        return ops.concatenate([params["location"], ops.log(params["time"])], axis=-1)

    def parameters_at(self, coordinates: Tensor) -> Params:
        """Parameters of the posteriors that have `coordinates` `[..., n]`."""
        location, log_time = ops.split(coordinates, [self.manifold.ambient_dim], axis=-1)
        time = self._given_time(location) if self.time is None else ops.exp(log_time)
        return {"location": location, "time": time}

    def nearest_coordinates(self, coordinates: Tensor) -> Tensor:
        """The nearest on the manifold and within the limits on log time, `[..., n]`."""
        location, log_time = ops.split(coordinates, [self.manifold.ambient_dim], axis=-1)
        location = self.manifold.project(location)
        if self.time is None:
            return location
        return ops.concatenate([location, self.time.clipped(log_time)], axis=-1)

    def sample(self, params: Params) -> Tensor:
        location, time = params["location"], params["time"]
        return self.kernel.sample(location, time, seed=self.seed_generator)

    def kl(self, params: Params) -> Tensor:
        location, time = params["location"], params["time"]
        exact = self.kernel.kl_to_prior(location, time, seed=self.seed_generator)
        if self.prior is None:
            return exact
        z = self.sample(params)
        return exact + self.manifold.prior_log_density(z) - self.prior.log_density(z)

    def log_density(self, z: Tensor, params: Params) -> Tensor:
        return self.kernel.log_density(z, params["location"], params["time"])

    def prior_sample(self, n: int, seed: Seed = None) -> Tensor:
        seed = self._draw_seed(seed)
        if self.prior is None:
            z = self.manifold.prior_sample((n,), seed=seed)
        else:
            z = self.prior.sample(n, seed)
        if keras.backend.standardize_dtype(z.dtype) == self.compute_dtype:
            return z
        return self.manifold.project(ops.cast(z, self.compute_dtype))  # to its own last digit

    def prior_log_density(self, z: Tensor) -> Tensor:
        if self.prior is None:
            return self.manifold.prior_log_density(z)
        return self.prior.log_density(z)

    def diagnostics(self, params: Params) -> Params:
        time = params["time"]
        values = {"log_time": ops.mean(ops.log(time), axis=-1)}
        if self.time is not None:
            values["time_at_limit"] = self.time.share_at_limit(time)
        return values

    def compute_output_shape(self, input_shape: Shape) -> dict[str, Shape]:
        point = (*input_shape[:-1], self.manifold.ambient_dim)
        return {"location": point, "time": (*point[:-1], self.manifold.time_dim), "z": point}

    def _given_time(self, location: Tensor) -> Tensor:
        """The fixed time, for each location."""
        time = ops.convert_to_tensor(self.fixed_time, dtype=location.dtype)
        return ops.broadcast_to(time, (*ops.shape(location)[:-1], self.manifold.time_dim))

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "kernel": serialize(self.kernel),
            "log_time_range": self.log_time_range,
            "initial_log_time": self.initial_log_time,
            "fixed_time": self.fixed_time,
            "location_head": self.location_head,
            "prior": None if self.prior is None else serialize(self.prior),
            "seed": self.seed,
        }


def _start(default: float, limits: Limits, given: bool) -> float:
    """Initial log time: the kernel's default, in given limits away from their ends."""
    if limits is None:
        return default
    low, high = limits
    if not given and low < default < high:
        return default
    # The nearest place, not the middle: near the uniform law a posterior is soon lost.
    margin = EDGE * (high - low)
    return min(max(default, low + margin), high - margin)


def _refuse_unbounded_walk(kernel: Law, limits: list[Limits]) -> None:
    """Raises `ValueError` if a random walk on a closed manifold has no limits on its time."""
    if "kl_to_prior" not in kernel.approximate:
        return
    needed = kernel.default_log_time_range()  # `None` where a factor is Euclidean
    if any(own is None and default for own, default in zip(limits, needed, strict=True)):
        raise ValueError(
            "Expected limits on log time: the short-time KL of a random walk falls without "
            f"bound as the time grows. Received: log_time_range={limits!r}. "
            'Use "auto" or (low, high).'
        )


def _checked_time(time: Any, time_dim: int) -> list[float] | None:
    """A fixed time as a list of `time_dim` positive floats, or `None`."""
    if time is None:
        return None
    times = list(time) if isinstance(time, (list, tuple)) else [time] * time_dim
    if len(times) != time_dim:
        raise ValueError(
            f"Expected `fixed_time` to be a positive time or {time_dim} of them. "
            f"Received: {time!r}."
        )
    return [require_positive("fixed_time", t) for t in times]
