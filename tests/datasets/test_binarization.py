"""Pictures of 0/1 pixels: by a threshold, drawn once, or drawn each epoch."""

import numpy as np
import pytest

from diffusion_vae.datasets import Dataset, binarized, load


def test_threshold():
    grey, binary = load("digits"), load("digits", binarize="threshold")
    np.testing.assert_array_equal(binary.train, grey.train > 0.5)
    assert binary.train.dtype == np.float32


def test_stochastic_draws_have_the_grey_value_as_mean():
    grey = load("digits")
    draws = np.stack([binarized(grey, "stochastic", seed).test for seed in range(400)])
    assert set(np.unique(draws)) == {0.0, 1.0}
    error = np.abs(draws.mean(axis=0) - grey.test)
    deviation = np.sqrt(grey.test * (1 - grey.test) / 400)
    assert np.all(error <= 5.5 * deviation + 1e-6)  # 23,000 pixels


def test_stochastic_draws_are_seeded_and_differ_between_train_and_test():
    half = np.full((50, 4, 4, 1), 0.5, np.float32)
    dataset = Dataset(name="half", train=half, test=half)
    one, same, other = (binarized(dataset, "stochastic", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.train, same.train)
    assert not np.array_equal(one.train, other.train)
    assert not np.array_equal(one.train, one.test)


def test_dynamic_keeps_grey_training_pictures_and_one_fixed_test_draw():
    grey, dynamic = load("digits"), load("digits", binarize="dynamic")
    np.testing.assert_array_equal(dynamic.train, grey.train)
    np.testing.assert_array_equal(dynamic.test, load("digits", binarize="stochastic").test)
    assert dynamic.dynamic_binarization
    batch = next(iter(dynamic.as_tf_dataset("train", batch_size=32))).numpy()
    assert set(np.unique(batch)) == {0.0, 1.0}
    tested = next(iter(dynamic.as_tf_dataset("test", batch_size=32))).numpy()
    np.testing.assert_array_equal(tested, dynamic.test[:32])


@pytest.mark.parametrize("how", ["threshold", "stochastic", "dynamic"])
def test_the_pictures_given_are_left_as_they_are_bug_34(how):
    grey = load("digits")
    train, test = grey.train.copy(), grey.test.copy()
    binarized(grey, how)
    np.testing.assert_array_equal(grey.train, train)
    np.testing.assert_array_equal(grey.test, test)


def test_what_cannot_be_binarized_is_said():
    with pytest.raises(ValueError, match="Expected `binarize`"):
        load("digits", binarize="yes")
    dataset = Dataset(name="wide", train=np.full((2, 2), 3.0), test=np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        binarized(dataset, "stochastic")
