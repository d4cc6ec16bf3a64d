"""Diffusion times over the latent space."""

import numpy as np
import pytest
from matplotlib import colormaps

from diffusion_vae.manifolds import Euclidean, FlatTorus, Product, Sphere
from diffusion_vae.plots import time_map


@pytest.fixture
def z():
    return np.array(FlatTorus(2).prior_sample((5,), seed=0))


def test_the_colour_of_a_point_is_its_log_time(z):
    times = np.exp([-4.0, -3.0, -2.0, -1.5, 0.0])[:, None]
    figure = time_map(FlatTorus(2), z, times)
    (points,) = [c for c in figure.axes[0].collections if len(c.get_offsets()) == 5]
    angles = np.array(FlatTorus(2).angles(z))
    order = [int(np.argmin(np.abs(points.get_offsets() - a).sum(axis=-1))) for a in angles]
    expected = colormaps["viridis"]([0.0, 0.25, 0.5, 0.625, 1.0])[:, :3]
    np.testing.assert_allclose(points.get_facecolors()[order][:, :3], expected, atol=1e-6)


def test_the_scale_is_named_and_shows_the_logarithms(z):
    bar = time_map(FlatTorus(2), z, np.exp(np.linspace(-4, -2, 5))).axes[1]
    assert bar.get_ylabel() == "log of the diffusion time"
    np.testing.assert_allclose(bar.get_ylim(), [-4, -2])


def test_equal_times_whose_logarithm_is_a_whole_number_are_no_class(z):
    figure = time_map(FlatTorus(2), z, np.ones((5, 1)))
    figure.draw_without_rendering()
    assert not figure.legends and len(figure.axes) == 2


def test_several_times_of_a_point_are_averaged_as_logarithms():
    space = Product([Sphere(2), Euclidean(2)])
    z = np.array(space.prior_sample((2,), seed=0))
    times = np.exp([[-1.0, -2.0, -3.0], [0.0, 0.0, 3.0]])
    bar = time_map(space, z, times).axes[-1]
    np.testing.assert_allclose(bar.get_ylim(), [-2, 1])


@pytest.mark.parametrize("times", [np.ones((4, 1)), np.zeros((5, 1)), np.full(5, np.nan)])
def test_times_that_do_not_fit_are_named(z, times):
    with pytest.raises(ValueError, match="Expected positive times"):
        time_map(FlatTorus(2), z, times)
