"""The low-pass filter keeps an L1 ball of frequencies."""

import numpy as np
import pytest

from diffusion_vae.datasets import keep_low_frequencies, load


def _wave(height, width, k, m):
    rows, columns = np.arange(height)[:, None] / height, np.arange(width)[None, :] / width
    return np.cos(2 * np.pi * (k * rows + m * columns))[None, ..., None]


@pytest.mark.parametrize(("k", "m"), [(0, 0), (3, 0), (-2, 1), (1, -2), (0, 3)])
def test_frequencies_inside_the_ball_stay(k, m):
    wave = _wave(16, 10, k, m)
    np.testing.assert_allclose(keep_low_frequencies(wave, 3), wave, atol=1e-6)


@pytest.mark.parametrize(("k", "m"), [(4, 0), (2, 2), (-3, 1), (8, 0), (0, 5)])
def test_frequencies_outside_the_ball_go(k, m):
    np.testing.assert_allclose(keep_low_frequencies(_wave(16, 10, k, m), 3), 0, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 9, 12, 3), (2, 12, 9, 1)])
def test_the_filter_agrees_with_a_full_transform(shape):
    pictures = np.random.default_rng(0).random(shape)
    k = np.abs(np.fft.fftfreq(shape[1]) * shape[1])[:, None]
    m = np.abs(np.fft.fftfreq(shape[2]) * shape[2])[None, :]
    spectrum = np.fft.fft2(pictures, axes=(1, 2)) * (k + m <= 4)[..., None]
    expected = np.fft.ifft2(spectrum, axes=(1, 2))
    np.testing.assert_allclose(expected.imag, 0, atol=1e-12)
    np.testing.assert_allclose(keep_low_frequencies(pictures, 4), expected.real, atol=1e-6)


def test_any_picture_data_set_can_be_filtered_and_made_again():
    plain = load("digits")
    filtered = load("digits", low_pass=2)
    expected = np.clip(keep_low_frequencies(plain.test, 2), 0, 1)
    np.testing.assert_allclose(filtered.test, expected, atol=1e-6)
    again = load(filtered.name, **filtered.options)
    np.testing.assert_array_equal(again.train, filtered.train)


def test_new_examples_are_filtered_too():
    dataset = load("shifted_image", picture=np.eye(8), low_pass=3)
    made = dataset.render(dataset.train_factors)
    np.testing.assert_allclose(made, dataset.train, atol=1e-6)


def test_what_cannot_be_filtered_is_said():
    with pytest.raises(ValueError, match="Expected pictures"):
        load("random_rotations", train_size=3, test_size=3, low_pass=2)
    with pytest.raises(ValueError, match="at least 0"):
        load("digits", low_pass=-1)
    with pytest.raises(ValueError, match="dynamic binarization"):
        load("digits", low_pass=2, binarize="dynamic")
