"""Volumes and curvatures against the metric tensor of a parametrisation, in float64."""

import math

import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, CLOSED, OPEN, each
from parametrizations import CHARTS, quadrature, scalar_curvature
from scipy.integrate import quad

from diffusion_vae.manifolds import SO3, EmbeddedTorus, Sphere

NODES = {1: 20, 2: 40, 3: 16, 4: 10}


def test_every_closed_manifold_has_a_chart():
    assert set(CLOSED) - set(CHARTS) == {"sphere:7"}


@pytest.mark.parametrize("name", CHARTS)
def test_volume_is_the_integral_of_the_metric_tensor(name):
    manifold = ALL[name]
    # The ellipsoid samples its own volume; the others are closed forms.
    tolerance = 2e-3 if name == "ellipsoid" else 1e-6
    found = CHARTS[name].share * np.sum(quadrature(CHARTS[name], NODES[manifold.dim])[1])
    assert manifold.volume == pytest.approx(found, rel=tolerance)


@pytest.mark.parametrize("name", CHARTS)
def test_scalar_curvature_is_that_of_the_metric_tensor(name):
    manifold, chart = ALL[name], CHARTS[name]
    # Away from the poles, where the coordinates are singular.
    share = np.random.default_rng(0).uniform(0.2, 0.8, size=(10, manifold.dim))
    u = np.array(chart.low) + share * (np.array(chart.high) - np.array(chart.low))
    z = chart.point(ops.convert_to_tensor(u))
    found = ops.convert_to_numpy(manifold.scalar_curvature(z))
    np.testing.assert_allclose(found, scalar_curvature(chart, u), atol=1e-7)


def test_volume_of_high_spheres_by_slices():
    expected = 2.0 * math.pi
    for dim in range(2, 12):  # Vol S^d = Vol S^(d-1) int_0^pi sin^(d-1)
        expected *= quad(lambda x, power=dim - 1: math.sin(x) ** power, 0.0, math.pi)[0]
        assert Sphere(dim).volume == pytest.approx(expected, rel=1e-10)
        curvature = Sphere(dim).scalar_curvature(np.ones((1, dim + 1), "float32"))
        assert float(curvature[0]) == dim * (dim - 1)


@pytest.mark.jax
def test_known_constants():
    assert SO3().volume == pytest.approx(223.324, abs=5e-4)
    # The metric of SO(3) is that of a 3-sphere of radius 2 sqrt 2, modulo +-1.
    assert SO3().volume == pytest.approx(0.5 * (2 * math.sqrt(2)) ** 3 * 2 * math.pi**2)
    assert EmbeddedTorus(3.0, 0.6).volume == pytest.approx(71.0612, abs=5e-4)
    assert all(math.isinf(manifold.volume) for manifold in OPEN.values())


@pytest.mark.parametrize("name, euler", [("embedded-torus:3,0.6", 0), ("ellipsoid", 2)])
def test_gauss_bonnet(name, euler):
    # The integral of K = R / 2 over a surface is 2 pi times its Euler number.
    manifold, chart = ALL[name], CHARTS[name]
    u, weights = quadrature(chart, 60)
    z = chart.point(ops.convert_to_tensor(u))
    curvature = ops.convert_to_numpy(manifold.scalar_curvature(z))
    assert np.sum(weights * 0.5 * curvature) == pytest.approx(2.0 * math.pi * euler, abs=1e-6)


@each(ALL)
def test_curvature_keeps_axes_and_accepts_arrays(manifold):
    z = ops.convert_to_numpy(manifold.prior_sample((2, 3), seed=0))
    assert manifold.scalar_curvature(z).shape == (2, 3)
