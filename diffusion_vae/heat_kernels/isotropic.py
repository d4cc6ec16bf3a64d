"""Brownian motion where all directions are alike: spheres and what they cover."""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_leading_axes, with_time_axes
from diffusion_vae.heat_kernels.radial import LONGEST, radial_tables
from diffusion_vae.heat_kernels.reference import SO3_SCALE
from diffusion_vae.manifolds import O3, SO3, RealProjective, Sphere
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.serialization import serializable

LOG_TIME_RANGE = (math.log(1e-4), math.log(LONGEST))
INITIAL_SPREAD = 0.02  # mean square distance of the motion from its start, in radii


@serializable
class IsotropicKernel(Law):
    """Exact kernel of S^d and RP^d (d >= 2), SO(3) and O(3).

    The density of S^d is a table in (log t, r), in float64 when built
    (`heat_kernels.radial`). RP^d adds the density at the antipode; SO(3) is RP^3
    enlarged 2 sqrt 2 times, so that it is at t/8 where RP^3 is at t; on O(3) the motion
    stays on its component, and the density is 0 on the other.

    A sample is exp_z(r v / |v|): v is tangent Gaussian noise, and r(|v|, t) the radius
    that is exceeded as rarely as |v|. This is exact for every t and smooth in location
    and time, as a random direction with an independent radius is not.

    Times outside [1e-5, 50] are continued: below as in flat space, above as at 50.

    Args:
        manifold: A `Sphere` or `RealProjective` of dimension 2 or more, `SO3` or `O3`.
    """

    def __init__(self, manifold):
        known = isinstance(manifold, (Sphere, SO3)) and manifold.dim >= 2
        if not known:
            raise TypeError(
                "Expected Sphere(d) or RealProjective(d) with d >= 2, SO3() or O3(). "
                f"Received: {manifold!r}."
            )
        super().__init__(manifold)
        self._scale = SO3_SCALE if isinstance(manifold, SO3) else 1.0
        self._quotient = isinstance(manifold, (RealProjective, SO3))
        self._tables = radial_tables(manifold.dim)

    def log_density(self, y, location, time):
        r = self.manifold.distance(y, location) / self._scale  # [...]
        t = time[..., 0] / self._scale**2
        d = self.manifold.dim
        apart = r == math.inf  # on another component
        r = ops.where(apart, 0.0, r)
        value = self._tables.log_density(r, t)
        if self._quotient:
            value = ops.logaddexp(value, self._tables.log_density(math.pi - r, t))
        return ops.where(apart, -math.inf, value - d * math.log(self._scale))

    def sample(self, location, time, seed=None):
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        v = self.manifold.tangent_project(location, noise)
        length = safe_norm(v)  # [...]
        t = ops.minimum(time[..., 0], LONGEST * self._scale**2)
        stretch = self._tables.stretch(ops.log(t / self._scale**2), length)
        return self.manifold.exp(location, v * ops.expand_dims(ops.sqrt(t) * ops.exp(stretch), -1))

    def kl_to_prior(self, location, time, seed=None):
        t = with_leading_axes(time[..., 0], location)
        kl = self._tables.kl(t / self._scale**2, projective=self._quotient)
        # On O(3) a motion sees one of two components.
        return kl + (math.log(2.0) if isinstance(self.manifold, O3) else 0.0)

    def default_log_time_range(self):
        """From a point mass to the uniform law: t in [1e-4, 50]."""
        return [LOG_TIME_RANGE]

    def default_initial_log_time(self):
        """A cloud of a seventh of the radius."""
        return [math.log(INITIAL_SPREAD * self._scale**2 / self.manifold.dim)]
