"""Bad data become one sentence before training starts."""

import numpy as np
import pytest

from diffusion_vae.datasets import validate


class Bernoulli:
    """Stands in for a likelihood object."""


def test_good_data_come_back_as_float32_without_a_copy():
    good = np.zeros((3, 2), np.float32)
    assert validate(good) is good
    assert validate(np.zeros((3, 2), np.uint8)).dtype == np.float32
    assert validate([[True, False]], likelihood="bernoulli").dtype == np.float32


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (np.array([["a"]]), "real numbers"),
        (np.array([[1 + 2j]]), "real numbers"),
        (np.array([[None]]), "real numbers"),
        (np.zeros(5), r"shape \[examples, ...\]"),
        (np.zeros((0, 5)), "at least one example"),
        (np.zeros((5, 0)), "at least one example"),
        (np.array([[0.0], [np.nan]]), "1 NaN or infinite values, the first in example 1"),
        (np.array([[np.inf, -np.inf]]), "2 NaN or infinite"),
        (np.array([[1e39]]), "NaN or infinite"),  # overflows float32
    ],
)
def test_bad_data_are_named(bad, sentence):
    with pytest.raises(ValueError, match=f"Expected the pictures .*{sentence}"):
        validate(bad, "the pictures")


@pytest.mark.parametrize("likelihood", ["bernoulli", "Bernoulli", Bernoulli()])
@pytest.mark.parametrize("value", [-0.001, 1.001, 255])
def test_bernoulli_data_outside_the_unit_interval_are_named(likelihood, value):
    data = np.array([[0.5, value]])
    with pytest.raises(ValueError, match=r"in \[0, 1\] for a Bernoulli likelihood"):
        validate(data, likelihood=likelihood)
    validate(data, likelihood="gaussian")
    validate(data)
