"""The contract of a posterior on a manifold: a law with a starting point and a time."""

from typing import Any, Self

import keras
from keras import ops

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds.arguments import AMBIENT, TIMES, check_overrides, takes
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.typing import Seed, Tensor

START_BELOW_LIMIT = 4.0  # default start of log time, below the upper limit


class Law:
    """A law of points that start at a location and spread with the time.

    The heat kernels are Brownian motion (generator 1/2 Laplacian). Times, never log times,
    are exchanged: `[..., time_dim]`. Densities are in nats against the Riemannian volume,
    of the quotient where points are identified.

    Args:
        manifold: The `Manifold` of its points.

    Attributes:
        approximate: Names of the methods that are approximations.
        spaces: Types of manifold on which the law is known.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.manifolds import Sphere
        >>> law = heat_kernel(Sphere(2))
        >>> isinstance(law, Law), law.manifold
        (True, Sphere(dim=2))
        >>> north, east = np.eye(3)[2], np.eye(3)[0]
        >>> [round(float(x), 3) for x in law.score(east, north, [0.5])]  # towards the start
        [0.0, 0.0, 2.815]
    """

    approximate: frozenset[str] = frozenset()
    spaces: tuple[type[Manifold], ...] = (Manifold,)

    def __init__(self, manifold: Manifold) -> None:
        if not isinstance(manifold, Manifold):
            raise TypeError(
                f"Expected a manifold, such as Sphere(2). Received: {manifold!r}. "
                "`manifolds.get` makes one of a text."
            )
        if not isinstance(manifold, self.spaces):
            names = " or ".join(space.__name__ for space in self.spaces)
            raise TypeError(
                f"Expected a manifold of type {names} for {type(self).__name__}. "
                f"Received: {manifold!r}."
            )
        self.manifold = manifold

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_overrides(cls, Law)

    @takes(y=AMBIENT, location=AMBIENT, time=TIMES)
    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
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
    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
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
    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
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
    def score(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        """Riemannian gradient of `log_density` in `y`.

        Args:
            y: Points of the manifold, `[..., ambient_dim]`.
            location: Starting points, `[..., ambient_dim]`.
            time: Times, `[..., time_dim]`.

        Returns:
            Tangent vectors at `y`, `[..., ambient_dim]`.
        """
        y = with_time_axes(y + ops.zeros_like(location), time)

        def log_density(y: Tensor) -> Tensor:
            return ops.expand_dims(self.log_density(y, location, time), -1)

        return self.manifold.gradient(y, jacobian(log_density, y)[..., 0, :])

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """Limits on log time that suit this kernel, or `None` for a time without limits.

        Returns:
            A list of `time_dim` entries, each `(low, high)` or `None`.
        """
        raise NotImplementedError

    def default_initial_log_time(self) -> list[float]:
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
    def from_config(cls, config: dict) -> Self:
        """Rebuilds a kernel from `get_config()`."""
        config = dict(config)
        config["manifold"] = keras.saving.deserialize_keras_object(config["manifold"])
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Law) or type(self) is not type(other):
            return False
        return self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), self.manifold))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.manifold!r})"


def _well_below(low: float, high: float) -> float:
    return max(high - START_BELOW_LIMIT, 0.5 * (low + high))


def with_time_axes(location: Tensor, time: Tensor) -> Tensor:
    """Locations with all leading axes of the times: every draw needs noise of its own.

    Args:
        location: `[..., ambient_dim]`.
        time: `[..., time_dim]`.

    Returns:
        The locations, broadcast against the times' leading axes, `[..., ambient_dim]`.
    """
    location = ops.convert_to_tensor(location)
    return location + ops.cast(ops.zeros_like(time[..., :1]), location.dtype)


def with_leading_axes(t: Tensor, location: Tensor) -> Tensor:
    """Numbers with all leading axes of the locations, for a law that is alike everywhere.

    Args:
        t: `[...]`.
        location: `[..., ambient_dim]`; NaN there is kept.

    Returns:
        The numbers, broadcast against the locations' leading axes, `[...]`.
    """
    return t + 0.0 * ops.stop_gradient(location[..., 0])
