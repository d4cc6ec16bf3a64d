"""Whether points lie on the manifold, looked at under `validate_args`."""

from tensorflow_probability.python.internal import assert_util

ON_MANIFOLD = 1e-3  # largest coordinate's distance from the projection


def assert_on_manifold(manifold, x, name):
    """Assertion that the points `x` `[..., ambient_dim]` lie on the manifold."""
    return assert_util.assert_near(
        x,
        manifold.project(x),
        rtol=0.0,
        atol=ON_MANIFOLD,
        message=f"Expected `{name}` to lie on {manifold!r}.",
    )
