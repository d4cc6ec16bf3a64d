"""Brownian motion on a torus of revolution: smooth tables of its float64 spectrum."""

import itertools
import math
from functools import cache

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_time_axes
from diffusion_vae.heat_kernels.embedded_torus.cache import cached
from diffusion_vae.heat_kernels.embedded_torus.cover import (
    CoverTable,
    cover_intervals,
    fit_cover_table,
    turn_back,
)
from diffusion_vae.heat_kernels.embedded_torus.divergence import divergence_table
from diffusion_vae.heat_kernels.embedded_torus.late import (
    SlowWaves,
    TubeTable,
    fit_tube_table,
    slow_waves,
    tube_start,
)
from diffusion_vae.heat_kernels.embedded_torus.sampler import transport, transport_tables
from diffusion_vae.heat_kernels.isotropic import INITIAL_SPREAD, LOG_TIME_RANGE
from diffusion_vae.heat_kernels.radial import LONGEST, SHORTEST
from diffusion_vae.heat_kernels.spline import UniformSpline
from diffusion_vae.manifolds import EmbeddedTorus
from diffusion_vae.manifolds.numerics.circle import rotate, signed_angle
from diffusion_vae.serialization import serializable

FAT = 2.4  # c / a below which the log density is not held to 1e-3
OVERLAP = 1.2  # factor of time over which one table hands over to the next


@serializable
class EmbeddedTorusKernel(Law):
    """Kernel of `EmbeddedTorus(c, a)`, tabulated from its spectrum.

    The KL is a table in (log t, cos v), v the angle of the tube. A sample transports
    two normal numbers, first to the tube angle and then, given that, to the angle about
    the axis (`heat_kernels.embedded_torus.sampler`): one draw, smooth in location and time.
    The log density is a chain of tables, each for some times, that hand over smoothly:
    on the unrolled torus (`revolution.cover`), on the torus unrolled about the axis only
    and from the slowest eigenfunctions (`revolution.late`).

    Errors within sqrt(t) (sqrt 2 + 5) of the start, measured against the spectrum: the
    log density 1e-3 for c/a from 2.5 to 40 (mostly 1e-4). For fatter tori (`approximate`)
    it is worse far out, where there are several ways to a point: for c/a = 5/3 2e-3
    down to exp(-10) of the peak and 1e-2 at exp(-20); for c/a = 5/4 2e-2 and 0.2. The KL:
    1e-5, for c/a from 1.1 on. Samples follow their law to the resolution of the tables; from
    t = 16 a^2 the tube angle stays as at 16 a^2, within exp(-8) of uniform, and the other
    angle spreads at its mean rate.

    Tables are built at the first use, in seconds, and kept on disk
    (`heat_kernels.embedded_torus.cache`). Times outside [1e-5, 50] are continued: the KL
    below as in flat space, and above as at 50.

    Args:
        manifold: An `EmbeddedTorus`.
    """

    def __init__(self, manifold):
        if not isinstance(manifold, EmbeddedTorus):
            raise TypeError(f"Expected an EmbeddedTorus. Received: {manifold!r}.")
        super().__init__(manifold)
        self._unit = manifold.tube_radius
        self._ratio = manifold.centre_radius / manifold.tube_radius
        if self._ratio < FAT:
            self.approximate = frozenset({"log_density"})

    def log_density(self, y, location, time):
        t = time[..., 0] / self._unit**2  # [...]
        (axis, tube), (end_axis, end_tube) = (self.manifold.frame(z) for z in (location, y))
        d = signed_angle(tube, end_tube)
        phi = signed_angle(axis, end_axis)
        v = ops.arctan2(tube[..., 1], tube[..., 0])
        v, d, phi, t = (x + ops.zeros_like(v + d + t) for x in (v, d, phi, t))
        shape = ops.shape(t)
        flat = [ops.reshape(x, (-1,)) for x in (v, d, phi, t)]
        value = _unit_log_density(_density_tables(self._ratio), *flat)
        return ops.reshape(value, shape) - 2.0 * math.log(self._unit)

    def sample(self, location, time, seed=None):
        location = with_time_axes(location, time)
        shape = (2, *ops.shape(location)[:-1])
        noise = keras.random.normal(shape, dtype=location.dtype, seed=seed)
        axis, tube = self.manifold.frame(location)
        v = ops.arctan2(tube[..., 1], tube[..., 0])
        t = time[..., 0] / self._unit**2 + ops.zeros_like(v)
        d, phi = _transport(self._ratio)(v, t, noise[0], noise[1])
        return self.manifold.point(rotate(axis, phi), rotate(tube, d))

    def kl_to_prior(self, location, time, seed=None):
        tube = self.manifold.frame(location)[1]
        log_t = ops.log(time[..., 0])  # [...]
        table = _divergence(self.manifold.centre_radius, self.manifold.tube_radius)
        # Below the table the KL is a straight line in log t.
        below = ops.minimum(log_t - math.log(SHORTEST), 0.0)
        return ops.softplus(table(log_t, tube[..., 0])) - below

    def default_log_time_range(self):
        """From a point mass to the uniform law: t in [1e-4, 50]."""
        return [LOG_TIME_RANGE]

    def default_initial_log_time(self):
        """A cloud of a seventh of the mean radius."""
        squared_radius = self.manifold.centre_radius * self.manifold.tube_radius
        return [math.log(INITIAL_SPREAD * squared_radius)]


def _unit_log_density(tables, v, d, phi, t):
    """Log density on the unit torus: tables blended over the times they share."""
    away = turn_back(phi)
    windings = ops.stack([phi, phi + away, phi - away, phi + 2.0 * away], axis=-1)
    value = tables[0].log_density(v, d, windings, t)
    for before, table in itertools.pairwise(tables):
        about = phi if isinstance(table, SlowWaves) else windings
        following = table.log_density(v, d, about, t)
        share = ops.log(t / table.low) / math.log(before.high / table.low)
        share = ops.clip(share, 0.0, 1.0)
        share = ops.square(share) * share * (10.0 + share * (6.0 * share - 15.0))
        value = value + share * (following - value)
    return value


@cache
def _density_tables(ratio):
    """Tables of the log density on the unit torus, from short times to long ones."""
    slow = 0.8 * ratio * math.sqrt(ratio**2 - 1.0)  # until the axis is gone round
    unrolled = OVERLAP * tube_start(ratio)
    covers = cover_intervals(ratio, unrolled)
    tube = (tube_start(ratio), max(slow, unrolled + 0.5))

    def build():
        arrays = {f"cover{i}": fit_cover_table(ratio, *ends) for i, ends in enumerate(covers)}
        arrays["tube"] = fit_tube_table(ratio, *tube)
        found = slow_waves(ratio, tube[1] / OVERLAP)
        return arrays | dict(zip(("numbers", "rates", "functions"), found, strict=True))

    arrays = cached(f"revolution-density-{ratio!r}", build)
    tables = [CoverTable(ratio, *ends, arrays[f"cover{i}"]) for i, ends in enumerate(covers)]
    tables.append(TubeTable(ratio, *tube, arrays["tube"]))
    low = tube[1] / OVERLAP
    return [*tables, SlowWaves(low, arrays["numbers"], arrays["rates"], arrays["functions"])]


@cache
def _transport(ratio):
    tables = cached(
        f"revolution-sampler-{ratio!r}",
        lambda: {"tables": transport_tables(ratio).astype("float32")},
    )
    return transport(ratio, tables["tables"])


@cache
def _divergence(c, a):
    values = cached(f"revolution-kl-{c!r}-{a!r}", lambda: {"values": divergence_table(c, a)})
    ends = (math.log(SHORTEST), -1.0), (math.log(LONGEST), 1.0)
    return UniformSpline(values["values"], *ends)
