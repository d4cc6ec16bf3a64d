"""Periodic pictures: the paper's formula, true translations, one fixed normalisation."""

import json
import math

import numpy as np
import pytest

from diffusion_vae import datasets
from diffusion_vae.datasets import FourierPicture, load
from diffusion_vae.datasets.fourier_picture import cosines, random_coefficients
from diffusion_vae.manifolds import FlatTorus

PICTURES = [(1, 1.0), (2, 0.8), (4, 0.5), (10, 0.3)]


def _direct(coefficients, gamma, theta, phi):
    """The paper's double sum at one point, term by term."""
    order = len(coefficients) // 2
    total = 0.0
    for k in range(-order, order + 1):
        for m in range(-order, order + 1):
            if (k, m) != (0, 0):
                a = coefficients[order + k, order + m]
                term = a * complex(math.cos(k * theta + m * phi), math.sin(k * theta + m * phi))
                total += gamma ** (abs(k) + abs(m) - 1) * term.real
    return total


@pytest.mark.jax
def test_default_is_cos_plus_cos():
    dataset = load("periodic_pictures", train_size=50, test_size=7)
    s = dataset.train_factors.astype(float) / (2 * math.pi)  # [N, 2]
    k = np.arange(64) / 64
    rows = np.cos(2 * math.pi * (k - s[:, :1]))  # [N, rows]
    columns = np.cos(2 * math.pi * (k - s[:, 1:]))  # [N, columns]
    expected = 0.5 * (rows[:, :, None] + columns[:, None, :])
    np.testing.assert_allclose(dataset.train[..., 0], expected, atol=1e-7)
    assert dataset.train.dtype == np.float32
    assert dataset.event_shape == (64, 64, 1)
    assert dataset.test.shape == (7, 64, 64, 1)
    assert dataset.factor_manifold == FlatTorus(2)
    assert dataset.colouring == "torus"


@pytest.mark.parametrize(("order", "gamma"), PICTURES)
def test_values_are_the_papers_sum_up_to_one_constant_bug_17(order, gamma):
    coefficients = random_coefficients(order, seed=order)
    picture = FourierPicture(coefficients, gamma)
    theta, phi = np.array([0.3, 2.0, 5.1]), np.array([1.1, 4.0])
    direct = [[_direct(coefficients, gamma, t, p) for p in phi] for t in theta]
    np.testing.assert_allclose(picture.values(theta, phi) * picture.maximum, direct, atol=1e-9)


@pytest.mark.parametrize(("order", "gamma"), PICTURES)
def test_every_shift_is_a_true_translation_bug_17(order, gamma):
    # The original's second kind of shift was no translation for N > 1.
    picture = FourierPicture(random_coefficients(order, seed=1), gamma)
    size = 24
    pixels = 2 * math.pi * np.arange(size) / size
    shifts = np.random.default_rng(0).uniform(-10, 10, (5, 2))
    for image, (down, along) in zip(picture.images(shifts, size), shifts, strict=True):
        expected = picture.values(pixels - down, pixels - along)
        np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)


def test_whole_pixel_shifts_are_rolls_rows_first():
    picture = FourierPicture(random_coefficients(3, seed=2))
    still, moved = picture.images(2 * math.pi / 16 * np.array([[0, 0], [3, 5]]), 16)[..., 0]
    np.testing.assert_allclose(moved, np.roll(still, (3, 5), axis=(0, 1)), atol=1e-6)


@pytest.mark.parametrize(("order", "gamma"), PICTURES)
def test_maximum_is_that_of_the_continuous_picture(order, gamma):
    picture = FourierPicture(random_coefficients(order, seed=order), gamma)
    fine = 2 * math.pi * np.arange(2000) / 2000
    largest = np.abs(picture.values(fine, fine)).max()
    assert largest <= 1 + 1e-12
    # A grid of spacing h misses the maximum by at most (2 N h / 2)^2 / 2 of it (Bernstein).
    assert largest >= 1 - (order * math.pi * 2 / 2000) ** 2
    assert FourierPicture(cosines()).maximum == pytest.approx(2.0, abs=1e-12)


def test_normalisation_does_not_depend_on_the_batch_bug_17():
    # The original divided by the largest value of the batch at hand.
    dataset = load("periodic_pictures", picture="random", order=3, train_size=20, test_size=5)
    np.testing.assert_array_equal(dataset.render(dataset.train_factors[:1]), dataset.train[:1])


def test_constant_term_is_dropped():
    with_constant = cosines()
    with_constant[1, 1] = 7.0
    plain = FourierPicture(cosines()).images(np.zeros((1, 2)), 8)
    np.testing.assert_array_equal(FourierPicture(with_constant).images(np.zeros((1, 2)), 8), plain)


def test_regular_shifts_have_no_duplicated_end_point_bug_20():
    dataset = load("periodic_pictures", shifts="regular", train_size=81, test_size=4, size=8)
    assert len(np.unique(dataset.train, axis=0)) == 81
    first = np.unique(dataset.train_factors[:, 0])
    np.testing.assert_allclose(first, 2 * math.pi * np.arange(9) / 9, rtol=1e-6)
    with pytest.raises(ValueError, match=r"Received: 90\. Use 81\."):
        load("periodic_pictures", shifts="regular", train_size=90)


def test_shifts_are_uniform_and_seeded():
    dataset = load("periodic_pictures", size=2, train_size=4000, test_size=4000, seed=1)
    again = load("periodic_pictures", size=2, train_size=4000, test_size=10, seed=1)
    np.testing.assert_array_equal(dataset.train_factors, again.train_factors)
    assert not np.array_equal(dataset.train_factors, dataset.test_factors)
    moments = np.exp(1j * dataset.train_factors).mean(axis=0)  # standard error 1/sqrt(4000)
    assert np.all(np.abs(moments) < 4 / math.sqrt(4000))


def test_coefficients_are_saved_and_reloaded(tmp_path):
    small = {"train_size": 6, "test_size": 2, "size": 16}
    first = load("periodic_pictures", picture="random", order=2, gamma=0.7, **small)
    path = tmp_path / "fourier.npy"
    np.save(path, first.extras["fourier_coefficients"])
    again = load("periodic_pictures", coefficients=path, gamma=0.7, **small)
    np.testing.assert_array_equal(first.train, again.train)
    # An array goes into the options, and through JSON, as pairs.
    given = datasets.make_periodic_pictures(coefficients=np.load(path), gamma=0.7, **small)
    options = json.loads(json.dumps(given.options))
    np.testing.assert_array_equal(load("periodic_pictures", **options).train, first.train)


def test_sinusoids_of_chosen_frequencies_are_fourier_pictures():
    # sum over w of sin(w theta) + sin(w phi): sin x is the real part of -i exp(i x).
    frequencies = (1, 3)
    coefficients = np.zeros((7, 7), complex)
    for w in frequencies:
        coefficients[3 + w, 3] = coefficients[3, 3 + w] = -1j
    dataset = datasets.make_periodic_pictures(
        coefficients=coefficients, size=16, shifts="regular", train_size=9, test_size=1
    )
    pixels = 2 * math.pi * np.arange(16) / 16
    for picture, (down, along) in zip(dataset.train, dataset.train_factors, strict=True):
        rows = sum(np.sin(w * (pixels - down)) for w in frequencies)
        columns = sum(np.sin(w * (pixels - along)) for w in frequencies)
        expected = rows[:, None] + columns[None, :]
        scale = FourierPicture(coefficients).maximum
        np.testing.assert_allclose(scale * picture[..., 0], expected, atol=1e-5)


@pytest.mark.parametrize(
    "bad", [np.zeros((3, 3)), np.ones((2, 2)), np.ones((3, 5)), np.full((3, 3), np.nan)]
)
def test_bad_coefficients_are_named(bad):
    with pytest.raises(ValueError, match=r"Expected `coefficients`"):
        load("periodic_pictures", coefficients=bad)


def test_bad_coefficient_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        load("periodic_pictures", coefficients=tmp_path / "none.npy")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(ValueError, match="cannot be read as an"):
        load("periodic_pictures", coefficients=tmp_path / "broken.npy")


@pytest.mark.parametrize(
    "options", [{"gamma": 0}, {"gamma": 1.5}, {"picture": "face"}, {"shifts": "all"}, {"size": 1}]
)
def test_bad_options_are_named(options):
    with pytest.raises(ValueError, match=rf"Expected `{next(iter(options))}`"):
        load("periodic_pictures", **options)
