"""Winding numbers and jumps of maps whose degree is known."""

import numpy as np
import pytest

from diffusion_vae import datasets, manifolds
from diffusion_vae.evaluation import torus_topology


class Encoder:
    """A model whose codes are a given function of the true angles."""

    def __init__(self, manifold, codes_of_angles):
        self.manifold = manifold
        self.codes_of_angles = codes_of_angles

    def encode(self, x):
        angles = self.codes_of_angles(np.asarray(x))
        return np.asarray(manifolds.FlatTorus(angles.shape[-1]).from_angles(angles)), None


def data(dim):
    """A data set whose examples are their own factors."""
    factors = np.zeros((4, dim), np.float32)
    return datasets.Dataset(
        name="angles",
        train=factors,
        test=factors,
        train_factors=factors,
        test_factors=factors,
        factor_manifold=manifolds.FlatTorus(dim),
        render=lambda angles: angles,
    )


@pytest.mark.parametrize(
    "matrix",
    [[[1, 0], [0, 1]], [[0, -1], [1, 0]], [[1, 0], [1, 0]], [[2, 1], [0, 1]], [[0, 0], [0, 0]]],
)
def test_winding_matrix_of_a_linear_map_is_its_matrix(matrix):
    model = Encoder(manifolds.FlatTorus(2), lambda x: x @ np.array(matrix).T + 0.3)
    report = torus_topology(model, data(2))
    assert report.winding == tuple(map(tuple, matrix))
    assert report.determinant == round(np.linalg.det(matrix))
    assert report.captured == (abs(report.determinant) == 1)


def test_largest_jump_of_the_identity_is_one_step():
    report = torus_topology(Encoder(manifolds.FlatTorus(2), lambda x: x), data(2), steps=400)
    assert report.largest_jump == pytest.approx(2 * np.pi / 400, abs=1e-5)


def test_winding_numbers_alone_deceive_a_torn_identity_is_not_captured():
    torn = Encoder(manifolds.FlatTorus(2), lambda x: x + 0.5 * (np.cos(x) > 0))
    report = torus_topology(torn, data(2))
    assert abs(report.determinant) == 1
    assert report.largest_jump == pytest.approx(0.5, abs=0.05)
    assert not report.captured


@pytest.mark.parametrize("circle", [manifolds.Sphere(1), manifolds.FlatTorus(1)])
def test_degree_on_a_circle(circle):
    assert torus_topology(Encoder(circle, lambda x: -x), data(1)).winding == ((-1,),)
    assert torus_topology(Encoder(circle, lambda x: 2 * x), data(1)).determinant == 2


def test_nothing_to_measure_without_matching_tori():
    assert torus_topology(Encoder(manifolds.Sphere(2), lambda x: x), data(2)) is None
    assert torus_topology(Encoder(manifolds.FlatTorus(1), lambda x: x), data(2)) is None
    digits = datasets.load("digits")
    assert torus_topology(Encoder(manifolds.FlatTorus(2), lambda x: x), digits) is None
