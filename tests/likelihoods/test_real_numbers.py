"""Student's t and the log-normal law: sixteen decades of scales, degrees and medians."""

import math

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from laws import assert_near, log_prob, numbers
from scipy import stats
from standard_errors import assert_mean

from diffusion_vae.likelihoods import LogNormal, StudentT

DECADES = 10.0 ** np.arange(-8, 9)


def grid(dtype, *groups):
    return [each.ravel().astype(dtype) for each in np.meshgrid(*groups)]


def exact(log):
    """The number in float64 whose log is a float of any type."""
    return np.exp(log.astype("float64"))


# -- Student's t ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-4), ("float64", 1e-6)])
def test_student_t_over_sixteen_decades_of_scales_and_degrees(dtype, tolerance):
    x = np.concatenate([[0.0], DECADES[::2], -DECADES[1::2]])
    x, log_scale, log_degrees = grid(dtype, x, np.log(DECADES[::2]), np.log(DECADES))
    outputs = {"log_scale": log_scale, "log_degrees": log_degrees}
    found = log_prob(StudentT(dtype=dtype), x, outputs, dtype)
    expected = stats.t(exact(log_degrees), scale=exact(log_scale)).logpdf(x.astype("float64"))
    assert_near(found, expected, tolerance)


@pytest.mark.jax
@pytest.mark.torch
def test_gradients_of_student_t_are_finite():
    x, log_scale, log_degrees = grid("float32", DECADES[::4], np.log(DECADES), np.log(DECADES))
    law = StudentT()
    law.build((None, 1))

    def total(mean, log_scale, log_degrees):
        outputs = {"reconstruction": mean, "log_scale": log_scale, "log_degrees": log_degrees}
        return ops.sum(law.log_prob(x[:, None], outputs))

    points = (np.zeros_like(x), log_scale, log_degrees)
    value, slopes = value_and_gradients(total, *(each[:, None] for each in points))
    assert math.isfinite(value)
    assert all(np.isfinite(slope).all() for slope in slopes)
    # d log p / d log s = n (t^2 - 1) / (t^2 + n)
    square = (x / exact(log_scale)) ** 2
    degrees = exact(log_degrees)
    expected = degrees * (square - 1.0) / (square + degrees)
    assert_near(slopes[1][:, 0], expected, 1e-4)


def test_draws_of_student_t_have_its_scale_and_its_tails():
    law = StudentT("predicted", 2.0, "predicted", 5.0)
    outputs = law(np.tile(np.array([[1.0, 0.0, 0.0]], "float32"), (40_000, 1)))
    draws = numbers(law.sample(outputs, seed=1)).astype("float64")
    assert_mean(draws, 1.0)
    for far in (2.0, 10.0):
        assert_mean(np.abs(draws - 1.0) > far, 2.0 * stats.t(5.0, scale=2.0).sf(far))


# -- the log-normal law ----------------------------------------------------------------------


def log_normal_cases(dtype, scales):
    log_median, log_scale, step = grid(
        dtype, np.log(DECADES), np.log(scales), [-3.0, -1.0, 0.0, 0.5, 2.0]
    )
    x = np.exp(log_median + step * np.minimum(exact(log_scale), 4.0)).astype(dtype)
    return x, log_median, log_scale


@pytest.mark.parametrize(
    "dtype, tolerance, scales",
    [
        # In float32 data have 7 digits: what has a relative spread of 1e-3 is near its last ones.
        ("float32", 1e-4, [0.03, 0.3, 1.0, 5.0]),
        ("float64", 1e-6, DECADES),
    ],
)
def test_log_normal_over_sixteen_decades_of_medians(dtype, tolerance, scales):
    x, log_median, log_scale = log_normal_cases(dtype, scales)
    outputs = {"log_median": log_median, "log_scale": log_scale}
    found = log_prob(LogNormal(dtype=dtype), x, outputs, dtype)
    # by the change of variables, for SciPy's takes a median and not its log
    log_x = np.log(x.astype("float64"))
    normal = stats.norm(log_median.astype("float64"), exact(log_scale)).logpdf(log_x)
    assert_near(found, normal - log_x, tolerance)
    moderate = (np.abs(log_median) < 3.0) & (exact(log_scale) > 0.1)
    expected = stats.lognorm(exact(log_scale), scale=exact(log_median)).logpdf(x)
    assert_near(found[moderate], expected[moderate], tolerance)


def test_gradients_of_the_log_normal_law_are_finite():
    x, log_median, log_scale = log_normal_cases("float32", DECADES[4:])
    law = LogNormal()
    law.build((None, 1))
    value, slopes = value_and_gradients(
        lambda median, scale: ops.sum(
            law.log_prob(
                x[:, None],
                {"reconstruction": median, "log_median": median, "log_scale": scale},
            )
        ),
        log_median[:, None],
        log_scale[:, None],
    )
    assert math.isfinite(value)
    assert all(np.isfinite(slope).all() for slope in slopes)


@pytest.mark.jax
def test_a_log_normal_reconstruction_is_the_mean():
    law = LogNormal(initial_scale=0.5)
    raw = np.tile(np.array([[-2.0, 0.0, 3.0]], "float32"), (20_000, 1))
    outputs = law(raw)
    mean = stats.lognorm(0.5, scale=np.exp([-2.0, 0.0, 3.0])).mean()
    np.testing.assert_allclose(numbers(outputs["reconstruction"][0]), mean, rtol=1e-5)
    assert_mean(numbers(law.sample(outputs, seed=1)), mean)


def test_data_that_are_not_positive_are_refused():
    LogNormal().check_data(np.array([[1e-30, 5.0]]))
    with pytest.raises(ValueError, match=r"positive data for LogNormal.*2 values.*smallest -1\."):
        LogNormal().check_data(np.array([[0.0, -1.0, 3.0]]))


def test_scales_stay_in_their_limits():
    for law, low, high in ((LogNormal(), 1e-3, 5.0), (StudentT(), 1e-3, 1e8)):
        law.build((None, 2))
        weight = law.trainable_weights[0]
        for offset, expected in ((0.0, 1.0), (-1e4, low), (1e4, high)):
            weight.assign(np.full(2, offset))
            found = np.exp(numbers(law._log("scale", {"reconstruction": weight.value})))
            np.testing.assert_allclose(found, expected, rtol=1e-4)
    with pytest.raises(ValueError, match="`initial_degrees` to be between 1 and 1e"):
        StudentT(initial_degrees=0.5)
    with pytest.raises(ValueError, match=r"`initial_scale` to be between 0\.001 and 5"):
        LogNormal(initial_scale=10.0)
