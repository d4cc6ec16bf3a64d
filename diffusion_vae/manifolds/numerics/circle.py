"""Arithmetic of unit vectors in the plane, shared by the tori."""

from keras import ops

from diffusion_vae.typing import Tensor


def rotate(vectors: Tensor, angle: Tensor) -> Tensor:
    """Plane vectors `[..., 2]` turned by the angles `[...]`."""
    cosine, sine = ops.cos(angle), ops.sin(angle)
    x, y = vectors[..., 0], vectors[..., 1]
    return ops.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)


def signed_angle(a: Tensor, b: Tensor) -> Tensor:
    """Angles in (-pi, pi] that turn the unit vectors `a` into `b`, `[..., 2] -> [...]`."""
    sine = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return ops.arctan2(sine, ops.sum(a * b, axis=-1))
