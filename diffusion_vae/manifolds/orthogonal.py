"""SO(3) and O(3) as 3x3 matrices in R^9, with the Frobenius metric."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.eigen import nearest_orthogonal
from diffusion_vae.manifolds.numerics.quaternion import (
    quaternion_to_rotation,
    rotation_to_quaternion,
)
from diffusion_vae.manifolds.numerics.small_matrices import determinant, product, transpose
from diffusion_vae.manifolds.numerics.vectors import safe_norm, shortened
from diffusion_vae.manifolds.sphere import sinc
from diffusion_vae.serialization import serializable

# A rotation by the angle w has Frobenius length sqrt(2) w.
_LENGTH_PER_ANGLE = math.sqrt(2.0)


@serializable
class SO3(Manifold):
    """Rotations of R^3, row-major `[..., 9]`; RP^3 scaled by 2 sqrt 2."""

    dim = 3
    ambient_dim = 9
    approximate = frozenset()
    _special = True

    @property
    def volume(self):
        return 16.0 * math.sqrt(2.0) * math.pi**2

    def scalar_curvature(self, z):
        return ops.zeros_like(ops.convert_to_tensor(z)[..., 0]) + 0.75

    def project(self, x):
        x = ops.convert_to_tensor(x)
        largest = ops.stop_gradient(ops.max(ops.abs(x), axis=-1, keepdims=True, initial=0.0))
        vanishes = largest < 1e-30
        identity = ops.convert_to_tensor(np.eye(3).reshape(9), dtype=x.dtype)
        scaled = ops.where(vanishes, identity, x / ops.where(vanishes, 1.0, largest))
        return _flat(nearest_orthogonal(_matrix(scaled), special=self._special))

    def tangent_project(self, z, v):
        z = _matrix(z)
        return _flat(product(z, _skew_part(product(transpose(z), _matrix(v)))))

    def step(self, z, noise):
        # Along the tangent part of the noise, by Rodrigues' formula: no SVD.
        return self.exp(z, noise)

    def exp(self, z, v):
        z = _matrix(z)
        v = _matrix(shortened(ops.convert_to_tensor(v)))
        spin = _axis_vector(product(transpose(z), v))  # [..., 3], body frame
        return _flat(product(z, _rodrigues(spin)))

    def distance(self, x, y):
        relative = product(transpose(_matrix(x)), _matrix(y))
        proper, same = self._proper(relative)
        q = rotation_to_quaternion(proper)
        angle = 2.0 * ops.arctan2(safe_norm(q[..., 1:]), q[..., 0])
        length = _LENGTH_PER_ANGLE * angle  # NaN where a point is
        return ops.where(same | ops.isnan(length), length, math.inf)

    def geodesic(self, x, y, s):
        x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)
        x = _matrix(x)
        proper, _ = self._proper(product(transpose(x), _matrix(y)))
        q = rotation_to_quaternion(proper)
        half_sine = safe_norm(q[..., 1:], keepdims=True)  # [..., 1]
        half_angle = ops.arctan2(half_sine, q[..., :1])
        axis_angle = 2.0 * q[..., 1:] / sinc(half_angle)  # [..., 3]
        return _flat(product(x, _rodrigues(s * axis_angle)))

    def random_uniform(self, shape=(), seed=None):
        draws = keras.random.normal((*shape, 4), seed=seed)
        q = draws * ops.rsqrt(ops.sum(ops.square(draws), axis=-1, keepdims=True))
        return _flat(quaternion_to_rotation(q))

    def _proper(self, relative):
        """Relative rotations `[..., 3, 3]`, and whether they are rotations, `[...]`."""
        return relative, ops.ones_like(relative[..., 0, 0]) > 0


@serializable
class O3(SO3):
    """Orthogonal matrices of R^3, row-major `[..., 9]`: two copies of SO(3).

    Points of different components are at distance infinity. Brownian motion
    stays on the component where it starts; the prior covers both.
    """

    _special = False

    @property
    def volume(self):
        return 2.0 * super().volume

    def geodesic(self, x, y, s):
        """Shortest path; `y` must lie on the component of `x` (`distance` is finite)."""
        return super().geodesic(x, y, s)

    def random_uniform(self, shape=(), seed=None):
        draws = keras.random.normal((*shape, 5), seed=seed)
        q = draws[..., :4]
        q = q * ops.rsqrt(ops.sum(ops.square(q), axis=-1, keepdims=True))
        sign = ops.where(draws[..., 4:] < 0, -1.0, 1.0)
        return _flat(quaternion_to_rotation(q)) * sign

    def _proper(self, relative):
        same = determinant(relative) > 0
        return ops.where(same[..., None, None], relative, -relative), same


def _matrix(z):
    z = ops.convert_to_tensor(z)
    return ops.reshape(z, (*ops.shape(z)[:-1], 3, 3))


def _flat(matrix):
    return ops.reshape(matrix, (*ops.shape(matrix)[:-2], 9))


def _skew_part(matrix):
    return 0.5 * (matrix - transpose(matrix))


def _axis_vector(matrix):
    """Vector w `[..., 3]` whose cross product is the skew part of the matrix."""
    m = matrix
    return 0.5 * ops.stack(
        [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]],
        axis=-1,
    )


def _rodrigues(axis_angle):
    """Rotation matrices of axis-angle vectors, `[..., 3] -> [..., 3, 3]`."""
    half = 0.5 * axis_angle
    r = safe_norm(half, keepdims=True)
    return quaternion_to_rotation(ops.concatenate([ops.cos(r), sinc(r) * half], axis=-1))
