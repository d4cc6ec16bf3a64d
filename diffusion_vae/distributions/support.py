"""Assertion that points lie on a manifold, for `validate_args`."""

from typing import Any

from tensorflow_probability.python.internal import assert_util

from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Tensor

ON_MANIFOLD = 1e-3  # largest coordinate's distance from the projection


def assert_on_manifold(manifold: Manifold, x: Tensor, name: str) -> Any:
    """Assertion that the points `x` `[..., ambient_dim]` lie on the manifold."""
    return assert_util.assert_near(
        x,
        manifold.project(x),
        rtol=0.0,
        atol=ON_MANIFOLD,
        message=f"Expected `{name}` to lie on {manifold!r}.",
    )
