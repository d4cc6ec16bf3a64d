"""Brownian motion on circles and flat tori: the normal law wrapped round."""

import math
from functools import cache, singledispatch

import keras
import numpy as np
from keras import ops

from diffusion_vae.heat_kernels import numeric
from diffusion_vae.heat_kernels.base import Law, with_leading_axes, with_time_axes
from diffusion_vae.heat_kernels.isotropic import LOG_TIME_RANGE
from diffusion_vae.heat_kernels.radial import LONGEST, SHORTEST, TIME_STEP, inverse_softplus
from diffusion_vae.manifolds import FlatTorus, Manifold
from diffusion_vae.manifolds.cover import cover_by_sphere
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

WINDINGS = 3  # images on each side, at short times
WAVES = 6  # harmonics, at long times
SWITCH = 2.0  # time from which the series of waves is the shorter one; both are exact there
CIRCLE_SPREAD = 0.15  # mean square distance on each circle at the start of training
NEARLY_UNIFORM = 16.0  # time from which one wave is left


@serializable
class WrappedNormalKernel(Law):
    """Exact kernel of the circle, of RP^1 and of flat tori.

    Both forms of the theta function are summed: images of the normal law at short times,
    waves at long ones.

    Args:
        manifold: `Sphere(1)`, `RealProjective(1)` or a `FlatTorus`.

    Example:
        >>> from diffusion_vae.manifolds import FlatTorus
        >>> torus = FlatTorus(2)
        >>> kernel = WrappedNormalKernel(torus)
        >>> start = torus.from_angles([0.0, 0.0])
        >>> round(float(kernel.kl_to_prior(start, [0.1])), 3)
        3.14
    """

    def __init__(self, manifold: Manifold) -> None:
        super().__init__(manifold)
        self._scale = _radius(manifold)
        self._divergence = _divergence()

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        angles = _angles(self.manifold, y, location) / self._scale  # [..., dim]
        log_density = wrapped_normal_log_density(angles, time / self._scale**2)
        return ops.sum(log_density - math.log(self._scale), axis=-1)

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        v = self.manifold.tangent_project(location, noise)
        # In the end the law is uniform, and longer ways round cost digits.
        return self.manifold.exp(location, ops.sqrt(ops.minimum(time, LONGEST)) * v)

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        log_t = ops.log(with_leading_axes(time[..., 0], location) / self._scale**2)
        below = ops.minimum(log_t - math.log(SHORTEST), 0.0)
        return self.manifold.dim * (ops.softplus(self._divergence(log_t)) - 0.5 * below)

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        """From a point mass to the uniform law: t in [1e-4, 50]."""
        return [LOG_TIME_RANGE]

    def default_initial_log_time(self) -> list[float]:
        """A wide cloud, 0.4 radians on each circle: points sort themselves while clouds overlap.

        On a circle they cannot go round each other.
        """
        return [math.log(CIRCLE_SPREAD * self._scale**2)]


def wrapped_normal_log_density(angle: Tensor, t: Tensor) -> Tensor:
    """Log density of the normal law of variance `t` wrapped round the unit circle.

    Args:
        angle: Angles from the centre, in [-pi, pi], `[...]`.
        t: Times, broadcast against `angle`.

    Returns:
        Log densities in nats against arc length, `[...]`.
    """
    short, long = ops.minimum(t, SWITCH), ops.maximum(t, SWITCH)
    turns = [angle + 2.0 * math.pi * k for k in range(-WINDINGS, WINDINGS + 1)]
    images = ops.stack([-ops.square(a) / (2.0 * short) for a in turns], axis=0)
    by_images = ops.logsumexp(images, axis=0) - 0.5 * ops.log(2.0 * math.pi * short)
    waves = [ops.exp(-0.5 * k**2 * long) * ops.cos(k * angle) for k in range(1, WAVES + 1)]
    by_waves = ops.log1p(2.0 * sum(waves)) - math.log(2.0 * math.pi)
    return ops.where(t < SWITCH, by_images, by_waves)


@cache
def _divergence() -> UniformSpline:
    """log t -> g with log(1 + e^g) the KL to the uniform law of the unit circle."""
    count = math.ceil(math.log(LONGEST / SHORTEST) / TIME_STEP) + 1
    log_time = np.linspace(math.log(SHORTEST), math.log(LONGEST), count)
    # In the end the slowest wave alone is left: 2 exp(-t/2) cos r, and half its mean square.
    log_kl = [
        math.log(numeric.sphere_kl(1, t)) if t < NEARLY_UNIFORM else -t for t in np.exp(log_time)
    ]
    return UniformSpline(inverse_softplus(np.array(log_kl)), (log_time[0],), (log_time[-1],))


@singledispatch
def _radius(manifold: Manifold) -> float:
    """Radius of the circles of a manifold: 1, or 1/2 where antipodes are one point.

    Raises:
        TypeError: If it is neither a circle nor a flat torus.
    """
    cover = cover_by_sphere(manifold)
    if cover is None or manifold.dim != 1 or cover.copies != 1:
        raise TypeError(
            f"Expected Sphere(1), RealProjective(1) or a FlatTorus. Received: {manifold!r}."
        )
    return cover.scale / cover.order


@_radius.register
def _(manifold: FlatTorus) -> float:
    return 1.0


@singledispatch
def _angles(manifold: Manifold, x: Tensor, y: Tensor) -> Tensor:
    """Arc lengths from `x` to `y` on each circle, `[..., dim]`, up to sign."""
    return ops.expand_dims(manifold.distance(x, y), -1)


@_angles.register
def _(manifold: FlatTorus, x: Tensor, y: Tensor) -> Tensor:
    return manifold.angle_between(x, y)
