"""The contract of Brownian motion on a manifold, as a posterior distribution."""

import keras
from keras import ops

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds.arguments import AMBIENT, TIMES, check_overrides, takes
from diffusion_vae.manifolds.base import Manifold

START_BELOW_LIMIT = 4.0  # default start of log time, below the upper limit


class Law:
    """Law of Brownian motion (generator 1/2 Laplacian) at a given time.

    Times, never log times, are exchanged: `[..., time_dim]`. Densities are in nats
    against the Riemannian volume, of the quotient where the manifold has a symmetry.

    Args:
        manifold: Where the motion lives, a `Manifold`.

    Attributes:
        approximate: Names of the methods that are approximations.
    """

    approximate: frozenset = frozenset()

    def __init__(self, manifold):
        if not isinstance(manifold, Manifold):
            raise TypeError(
                f"Expected a manifold, such as Sphere(2). Received: {manifold!r}. "
                "`manifolds.get` makes one of a text."
            )
        self.manifold = manifold

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        check_overrides(cls, Law)

    @takes(y=AMBIENT, location=AMBIENT, time=TIMES)
    def log_density(self, y, location, time):
        """Log density at `y` of the motion started at `location`.

        Args:
            y: Points of the manifold, `[..., ambient_dim]`.
            location: Starting points, `[..., ambient_dim]`.
            time: Times, `[..., time_dim]`.

        Returns:
            Log densities in nats, `[...]`.
        """
        raise NotImplementedError

    @takes(location=AMBIENT, time=TIMES)
    def sample(self, location, time, seed=None):
        """Where the motion is at `time`, differentiable in `location` and `time`.

        Args:
            location: Starting points, `[..., ambient_dim]`.
            time: Times, `[..., time_dim]`.
            seed: An integer, a `keras.random.SeedGenerator` or `None`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`.
        """
        raise NotImplementedError

    @takes(location=AMBIENT, time=TIMES)
    def kl_to_prior(self, location, time, seed=None):
        """Kullback-Leibler divergence to the manifold's prior, in nats.

        Args:
            location: Starting points, `[..., ambient_dim]`.
            time: Times, `[..., time_dim]`.
            seed: Used by estimates that draw samples; others ignore it.

        Returns:
            Divergences, `[...]`.
        """
        raise NotImplementedError

    @takes(y=AMBIENT, location=AMBIENT, time=TIMES)
    def score(self, y, location, time):
        """Riemannian gradient of `log_density` in `y`.

        Args:
            y: Points of the manifold, `[..., ambient_dim]`.
            location: Starting points, `[..., ambient_dim]`.
            time: Times, `[..., time_dim]`.

        Returns:
            Tangent vectors at `y`, `[..., ambient_dim]`.
        """
        y, location = ops.convert_to_tensor(y), ops.convert_to_tensor(location)
        y = with_time_axes(y + ops.zeros_like(location), time)

        def log_density(y):
            return ops.expand_dims(self.log_density(y, location, time), -1)

        return self.manifold.tangent_project(y, jacobian(log_density, y)[..., 0, :])

    def default_log_time_range(self):
        """Limits on log time that suit this kernel, or `None` for a time without limits.

        Returns:
            A list of `time_dim` entries, each `(low, high)` or `None`.
        """
        raise NotImplementedError

    def default_initial_log_time(self):
        """Log time at which training starts: the decoder sees informative points.

        Returns:
            A list of `time_dim` numbers.
        """
        limits = self.default_log_time_range()
        return [0.0 if pair is None else _well_below(*pair) for pair in limits]

    def get_config(self) -> dict:
        """Constructor arguments, from which `from_config` rebuilds the kernel."""
        return {"manifold": keras.saving.serialize_keras_object(self.manifold)}

    @classmethod
    def from_config(cls, config):
        """Rebuilds a kernel from `get_config()`."""
        config = dict(config)
        config["manifold"] = keras.saving.deserialize_keras_object(config["manifold"])
        return cls(**config)

    def __eq__(self, other):
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self):
        return hash((type(self), self.manifold))

    def __repr__(self):
        return f"{type(self).__name__}({self.manifold!r})"


def _well_below(low, high):
    return max(high - START_BELOW_LIMIT, 0.5 * (low + high))


def with_time_axes(location, time):
    """Locations with all leading axes of the times: every draw needs noise of its own.

    Args:
        location: `[..., ambient_dim]`.
        time: `[..., time_dim]`.

    Returns:
        The locations, broadcast against the times' leading axes, `[..., ambient_dim]`.
    """
    location = ops.convert_to_tensor(location)
    return location + ops.cast(ops.zeros_like(time[..., :1]), location.dtype)


def with_leading_axes(t, location):
    """Numbers with all leading axes of the locations, for a law that is alike everywhere.

    Args:
        t: `[...]`.
        location: `[..., ambient_dim]`; NaN there is kept.

    Returns:
        The numbers, broadcast against the locations' leading axes, `[...]`.
    """
    return t + 0.0 * ops.stop_gradient(location[..., 0])
