"""Winding numbers of maps between tori.

The winding matrix counts how often each latent angle turns when one factor goes round
once; its determinant is the degree of a continuous map (paper, section 4.2).
"""

from collections.abc import Callable
from functools import singledispatch

import numpy as np
from keras import ops

from diffusion_vae.manifolds import EmbeddedTorus, FlatTorus, Manifold, Sphere
from diffusion_vae.typing import Tensor


def is_torus(manifold: Manifold) -> bool:
    """Whether the manifold is a circle, a flat torus or an embedded torus."""
    return _angles_of(manifold) is not None


def winding_matrix(manifold: Manifold, loops: np.ndarray) -> np.ndarray:
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


def angle_steps(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Signed angles between consecutive points, `[..., n, ambient_dim] -> [..., n - 1, dim]`.

    Raises:
        ValueError: If the manifold is not a torus.
    """
    angles = _angles_of(manifold)
    if angles is None:
        raise ValueError(f"Expected a circle or a torus. Received: {manifold!r}.")
    steps = np.diff(ops.convert_to_numpy(angles(points)), axis=-2)
    return np.remainder(steps + np.pi, 2.0 * np.pi) - np.pi


@singledispatch
def _angles_of(manifold: Manifold) -> Callable[[Tensor], Tensor] | None:
    """Map from points of a torus to their angles, `[..., ambient_dim] -> [..., dim]`."""
    return None


@_angles_of.register(FlatTorus)
@_angles_of.register(EmbeddedTorus)
def _(manifold: FlatTorus | EmbeddedTorus) -> Callable[[Tensor], Tensor]:
    return manifold.angles


@_angles_of.register
def _(manifold: Sphere) -> Callable[[Tensor], Tensor] | None:
    return FlatTorus(1).angles if manifold.dim == 1 else None
