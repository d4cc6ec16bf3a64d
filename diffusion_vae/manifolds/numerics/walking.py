"""Walks along a velocity in projected steps, where a manifold knows its projection alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras import ops

from diffusion_vae.autodiff import iterate
from diffusion_vae.manifolds.numerics.vectors import ratio, safe_norm, shortened
from diffusion_vae.typing import Tensor

if TYPE_CHECKING:
    from diffusion_vae.manifolds.base import Manifold

STEPS = 16  # that stand in for the exponential map


def walk_along(manifold: Manifold, z: Tensor, v: Tensor) -> Tensor:
    """End of a path from `z` with velocity `v` that turns with the tangent space.

    A step is lengthened by what the one before fell short, as seen from its chord and its turn.

    Args:
        manifold: The manifold; its `project` and `tangent_project` are used.
        z: Points of the manifold, `[..., ambient_dim]`.
        v: Tangent vectors, `[..., ambient_dim]`.

    Returns:
        Points of the manifold, `[..., ambient_dim]`.
    """
    v = shortened(v)
    z, v = z + ops.zeros_like(v), v + ops.zeros_like(z)
    length = safe_norm(v, keepdims=True)  # [..., 1]
    one = ops.ones_like(length)

    def step(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        # left: share of the way that is left; stretch: stride over arc.
        z, v, left, stretch, steps_left = state
        stride = left / steps_left * stretch
        ahead = manifold.project(z + stride * v)
        turned = manifold.tangent_project(ahead, v)
        cosine = ratio(safe_norm(turned, keepdims=True), length)
        # To the second order this is parallel transport, as the projection is not.
        lost = manifold.tangent_project(z, v - turned)
        turned = manifold.tangent_project(ahead, v + 0.5 * lost)
        kept = ratio(length, safe_norm(turned, keepdims=True))
        turned = turned * ops.where(length > 0, kept, 1.0)
        half = ops.clip(0.5 * (1.0 - cosine), 0.0, 0.5)  # sin^2 of half the turn
        arc = safe_norm(ahead - z, keepdims=True) * (1.0 + half / 6.0 + 0.075 * half**2)
        gain = ratio(arc, stride * length)  # 1 in flat space
        stretch = 1.0 / ops.clip(gain, 0.5, 2.0)
        return ahead, turned, left - stride * gain, stretch, steps_left - 1.0

    steps = ops.convert_to_tensor(float(STEPS), dtype=z.dtype)
    return iterate(step, (z, v, one, one, steps), STEPS)[0]
