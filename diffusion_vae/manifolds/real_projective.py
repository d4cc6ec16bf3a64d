"""Real projective space RP^d: the sphere S^d with antipodal points identified."""

import numpy as np
from keras import ops

from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.manifolds.sphere import Sphere, symmetric_matrix_features
from diffusion_vae.serialization import serializable


@serializable
class RealProjective(Sphere):
    """RP^dim, a point of which is written as a point `z` of S^dim that stands for +-z.

    Densities are against the volume of the quotient, half that of the sphere.

    Args:
        dim: Intrinsic dimension, at least 1. Points have `dim + 1` coordinates.
    """

    @property
    def volume(self):
        return 0.5 * super().volume

    @property
    def symmetry(self):
        return np.stack([np.ones(self.ambient_dim), -np.ones(self.ambient_dim)])

    def distance(self, x, y):
        apart, together = safe_norm(x - y), safe_norm(x + y)
        return 2.0 * ops.arctan2(ops.minimum(apart, together), ops.maximum(apart, together))

    def geodesic(self, x, y, s):
        x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
        obtuse = ops.sum(x * y, axis=-1, keepdims=True) < 0
        return super().geodesic(x, ops.where(obtuse, -y, y), s)

    def even_embedding(self, z):
        return symmetric_matrix_features(z)

    @property
    def even_embedding_dim(self):
        return self.ambient_dim * (self.ambient_dim + 1) // 2
