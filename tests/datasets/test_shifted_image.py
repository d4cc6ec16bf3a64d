"""All circular shifts of a picture, square or not."""

import json
import math

import numpy as np
import pytest

from diffusion_vae.datasets import load
from diffusion_vae.datasets.shifted_image import shift_picture


def _picture(height=5, width=7, channels=2):
    return np.random.default_rng(0).random((height, width, channels)).astype(np.float32)


def test_whole_pixel_shifts_are_rolls_on_non_square_pictures_bug_20():
    # The original swapped height and width, which only a non-square picture shows.
    picture = _picture()
    dataset = load("shifted_image", picture=picture, test_fraction=0)
    assert dataset.train.shape == (35, 5, 7, 2)
    for example, angles in zip(dataset.train, dataset.train_factors, strict=True):
        down, along = np.round(angles / (2 * math.pi) * [5, 7]).astype(int)
        np.testing.assert_array_equal(example, np.roll(picture, (down, along), axis=(0, 1)))


def test_all_shifts_are_there_once_and_split():
    dataset = load("shifted_image", picture=_picture(), test_fraction=0.2)
    assert len(dataset.train) == 28
    assert len(dataset.test) == 7
    together = np.concatenate([dataset.train, dataset.test])
    assert len(np.unique(together, axis=0)) == 35


def test_between_pixels_the_shift_is_the_linear_interpolation():
    picture = _picture()
    half = shift_picture(picture, [[2 * math.pi * 1.25 / 5, 0.0]])[0]
    expected = 0.75 * np.roll(picture, 1, axis=0) + 0.25 * np.roll(picture, 2, axis=0)
    np.testing.assert_allclose(half, expected, atol=1e-6)
    both = shift_picture(picture, [[0.0, -2 * math.pi * 0.5 / 7]])[0]
    expected = 0.5 * picture + 0.5 * np.roll(picture, -1, axis=1)
    np.testing.assert_allclose(both, expected, atol=1e-6)


def test_a_loop_closes_and_has_no_jump():
    dataset = load("shifted_image", picture=_picture(12, 16, 1))
    for factor in (0, 1):
        angles = np.full((401, 2), 0.7)
        angles[:, factor] = np.linspace(0, 2 * math.pi, 401)
        loop = dataset.render(angles)
        np.testing.assert_allclose(loop[0], loop[-1], atol=1e-5)
        assert np.abs(np.diff(loop, axis=0)).max() < 16 / 400 + 1e-3  # pixels a step


def test_array_options_survive_json_and_make_the_same_again():
    first = load("shifted_image", picture=_picture())
    again = load("shifted_image", **json.loads(json.dumps(first.options)))
    np.testing.assert_array_equal(first.train, again.train)


def test_default_picture_needs_no_file():
    dataset = load("shifted_image")
    assert dataset.event_shape == (32, 48, 3)
    assert dataset.train.min() >= 0
    assert dataset.train.max() <= 1


def test_bad_pictures_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no picture"):
        load("shifted_image", picture=tmp_path / "none.png")
    with pytest.raises(ValueError, match="finite"):
        load("shifted_image", picture=np.full((4, 4), np.nan))
    with pytest.raises(ValueError, match="shape"):
        load("shifted_image", picture=np.zeros((2, 4, 4, 1)))
