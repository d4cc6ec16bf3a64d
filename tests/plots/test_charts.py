"""Coordinates of latent points in each chart, against closed forms."""

import numpy as np
import pytest
from manifold_list import ALL, each
from matplotlib.figure import Figure
from scipy.special import ndtr

from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Product,
    RealProjective,
    Sphere,
)
from diffusion_vae.plots import Grid, Panel, chart, register_chart

EXTRA = {
    "projective:1": RealProjective(1),
    "projective:5": RealProjective(5),
    "complex-projective:1": ComplexProjective(1),
    "complex-projective:3": ComplexProjective(3),
    "torus:3": FlatTorus(3),
    "torus:7": FlatTorus(7),
    "euclidean:2": Euclidean(2),
    "euclidean:6": Euclidean(6),
    "o3 x projective:5": Product([O3(), RealProjective(5)]),
}


def points_of(manifold, n=50):
    return np.array(manifold.prior_sample((n,), seed=3), dtype="float64")


def rotation(axis, angle):
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross).reshape(9)


@each({**ALL, **EXTRA})
def test_coordinates_are_finite_in_frames_of_two_or_three_dimensions(manifold):
    z = points_of(manifold)
    for panel in chart(manifold, z):
        assert isinstance(panel, Panel)
        shown = panel.shows(z)
        assert shown.shape == (50,) and shown.dtype == bool
        places = panel.coordinates(z[shown])
        assert places.shape == (shown.sum(), panel.picture_dim) and panel.picture_dim in (2, 3)
        assert np.isfinite(places).all()
    assert np.any([panel.shows(z) for panel in chart(manifold, z)], axis=0).all()


@pytest.mark.slow
@each({**ALL, **EXTRA})
def test_points_of_a_grid_are_on_the_manifold(manifold):
    for panel in chart(manifold, points_of(manifold)):
        for grid in panel.grids(6):
            assert isinstance(grid, Grid)
            assert grid.points.shape == (len(grid.positions), manifold.ambient_dim)
            assert grid.positions.shape[1] == 2 and len(grid.positions) >= 6
            projected = np.array(manifold.project(grid.points))
            np.testing.assert_allclose(grid.points, projected, atol=1e-5)
            assert np.all(panel.shows(grid.points))


@each(
    {
        name: manifold
        for name, manifold in {**ALL, **EXTRA}.items()
        if not isinstance(manifold, (Euclidean, EmbeddedTorus))
        and name
        not in ("sphere:2", "complex-projective:1", "complex-projective:3", "projective:5")
    }
)
def test_a_grid_point_is_drawn_where_the_scatter_has_it(manifold):
    for panel in chart(manifold, points_of(manifold)):
        if "S^2" in panel.title or "zz^T" in panel.title:
            continue  # their grids are other charts
        for grid in panel.grids(6):
            places = panel.coordinates(grid.points)
            np.testing.assert_allclose(places[:, :2], grid.positions, atol=1e-5)


@pytest.mark.parametrize("dim", [2, 3, 6])
def test_euclidean_grid_is_at_quantiles_of_the_prior(dim):
    (panel,) = chart(Euclidean(dim), points_of(Euclidean(dim)))
    (grid,) = panel.grids(5)
    places = panel.coordinates(grid.points)[:, :2]
    np.testing.assert_allclose(ndtr(places), grid.positions, atol=1e-12)
    np.testing.assert_allclose(np.unique(grid.positions.round(9)), [0.1, 0.3, 0.5, 0.7, 0.9])
    assert panel.coordinates(np.zeros((1, dim))).tolist() == [[0.0] * panel.picture_dim]


def test_real_line_lies_on_the_axis_and_classes_spread_upwards():
    (panel,) = chart(Euclidean(1))
    places = panel.coordinates(np.array([[-1.0], [2.0]]))
    np.testing.assert_array_equal(places, [[-1.0, 0.0], [2.0, 0.0]])
    spread = panel.spread(places, np.array([0.0, 1.0]))
    np.testing.assert_array_equal(spread, [[-1.0, 0.0], [2.0, 1.0]])
    (grid,) = panel.grids(9)
    np.testing.assert_allclose(ndtr(grid.points[:, 0]), grid.positions[:, 0])
    assert len(np.unique(grid.positions[:, 1])) == 1


def test_circle_spreads_classes_outwards_along_the_same_ray():
    (panel,) = chart(Sphere(1))
    places = panel.coordinates(points_of(Sphere(1)))
    moved = panel.spread(places, np.linspace(0.0, 1.0, 50))
    np.testing.assert_allclose(np.linalg.norm(places, axis=-1), 1.0)
    np.testing.assert_allclose(np.sum(moved * places, axis=-1), np.linalg.norm(moved, axis=-1))
    assert np.all(np.diff(np.linalg.norm(moved, axis=-1)) > 0)


def test_circle_and_one_torus_show_their_own_coordinates():
    for manifold in (Sphere(1), FlatTorus(1)):
        z = points_of(manifold)
        np.testing.assert_allclose(chart(manifold)[0].coordinates(z), z, atol=1e-6)


def test_projective_line_is_a_circle_on_which_z_and_minus_z_agree():
    (panel,) = chart(RealProjective(1))
    z = points_of(RealProjective(1))
    np.testing.assert_allclose(panel.coordinates(z), panel.coordinates(-z), atol=1e-12)
    quarter = panel.coordinates(np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(quarter, [[-1.0, 0.0]], atol=1e-12)


def test_sphere_grid_is_the_map_of_longitude_and_colatitude():
    (grid,) = chart(Sphere(2))[0].grids(8)
    theta, phi = grid.positions[:, 0], np.pi - grid.positions[:, 1]
    expected = np.stack(
        [np.cos(theta) * np.sin(phi), np.sin(theta) * np.sin(phi), np.cos(phi)], axis=-1
    )
    np.testing.assert_allclose(grid.points, expected, atol=1e-12)
    np.testing.assert_allclose(grid.cell, np.pi / 4)
    assert theta.min() > 0 and theta.max() < 2 * np.pi  # no picture twice, none at a pole
    highest = grid.points[np.isclose(grid.positions[:, 1], grid.positions[:, 1].max())]
    assert np.all(highest[:, 2] > 0.9)  # the north pole is up


def test_higher_sphere_is_seen_along_its_principal_directions():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 5)) * [0.1, 3.0, 0.1, 0.1, 2.0]
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    (panel,) = chart(Sphere(4), z)
    np.testing.assert_allclose(np.abs(panel.directions[0]) @ np.eye(5)[1], 1.0, atol=1e-2)
    assert "principal directions" in panel.title and "variance" in panel.title
    front, back = panel.grids(7)
    np.testing.assert_allclose(front.positions, back.positions)
    assert np.all(front.points @ panel.directions[2] >= 0)
    assert np.all(back.points @ panel.directions[2] <= 0)
    assert "first two coordinates" in chart(Sphere(4))[0].title


def test_flat_torus_shows_its_angles():
    torus = FlatTorus(2)
    angles = np.array([[-3.0, 0.5], [1.0, 3.1]])
    z = np.array(torus.from_angles(angles))
    np.testing.assert_allclose(chart(torus)[0].coordinates(z), angles, atol=1e-5)


@pytest.mark.parametrize(("dim", "pairs"), [(3, 2), (4, 2), (5, 3), (9, 3)])
def test_torus_of_many_angles_says_which_it_shows(dim, pairs):
    panels = chart(FlatTorus(dim))
    assert len(panels) == pairs
    assert all(f"angles {p.pair[0] + 1} and {p.pair[1] + 1}" in p.title for p in panels)


def test_embedded_torus_grid_has_the_angles_of_its_positions():
    torus = EmbeddedTorus(2.0, 0.5)
    (grid,) = chart(torus)[0].grids(5)
    np.testing.assert_allclose(np.array(torus.angles(grid.points)), grid.positions, atol=1e-5)


@pytest.mark.parametrize("dim", [2, 3])
def test_projective_space_is_stereographic_in_the_ball(dim):
    space = RealProjective(dim)
    z = points_of(space)
    (panel,) = chart(space)
    places = panel.coordinates(z)
    lower = z * np.where(z[:, -1:] > 0, -1.0, 1.0)
    np.testing.assert_allclose(places, lower[:, :-1] / (1.0 - lower[:, -1:]))
    assert np.all(np.linalg.norm(places, axis=-1) <= 1.0)
    np.testing.assert_allclose(places, panel.coordinates(-z))


@pytest.mark.parametrize("dim", [2, 3])
def test_on_the_boundary_identified_points_are_opposite(dim):
    (panel,) = chart(RealProjective(dim))
    z = np.zeros((1, dim + 1))
    z[0, :2] = [0.6, 0.8]
    place, opposite = panel.coordinates(z), panel.coordinates(-z)
    np.testing.assert_allclose(place, -opposite)
    np.testing.assert_allclose(np.linalg.norm(place), 1.0)


def test_higher_projective_space_shows_features_that_z_and_minus_z_share():
    space = RealProjective(5)
    z = points_of(space)
    (panel,) = chart(space, z)
    np.testing.assert_allclose(panel.coordinates(z), panel.coordinates(-z))
    assert "zz^T" in panel.title
    assert "great $RP^2$" in panel.grids(5)[0].title


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, -2, 2)])
@pytest.mark.parametrize("angle", [0.0, 1e-3, 0.5, 3.0, np.pi])
def test_a_rotation_is_drawn_at_axis_times_angle(axis, angle):
    (panel,) = chart(SO3())
    (place,) = panel.coordinates(rotation(axis, angle)[None])
    expected = np.array(axis) / np.linalg.norm(axis) * angle / np.pi
    if angle == np.pi and place @ expected < 0:
        expected = -expected  # the two ends of a diameter are one rotation
    np.testing.assert_allclose(place, expected, atol=1e-6)


def test_components_of_o3_are_drawn_apart_and_a_reflection_as_its_negative():
    proper, improper = chart(O3())
    z = np.stack([rotation((1, 0, 0), 1.0), -rotation((0, 1, 0), 2.0)])
    assert proper.shows(z).tolist() == [True, False]
    assert improper.shows(z).tolist() == [False, True]
    np.testing.assert_allclose(improper.coordinates(z[1:]), [[0, 2 / np.pi, 0]], atol=1e-6)
    for panel, sign in ((proper, 1), (improper, -1)):
        for grid in panel.grids(5):
            determinants = np.linalg.det(grid.points.reshape(-1, 3, 3))
            np.testing.assert_allclose(determinants, sign, atol=1e-5)


def test_slices_of_a_ball_have_the_height_of_their_title():
    (panel,) = chart(SO3())
    for grid, height in zip(panel.grids(6), (-0.6, 0.0, 0.6), strict=True):
        np.testing.assert_allclose(panel.coordinates(grid.points)[:, 2], height, atol=1e-6)
        assert f"{height:g}".replace("-", "−") in grid.title


def test_a_product_shows_each_factor_by_its_own_chart():
    product = Product([Sphere(2), O3(), FlatTorus(2)])
    z = points_of(product)
    panels = chart(product, z)
    assert [p.title.split(":")[0] for p in panels] == [f"factor {i}" for i in (1, 1, 2, 2, 3)]
    np.testing.assert_array_equal(panels[0].coordinates(z), z[:, :3])
    torus_angles = np.array(FlatTorus(2).angles(z[:, 12:]))
    np.testing.assert_allclose(panels[4].coordinates(z), torus_angles, atol=1e-5)


def test_the_map_of_the_sphere_is_that_of_its_grid_and_hides_nothing():
    sphere, flat = chart(Sphere(2))
    (grid,) = sphere.grids(9)
    np.testing.assert_allclose(flat.coordinates(grid.points), grid.positions, atol=1e-6)
    assert flat.repeats and not sphere.repeats and flat.picture_dim == 2


@pytest.mark.parametrize(
    "manifold", [Sphere(2), EmbeddedTorus(3.0, 0.6), Product([Sphere(2), Sphere(1)])]
)
def test_the_backing_lies_within_the_surface(manifold):
    """So that it cuts no mark in half: on the sphere its radius is 0.97."""
    panel = chart(manifold)[0]
    outside, inside = panel.surface(), panel.backing()
    if isinstance(manifold, EmbeddedTorus):
        outside, inside = (
            np.hypot(np.hypot(mesh[..., 0], mesh[..., 1]) - 3.0, mesh[..., 2])
            for mesh in (outside, inside)
        )
    else:
        outside, inside = (np.linalg.norm(mesh, axis=-1) for mesh in (outside, inside))
    np.testing.assert_allclose(inside, 0.97 * outside, rtol=1e-4)


def test_slices_of_a_ball_are_of_one_size():
    for grid in chart(SO3())[0].grids(9):
        width = np.ptp(grid.positions[:, 0]) + grid.cell[0]
        axes = Figure().add_subplot()
        grid.draw_frame(axes)
        assert width / np.ptp(axes.get_xlim()) == pytest.approx(1 / 1.12)


def test_in_the_grid_of_a_factor_the_other_factors_stay():
    product = Product([Sphere(2), FlatTorus(2)])
    (first,), none, (second,) = (panel.grids(4) for panel in chart(product))
    assert none == []  # the map of the sphere shows the grid of the sphere
    assert np.ptp(first.points[:, 3:], axis=0).max() == 0.0
    assert np.ptp(second.points[:, :3], axis=0).max() == 0.0


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_any_manifold_has_a_scatter_and_a_grid_of_its_own_points(squashed, dim):
    manifold = squashed(dim)
    z = manifold.project(np.random.default_rng(0).normal(size=(200, dim + 1)))
    (panel,) = chart(manifold, z)
    assert panel.picture_dim == (3 if dim == 2 else 2)
    grids = panel.grids(7)
    assert len(grids) == (1 if dim == 1 else 2)
    for grid in grids:
        np.testing.assert_allclose(manifold.project(grid.points), grid.points, atol=1e-5)
        places = panel.coordinates(grid.points)[:, :2]
        np.testing.assert_allclose(places, grid.positions, atol=1e-6)
        apart = np.abs(places[:, None] - places[None]).max(axis=-1) + 9 * np.eye(len(places))
        assert apart.min() >= 0.97 * grid.cell[0]  # no picture covers another
        if dim == 2:  # every picture stands in its cell: none lies detached beside the others
            beside = np.sort(apart, axis=-1)[:, :2] / grid.cell[0]
            assert np.all(beside < 1.3)
    if dim == 2:
        assert np.all(grids[0].points[:, 2] > -0.1) and np.all(grids[1].points[:, 2] < 0.1)


def test_charts_are_found_by_type_and_can_be_added():
    class OwnSphere(Sphere):
        pass

    assert type(chart(OwnSphere(2))[0]) is type(chart(Sphere(2))[0])

    class OwnPanel(Panel):
        title = "my own"

    register_chart(OwnSphere)(lambda manifold, points: OwnPanel())
    assert [panel.title for panel in chart(OwnSphere(2))] == ["my own"]


def test_errors_name_what_was_expected():
    with pytest.raises(TypeError, match="Expected a manifold to draw"):
        chart("sphere:2")
    with pytest.raises(ValueError, match=r"Expected latent points of shape \[n, 3\]"):
        chart(Sphere(2), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="Pass the locations"):
        chart(Sphere(2), np.zeros(3))
    panel = Panel()
    for call in (panel.coordinates, panel.draw_frame, panel.grids):
        with pytest.raises(NotImplementedError):
            call(None)
