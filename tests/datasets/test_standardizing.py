"""Standardised columns, and densities in the units of the data."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from diffusion_vae.datasets import Dataset, Scaling, load, standardized

MEAN, DEVIATION = np.array([3.0, -200.0, 7.0]), np.array([0.01, 50.0, 0.0])


@pytest.fixture
def path(tmp_path):
    x = MEAN + DEVIATION * np.random.default_rng(0).normal(size=(200, 3))
    np.save(tmp_path / "a.npy", x)
    return tmp_path / "a.npy"


def test_columns_are_standardised_by_the_training_rows(path):
    plain, scaled = load(path, seed=2), load(path, seed=2, standardize=True)
    train = plain.train.astype(np.float64)
    expected = train.std(axis=0)
    expected[2] = 1.0  # constant
    np.testing.assert_allclose(scaled.scaling.mean, train.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scaled.scaling.scale, expected, rtol=1e-6)
    np.testing.assert_allclose(
        scaled.test, (plain.test - train.mean(axis=0)) / expected, atol=1e-3
    )
    np.testing.assert_allclose(scaled.scaling.undo(scaled.test), plain.test, rtol=1e-6)
    assert scaled.options == {**plain.options, "standardize": True}
    np.testing.assert_array_equal(load(path, **scaled.options).test, scaled.test)
    for off in (False, None):
        np.testing.assert_array_equal(load(path, seed=2, standardize=off).test, plain.test)


def test_a_density_less_the_log_scale_is_that_of_the_data():
    rng = np.random.default_rng(0)
    scaling = Scaling.of(rng.normal([5, -1], [2, 30], (100, 2)))
    x = rng.normal([5, -1], [2, 30], (4, 2))
    in_units = stats.norm(scaling.mean, scaling.scale).logpdf(x).sum(axis=1)
    of_scaled = stats.norm().logpdf(scaling.apply(x)).sum(axis=1)
    np.testing.assert_allclose(of_scaled - scaling.log_scale, in_units, rtol=1e-6)


def test_examples_that_are_made_are_standardised_too():
    made = load("random_rotations", train_size=36, test_size=9)
    scaled = load("random_rotations", train_size=36, test_size=9, standardize=True)
    again = scaled.render(scaled.test_factors)
    np.testing.assert_allclose(again, scaled.test, atol=1e-5)
    np.testing.assert_allclose(scaled.scaling.undo(again), made.test, atol=1e-5)


def test_what_cannot_be_standardised_gets_a_sentence(path):
    with pytest.raises(ValueError, match=r"rows of numbers.*\(8, 8, 1\). Leave out"):
        load("digits", standardize=True)
    with pytest.raises(ValueError, match="Received: standardized ones"):
        standardized(load(path, standardize=True))
    grey = Dataset("grey", train=np.zeros((4, 2)), test=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="Received: dynamically binarized ones"):
        standardized(dataclasses.replace(grey, dynamic_binarization=True))
    with pytest.raises(TypeError, match=r"`standardize` to be true or false. Received: 'yes'"):
        load(path, standardize="yes")
