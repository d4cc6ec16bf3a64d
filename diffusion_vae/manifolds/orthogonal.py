"""SO(3) and O(3) as 3x3 matrices in R^9, with the Frobenius metric."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.cover import Cover
from diffusion_vae.manifolds.numerics.eigen import nearest_orthogonal
from diffusion_vae.manifolds.numerics.nearest_by_products import (
    in_products_only,
    nearest_by_products,
)
from diffusion_vae.manifolds.numerics.quaternion import (
    quaternion_to_rotation,
    rotation_to_quaternion,
)
from diffusion_vae.manifolds.numerics.small_matrices import determinant, product, transpose
from diffusion_vae.manifolds.numerics.vectors import safe_norm, shortened, sinc
from diffusion_vae.manifolds.real_projective import RealProjective
from diffusion_vae.manifolds.sphere import Sphere
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


class OrthogonalMatrices(Manifold):
    """Orthogonal matrices of R^3, row-major `[..., 9]`: what SO(3) and O(3) share; abstract."""

    dim = 3
    ambient_dim = 9
    approximate = frozenset()
    radian = math.sqrt(2.0)  # Frobenius length of a rotation by one radian

    components: int

    @property
    def cover(self) -> Cover:
        # A unit quaternion turns by half the angle of its rotation, which q and -q share.
        identity = np.eye(4)
        return Cover(
            manifold=Sphere(3),
            group=np.stack([identity, -identity]),
            scale=2.0 * self.radian,
            copies=self.components,
            lift=_quaternions,
            push=_rotations,
        )

    @property
    def volume(self) -> float:
        return self.cover.volume

    @property
    def log_volume(self) -> float:
        return self.cover.log_volume

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        one = RealProjective(self.dim).betti_numbers(prime)
        return tuple(self.components * rank for rank in one)

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return ops.zeros_like(z[..., 0]) + 0.75

    def project(self, x: Tensor) -> Tensor:
        largest = ops.stop_gradient(ops.max(ops.abs(x), axis=-1, keepdims=True, initial=0.0))
        vanishes = largest < 1e-30
        identity = ops.convert_to_tensor(np.eye(3).reshape(9), dtype=x.dtype)
        scaled = ops.where(vanishes, identity, x / ops.where(vanishes, 1.0, largest))
        nearest = nearest_by_products if in_products_only() else nearest_orthogonal
        return _flat(nearest(_matrix(scaled), special=self.components == 1))

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        z = _matrix(z)
        return _flat(product(z, _skew_part(product(transpose(z), _matrix(v)))))

    def step(self, z: Tensor, noise: Tensor) -> Tensor:
        # Along the tangent part of the noise, by Rodrigues' formula: no SVD.
        return self.exp(z, noise)

    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        z = _matrix(z)
        v = _matrix(shortened(v))
        spin = _axis_vector(product(transpose(z), v))  # [..., 3], body frame
        return _flat(product(z, _rodrigues(spin)))

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        relative = product(transpose(_matrix(x)), _matrix(y))
        proper, same = self._proper(relative)
        q = rotation_to_quaternion(proper)
        angle = 2.0 * ops.arctan2(safe_norm(q[..., 1:]), q[..., 0])
        length = self.radian * angle  # NaN where a point is
        return ops.where(same | ops.isnan(length), length, math.inf)

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        """Shortest path; `y` must lie on the component of `x` (`distance` is finite)."""
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)
        x = _matrix(x)
        proper, _ = self._proper(product(transpose(x), _matrix(y)))
        q = rotation_to_quaternion(proper)
        half_sine = safe_norm(q[..., 1:], keepdims=True)  # [..., 1]
        half_angle = ops.arctan2(half_sine, q[..., :1])
        axis_angle = 2.0 * q[..., 1:] / sinc(half_angle)  # [..., 3]
        return _flat(product(x, _rodrigues(s * axis_angle)))

    def _proper(self, relative: Tensor) -> tuple[Tensor, Tensor]:
        """Relative rotations `[..., 3, 3]`, and whether they are rotations, `[...]`."""
        raise NotImplementedError


@serializable
class SO3(OrthogonalMatrices):
    """Rotations of R^3, row-major `[..., 9]`; RP^3 scaled by 2 sqrt 2.

    Example:
        >>> import numpy as np
        >>> half_turn = np.diag([1.0, -1.0, -1.0]).reshape(9)
        >>> round(float(SO3().distance(np.eye(3).reshape(9), half_turn)), 4)  # sqrt 2 pi
        4.4429
        >>> round(SO3().volume, 3)
        223.324
    """

    candidates = ("so3",)

    components = 1

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        return "sphere:2", "projective:2"  # a rotation turns a fixed axis

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return _rotations(_unit(keras.random.normal((*shape, 4), seed=seed)))

    def _proper(self, relative: Tensor) -> tuple[Tensor, Tensor]:
        return relative, ops.ones_like(relative[..., 0, 0]) > 0


@serializable
class O3(OrthogonalMatrices):
    """Orthogonal matrices of R^3, row-major `[..., 9]`: two copies of SO(3).

    Points of different components are at distance infinity. Brownian motion
    stays on the component where it starts; the prior covers both.

    Example:
        >>> import numpy as np
        >>> identity = np.eye(3).reshape(9)
        >>> float(O3().distance(identity, -identity))
        inf
        >>> O3().cover.copies
        2
    """

    components = 2

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        return ("so3",)  # z and -z are one rotation

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        draws = keras.random.normal((*shape, 5), seed=seed)
        sign = ops.where(draws[..., 4:] < 0, -1.0, 1.0)
        return _rotations(_unit(draws[..., :4])) * sign

    def _proper(self, relative: Tensor) -> tuple[Tensor, Tensor]:
        same = determinant(relative) > 0
        return ops.where(same[..., None, None], relative, -relative), same


def _quaternions(z: Tensor) -> Tensor:
    """Unit quaternions of orthogonal matrices up to sign, `[..., 9] -> [..., 4]`."""
    matrix = _matrix(ops.convert_to_tensor(z))
    proper = ops.where(determinant(matrix)[..., None, None] < 0, -matrix, matrix)
    return rotation_to_quaternion(proper)


def _rotations(q: Tensor) -> Tensor:
    """Rotation matrices of unit quaternions, `[..., 4] -> [..., 9]`."""
    return _flat(quaternion_to_rotation(ops.convert_to_tensor(q)))


def _unit(q: Tensor) -> Tensor:
    return q / ops.sqrt(ops.sum(ops.square(q), axis=-1, keepdims=True))


def _matrix(z: Tensor) -> Tensor:
    return ops.reshape(z, (*ops.shape(z)[:-1], 3, 3))


def _flat(matrix: Tensor) -> Tensor:
    return ops.reshape(matrix, (*ops.shape(matrix)[:-2], 9))


def _skew_part(matrix: Tensor) -> Tensor:
    return 0.5 * (matrix - transpose(matrix))


def _axis_vector(matrix: Tensor) -> Tensor:
    """Vector w `[..., 3]` whose cross product is the skew part of the matrix."""
    m = matrix
    return 0.5 * ops.stack(
        [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]],
        axis=-1,
    )


def _rodrigues(axis_angle: Tensor) -> Tensor:
    """Rotation matrices of axis-angle vectors, `[..., 3] -> [..., 3, 3]`."""
    half = 0.5 * axis_angle
    r = safe_norm(half, keepdims=True)
    return quaternion_to_rotation(ops.concatenate([ops.cos(r), sinc(r) * half], axis=-1))
