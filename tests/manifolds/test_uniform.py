"""Uniform samples: moments that are known, within four standard errors, at fixed seeds."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, CLOSED, EXACT, each
from parametrizations import CHARTS, quadrature
from standard_errors import assert_mean

from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    FlatTorus,
    Manifold,
    Product,
    Sphere,
)

COUNT = 20000
NODES = {1: 20, 2: 40, 3: 16, 4: 10}
jax = pytest.mark.jax


def draws(manifold, seed=0):
    return ops.convert_to_numpy(manifold.random_uniform((COUNT,), seed=seed)).astype("float64")


def moments(z):
    """Coordinates, their products of degree two, and one of degree four."""
    rows, columns = np.triu_indices(z.shape[-1])
    return np.concatenate([z, z[:, rows] * z[:, columns], z[:, :1] ** 4], axis=-1)


def coordinates(manifold, z):
    """Of a point with a continuum of names those that all share: a chart has one of them."""
    if manifold.symmetry is None:
        return ops.convert_to_numpy(manifold.even_embedding(z))
    return z


@pytest.mark.parametrize("name", CHARTS)
def test_moments_against_quadrature(name):
    manifold, chart = ALL[name], CHARTS[name]
    u, weights = quadrature(chart, NODES[manifold.dim])
    z = coordinates(manifold, ops.convert_to_numpy(chart.point(ops.convert_to_tensor(u))))
    weights = weights / np.sum(weights)
    expected = weights @ moments(z)
    if name == "o3":  # the other component is the mirror image of the chart
        expected = 0.5 * (expected + weights @ moments(-z))
    # A pool of 32768 points is no better than as many draws.
    errors = 4.0 if name in EXACT["random_uniform"] else 6.0
    assert_mean(moments(coordinates(manifold, draws(manifold))), expected, errors)


@jax
@pytest.mark.parametrize("dim", [1, 2, 7])
def test_moments_of_spheres(dim):
    z = draws(Sphere(dim))
    assert_mean(z[:, 0], 0.0)
    assert_mean(z[:, 0] ** 2, 1.0 / (dim + 1))
    assert_mean(z[:, 0] ** 4, 3.0 / ((dim + 1) * (dim + 3)))


@jax
@pytest.mark.parametrize("manifold", [SO3(), O3()], ids=["so3", "o3"])
def test_moments_of_rotations(manifold):
    z = draws(manifold).reshape(-1, 3, 3)
    trace = np.trace(z, axis1=1, axis2=2)
    assert_mean(trace, 0.0)
    assert_mean(trace**2, 1.0)  # the character of an irreducible representation
    proper = np.linalg.det(z) > 0
    assert np.all(proper) if type(manifold) is SO3 else abs(np.mean(proper) - 0.5) < 0.015


@jax
def test_torus_of_revolution_is_denser_outside():
    torus = EmbeddedTorus(2.0, 1.0)
    phi, theta = ops.convert_to_numpy(torus.angles(torus.random_uniform((COUNT,), seed=0))).T
    # Density of theta: (1 + (a / c) cos theta) / (2 pi).
    assert_mean(np.cos(theta), 0.25)
    assert_mean(np.cos(2.0 * theta), 0.0)
    assert_mean(np.exp(1j * phi).real, 0.0)


@jax
def test_coordinates_are_independent():
    z = draws(FlatTorus(3))
    assert_mean(z[:, 0] * z[:, 2], 0.0)
    z = draws(Product([Sphere(2), Sphere(2)]))
    assert_mean(z[:, 0] * z[:, 3], 0.0)


@each(CLOSED)
def test_draws_differ(manifold):
    z = draws(manifold)[:2000]
    assert len(np.unique(z, axis=0)) > 0.99 * len(z)


@keras.saving.register_keras_serializable("diffusion_vae_tests")
class ProjectedTorus(Manifold):
    """The torus of revolution, known by its projection alone."""

    dim, ambient_dim = 2, 3

    def project(self, x):
        return EmbeddedTorus(2.0, 1.0).project(x)


@pytest.mark.slow
def test_a_projection_is_enough_for_uniform_draws():
    z = draws(ProjectedTorus())
    from_axis = np.hypot(z[:, 0], z[:, 1])
    # The pool itself is random: its own error adds to that of the draws.
    assert_mean(from_axis, 2.25, errors=6.0)
    assert_mean((from_axis - 2.25) ** 2, 0.5 - 0.25**2, errors=6.0)
    assert_mean(z[:, 2], 0.0, errors=6.0)
    np.testing.assert_allclose(np.hypot(from_axis - 2.0, z[:, 2]), 1.0, atol=1e-5)
    assert math.isclose(np.mean(z[:, 0] > 0), 0.5, abs_tol=0.02)
