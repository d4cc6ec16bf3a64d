"""Geodesics through an encoded example."""

import numpy as np
import pytest
from manifold_list import ALL, each

from diffusion_vae.manifolds import SO3, Euclidean, FlatTorus, RealProjective, Sphere
from diffusion_vae.plots import traversals
from diffusion_vae.plots.traversal import geodesic_through, tangent_basis


def point_of(manifold):
    return np.array(manifold.prior_sample((1,), seed=4), dtype="float64")[0]


@each(ALL)
def test_directions_are_orthonormal_and_tangent(manifold):
    z = point_of(manifold)
    basis = tangent_basis(manifold, z)
    assert basis.shape == (manifold.dim, manifold.ambient_dim)
    np.testing.assert_allclose(basis @ basis.T, np.eye(manifold.dim), atol=2e-3)
    tangent = np.array(manifold.tangent_project(np.tile(z, (manifold.dim, 1)), basis))
    np.testing.assert_allclose(tangent, basis, atol=2e-3)


@pytest.mark.slow
@each(ALL)
def test_the_point_is_in_the_middle_of_a_way_on_the_manifold(manifold):
    z = point_of(manifold)
    way = geodesic_through(manifold, z, tangent_basis(manifold, z)[0], 5)
    np.testing.assert_allclose(way[2], z, atol=1e-4)
    np.testing.assert_allclose(way, np.array(manifold.project(way)), atol=1e-4)


@pytest.mark.parametrize(
    ("space", "length"),
    [
        (Sphere(2), np.pi),
        (RealProjective(2), np.pi / 2),
        (FlatTorus(2), np.pi),
        (SO3(), np.sqrt(2) * np.pi),  # Frobenius: sqrt 2 times the angle
        (Euclidean(3), 2.0),
    ],
)
def test_a_way_ends_where_it_stops_leading_away(space, length):
    """The reach is one of 64 lengths up to 1.2 times the largest distance: exact to 4 %."""
    z = point_of(space)
    for direction in tangent_basis(space, z):
        way = geodesic_through(space, z, direction, 3)
        distances = np.array(space.distance(np.tile(z, (3, 1)).astype("float32"), way))
        np.testing.assert_allclose(distances[[0, 2]], length, rtol=0.04)


def test_on_a_flat_torus_each_direction_moves_one_angle():
    z = point_of(FlatTorus(2))
    for direction in tangent_basis(FlatTorus(2), z):
        angles = np.array(FlatTorus(2).angles(geodesic_through(FlatTorus(2), z, direction, 5)))
        moved = np.abs(np.exp(1j * angles[1]) - np.exp(1j * angles[2])) > 1e-3
        assert moved.sum() == 1


def test_pictures_are_decoded_along_the_way_in_a_row_a_direction(position_model):
    space = Sphere(2)
    model = position_model(space, lambda z: 0.5 + 0.5 * z[:, 2])
    example = np.full((8, 8), 0.7)
    figure = traversals(model, example, 5, limits=(0, 1))
    z = model.encode(example[None])[0][0]
    for axes, direction in zip(figure.axes, tangent_basis(space, z), strict=True):
        expected = 0.5 + 0.5 * geodesic_through(space, z, direction, 5)[:, 2]
        row = np.asarray(axes.images[0].get_array())
        np.testing.assert_allclose(row[0, ::9], expected, atol=1e-6)
    assert [axes.get_ylabel() for axes in figure.axes] == ["direction 1", "direction 2"]


@pytest.mark.parametrize("steps", [1, 4])
def test_the_number_of_pictures_must_have_a_middle(position_model, steps):
    with pytest.raises(ValueError, match="odd and at least 3"):
        traversals(position_model(Sphere(2), lambda z: z[:, 0]), np.zeros((8, 8)), steps)
