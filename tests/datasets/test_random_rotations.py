"""Rotations are Haar-random; functions on the sphere are seen under them."""

import itertools
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import kstest, special_ortho_group

from diffusion_vae.datasets import load
from diffusion_vae.datasets.rotations import (
    haar_rotations,
    random_function,
    sphere_grid,
)
from diffusion_vae.manifolds import O3, SO3

COUNT = 20_000


def _matrices(seed=0, **options):
    return haar_rotations(COUNT, seed, **options).reshape(-1, 3, 3).astype(float)


def test_trace_moments_are_those_of_haar_measure_bug_18():
    # E tr R = 0 and E (tr R)^2 = 1; Var (tr R)^2 = E (tr R)^4 - 1 = 2. The original had E tr = 1.
    traces = np.trace(_matrices(), axis1=1, axis2=2)
    assert abs(traces.mean()) < 4 / math.sqrt(COUNT)
    assert abs((traces**2).mean() - 1) < 4 * math.sqrt(2 / COUNT)


def test_angle_has_the_density_of_haar_measure_bug_18():
    angles = Rotation.from_matrix(_matrices()).magnitude()
    # Density (1 - cos w) / pi on [0, pi].
    assert kstest(angles, lambda w: (w - np.sin(w)) / math.pi).pvalue > 1e-3


def test_law_agrees_with_scipys_special_ortho_group():
    theirs = special_ortho_group.rvs(3, size=4000, random_state=1)
    ours = _matrices(seed=2)[:4000]
    for i, j in itertools.product(range(3), repeat=2):  # every entry is uniform in [-1, 1]
        for matrices in (ours, theirs):
            assert abs(matrices[:, i, j].mean()) < 4 * math.sqrt(1 / 3 / 4000)
            assert abs((matrices[:, i, j] ** 2).mean() - 1 / 3) < 4 * math.sqrt(4 / 45 / 4000)


def test_rotations_and_reflections():
    rotations = _matrices()
    np.testing.assert_allclose(
        rotations @ rotations.swapaxes(1, 2), np.eye(3)[None] + 0 * rotations, atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-5)
    signs = np.linalg.det(_matrices(reflections=True))
    np.testing.assert_allclose(np.abs(signs), 1, atol=1e-5)
    assert abs(np.sign(signs).mean()) < 4 / math.sqrt(COUNT)


def test_random_rotations_are_their_own_factors():
    for group, manifold in (("so3", SO3()), ("o3", O3())):
        dataset = load("random_rotations", group=group, train_size=50, test_size=20)
        assert dataset.event_shape == (9,)
        assert dataset.factor_manifold == manifold
        np.testing.assert_array_equal(dataset.train, dataset.train_factors)
        np.testing.assert_array_equal(dataset.render(dataset.test), dataset.test)
        assert not np.array_equal(dataset.train[:20], dataset.test)


def test_functions_are_evaluated_at_the_rotated_grid():
    dataset = load("so3_functions", train_size=40, test_size=10)
    grid = dataset.extras["grid"]
    for example, factor in zip(dataset.train, dataset.train_factors, strict=True):
        turned = Rotation.from_matrix(factor.reshape(3, 3)).inv().apply(grid)
        x, _, z = turned.T
        values = x**3 + 0.3 * x + z**3
        scale = values[0] / example[0]
        np.testing.assert_allclose(example * scale, values, atol=1e-5)


def test_a_coloured_sphere_turns_all_its_functions():
    dataset = load("so3_functions", channels=3, points=60, train_size=40, test_size=10)
    assert dataset.event_shape == (180,)
    turned = dataset.extras["grid"] @ dataset.train_factors[0].reshape(3, 3)
    axes = turned.T
    for channel in range(3):
        x, y = axes[channel], axes[(channel + 2) % 3]
        values, example = x**3 + 0.3 * x + y**3, dataset.train[0].reshape(3, 60)[channel]
        np.testing.assert_allclose(example * (values[0] / example[0]), values, atol=1e-4)


def test_three_channels_tell_the_rotation_linearly():
    dataset = load("so3_functions", channels=3, train_size=200, test_size=5)
    x = dataset.train
    solution, *_ = np.linalg.lstsq(x, dataset.train_factors, rcond=1e-4)
    np.testing.assert_allclose(x @ solution, dataset.train_factors, atol=1e-3)
    one = load("so3_functions", train_size=200, test_size=5)
    solution, *_ = np.linalg.lstsq(one.train, one.train_factors, rcond=1e-4)
    assert np.abs(one.train @ solution - one.train_factors).max() > 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"function": "random", "function_seed": 3}, {"channels": 3}],
)
def test_no_rotation_but_the_identity_leaves_the_function_as_it_is(options):
    # Else the data would be a quotient of SO(3), as with x y + .8 z + .5 x^2 of the original.
    dataset = load("so3_functions", train_size=COUNT, test_size=5, **options)
    still = dataset.render(np.eye(3).reshape(1, 9))[0]
    distance = np.linalg.norm(dataset.train - still, axis=1)
    angle = Rotation.from_matrix(dataset.train_factors.reshape(-1, 3, 3)).magnitude()
    assert np.min(distance / angle) > 0.2


def test_values_are_within_one_and_the_grid_is_well_spread():
    dataset = load("so3_functions", train_size=500, test_size=5)
    assert 0.95 < np.abs(dataset.train).max() < 1.001
    grid = sphere_grid(100)
    np.testing.assert_allclose(np.linalg.norm(grid, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(grid.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(grid.T @ grid / 100, np.eye(3) / 3, atol=0.02)
    cosines = grid @ grid.T - 2 * np.eye(100)
    assert math.degrees(math.acos(cosines.max())) > 15  # 100 points: at most about 20 degrees


def test_random_polynomials_have_degree_three():
    degree = np.indices((4, 4, 4)).sum(axis=0)
    coefficients = random_function(0)
    assert np.all(coefficients[degree > 3] == 0)
    assert np.all(coefficients[degree <= 3] != 0)


def test_random_coefficients_have_mean_zero_bug_18():
    # `normal(1)` of the original has mean 1.
    draws = np.stack([random_function(seed) for seed in range(500)])
    degree = np.indices((4, 4, 4)).sum(axis=0)
    low = draws[:, degree <= 1]  # weight 1, [500, 4]
    assert abs(low.mean()) < 4 / math.sqrt(low.size)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="`group`"):
        load("random_rotations", group="so4")
    with pytest.raises(ValueError, match="`function`"):
        load("so3_functions", function="quadratic")
    with pytest.raises(ValueError, match="at most 3 `channels`"):
        load("so3_functions", channels=4)
