"""The posterior of a diffusion VAE: Brownian motion from an encoded location."""

import keras
from keras import ops

from diffusion_vae import heat_kernels
from diffusion_vae.checks import require_choice, require_positive
from diffusion_vae.latents.base import LatentDistribution
from diffusion_vae.layers.diffusion_time import DiffusionTime, one_per_time
from diffusion_vae.layers.projection import ManifoldProjection, VeroneseProjection
from diffusion_vae.random import SeedGenerator, layer_seeds
from diffusion_vae.serialization import serializable

LOCATION_HEADS = ("ambient", "veronese")
EDGE = 0.1  # share of given limits, at either end, where training does not start


@serializable
class BrownianLatent(LatentDistribution):
    """Features -> (location, time); posterior = heat kernel; prior = the manifold's.

    The location is a dense map of the features, projected to the manifold; the time
    is a `DiffusionTime`.

    Args:
        kernel: A heat kernel, for instance `RandomWalk(Sphere(2))`.
        log_time_range: `"auto"` (the kernel's `default_log_time_range`), `(low, high)`,
            `None` (no limits), or a list with an entry for each time.
        initial_log_time: Log time before training; by default the kernel's
            `default_initial_log_time`, or the middle of limits that leave it out.
        fixed_time: A time (not its logarithm), or one per time, that replaces the
            encoder's; `None` to learn it.
        location_head: `"ambient"`, or `"veronese"` on a real projective space.
        seed: Integer seed of the noise and of the initial weights, or `None`.
    """

    parameter_names = ("location", "time")

    def __init__(
        self,
        kernel,
        *,
        log_time_range="auto",
        initial_log_time=None,
        fixed_time=None,
        location_head="ambient",
        seed=None,
        **kwargs,
    ):
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
        if location_head == "veronese":
            self.projection = VeroneseProjection(self.manifold, dtype=self.dtype_policy)
            width = self.projection.input_dim
        else:
            self.projection = ManifoldProjection(self.manifold, dtype=self.dtype_policy)
            width = self.manifold.ambient_dim
        initializer = keras.initializers.GlorotUniform(seed=layer_seeds(seed, 1)[0])
        self.location = keras.layers.Dense(
            width, kernel_initializer=initializer, name="location", dtype=self.dtype_policy
        )
        self.time = None if self.fixed_time else self._time_layer()

    @property
    def diagnostic_names(self):
        return ("log_time",) if self.time is None else ("log_time", "time_at_limit")

    def _time_layer(self):
        limits, start = self.log_time_range, self.initial_log_time
        if isinstance(limits, str):
            limits = self.kernel.default_log_time_range()
        limits = one_per_time(limits, self.manifold.time_dim)
        _refuse_unbounded_walk(self.kernel, limits)
        if start is None:
            default = self.kernel.default_initial_log_time()
            start = [_start(time, pair) for time, pair in zip(default, limits, strict=True)]
        return DiffusionTime(
            self.manifold.time_dim, limits, start, name="time", dtype=self.dtype_policy
        )

    def build(self, input_shape):
        self.location.build(input_shape)
        if self.time is not None:
            self.time.build(input_shape)
        self.projection.build((*input_shape[:-1], self.location.units))
        self.built = True

    def parameters(self, features):
        location = self.projection(self.location(features))
        if self.time is not None:
            return {"location": location, "time": self.time(features)}
        time = ops.convert_to_tensor(self.fixed_time, dtype=location.dtype)
        shape = (*ops.shape(location)[:-1], self.manifold.time_dim)
        return {"location": location, "time": ops.broadcast_to(time, shape)}

    def sample(self, params):
        location, time = params["location"], params["time"]
        return self.kernel.sample(location, time, seed=self.seed_generator)

    def kl(self, params):
        location, time = params["location"], params["time"]
        return self.kernel.kl_to_prior(location, time, seed=self.seed_generator)

    def log_density(self, z, params):
        return self.kernel.log_density(z, params["location"], params["time"])

    def prior_sample(self, n, seed=None):
        return self.manifold.prior_sample((n,), seed=self.seed_generator if seed is None else seed)

    def prior_log_density(self, z):
        return self.manifold.prior_log_density(z)

    def diagnostics(self, params):
        time = params["time"]
        values = {"log_time": ops.mean(ops.log(time), axis=-1)}
        if self.time is not None:
            values["time_at_limit"] = self.time.share_at_limit(time)
        return values

    def compute_output_shape(self, input_shape):
        point = (*input_shape[:-1], self.manifold.ambient_dim)
        return {"location": point, "time": (*point[:-1], self.manifold.time_dim), "z": point}

    def get_config(self):
        return {
            **super().get_config(),
            "kernel": keras.saving.serialize_keras_object(self.kernel),
            "log_time_range": self.log_time_range,
            "initial_log_time": self.initial_log_time,
            "fixed_time": self.fixed_time,
            "location_head": self.location_head,
            "seed": self.seed,
        }


def _start(default, limits):
    """Where training starts within the limits: at the default unless too near to one."""
    if limits is None:
        return default
    low, high = limits
    margin = EDGE * (high - low)
    return default if low + margin < default < high - margin else 0.5 * (low + high)


def _refuse_unbounded_walk(kernel, limits):
    """The short-time KL of a closed manifold falls without bound as the time grows."""
    if "kl_to_prior" not in kernel.approximate:
        return
    needed = kernel.default_log_time_range()  # `None` where a factor is Euclidean
    if any(own is None and default for own, default in zip(limits, needed, strict=True)):
        raise ValueError(
            "Expected limits on log time: the short-time KL of a random walk falls without "
            f"bound as the time grows. Received: log_time_range={limits!r}. "
            'Use "auto" or (low, high).'
        )


def _checked_time(time, time_dim):
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
