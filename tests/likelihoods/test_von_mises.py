"""The von Mises law: concentrations of sixteen decades, angles of any turn, raw outputs."""

import math

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from laws import assert_near, log_prob
from scipy import special, stats

from diffusion_vae.likelihoods import VonMises

KAPPA = 10.0 ** np.arange(-8, 9)


def expected_log_prob(x, mean, kappa):
    return (
        -2.0 * kappa * np.sin(0.5 * (x - mean)) ** 2
        - np.log(special.i0e(kappa))
        - math.log(2.0 * math.pi)
    )


def cases(dtype):
    """Angles around a mean, at likely distances and at all."""
    kappa, mean, step = np.meshgrid(KAPPA, [-3.0, 0.0, 1.5], [-2.0, -0.3, 0.0, 1.0, 3.0])
    x = np.concatenate([mean + step / np.sqrt(kappa + 1.0), mean + step])
    kappa, mean = np.concatenate([kappa, kappa]), np.concatenate([mean, mean])
    return tuple(each.ravel().astype(dtype) for each in (x, mean, np.log(kappa)))


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-4), ("float64", 1e-6)])
def test_log_prob_over_sixteen_decades_of_concentrations(dtype, tolerance):
    x, mean, log_kappa = cases(dtype)
    outputs = {"reconstruction": mean, "log_concentration": log_kappa}
    found = log_prob(VonMises(dtype=dtype), x, outputs, dtype)
    x, mean, kappa = (each.astype("float64") for each in (x, mean, np.exp(log_kappa, dtype="d")))
    assert_near(found, expected_log_prob(x, mean, kappa), tolerance)
    spread = kappa < 100.0
    assert_near(found[spread], stats.vonmises(kappa, mean).logpdf(x)[spread], tolerance)


@pytest.mark.jax
def test_narrow_laws_in_float32():
    outputs = {"reconstruction": np.zeros(2), "log_concentration": np.log([1e8, 1e6])}
    found = log_prob(VonMises(), np.array([3e-4, 0.0]), outputs)
    np.testing.assert_allclose(found, [3.7914, 5.9888], rtol=0, atol=1e-4)


def test_densities_integrate_to_1():
    x = np.linspace(-np.pi, np.pi, 20_001)[:-1]
    for kappa in (1e-6, 0.5, 11.9, 12.1, 1e3):
        outputs = {"log_concentration": np.full(len(x), np.log(kappa))}
        density = np.exp(log_prob(VonMises(dtype="float64"), x, outputs, "float64"))
        assert density.mean() * 2 * np.pi == pytest.approx(1.0, abs=1e-8)


@pytest.mark.jax
@pytest.mark.torch
def test_every_real_number_is_an_angle():
    law = VonMises()
    law.check_data(np.array([[-1e6, 0.0, 7.5]]))
    raw = np.array([[np.cos(2.0), np.sin(2.0)]], "float32")
    outputs = law(raw)
    turns = np.array([[2.5], [2.5 - 2 * np.pi], [2.5 + 20 * np.pi]], "float32")
    found = ops.convert_to_numpy(law.log_prob(turns, outputs))
    np.testing.assert_allclose(found, expected_log_prob(2.5, 2.0, 1.0), rtol=1e-4)
    np.testing.assert_allclose(law.error(turns, outputs), np.full((3, 1), 0.5), atol=1e-4)
    with pytest.raises(ValueError, match="Expected data to be finite"):
        law.check_data(np.array([[np.inf]]))


def test_raw_outputs_are_cosines_and_sines_of_any_length():
    law = VonMises()
    assert law.event_shape((None, 6)) == (None, 3)
    angle = np.array([[3.0, -1.0, np.pi]])
    for length in (1e-3, 1.0, 1e4):
        raw = length * np.concatenate([np.cos(angle), np.sin(angle)], axis=1).astype("float32")
        np.testing.assert_allclose(law(raw)["reconstruction"], angle, atol=1e-6)
    # -pi is pi, whatever the sign of a zero
    raw = np.array([[-1.0, -1.0, -0.0, 0.0]], "float32")
    np.testing.assert_allclose(law.outputs(raw)["reconstruction"], [[np.pi, np.pi]])


def test_gradients_are_finite_at_the_origin_and_far_away():
    law = VonMises("predicted")
    law.build((None, 1))
    for raw in ([0.0, 0.0, 0.0], [1e-30, -1e-30, 50.0], [1e4, -1e4, 1e4], [-1e4, 0.0, -1e4]):
        value, [slope] = value_and_gradients(
            lambda raw: ops.sum(law.log_prob(np.array([[1.0]], "float32"), law.outputs(raw))),
            np.array([raw], "float32"),
        )
        assert math.isfinite(value)
        assert np.isfinite(slope).all()
    # a raw output that points nowhere can still learn to
    _, [slope] = value_and_gradients(
        lambda raw: ops.sum(law.log_prob(np.array([[1.0]], "float32"), law.outputs(raw))),
        np.zeros((1, 3), "float32"),
    )
    assert abs(slope[0, 1]) > 1.0


def test_the_gradient_of_the_concentration_is_that_of_the_law():
    _, _, log_kappa = cases("float64")
    law = VonMises(dtype="float64")
    law.build((None, 1))
    log_kappa = np.unique(log_kappa)[:, None]
    outputs = {"reconstruction": ops.zeros(log_kappa.shape, dtype="float64")}
    x = np.full(log_kappa.shape, 0.7)
    _, [slope] = value_and_gradients(
        lambda log: ops.sum(law.log_prob(x, {**outputs, "log_concentration": log})), log_kappa
    )
    kappa = np.exp(log_kappa)
    ratio = special.i1e(kappa) / special.i0e(kappa)
    np.testing.assert_allclose(slope, kappa * (np.cos(0.7) - ratio), rtol=1e-6, atol=1e-9)


@pytest.mark.jax
def test_draws_are_those_of_the_law():
    # Kolmogorov's distance times the root of the count is above 1.95 once in a thousand times.
    count = 10_000
    kappa = np.array([1e-6, 0.3, 2.0, 50.0])
    mean = np.array([0.0, 3.0, -2.0, 1.0])
    outputs = {
        name: ops.tile(ops.convert_to_tensor(value[None].astype("float32")), (count, 1))
        for name, value in (("reconstruction", mean), ("log_concentration", np.log(kappa)))
    }
    draws = ops.convert_to_numpy(VonMises().sample(outputs, seed=1)).astype("float64")
    assert (np.abs(draws) <= np.pi + 1e-6).all()
    for column in range(4):
        turned = np.angle(np.exp(1j * (draws[:, column] - mean[column])))
        distance = stats.kstest(turned, stats.vonmises(kappa[column]).cdf).statistic
        assert distance * math.sqrt(count) < 1.95


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ValueError, match=r"`concentration` to be one of \('learned', 'predicted"):
        VonMises("fixed")
    with pytest.raises(ValueError, match="`initial_concentration` to be between"):
        VonMises(initial_concentration=1e7)
