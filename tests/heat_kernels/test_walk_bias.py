"""Bias of the random walk, against the walk's own law in closed form."""

import numpy as np
import pytest
from scipy import integrate, special

from diffusion_vae.heat_kernels import walk_bias
from diffusion_vae.manifolds import EmbeddedTorus, Euclidean, Manifold, Sphere, get

ORDERS = np.arange(200)


def step_coefficients(variance):
    """E P_l(cos angle) of one projected step on S^2, from a Gaussian in space."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    along = 1.0 + np.sqrt(variance) * nodes[:, None]
    radial, mass = np.polynomial.laguerre.laggauss(60)  # |e|^2 / 2 of the plane is exponential
    cosine = along / np.sqrt(along**2 + 2.0 * variance * radial)
    measure = weights[:, None] / np.sqrt(2.0 * np.pi) * mass
    return np.array([np.sum(measure * special.eval_legendre(n, cosine)) for n in ORDERS])


def mean_distance(coefficients):
    """Mean angle of a zonal law on S^2 from its Legendre coefficients."""
    angles = np.linspace(0.0, np.pi, 4001)
    weight = angles * np.sin(angles)
    moments = [
        integrate.simpson(weight * special.eval_legendre(n, np.cos(angles)), x=angles)
        for n in ORDERS
    ]
    return float(np.sum((2 * ORDERS + 1) / 2.0 * coefficients * moments))


@pytest.mark.slow
@pytest.mark.parametrize(("time", "steps"), [(0.1, 1), (0.1, 10), (0.5, 2), (1.0, 10)])
def test_on_the_sphere_it_is_that_of_the_walks_own_law(time, steps):
    walk = mean_distance(step_coefficients(time / steps) ** steps)
    exact = mean_distance(np.exp(-ORDERS * (ORDERS + 1) * time / 2.0))
    found = walk_bias(Sphere(2), time, steps, draws=200_000, seed=1)
    assert abs(found.distance - (walk - exact)) < 4.0 * found.distance_error
    assert found.distance_error < 3e-3


@pytest.mark.slow
def test_more_steps_make_it_smaller():
    few, many = (walk_bias(get("so3"), 2.0, steps, draws=50_000) for steps in (1, 40))
    assert abs(few.distance) > 10.0 * few.distance_error
    assert abs(many.distance) < 0.3 * abs(few.distance)
    assert abs(many.log_density) < abs(few.log_density)


def test_in_flat_space_there_is_none():
    found = walk_bias(Euclidean(3), 0.7, steps=3, draws=100_000)
    assert abs(found.distance) < 4.0 * found.distance_error
    assert abs(found.log_density) < 4.0 * found.log_density_error


@pytest.mark.slow
def test_at_a_given_start():
    torus = EmbeddedTorus(3.0, 0.6)
    outside, inside = (
        walk_bias(torus, 0.1, 1, draws=20_000, location=[x, 0.0, 0.0]) for x in (3.6, 2.4)
    )
    assert outside != inside
    assert np.isfinite([*outside, *inside]).all()


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match="`time` to be positive"):
        walk_bias(Sphere(2), 0.0)
    with pytest.raises(ValueError, match="at least 2"):
        walk_bias(Sphere(2), 0.1, draws=1)
    with pytest.raises(TypeError, match="whose heat kernel is known"):
        walk_bias(Manifold(), 0.1)
