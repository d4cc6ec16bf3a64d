"""The torus of revolution in R^3."""

import math

import keras
from keras import ops

from diffusion_vae.checks import require_positive
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.circle import rotate, signed_angle
from diffusion_vae.manifolds.numerics.vectors import unit_vectors
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class EmbeddedTorus(Manifold):
    """Torus of revolution about the third axis, with the metric of R^3.

    A point at the angle phi about the axis and theta about the tube is
    `((c + a cos theta) cos phi, (c + a cos theta) sin phi, a sin theta)`.
    Geodesics have no closed form: `geodesic` is straight in the two angles, and
    `distance`, its length, is an upper bound (both in `approximate`).

    Args:
        centre_radius: Distance c of the core circle from the axis.
        tube_radius: Radius a of the tube, smaller than `centre_radius`.

    Example:
        >>> torus = EmbeddedTorus(3.0, 0.6)
        >>> outermost = torus.from_angles([0.0, 0.0])
        >>> [round(float(x), 3) for x in outermost]
        [3.6, 0.0, 0.0]
        >>> round(float(torus.scalar_curvature(outermost)), 4)
        0.9259
    """

    dim = 2
    ambient_dim = 3
    approximate = frozenset({"exp", "distance", "geodesic"})

    def __init__(self, centre_radius: float = 3.0, tube_radius: float = 0.6) -> None:
        self.centre_radius = require_positive("centre_radius", centre_radius)
        self.tube_radius = require_positive("tube_radius", tube_radius)
        if self.tube_radius >= self.centre_radius:
            raise ValueError(
                "Expected `tube_radius` to be smaller than `centre_radius`, or the torus "
                f"meets itself. Received: tube_radius={tube_radius}, "
                f"centre_radius={centre_radius}."
            )
        self.shortest_loop = 2.0 * math.pi * self.tube_radius

    @property
    def volume(self) -> float:
        return 4.0 * math.pi**2 * self.centre_radius * self.tube_radius

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        return 1, 2, 1

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        return ("sphere:1",)

    def scalar_curvature(self, z: Tensor) -> Tensor:
        cosine = self.frame(z)[1][..., 0]
        from_axis = self.centre_radius + self.tube_radius * cosine
        return 2.0 * cosine / (self.tube_radius * from_axis)

    def project(self, x: Tensor) -> Tensor:
        around_axis, around_tube = self.frame(x)
        return self.point(around_axis, around_tube)

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        around_axis, around_tube = self.frame(z)
        normal = ops.concatenate(
            [around_tube[..., :1] * around_axis, around_tube[..., 1:]], axis=-1
        )  # [..., 3]
        return v - normal * ops.sum(normal * v, axis=-1, keepdims=True)

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        s = ops.convert_to_tensor(s, dtype=x.dtype)
        start, end = self.frame(x), self.frame(y)
        circles = [rotate(a, s * signed_angle(a, b)) for a, b in zip(start, end, strict=True)]
        return self.point(*circles)

    def angles(self, z: Tensor) -> Tensor:
        """Angles (phi about the axis, theta about the tube), `[..., 3] -> [..., 2]`."""
        circles = self.frame(ops.convert_to_tensor(z))
        return ops.stack([ops.arctan2(c[..., 1], c[..., 0]) for c in circles], axis=-1)

    def from_angles(self, angles: Tensor) -> Tensor:
        """Points at the angles (phi, theta), `[..., 2] -> [..., 3]`."""
        angles = ops.convert_to_tensor(angles)
        circle = ops.stack([ops.cos(angles), ops.sin(angles)], axis=-1)  # [..., 2, 2]
        return self.point(circle[..., 0, :], circle[..., 1, :])

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        # Area is proportional to 1 + (a/c) cos theta. A uniform theta, kept with
        # probability (1 + (a/c) cos theta)/2 and else moved to theta + pi, has it.
        draws = keras.random.uniform((3, *shape), seed=seed)
        phi, theta = 2.0 * math.pi * draws[0], 2.0 * math.pi * draws[1]
        ratio = self.tube_radius / self.centre_radius
        keep = draws[2] < 0.5 * (1.0 + ratio * ops.cos(theta))
        theta = ops.where(keep, theta, theta + math.pi)
        return self.from_angles(ops.stack([phi, theta], axis=-1))

    def get_config(self) -> dict:
        return {"centre_radius": self.centre_radius, "tube_radius": self.tube_radius}

    def frame(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors of the angles about the axis and about the tube.

        Args:
            x: Points, `[..., 3]`; off the torus, those of the closest point.

        Returns:
            A pair of arrays, `[..., 2]` each.
        """
        around_axis = unit_vectors(x[..., :2])
        from_axis = ops.sum(around_axis * x[..., :2], axis=-1)  # [...]
        meridian = ops.stack([from_axis - self.centre_radius, x[..., 2]], axis=-1)
        return around_axis, unit_vectors(meridian)

    def point(self, around_axis: Tensor, around_tube: Tensor) -> Tensor:
        """Points from the unit vectors that `frame` returns, `[..., 2] -> [..., 3]`."""
        from_axis = self.centre_radius + self.tube_radius * around_tube[..., :1]
        height = self.tube_radius * around_tube[..., 1:]
        return ops.concatenate([from_axis * around_axis, height], axis=-1)
