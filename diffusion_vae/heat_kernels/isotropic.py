"""Brownian motion where all directions are alike: compact spaces of rank one."""

import dataclasses
import math
from functools import singledispatch

import keras
from keras import ops

from diffusion_vae.heat_kernels.base import Law, with_leading_axes, with_time_axes
from diffusion_vae.heat_kernels.radial import LONGEST, radial_tables
from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds import ComplexProjective, Manifold
from diffusion_vae.manifolds.cover import cover_by_sphere
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

LOG_TIME_RANGE = (math.log(1e-4), math.log(LONGEST))
INITIAL_SPREAD = 0.02  # mean square distance of the motion from its start, in radii
ROOM_BELOW = 2.0  # least distance of the start of log time from the lower limit
ROOM_ABOVE = 10.2  # largest from the upper one: by then the law has long been uniform
LARGEST_DIMENSION = 1024  # up to which the tables are checked


@dataclasses.dataclass(frozen=True)
class ZonalForm:
    """A manifold as copies of a space of rank one, of another size.

    Attributes:
        space: The space; of a quotient of spheres by -1, that sphere's quotient.
        scale: Length of a path on the manifold over its length on the space.
        copies: Number of connected components.
    """

    space: Zonal
    scale: float = 1.0
    copies: int = 1


@singledispatch
def zonal_form(manifold: Manifold) -> ZonalForm | None:
    """The space of rank one that a manifold is, or `None`.

    The default knows what a sphere of dimension 2 or more covers, with its antipodes identified
    or not. Another type of manifold is added by `zonal_form.register(MyManifold)(form)`, and its
    kernel by `heat_kernel.register(MyManifold)(IsotropicKernel)`.
    """
    cover = cover_by_sphere(manifold)
    if cover is None or manifold.dim < 2:
        return None
    make = Zonal.real_projective if cover.antipodal else Zonal.sphere
    return ZonalForm(make(manifold.dim), cover.scale, cover.copies)


@zonal_form.register
def _(manifold: ComplexProjective) -> ZonalForm:
    if manifold.complex_dim == 1:  # the sphere of radius 1/2
        return ZonalForm(Zonal.sphere(2), scale=0.5)
    return ZonalForm(Zonal.complex_projective(manifold.complex_dim))


@serializable
class IsotropicKernel(Law):
    """Exact kernel of S^d and RP^d (d >= 2), CP^n, SO(3) and O(3).

    The density of S^d is a table in (log t, r), in float64 when built
    (`heat_kernels.radial`). A quotient by -1 adds the density at the antipode; one that
    is enlarged k times has at the time t the law that the quotient has at t / k^2; one of
    several components keeps the motion on its own, and the density is 0 on the others.
    Which of these it is, `Manifold.cover` says. Other spaces on which all directions are
    alike have tables of their own, by their Jacobi polynomials (`heat_kernels.zonal`).

    A sample is exp_z(r v / |v|): v is tangent Gaussian noise, and r(|v|, t) the radius
    that is exceeded as rarely as |v|. This is exact for every t and smooth in location
    and time, as a random direction with an independent radius is not.

    Tables are made at their first use, in a second, and kept on disk (`heat_kernels.cache`).
    Times outside of them, [1e-5, 50] in low dimension, are continued: below as in flat space
    with the mean curvature, above as at the longest.

    Args:
        manifold: A `Sphere`, `RealProjective` or `ComplexProjective` of a (real) dimension from
            2 to 1024, `SO3`, `O3`, another whose `cover` is a sphere of such a dimension with
            antipodes identified, or one that `zonal_form` knows.

    Raises:
        TypeError: If the manifold is none of these.
        ValueError: If its dimension exceeds 1024.

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
        form = zonal_form(manifold)
        if form is None:
            raise TypeError(
                "Expected Sphere(d) or RealProjective(d) with d >= 2, ComplexProjective(n), SO3() "
                f"or O3(). Received: {manifold!r}."
            )
        if manifold.dim > LARGEST_DIMENSION:
            raise ValueError(
                f"Expected a dimension of at most {LARGEST_DIMENSION} for the exact heat kernel. "
                f'Received: {manifold!r}. Use `kernel="random_walk"`.'
            )
        self._scale, self._copies = form.scale, form.copies
        self._quotient = form.space == Zonal.real_projective(manifold.dim)
        # A quotient by -1 is drawn on the sphere, and its density is a sum of two there.
        own = radial_tables(form.space)
        self._motion = radial_tables(Zonal.sphere(manifold.dim)) if self._quotient else own
        self._prior = own

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        r = self.manifold.distance(y, location) / self._scale  # [...]
        t = time[..., 0] / self._scale**2
        d = self.manifold.dim
        apart = r == math.inf  # on another component
        r = ops.where(apart, 0.0, r)
        value = self._motion.log_density(r, t)
        if self._quotient:
            value = ops.logaddexp(value, self._motion.log_density(math.pi - r, t))
        return ops.where(apart, -math.inf, value - d * math.log(self._scale))

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        v = self.manifold.tangent_project(location, noise)
        length = safe_norm(v)  # [...]
        step = self._scale * self._motion.radius(length, time[..., 0] / self._scale**2)
        return self.manifold.exp(location, v * ops.expand_dims(step, -1))

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        t = with_leading_axes(time[..., 0], location)
        kl = self._prior.kl(t / self._scale**2)
        # The motion stays on one component, the prior covers all.
        return kl + math.log(self._copies)

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """From a point mass to the uniform law: t in [1e-4, 50], both lower in high dimension."""
        return [limits_around(start) for start in self.default_initial_log_time()]

    def default_initial_log_time(self) -> list[float]:
        """A cloud of a seventh of the radius."""
        return [math.log(INITIAL_SPREAD * self._scale**2 / self.manifold.dim)]


def limits_around(start: float) -> tuple[float, float]:
    """`LOG_TIME_RANGE`, or limits nearer to where training starts, at most `ROOM_ABOVE` away.

    Far beyond the uniform law neither the KL nor the samples know the time, and training that
    comes there has no way back.
    """
    low, high = LOG_TIME_RANGE
    return min(low, start - ROOM_BELOW), min(high, start + ROOM_ABOVE)
