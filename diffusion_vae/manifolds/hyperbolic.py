"""Hyperbolic space H^d, the hyperboloid in Minkowski space."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer, require_number, require_positive
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics import lorentz
from diffusion_vae.manifolds.numerics.hyperbolic_tables import (
    MotionTables,
    PriorTables,
    longest_time,
    motion_tables,
    prior_tables,
)
from diffusion_vae.manifolds.numerics.vectors import safe_norm, shortened
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class Hyperbolic(Manifold):
    """Hyperbolic space of constant negative curvature. Not closed, one diffusion time.

    Points are (h, s) with h = sqrt(R^2 + |s|^2), the time coordinate, first, and R =
    1 / sqrt(-curvature). The prior is the heat kernel from the origin (R, 0, ..., 0) at
    `prior_time`, which on R^d is N(0, I). Lengths are those of Minkowski space, -h^2 + |s|^2.

    The functions of points read the space coordinates alone, from which the time coordinate
    follows: in float32 their digits are all there far from the origin. Points end 40 R from it,
    where squares of coordinates still fit in float32.

    Networks see a point by the tangent vector at the origin that leads to it, and give one.

    Args:
        dim: Dimension, at least 1.
        curvature: Sectional curvature, negative.
        prior_time: Time of the prior, positive. `prior_time * -curvature` of up to 8 is known
            for dim <= 10, less in higher dimensions, where motion is faster.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If one is out of range, or the prior reaches beyond 40 R.

    References:
        Grigor'yan and Noguchi (1998), The heat kernel on hyperbolic space.

    Example:
        >>> import numpy as np
        >>> plane = Hyperbolic(2)
        >>> origin = np.array([1.0, 0.0, 0.0])
        >>> point = plane.exp(origin, np.array([0.0, 2.0, 0.0]))
        >>> np.round(point, 3).tolist(), round(float(plane.distance(origin, point)), 3)
        ([3.762, 3.627, 0.0], 2.0)
        >>> round(float(plane.prior_log_density(origin)), 4)
        -2.0021
    """

    closed = False
    approximate = frozenset()
    reads_embedding = True

    def __init__(self, dim: int = 2, curvature: float = -1.0, prior_time: float = 1.0) -> None:
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = self.dim + 1
        self.curvature = require_number("curvature", curvature)
        if not self.curvature < 0.0:
            raise ValueError(
                f"Expected `curvature` to be negative. Received: {curvature}. "
                "Curvature 0 is Euclidean(dim), positive curvature Sphere(dim)."
            )
        self.prior_time = require_positive("prior_time", prior_time)
        self.radius = 1.0 / math.sqrt(-self.curvature)
        limit = longest_time(self.dim)
        if self._unit_prior_time > limit:
            raise ValueError(
                f"Expected prior_time * -curvature to be at most {limit:.3g} in dimension "
                f"{self.dim}. Received: {self._unit_prior_time:.3g}. The prior would reach points "
                "whose coordinates are too large: take a curvature nearer to 0."
            )

    @property
    def volume(self) -> float:
        return math.inf

    @property
    def ambient_metric(self) -> np.ndarray:
        return np.array([-1.0] + [1.0] * self.dim)

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        return 1, *(0,) * self.dim

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        return (f"hyperbolic:{self.dim - 1}",) if self.dim > 1 else ()

    @property
    def prior_motion(self) -> tuple[np.ndarray, float]:
        return np.array([self.radius] + [0.0] * self.dim), self.prior_time

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return ops.full_like(z[..., 0], self.dim * (self.dim - 1) * self.curvature)

    def project(self, x: Tensor) -> Tensor:
        """The point with the same space coordinates: the hyperboloid is a graph over them."""
        return self.from_space(lorentz.kept_near(self.space(x)))

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        s = self.space(z)
        h = lorentz.height(safe_norm(s, keepdims=True))
        v = shortened(v, 1e36 / ops.square(h))  # its product with h^2 is to fit in float32
        inner = ops.sum(s * v[..., 1:], axis=-1, keepdims=True) - h * v[..., :1]
        return v + ops.concatenate([h, s], axis=-1) * inner

    def gradient(self, z: Tensor, slope: Tensor) -> Tensor:
        # The inner product of a tangent vector with this is the Euclidean one with the slope.
        return self.tangent_project(z, ops.concatenate([-slope[..., :1], slope[..., 1:]], axis=-1))

    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        # Paths end 40 R from the origin; there velocities longer than that have such coordinates.
        v = shortened(v[..., 1:], 1e20)
        return self.move(z, lorentz.to_frame(self.space(z), v))

    def move(self, z: Tensor, frame: Tensor) -> Tensor:
        """`exp` of a velocity in the orthonormal frame that is carried here from the origin.

        Args:
            z: Points, `[..., ambient_dim]`.
            frame: Velocities, `[..., dim]`; their lengths are Euclidean.

        Returns:
            Points, `[..., ambient_dim]`.
        """
        return self.from_space(lorentz.move(self.space(z), frame / self.radius))

    def step(self, z: Tensor, noise: Tensor) -> Tensor:
        # Noise that is alike in all directions is so in a frame of the tangent space.
        return self.move(z, noise[..., 1:])

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        return self.radius * lorentz.distance(self.space(x), self.space(y))

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)
        start = self.space(x)
        return self.from_space(lorentz.move(start, s * lorentz.heading_to(start, self.space(y))))

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        raise ValueError(
            "Hyperbolic space has no uniform law. Expected a closed manifold; "
            "use `prior_sample` for draws from the heat kernel at the origin."
        )

    # -- the prior -------------------------------------------------------------

    def prior_sample(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        noise = keras.random.normal((*shape, self.dim), seed=seed)
        length = safe_norm(noise)
        t = ops.full_like(length, self._unit_prior_time)
        scale = ops.sqrt(t) * self.motion.radius(length, t)
        return self.from_space(lorentz.from_origin(noise * ops.expand_dims(scale, -1)))

    def prior_log_density(self, z: Tensor) -> Tensor:
        r = lorentz.from_origin_distance(self.space(z))
        t = ops.full_like(r, self._unit_prior_time)
        return self.motion.log_density(r, t) - self.dim * math.log(self.radius)

    @property
    def motion(self) -> MotionTables:
        """Tables of Brownian motion at curvature -1."""
        return motion_tables(self.dim)

    @property
    def prior(self) -> PriorTables:
        """Tables of the prior at curvature -1."""
        return prior_tables(self.dim, self._unit_prior_time)

    @property
    def _unit_prior_time(self) -> float:
        return self.prior_time / self.radius**2

    # -- coordinates -----------------------------------------------------------

    def space(self, z: Tensor) -> Tensor:
        """Space coordinates over R, `[..., ambient_dim] -> [..., dim]`."""
        # A time coordinate that is NaN must not go unseen.
        return z[..., 1:] / self.radius + 0.0 * ops.stop_gradient(z[..., :1])

    def from_space(self, s: Tensor) -> Tensor:
        """Points with given space coordinates over R, `[..., dim] -> [..., ambient_dim]`."""
        h = lorentz.height(safe_norm(s, keepdims=True))
        return self.radius * ops.concatenate([h, s], axis=-1)

    def even_embedding(self, z: Tensor) -> Tensor:
        """Velocity at the origin with which a point is reached in unit time, `[..., dim]`."""
        return self.radius * lorentz.to_origin(self.space(z))

    @property
    def even_embedding_dim(self) -> int:
        return self.dim

    def even_features(self, z: Tensor) -> Tensor:
        return self.even_embedding(z) / self._spread

    def project_even(self, x: Tensor) -> Tensor:
        return self.from_space(lorentz.from_origin(x / self.radius))

    @property
    def _spread(self) -> float:
        """About the standard deviation of a coordinate of the embedding under the prior."""
        t = self._unit_prior_time
        # The mean of r^2 is d t + ((d-1) t / 2)^2 on H^1 and H^3.
        return self.radius * math.sqrt(t + (0.5 * (self.dim - 1) * t) ** 2 / self.dim)

    def get_config(self) -> dict:
        return {"dim": self.dim, "curvature": self.curvature, "prior_time": self.prior_time}
