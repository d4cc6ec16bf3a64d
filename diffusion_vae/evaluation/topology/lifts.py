"""Does a loop that cannot be contracted stay one? Lifts to the covering sphere."""

import numpy as np
from keras import ops

from diffusion_vae.manifolds import SO3, RealProjective
from diffusion_vae.manifolds.numerics.quaternion import rotation_to_quaternion


def lift_signs(manifold, loops):
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
    if type(manifold) is SO3:
        matrices = np.asarray(loops, np.float32).reshape(*np.shape(loops)[:-1], 3, 3)
        loops = ops.convert_to_numpy(rotation_to_quaternion(ops.convert_to_tensor(matrices)))
    elif not isinstance(manifold, RealProjective):
        raise ValueError(f"Expected RP^d or SO(3), which a sphere covers. Received: {manifold!r}.")
    products = (loops[..., 1:, :] * loops[..., :-1, :]).sum(axis=-1)  # [..., steps]
    ends = (loops[..., -1, :] * loops[..., 0, :]).sum(axis=-1)
    # Following the loop, the sign changes as often as neighbours have a negative product.
    return (np.sign(products).prod(axis=-1) * np.sign(ends)).astype(int)
