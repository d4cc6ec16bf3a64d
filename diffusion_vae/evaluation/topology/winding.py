"""Winding numbers of maps between tori.

The winding matrix counts how often each latent angle turns when one factor goes round
once; its determinant is the degree of a continuous map (paper, section 4.2).
"""

import numpy as np
from keras import ops

from diffusion_vae.manifolds import EmbeddedTorus, FlatTorus, Sphere


def is_torus(manifold):
    """Whether the manifold is a circle or a torus, round or flat."""
    return isinstance(manifold, (FlatTorus, EmbeddedTorus)) or manifold == Sphere(1)


def winding_matrix(manifold, loops):
    """Turns of each latent angle along images of loops.

    Args:
        manifold: A torus, in which the images lie.
        loops: Images of closed loops, `[factors, loops, steps + 1, ambient_dim]`, one
            factor going round once in each.

    Returns:
        Integers `[latent angle, factor]`. Where a jump makes the loops of a factor
        disagree, their median.
    """
    turns = angle_steps(manifold, loops).sum(axis=-2) / (2.0 * np.pi)  # [factors, loops, dim]
    return np.rint(np.median(turns, axis=1)).astype(int).T


def angle_steps(manifold, points):
    """Signed angles between consecutive points, `[..., n, ambient_dim] -> [..., n - 1, dim]`."""
    if isinstance(manifold, EmbeddedTorus):
        angles = ops.convert_to_numpy(manifold.angles(points))
        return np.remainder(np.diff(angles, axis=-2) + np.pi, 2.0 * np.pi) - np.pi
    torus = FlatTorus(1) if isinstance(manifold, Sphere) else manifold
    return ops.convert_to_numpy(torus.angle_between(points[..., :-1, :], points[..., 1:, :]))
