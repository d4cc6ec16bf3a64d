"""SO(3) and O(3): balls of axis times angle."""

import numpy as np

from diffusion_vae.manifolds import O3, SO3, Manifold
from diffusion_vae.manifolds.numerics.quaternion import (
    quaternion_to_rotation,
    rotation_to_quaternion,
)
from diffusion_vae.plots.charts.ball import Ball
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.panel import Panel
from diffusion_vae.plots.charts.registry import register_chart


class RotationBall(Ball):
    """Rotations at axis * angle / pi; rotations by pi are on the boundary, twice.

    Args:
        title: Title of the panel.
        determinant: 1 or -1 for one component of O(3), where the matrix of
            determinant -1 is drawn at the place of its negative, a rotation.
            `None` on SO(3).
    """

    def __init__(self, title: str, determinant: int | None = None) -> None:
        super().__init__(title)
        self.determinant = determinant

    def shows(self, z: np.ndarray) -> np.ndarray:
        if self.determinant is None:
            return super().shows(z)
        return self.determinant * np.linalg.det(z.reshape(-1, 3, 3)) > 0

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        matrices = z.reshape(-1, 3, 3) * (self.determinant or 1)
        q = evaluated(rotation_to_quaternion, matrices)
        sine = np.linalg.norm(q[:, 1:], axis=-1, keepdims=True)  # [n, 1], of half the angle
        angle = 2.0 * np.arctan2(sine, q[:, :1])
        return q[:, 1:] / np.maximum(sine, 1e-12) * angle / np.pi

    def from_ball(self, places: np.ndarray) -> np.ndarray:
        radius = np.linalg.norm(places, axis=-1, keepdims=True)  # [n, 1]
        axis = places / np.maximum(radius, 1e-12)
        half = 0.5 * np.pi * radius
        q = np.concatenate([np.cos(half), np.sin(half) * axis], axis=-1)  # [n, 4]
        matrices = evaluated(quaternion_to_rotation, q)
        return matrices.reshape(-1, 9) * (self.determinant or 1)


@register_chart(SO3)
def rotation_panel(group: Manifold, points: np.ndarray | None = None) -> Panel:
    """One ball."""
    return RotationBall("$SO(3)$, axis times angle$/\\pi$")


@register_chart(O3)
def orthogonal_panels(group: Manifold, points: np.ndarray | None = None) -> list[Panel]:
    """A ball for each component, of rotations and of their negatives."""
    return [
        RotationBall("$O(3)$, det = 1", determinant=1),
        RotationBall("$O(3)$, det = −1", determinant=-1),
    ]
