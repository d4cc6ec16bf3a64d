"""Decoded pictures stand where the scatter has their latent points."""

import numpy as np
import pytest
from manifold_list import ALL, each

from diffusion_vae.manifolds import SO3, Euclidean, FlatTorus, RealProjective, Sphere
from diffusion_vae.plots import chart, reconstruction_grid


@pytest.mark.jax
@each(ALL)
def test_every_manifold_has_a_grid(manifold, position_model):
    model = position_model(manifold, lambda z: 0.5 + 0.1 * np.tanh(z[:, 0]))
    z = np.array(manifold.prior_sample((20,), seed=0))
    figure = reconstruction_grid(model, 5, locations=z, title="decoded")
    figure.draw_without_rendering()
    assert all(len(axes.images) == 1 for axes in figure.axes)
    assert all(axes.get_aspect() == 1.0 for axes in figure.axes)  # square pixels


@each(ALL)
def test_any_point_of_the_picture_was_decoded_from_the_latent_point_there(
    manifold, position_model, value_at
):
    """Tags each grid point with its own grey value, and finds it again in the figure."""
    z = np.array(manifold.prior_sample((20,), seed=0))
    grids = [grid for panel in chart(manifold, z) for grid in panel.grids(5)]
    tags = np.concatenate([np.linspace(0.05, 0.95, len(grid.points)) for grid in grids])

    model = position_model(manifold, lambda z: tags)
    figure = reconstruction_grid(model, 5, locations=z)
    for grid, axes in zip(grids, figure.axes, strict=True):
        found = [value_at(axes, *position) for position in grid.positions]
        np.testing.assert_allclose(found, np.linspace(0.05, 0.95, len(grid.points)))


@pytest.mark.parametrize("angle", [0, 1])
def test_flat_torus_pictures_follow_the_angle_of_their_axis(angle, position_model, value_at):
    torus = FlatTorus(2)

    def paint(z):
        return (np.array(torus.angles(z))[:, angle] + np.pi) / (2 * np.pi)

    (axes,) = reconstruction_grid(position_model(torus, paint), 8).axes
    for place in ((-3.0, -2.0), (0.2, 2.9), (3.0, -0.3)):
        expected = (np.floor((place[angle] + np.pi) / (np.pi / 4)) + 0.5) / 8
        assert value_at(axes, *place) == pytest.approx(expected)


def test_sphere_is_brightest_at_the_top_when_brightness_is_height(position_model, value_at):
    model = position_model(Sphere(2), lambda z: 0.5 + 0.5 * z[:, 2])
    (axes,) = reconstruction_grid(model, 8).axes
    column = [value_at(axes, 1.0, y) for y in (0.2, 1.0, 2.0, 3.0)]
    assert np.all(np.diff(column) > 0)
    row = [value_at(axes, x, 1.0) for x in (0.2, 2.0, 4.0, 6.0)]
    assert np.ptp(row) < 1e-6


def test_disc_leaves_the_corners_empty(position_model, value_at):
    model = position_model(RealProjective(2), lambda z: 0.5 + 0 * z[:, 0])
    (axes,) = reconstruction_grid(model, 9).axes
    assert np.isnan(value_at(axes, 0.95, 0.95))
    assert value_at(axes, 0.0, 0.0) == 0.5


def test_decoded_pictures_are_not_turned(position_model, value_at):
    def paint(z):
        pictures = np.zeros((len(z), 8, 8))
        pictures[:, :4] = 1.0  # bright upper half
        return pictures

    (axes,) = reconstruction_grid(position_model(Euclidean(2), paint), 1).axes
    assert value_at(axes, 0.5, 0.75) == 1.0 and value_at(axes, 0.5, 0.25) == 0.0


@pytest.mark.parametrize("event", [(12, 8), (8, 12, 1), (8, 8, 3), (64,), (10,)])
def test_pictures_of_any_shape(event, position_model):
    model = position_model(SO3(), lambda z: np.zeros((len(z), *event)))
    figure = reconstruction_grid(model, 3)
    figure.draw_without_rendering()
    assert len(figure.axes) == 3


def test_limits_fix_the_grey_values(position_model, value_at):
    model = position_model(Sphere(1), lambda z: 2.0 + 0 * z[:, 0])
    (axes,) = reconstruction_grid(model, 4, limits=(0.0, 4.0)).axes
    assert value_at(axes, 1.0, 0.0) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2])
def test_few_pictures(n, position_model):
    for manifold in ALL.values():
        model = position_model(manifold, lambda z: 0.5 + 0 * z[:, 0])
        assert reconstruction_grid(model, n).axes


def test_number_of_pictures_must_be_positive(position_model):
    with pytest.raises(ValueError, match="Expected `n` to be at least 1"):
        reconstruction_grid(position_model(Sphere(2), None), 0)
