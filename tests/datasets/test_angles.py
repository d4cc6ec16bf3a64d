"""Angles of training and test examples."""

import math

import numpy as np
import pytest

from diffusion_vae.datasets.angles import random_angles, regular_angles, split_angles


@pytest.mark.parametrize(("circles", "side"), [(1, 7), (2, 5), (3, 4)])
def test_regular_angles_are_every_combination_once(circles, side):
    angles = regular_angles(side**circles, circles)
    assert angles.shape == (side**circles, circles)
    assert len(np.unique(angles, axis=0)) == side**circles
    np.testing.assert_allclose(np.unique(angles), 2 * math.pi * np.arange(side) / side, rtol=1e-6)


def test_regular_angles_do_not_repeat_the_end_point_bug_20():
    points = np.exp(1j * regular_angles(10, 1)[:, 0])
    assert np.abs(points[:, None] - points[None] + 9 * np.eye(10)).min() > 0.5
    np.testing.assert_allclose(points.sum(), 0, atol=1e-5)


def test_random_angles_are_uniform():
    angles = np.sort(random_angles(10_000, 1, 0)[:, 0])
    distance = np.abs(angles / (2 * math.pi) - np.arange(10_000) / 10_000).max()
    assert distance < 1.95 / 100  # Kolmogorov-Smirnov, one in a thousand


def test_the_test_angles_do_not_depend_on_the_training_ones():
    random = split_angles("random", 9, 5, 2, seed=3)
    regular = split_angles("regular", 9, 5, 2, seed=3)
    np.testing.assert_array_equal(random[1], regular[1])
    assert not np.array_equal(random[0][:5], random[1])
