"""Mistakes of the original code that must not come back, one test each."""

import numpy as np
import pytest

from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    RealProjective,
    Sphere,
)
from diffusion_vae.plots import chart, latent_scatter, reconstruction_grid
from diffusion_vae.plots.colouring import colouring_of


def test_reconstructions_of_the_flat_torus_are_not_upside_down(position_model, value_at):
    torus = FlatTorus(2)
    model = position_model(torus, lambda z: (np.array(torus.angles(z))[:, 1] > 0).astype(float))
    (axes,) = reconstruction_grid(model, 4).axes
    assert value_at(axes, 0.8, 2.0) == 1.0  # the second angle is positive in the upper half
    assert value_at(axes, 0.8, -2.0) == 0.0
    bottom, top = axes.get_ylim()
    assert bottom < top


def test_grid_of_the_embedded_torus_is_on_the_torus():
    torus = EmbeddedTorus(3.0, 0.6)  # the original forgot the factor a of the height
    (grid,) = chart(torus)[0].grids(6)
    x, y, z = grid.points.T
    np.testing.assert_allclose((np.hypot(x, y) - 3.0) ** 2 + z**2, 0.36, atol=1e-5)
    assert np.abs(z).max() > 0.5


@pytest.mark.parametrize("manifold", [EmbeddedTorus(), FlatTorus(2), Sphere(2), Euclidean(2)])
def test_rows_of_a_grid_differ(manifold, position_model):
    """The original drew the same picture in every row of the embedded torus."""
    (grid,) = chart(manifold)[0].grids(4)
    assert len(np.unique(grid.points.round(6), axis=0)) == len(grid.points)
    seen = []
    reconstruction_grid(position_model(manifold, lambda z: seen.append(z) or z[:, 0]), 4)
    np.testing.assert_allclose(seen[0], grid.points)


@pytest.mark.parametrize("dim", [1, 4, 7])
def test_projective_spaces_of_other_dimensions_have_pictures(dim, position_model):
    space = RealProjective(dim)
    z = np.array(space.prior_sample((30,), seed=0))
    latent_scatter(space, z).draw_without_rendering()
    reconstruction_grid(position_model(space, lambda z: z[:, 0] ** 2), 4).draw_without_rendering()


@pytest.mark.parametrize("dim", [2, 3])
def test_projective_point_with_last_coordinate_zero_is_not_at_the_centre(dim):
    z = np.eye(dim + 1)[:dim]
    (panel,) = chart(RealProjective(dim))
    np.testing.assert_allclose(np.linalg.norm(panel.coordinates(z), axis=-1), 1.0)


@pytest.mark.parametrize("axis", range(3))
def test_rotation_by_pi_is_not_at_the_centre(axis):
    half_turn = 2 * np.diag(np.eye(3)[axis]) - np.eye(3)
    (place,) = chart(SO3())[0].coordinates(half_turn.reshape(1, 9))
    np.testing.assert_allclose(np.abs(place), np.eye(3)[axis], atol=1e-6)


def test_scatter_of_o3_with_one_component_empty_does_not_crash():
    latent_scatter(O3(), np.eye(3).reshape(1, 9)).draw_without_rendering()


def test_float32_rotations_are_close_enough_to_be_drawn():
    z = np.array(SO3().prior_sample((100,), seed=0)).astype("float32")
    assert np.all(np.linalg.norm(chart(SO3())[0].coordinates(z), axis=-1) <= 1.0 + 1e-6)


def test_pictures_with_a_channel_axis_of_one(position_model):
    model = position_model(Sphere(2), lambda z: np.zeros((len(z), 28, 28, 1)))
    reconstruction_grid(model, 3).draw_without_rendering()


@pytest.mark.parametrize("manifold", [Sphere(2), SO3(), Euclidean(3), EmbeddedTorus()])
def test_panels_in_space_belong_to_their_figure(manifold):
    """`Axes3D(figure)` no longer attaches itself: the picture was blank."""
    figure = latent_scatter(manifold, np.array(manifold.prior_sample((5,), seed=0)))
    axes, *maps = figure.axes  # the sphere has a map as well
    assert len(maps) == (manifold == Sphere(2)) and axes.name == "3d" and axes.figure is figure
    np.testing.assert_allclose(axes.get_box_aspect()[:2] / axes.get_box_aspect()[0], 1.0)


def test_labels_need_not_start_at_zero():
    """The original added the smallest label instead of taking it off."""
    for first in (-3, 1, 40):
        for step in (1, 0.5):  # classes; a continuous scale
            labels = step * np.arange(10)
            shifted = colouring_of(10, labels=labels + first)
            np.testing.assert_allclose(shifted.rgb, colouring_of(10, labels=labels).rgb)


def test_the_map_of_the_sphere_is_cut_where_the_arc_is_drawn():
    panel = chart(Sphere(2))[0]
    figure = latent_scatter(Sphere(2), np.eye(3))
    (arc,) = (line for line in figure.axes[0].lines if line.get_color() == "black")
    x, y, z = (np.asarray(values) for values in arc.get_data_3d())
    np.testing.assert_allclose(y, 0.0, atol=1e-12)
    np.testing.assert_allclose(x, np.sqrt(1.0 - z**2), atol=1e-7)  # from pole to pole
    (grid,) = panel.grids(40)
    edge = np.isin(grid.positions[:, 0], (grid.positions[:, 0].min(), grid.positions[:, 0].max()))
    assert np.all(np.abs(grid.points[edge][:, 1]) < 0.1)
    assert np.all(grid.points[edge][:, 0] > 0)


def test_sphere_of_more_than_two_dimensions_is_implemented(position_model):
    for dim in (3, 6):
        z = np.array(Sphere(dim).prior_sample((9,), seed=0))
        assert latent_scatter(Sphere(dim), z).axes
        assert reconstruction_grid(position_model(Sphere(dim), lambda z: z[:, 0] ** 2), 4).axes
