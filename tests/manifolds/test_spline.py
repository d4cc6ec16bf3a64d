"""Splines on uniform grids against SciPy's."""

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from scipy.interpolate import CubicSpline

from diffusion_vae.manifolds.numerics.spline import UniformSpline


def values(x, y):
    return np.sin(1.3 * x) * np.exp(0.4 * y)


X, Y = np.linspace(-1.0, 2.0, 40), np.linspace(0.0, 3.0, 30)


@pytest.mark.jax
def test_one_variable_is_scipys_spline():
    at = np.linspace(-1.0, 2.0, 333)
    spline = UniformSpline(np.sin(X), (-1.0,), (2.0,))
    expected = CubicSpline(X, np.sin(X))(at)  # not-a-knot, as ours
    np.testing.assert_allclose(spline(at.astype("float32")), expected, atol=1e-6)


def test_two_variables_interpolate_and_are_smooth():
    spline = UniformSpline(values(X[:, None], Y), (-1.0, 0.0), (2.0, 3.0))
    np.testing.assert_allclose(spline(X[:, None], Y), values(X[:, None], Y), atol=1e-12)
    x, y = np.random.default_rng(0).uniform((-1.0, 0.0), (2.0, 3.0), (200, 2)).T
    np.testing.assert_allclose(spline(x, y), values(x, y), atol=1e-5)
    _, (dx, dy) = value_and_gradients(lambda x, y: ops.sum(spline(x, y)), x, y)
    np.testing.assert_allclose(dx, 1.3 * np.cos(1.3 * x) * np.exp(0.4 * y), atol=2e-3)
    np.testing.assert_allclose(dy, 0.4 * values(x, y), atol=2e-3)


def test_slopes_do_not_jump_at_nodes():
    spline = UniformSpline(values(X[:, None], Y), (-1.0, 0.0), (2.0, 3.0))
    node, h = X[17], 1e-6
    sides = np.array([node - h, node + h])
    _, (dx, _) = value_and_gradients(
        lambda x, y: ops.sum(spline(x, y)), sides, np.array([1.234, 1.234])
    )
    assert dx[0] == pytest.approx(dx[1], abs=1e-4)


def test_arguments_are_clipped_and_nan_is_kept():
    spline = UniformSpline(np.sin(X), (-1.0,), (2.0,))
    found = np.asarray(spline(np.array([-9.0, 9.0, np.inf, np.nan])))
    np.testing.assert_allclose(found[:3], np.sin([-1.0, 2.0, 2.0]), atol=1e-12)
    assert np.isnan(found[3])


def test_dtype_is_that_of_the_arguments():
    spline = UniformSpline(np.sin(X), (-1.0,), (2.0,))
    for dtype in ("float32", "float64"):
        assert ops.convert_to_numpy(spline(np.zeros(3, dtype))).dtype == dtype
