"""Brownian motion where all directions are alike: spheres and their quotients by -1."""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_leading_axes, with_time_axes
from diffusion_vae.heat_kernels.radial import LONGEST, radial_tables
from diffusion_vae.manifolds import Manifold
from diffusion_vae.manifolds.cover import cover_by_sphere
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

LOG_TIME_RANGE = (math.log(1e-4), math.log(LONGEST))
INITIAL_SPREAD = 0.02  # mean square distance of the motion from its start, in radii
ROOM_BELOW = 2.0  # least distance of the start of log time from the lower limit
LARGEST_DIMENSION = 80  # up to which the table is checked; its cost grows as dim^2


@serializable
class IsotropicKernel(Law):
    """Exact kernel of S^d and RP^d (d >= 2), SO(3) and O(3).

    The density of S^d is a table in (log t, r), in float64 when built
    (`heat_kernels.radial`). A quotient by -1 adds the density at the antipode; one that
    is enlarged k times has at the time t the law that the quotient has at t / k^2; one of
    several components keeps the motion on its own, and the density is 0 on the others.
    Which of these it is, `Manifold.cover` says.

    A sample is exp_z(r v / |v|): v is tangent Gaussian noise, and r(|v|, t) the radius
    that is exceeded as rarely as |v|. This is exact for every t and smooth in location
    and time, as a random direction with an independent radius is not.

    Times outside [1e-5, 50] are continued: below as in flat space, above as at 50.

    Args:
        manifold: A `Sphere` or `RealProjective` of dimension 2 to 80, `SO3`, `O3`, or
            another whose `cover` is a sphere of dimension 2 to 80 with antipodes
            identified.

    Raises:
        TypeError: If the manifold is none of these.
        ValueError: If its dimension exceeds 80.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.manifolds import Sphere
        >>> kernel = IsotropicKernel(Sphere(2))
        >>> north, time = np.eye(3)[2], np.array([0.1])
        >>> round(float(kernel.log_density(north, north, time)), 3)
        0.481
        >>> tuple(kernel.sample(north, time, seed=0).shape)
        (3,)
    """

    def __init__(self, manifold: Manifold) -> None:
        super().__init__(manifold)
        cover = cover_by_sphere(manifold)
        if cover is None or manifold.dim < 2:
            raise TypeError(
                "Expected Sphere(d) or RealProjective(d) with d >= 2, SO3() or O3(). "
                f"Received: {manifold!r}."
            )
        if manifold.dim > LARGEST_DIMENSION:
            raise ValueError(
                f"Expected a dimension of at most {LARGEST_DIMENSION} for the exact heat kernel. "
                f'Received: {manifold!r}. Use `kernel="random_walk"`.'
            )
        self._scale = cover.scale
        self._quotient = cover.antipodal
        self._copies = cover.copies
        self._tables = radial_tables(manifold.dim)

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        r = self.manifold.distance(y, location) / self._scale  # [...]
        t = time[..., 0] / self._scale**2
        d = self.manifold.dim
        apart = r == math.inf  # on another component
        r = ops.where(apart, 0.0, r)
        value = self._tables.log_density(r, t)
        if self._quotient:
            value = ops.logaddexp(value, self._tables.log_density(math.pi - r, t))
        return ops.where(apart, -math.inf, value - d * math.log(self._scale))

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        v = self.manifold.tangent_project(location, noise)
        length = safe_norm(v)  # [...]
        t = ops.minimum(time[..., 0], LONGEST * self._scale**2)
        stretch = self._tables.stretch(ops.log(t / self._scale**2), length)
        return self.manifold.exp(location, v * ops.expand_dims(ops.sqrt(t) * ops.exp(stretch), -1))

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        t = with_leading_axes(time[..., 0], location)
        kl = self._tables.kl(t / self._scale**2, projective=self._quotient)
        # The motion stays on one component, the prior covers all.
        return kl + math.log(self._copies)

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """From a point mass to the uniform law: t in [1e-4, 50], lower in high dimension."""
        return [limits_around(start) for start in self.default_initial_log_time()]

    def default_initial_log_time(self) -> list[float]:
        """A cloud of a seventh of the radius."""
        return [math.log(INITIAL_SPREAD * self._scale**2 / self.manifold.dim)]


def limits_around(start: float) -> tuple[float, float]:
    """`LOG_TIME_RANGE`, or from lower on where training starts too near to its lower end."""
    low, high = LOG_TIME_RANGE
    return min(low, start - ROOM_BELOW), high
