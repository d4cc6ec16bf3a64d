"""Brownian motion on hyperbolic space."""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_time_axes
from diffusion_vae.manifolds import Hyperbolic, Manifold
from diffusion_vae.manifolds.numerics import lorentz
from diffusion_vae.manifolds.numerics.hyperbolic_tables import longest_time
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

SHORTEST_SHARE, LONGEST_SHARE = 1e-4, 4.0  # limits on the time, in units of the prior's
INITIAL_SHARE = 0.05  # time at which training starts, in the same units


@serializable
class HyperbolicKernel(Law):
    """Exact kernel of `Hyperbolic` in every dimension.

    The density is Millson's recursion in closed form on H^1 and H^3 and elsewhere a table of
    what it has beyond them (`manifolds.numerics.hyperbolic_motion`). A sample is
    exp_z(r v / |v|) with tangent Gaussian noise v and the radius r(|v|, t) that is exceeded as
    rarely as |v|: smooth in location and time. The KL is the negative entropy, a table in log t,
    less the mean log density of the prior, a table in log t and the distance from the origin.

    Times outside [1e-5, 10] R^2 are continued: below as in flat space, above as at the longest.
    In higher dimensions, where a motion is faster, the longest is shorter.

    Args:
        manifold: A `Hyperbolic` space.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.manifolds import Hyperbolic
        >>> kernel = HyperbolicKernel(Hyperbolic(3))
        >>> origin, time = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.3])
        >>> round(float(kernel.log_density(origin, origin, time)), 4)
        -1.1009
        >>> point = kernel.manifold.project([0.0, np.sinh(0.5), 0.0, 0.0])
        >>> round(float(kernel.kl_to_prior(point, time)), 4)
        1.1956
    """

    spaces = (Hyperbolic,)
    manifold: Hyperbolic

    def __init__(self, manifold: Manifold) -> None:
        super().__init__(manifold)
        self._scale = self.manifold.radius

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        r = self.manifold.distance(y, location) / self._scale  # [...]
        value = self.manifold.motion.log_density(r, time[..., 0] / self._scale**2)
        return value - self.manifold.dim * math.log(self._scale)

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        shape = (*ops.shape(location)[:-1], self.manifold.dim)
        noise = keras.random.normal(shape, dtype=location.dtype, seed=seed)
        t = ops.minimum(time[..., 0] / self._scale**2, longest_time(self.manifold.dim))
        length = ops.sqrt(t) * self.manifold.motion.radius(safe_norm(noise), t)
        return self.manifold.move(location, noise * ops.expand_dims(self._scale * length, -1))

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        rho = lorentz.from_origin_distance(self.manifold.space(location))  # [...]
        return self.manifold.prior.kl(rho, time[..., 0] / self._scale**2)

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """From a point to four times the prior's time, or as long as coordinates are finite."""
        time = self.manifold.prior_time
        longest = min(LONGEST_SHARE * time, longest_time(self.manifold.dim) * self._scale**2)
        return [(math.log(SHORTEST_SHARE * time / self.manifold.dim), math.log(longest))]

    def default_initial_log_time(self) -> list[float]:
        """A cloud that is small beside the prior's."""
        return [math.log(INITIAL_SHARE * self.manifold.prior_time)]
