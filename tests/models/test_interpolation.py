"""Paths between latent points, on every manifold."""

import numpy as np
import pytest
from manifold_list import ALL, EXACT, each

import diffusion_vae as dv
from diffusion_vae.manifolds import O3, RealProjective

SPACES = {name: manifold for name, manifold in ALL.items() if name != "ellipsoid"}


def ends(manifold, *shape):
    """Two points that a path joins."""
    z0, z1 = (np.asarray(manifold.prior_sample(shape, seed=seed)) for seed in (1, 2))
    if isinstance(manifold, O3):
        apart = np.linalg.det(z0.reshape(*shape, 3, 3)) * np.linalg.det(z1.reshape(*shape, 3, 3))
        z1 = z1 * np.where(apart < 0, -1.0, 1.0)[..., None]
    return z0, z1.astype("float32")


@each(SPACES)
def test_ends_are_included_and_points_are_on_the_manifold(manifold):
    model = dv.DiffusionVAE(manifold)  # needs no data: geometry alone
    z0, z1 = ends(manifold, 4)
    path = model.interpolate(z0, z1, n=6)
    assert path.shape == (6, 4, manifold.ambient_dim)
    np.testing.assert_allclose(manifold.project(path), path, atol=2e-5)
    np.testing.assert_allclose(path[0], z0, atol=2e-5)
    np.testing.assert_allclose(manifold.distance(path[-1], z1), 0.0, atol=5e-3)
    # Another name of the point may be reached.
    np.testing.assert_allclose(path[-1], manifold.nearest_name(z1, path[-1]), atol=2e-5)


@each({name: m for name, m in SPACES.items() if name in EXACT["geodesic"]})
def test_points_are_equally_spaced_on_the_shortest_path(manifold):
    z0, z1 = ends(manifold, 3)
    path = dv.DiffusionVAE(manifold).interpolate(z0, z1, n=5)
    whole = np.asarray(manifold.distance(z0, z1))
    pieces = np.asarray(manifold.distance(path[1:], path[:-1]))
    np.testing.assert_allclose(pieces, np.broadcast_to(whole / 4, (4, 3)), atol=3e-3)


def test_leading_axes_broadcast():
    model = dv.SphereVAE(2)
    z0, z1 = ends(model.manifold, 5, 4)
    assert model.interpolate(z0[0, 0], z1[0, 0], n=3).shape == (3, 3)
    assert model.interpolate(z0[0, 0], z1[0], n=3).shape == (3, 4, 3)
    assert model.interpolate(z0[:, :1], z1[:1], n=3).shape == (3, 5, 4, 3)


def test_projective_space_takes_the_short_way_round():
    model = dv.RealProjectiveVAE(2)
    z0 = np.array([1.0, 0.0, 0.0], "float32")
    z1 = np.array([-0.8, 0.6, 0.0], "float32")
    path = model.interpolate(z0, z1, n=3)
    np.testing.assert_allclose(path[-1], -z1, atol=1e-6)
    assert float(RealProjective(2).distance(path[0], path[1])) == pytest.approx(
        0.5 * np.arccos(0.8), abs=1e-5
    )
