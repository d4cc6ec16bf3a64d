"""Brownian motion on an embedded torus: the law that reads the tables."""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_time_axes
from diffusion_vae.heat_kernels.embedded_torus.kl_table import kl_table_of
from diffusion_vae.heat_kernels.embedded_torus.log_density import log_density_of
from diffusion_vae.heat_kernels.embedded_torus.plan import EXACT_FROM
from diffusion_vae.heat_kernels.embedded_torus.sample_table import transport_of
from diffusion_vae.heat_kernels.isotropic import INITIAL_SPREAD, limits_around
from diffusion_vae.heat_kernels.radial import SHORTEST
from diffusion_vae.manifolds import EmbeddedTorus
from diffusion_vae.manifolds.numerics.circle import rotate, signed_angle
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class EmbeddedTorusKernel(Law):
    """Kernel of `EmbeddedTorus(c, a)`, tabulated from its spectrum.

    The KL is a table in (log t, cos v), v the angle of the tube (`kl_table`). A sample
    transports two normal numbers, first to the tube angle and then, given that, to the angle
    about the axis (`sample_table`): one draw, smooth in location and time. The log density is
    a chain of tables, each for some times, that hand over smoothly (`log_density`).

    Errors within sqrt(t) (sqrt 2 + 5) of the start, measured against the spectrum: the
    log density 1e-3 for c/a from 2.5 to 40 (mostly 1e-4). For fatter tori (`approximate`)
    it is worse far out, where there are several ways to a point: for c/a = 5/3 2e-3
    down to exp(-10) of the peak and 1e-2 at exp(-20); for c/a = 5/4 2e-2 and 0.2. The KL:
    1e-5, for c/a from 1.1 on. Samples follow their law to the resolution of the tables; from
    t = 16 a^2 the tube angle stays as at 16 a^2, within exp(-8) of uniform, and the other
    angle spreads at its mean rate.

    Tables are built at the first use, in seconds, and kept on disk (`cache`). Times outside
    [1e-5, 50] are continued: the KL below as in flat space, and above as at 50.

    Args:
        manifold: An `EmbeddedTorus`.

    Raises:
        TypeError: If the manifold is of another type.

    Example:
        >>> from diffusion_vae.heat_kernels import EmbeddedTorusKernel
        >>> from diffusion_vae.manifolds import EmbeddedTorus
        >>> torus = EmbeddedTorus(3.0, 0.6)
        >>> law = EmbeddedTorusKernel(torus)
        >>> outside = torus.from_angles([0.0, 0.0])
        >>> round(float(law.kl_to_prior(outside, [0.1])), 3)
        3.75
    """

    spaces = (EmbeddedTorus,)
    manifold: EmbeddedTorus

    def __init__(self, manifold: EmbeddedTorus) -> None:
        super().__init__(manifold)
        self._unit = manifold.tube_radius
        self._ratio = manifold.centre_radius / manifold.tube_radius
        if self._ratio < EXACT_FROM:
            self.approximate = frozenset({"log_density"})

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        t = time[..., 0] / self._unit**2  # [...]
        (axis, tube), (end_axis, end_tube) = (self.manifold.frame(z) for z in (location, y))
        d = signed_angle(tube, end_tube)
        phi = signed_angle(axis, end_axis)
        v = ops.arctan2(tube[..., 1], tube[..., 0])
        v, d, phi, t = (x + ops.zeros_like(v + d + t) for x in (v, d, phi, t))
        shape = ops.shape(t)
        flat = [ops.reshape(x, (-1,)) for x in (v, d, phi, t)]
        value = log_density_of(self._ratio)(*flat)
        return ops.reshape(value, shape) - 2.0 * math.log(self._unit)

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        shape = (2, *ops.shape(location)[:-1])
        noise = keras.random.normal(shape, dtype=location.dtype, seed=seed)
        axis, tube = self.manifold.frame(location)
        v = ops.arctan2(tube[..., 1], tube[..., 0])
        t = time[..., 0] / self._unit**2 + ops.zeros_like(v)
        d, phi = transport_of(self._ratio)(v, t, noise[0], noise[1])
        return self.manifold.point(rotate(axis, phi), rotate(tube, d))

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        tube = self.manifold.frame(location)[1]
        log_t = ops.log(time[..., 0])  # [...]
        table = kl_table_of(self.manifold.centre_radius, self.manifold.tube_radius)
        # Below the table the KL is a straight line in log t.
        below = ops.minimum(log_t - math.log(SHORTEST), 0.0)
        return ops.softplus(table(log_t, tube[..., 0])) - below

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """From a point mass to the uniform law: t in [1e-4, 50], lower on small tori."""
        return [limits_around(start) for start in self.default_initial_log_time()]

    def default_initial_log_time(self) -> list[float]:
        """A cloud of a seventh of the mean radius."""
        squared_radius = self.manifold.centre_radius * self.manifold.tube_radius
        return [math.log(INITIAL_SPREAD * squared_radius)]
