"""A picture on a turntable."""

import math

import numpy as np
import pytest
from scipy import ndimage

from diffusion_vae.datasets import load
from diffusion_vae.datasets.rotated_image import disc, rotate_picture
from diffusion_vae.manifolds import FlatTorus


def _smooth(size=33):
    noise = np.random.default_rng(0).random((size, size))
    return ndimage.gaussian_filter(noise, 2.0)[..., None].astype(np.float32)


@pytest.mark.parametrize("size", [32, 33])
def test_quarter_turns_are_exact_and_counter_clockwise(size):
    picture = _smooth(size)
    turns = rotate_picture(picture, 0.5 * math.pi * np.arange(4)[:, None])
    for quarter, turned in enumerate(turns):
        expected = np.rot90(picture, quarter) * disc(size)[..., None]
        np.testing.assert_allclose(turned, expected, atol=1e-5)


def test_any_angle_agrees_with_scipys_rotate():
    picture = _smooth()
    inside = (disc(33) == 1)[..., None]
    for degrees in (20.0, 133.0, -71.0):
        turned = rotate_picture(picture, [[math.radians(degrees)]])[0]
        expected = ndimage.rotate(picture, degrees, reshape=False, order=3, mode="mirror")
        np.testing.assert_allclose(turned[inside], expected[inside], atol=1e-5)


def test_corners_do_not_tell_the_angle():
    dataset = load("rotated_image", size=24, train_size=20, test_size=5)
    outside = disc(24) == 0
    assert outside[0, 0]
    assert np.all(dataset.train[:, outside] == 0)
    # A constant picture looks the same at every angle: the edge does not tell it either.
    flat = rotate_picture(np.ones((24, 24, 1), np.float32), [[0.0], [0.3], [2.0]])
    np.testing.assert_allclose(flat[1:], flat[:1].repeat(2, axis=0), atol=1e-6)


def test_a_loop_closes_and_factors_are_angles():
    dataset = load("rotated_image", size=24, train_size=9, test_size=5, angles="regular")
    assert dataset.factor_manifold == FlatTorus(1)
    assert dataset.colouring == "circle"
    np.testing.assert_allclose(dataset.train_factors[:, 0], 2 * math.pi * np.arange(9) / 9, 1e-6)
    ends = dataset.render([[0.0], [2 * math.pi]])
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)
    np.testing.assert_allclose(dataset.render(dataset.test_factors), dataset.test, atol=1e-6)


def test_angles_are_seeded_and_values_stay_in_range():
    one, two = (load("rotated_image", size=16, train_size=30, test_size=5) for _ in range(2))
    np.testing.assert_array_equal(one.train, two.train)
    assert one.train.min() >= 0
    assert one.train.max() <= 1
