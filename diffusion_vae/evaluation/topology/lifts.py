"""Lifts of loops to a covering sphere: does a loop that cannot be contracted stay one?"""

import numpy as np

from diffusion_vae.evaluation.topology.covers import antipodal_cover, to_cover
from diffusion_vae.manifolds import Manifold


def lift_signs(manifold: Manifold, loops: np.ndarray) -> np.ndarray:
    """Whether images of closed loops close in the covering sphere, too.

    Args:
        manifold: `RealProjective(d)` or `SO3()`, in which the images lie.
        loops: `[..., steps + 1, ambient_dim]`.

    Returns:
        `[...]`: -1 where the lift ends at the antipode (the loop cannot be contracted),
        +1 where it comes back.

    Raises:
        ValueError: If the manifold has no such cover.
    """
    cover = antipodal_cover(manifold)
    if cover is None:
        raise ValueError(f"Expected RP^d or SO(3), which a sphere covers. Received: {manifold!r}.")
    lifted = to_cover(cover, loops)  # [..., steps + 1, d + 1]
    products = (lifted[..., 1:, :] * lifted[..., :-1, :]).sum(axis=-1)  # [..., steps]
    ends = (lifted[..., -1, :] * lifted[..., 0, :]).sum(axis=-1)
    # Following the loop, the sign changes as often as neighbours have a negative product.
    return (np.sign(products).prod(axis=-1) * np.sign(ends)).astype(int)
