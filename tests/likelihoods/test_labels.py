"""Laws of labels: probabilities, scores of sixteen decades, thresholds, data that are none."""

import math

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from laws import assert_near, numbers
from scipy import special
from standard_errors import assert_mean

from diffusion_vae.likelihoods import Categorical, Ordinal


def total_log_prob(law, x):
    return lambda raw: ops.sum(law.log_prob(x, law.outputs(raw)))


# -- categories ------------------------------------------------------------------------------


@pytest.mark.jax
@pytest.mark.torch
def test_categories_have_softmax_probabilities():
    law = Categorical(3)
    logits = np.random.default_rng(0).normal(size=(5, 2, 3)).astype("float32")
    # the logits of the first class for all values, then those of the second
    raw = np.moveaxis(logits, -1, -2).reshape(5, 6)
    outputs = law(raw)
    expected = special.log_softmax(logits.astype("float64"), axis=-1)
    np.testing.assert_allclose(numbers(outputs["log_probabilities"]), expected, rtol=1e-5)
    np.testing.assert_allclose(numbers(outputs["probabilities"]), np.exp(expected), rtol=1e-5)
    np.testing.assert_array_equal(numbers(outputs["reconstruction"]), logits.argmax(axis=-1))
    x = np.random.default_rng(1).integers(0, 3, (5, 2))
    chosen = np.take_along_axis(expected, x[..., None], axis=-1)[..., 0].sum(axis=-1)
    np.testing.assert_allclose(numbers(law.log_prob(x, outputs)), chosen, rtol=1e-5)
    wrong = (x != logits.argmax(axis=-1)).astype("float32")
    np.testing.assert_array_equal(numbers(law.error(x, outputs)), wrong)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-4), ("float64", 1e-6)])
def test_logits_of_sixteen_decades(dtype, tolerance):
    law = Categorical(4, dtype=dtype)
    law.build((None, 1))
    sizes = 10.0 ** np.arange(-8, 9)
    raw = (sizes[:, None] * np.array([1.0, -1.0, 0.5, 0.999])).astype(dtype)
    expected = special.log_softmax(raw.astype("float64"), axis=-1)
    for label in range(4):
        x = np.full((len(sizes), 1), label)
        _, [slope] = value_and_gradients(total_log_prob(law, x), raw)
        assert np.isfinite(slope).all()
        found = numbers(law.log_prob(x, law.outputs(ops.convert_to_tensor(raw))))
        assert_near(found, expected[:, label], tolerance)


# -- grades ----------------------------------------------------------------------------------


def ordinal(law):
    """Thresholds of a built law, [*event, classes - 1]."""
    first, gaps = (numbers(each).astype("float64") for each in law._thresholds())
    return np.concatenate([first, first + np.cumsum(gaps, axis=-1)], axis=-1)


def trained(classes, dtype="float32"):
    law = Ordinal(classes, dtype=dtype)
    law.build((None, 2))
    rng = np.random.default_rng(0)
    for weight in law.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return law


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_all_grades_are_equally_probable_at_the_start(classes):
    outputs = Ordinal(classes)(np.zeros((1, 2), "float32"))
    np.testing.assert_allclose(numbers(outputs["probabilities"]), 1.0 / classes, rtol=2e-5)
    np.testing.assert_allclose(numbers(outputs["reconstruction"]), 0.5 * (classes - 1), rtol=1e-5)


@pytest.mark.torch
def test_grades_have_cumulative_logits():
    law = trained(4)
    score = np.random.default_rng(1).normal(size=(6, 2)).astype("float32")
    outputs = law(score)
    thresholds = ordinal(law)
    assert (np.diff(thresholds, axis=-1) > 0).all()
    up_to = special.expit(thresholds - score[..., None])
    edges = np.zeros((6, 2, 1)), np.ones((6, 2, 1))
    expected = np.diff(np.concatenate([edges[0], up_to, edges[1]], axis=-1), axis=-1)
    np.testing.assert_allclose(numbers(outputs["probabilities"]), expected, rtol=1e-4)
    np.testing.assert_allclose(
        numbers(outputs["reconstruction"]), expected @ np.arange(4), rtol=1e-5
    )
    x = np.random.default_rng(2).integers(0, 4, (6, 2))
    chosen = np.take_along_axis(np.log(expected), x[..., None], axis=-1)[..., 0].sum(axis=-1)
    np.testing.assert_allclose(numbers(law.log_prob(x, outputs)), chosen, rtol=1e-4)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-4), ("float64", 1e-6)])
def test_scores_of_sixteen_decades(dtype, tolerance):
    law = trained(4, dtype)
    sizes = 10.0 ** np.arange(-8, 9)
    score = np.concatenate([sizes, -sizes])[:, None] * np.ones((1, 2))
    score = score.astype(dtype)
    below = ordinal(law) - score.astype("float64")[..., None]
    up_to, beyond = special.log_expit(below), special.log_expit(-below)
    # log(sigmoid(b) - sigmoid(a)), of the smaller of the two tails
    tails = np.where(below[..., 1:] < 0, up_to[..., 1:], beyond[..., :-1])
    shares = np.where(
        below[..., 1:] < 0, up_to[..., :-1] - up_to[..., 1:], beyond[..., 1:] - beyond[..., :-1]
    )
    inner = tails + np.log(-np.expm1(shares))
    expected = np.concatenate([up_to[..., :1], inner, beyond[..., -1:]], axis=-1).sum(axis=1)
    for label in range(4):
        x = np.full(score.shape, label)
        _, [slope] = value_and_gradients(total_log_prob(law, x), score)
        assert np.isfinite(slope).all()
        found = numbers(law.log_prob(x, law.outputs(ops.convert_to_tensor(score))))
        assert_near(found, expected[:, label], tolerance)


# -- both ------------------------------------------------------------------------------------


def test_draws_have_the_probabilities():
    for law in (Categorical(3), Ordinal(3)):
        raw = np.array([[0.5] * law.raw_shape((1,))[0]], "float32")
        raw[0, 0] = 1.2
        outputs = law(np.tile(raw, (20_000, 1)))
        draws = numbers(law.sample(outputs, seed=1))
        probabilities = numbers(outputs["probabilities"])[0, 0]
        assert probabilities.sum() == pytest.approx(1.0, abs=1e-6)
        assert_mean(draws == np.arange(3), probabilities)


def test_data_that_are_no_labels_are_refused():
    for law in (Categorical(3), Ordinal(3)):
        law.check_data(np.array([[0, 2]]))
        law.check_data(np.array([[0.0, 2.0]]))
        name = type(law).__name__
        for bad in ([[0, 3]], [[-1, 0]], [[0.5, 1.0]]):
            expected = rf"labels from 0 to 2 for {name}\(classes=3\).*1 values that are none"
            with pytest.raises(ValueError, match=expected):
                law.check_data(np.array(bad))
    with pytest.raises(ValueError, match="Expected `classes` to be at least 2"):
        Categorical(1)
    with pytest.raises(TypeError, match="Expected `classes` to be an integer"):
        Ordinal("three")
    assert math.isclose(float(Ordinal(2)(np.zeros((1, 1)))["reconstruction"][0, 0]), 0.5)
