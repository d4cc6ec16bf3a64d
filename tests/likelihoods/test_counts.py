"""Poisson and negative binomial laws: sixteen decades of rates and dispersions, exposures."""

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from laws import assert_near, log_prob, numbers
from scipy import special, stats

from diffusion_vae.likelihoods import NegativeBinomial, Poisson
from diffusion_vae.likelihoods.draws import poisson_quantile

RATES = 10.0 ** np.arange(-10, 7)
DISPERSIONS = 10.0 ** np.arange(-8, 9)
PRECISION = [("float32", 1e-4), ("float64", 1e-6)]  # as the laws promise
FIXED = [0, 1, 2, 5, 9, 10, 11, 40, 1000, 100_000]


def counts_near(rate):
    """Counts that are likely at a rate, and some that are the same for all rates."""
    near = np.round(rate + np.sqrt(rate) * np.array([-3.0, -1.0, 0.0, 1.0, 3.0]))
    return np.unique(np.concatenate([FIXED, near[near >= 0]]))


def cases(dtype, *logs):
    """Counts, and numbers whose logs are floats of a type: their logs, and they in float64."""
    grids = [[np.log(each).astype(dtype) for each in group] for group in logs]
    points = np.array(np.meshgrid(*grids, indexing="ij")).reshape(len(grids), -1)
    found = [counts_near(np.exp(float(rate))) for rate in points[0]]
    repeats = [len(each) for each in found]
    logs = [np.repeat(each, repeats) for each in points]
    return np.concatenate(found), logs, [np.exp(each.astype("float64")) for each in logs]


def mean_outputs(log_mean):
    return {"reconstruction": np.exp(log_mean), "log_mean": log_mean}


def negative_binomial(count, mean, theta):
    """log p in float64 without log-gammas of large numbers: a sum over the counts below."""
    below = np.arange(int(count.max()))
    rising = {
        each: np.concatenate([[0.0], np.cumsum(np.log1p(below / each))])
        for each in np.unique(theta)
    }
    steps = np.array([rising[t][int(k)] for k, t in zip(count, theta, strict=True)])
    return (
        steps
        - special.gammaln(count + 1.0)
        + special.xlogy(count, mean)
        - (count + theta) * np.log1p(mean / theta)
    )


# -- log densities -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype, tolerance", PRECISION)
def test_poisson_over_sixteen_decades_of_rates(dtype, tolerance):
    count, [log_mean], [mean] = cases(dtype, RATES)
    found = log_prob(Poisson(dtype=dtype), count, mean_outputs(log_mean), dtype)
    expected = special.xlogy(count, mean) - mean - special.gammaln(count + 1.0)
    assert_near(found, expected, tolerance)
    likely = np.abs(count - mean) <= 3.0 * np.sqrt(mean) + 1.0
    assert_near(found[likely], stats.poisson.logpmf(count, mean)[likely], tolerance)


@pytest.mark.parametrize("dtype, tolerance", PRECISION)
def test_negative_binomial_over_sixteen_decades_of_means_and_dispersions(dtype, tolerance):
    count, [log_mean, log_theta], [mean, theta] = cases(dtype, RATES[::2], DISPERSIONS)
    outputs = {**mean_outputs(log_mean), "log_dispersion": log_theta}
    found = log_prob(NegativeBinomial(dtype=dtype), count, outputs, dtype)
    assert_near(found, negative_binomial(count, mean, theta), tolerance)
    # SciPy, where its 1 - p does not round a mean away
    exact = (theta <= 10.0) & (mean > 1e-3)
    expected = stats.nbinom.logpmf(count, theta, theta / (theta + mean))
    assert_near(found[exact], expected[exact], tolerance)


@pytest.mark.jax
def test_a_large_dispersion_is_a_poisson_law():
    # Mean 0.1: of scipy.stats.nbinom in float64
    outputs = {**mean_outputs(np.full(4, np.log(0.1))), "log_dispersion": np.full(4, np.log(1e8))}
    found = log_prob(NegativeBinomial(), np.array([0, 1, 3, 5]), outputs)
    np.testing.assert_allclose(found, [-0.1, -2.4026, -8.7998, -16.4004], rtol=0, atol=4e-4)
    assert_near(found, negative_binomial(np.array([0, 1, 3, 5]), 0.1, np.full(4, 1e8)), 1e-5)


@pytest.mark.torch
def test_probabilities_add_to_1_in_float32():
    count = np.arange(0.0, 4000.0)
    for mean in (1e-3, 0.1, 3.0, 80.0, 1000.0):
        outputs = mean_outputs(np.full(len(count), np.log(mean)))
        assert np.exp(log_prob(Poisson(), count, outputs)).sum() == pytest.approx(1, abs=1e-4)
        for theta in (1e-6, 0.5, 20.0, 1e4, 1e8):
            outputs["log_dispersion"] = np.full(len(count), np.log(theta))
            found = np.exp(log_prob(NegativeBinomial(), count, outputs)).sum()
            expected = stats.nbinom.cdf(3999, theta, theta / (theta + mean))
            assert found == pytest.approx(expected, abs=1e-4), (mean, theta)


def test_gradients_are_finite_and_those_of_the_law():
    count, [log_mean, log_theta], [mean, theta] = cases("float32", RATES[::2], DISPERSIONS[::2])
    law = NegativeBinomial()
    law.build((None, 1))

    def total(log_mean, log_theta):
        outputs = {"log_mean": log_mean, "reconstruction": ops.exp(log_mean)}
        return ops.sum(law.log_prob(count[:, None], {**outputs, "log_dispersion": log_theta}))

    value, slopes = value_and_gradients(total, log_mean[:, None], log_theta[:, None])
    assert np.isfinite(value)
    assert all(np.isfinite(slope).all() for slope in slopes)
    # d log p / d log m = theta (x - m) / (theta + m), in units of its standard deviation
    unit = 1.0 + np.sqrt(mean)
    expected = theta * (count - mean) / (theta + mean)
    assert_near(slopes[0][:, 0] / unit, expected / unit, 1e-4)
    law = Poisson()
    law.build((None, 1))
    _, [slope] = value_and_gradients(
        lambda raw: ops.sum(law.log_prob(count[:, None], law.outputs(raw))), log_mean[:, None]
    )
    assert_near(slope[:, 0] / unit, (count - mean) / unit, 1e-4)


# -- means -------------------------------------------------------------------------------


def test_a_raw_output_is_a_log_rate_until_it_would_overflow():
    raw = np.array([[-1e4, -30.0, 0.0, 20.0, 30.0, 1e4]], "float32")
    log_rate = np.array(Poisson().outputs(ops.convert_to_tensor(raw))["log_mean"])
    np.testing.assert_array_equal(log_rate[0, :4], raw[0, :4])
    np.testing.assert_allclose(log_rate[0, 4:], 20.0 + np.log1p([10.0, 9980.0]), rtol=1e-6)
    assert np.exp(2.0 * log_rate[0, -1]) < np.finfo("float32").max  # its square, too


def test_softplus_rates():
    raw = np.array([[-1e4, -100.0, -20.0, -14.0, 0.0, 50.0, 1e4]], "float32")
    law = Poisson(link="softplus", exposure=3.0)
    outputs = law(raw)
    rate = np.log1p(np.exp(np.minimum(raw.astype("float64"), 40.0)))
    rate = np.where(raw > 40, raw, rate)
    np.testing.assert_allclose(
        numbers(outputs["reconstruction"]), 3.0 * rate, rtol=1e-5, atol=1e-38
    )
    expected = np.log(3.0) + np.where(raw < -40, raw, np.log(np.maximum(rate, 1e-300)))
    np.testing.assert_allclose(numbers(outputs["log_mean"]), expected, rtol=1e-6)


@pytest.mark.jax
@pytest.mark.parametrize("law", [Poisson, NegativeBinomial])
def test_exposures_multiply_the_mean_of_each_example(law):
    raw = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")  # [draws, batch, ...]
    plain, timed = law(), law(exposure=0.25)
    plain.build((None, 3)), timed.build((None, 3))
    exposure = np.array([0.5, 1.0, 2.0, 8.0, 100.0], "float32")
    mean = numbers(plain(raw)["reconstruction"])
    np.testing.assert_allclose(mean, np.exp(raw), rtol=1e-6)
    np.testing.assert_allclose(numbers(timed(raw)["reconstruction"]), 0.25 * mean, rtol=1e-6)
    for given in (exposure, np.tile(exposure, (4, 1))):  # of the batch, or of every draw
        outputs = timed(raw, exposure=ops.convert_to_tensor(given))
        np.testing.assert_allclose(
            numbers(outputs["reconstruction"]), 0.25 * exposure[:, None] * mean, rtol=1e-6
        )


def test_bad_exposures_are_refused():
    Poisson().check_exposure(np.array([0.1, 2.0]))
    with pytest.raises(ValueError, match=r"exposures to be positive and finite.*2 that are not"):
        Poisson().check_exposure(np.array([0.0, 1.0, np.nan]))
    with pytest.raises(ValueError, match="Expected `exposure` to be positive"):
        Poisson(exposure=-1.0)
    with pytest.raises(ValueError, match=r"Expected `link` to be one of \('log', 'softplus'\)"):
        Poisson(link="exp")


def test_dispersions_start_where_they_are_told_and_stay_in_their_limits():
    law = NegativeBinomial(initial_dispersion=10.0)
    law.build((None, 3))
    [weight] = law.trainable_weights
    assert tuple(weight.shape) == (3,)
    for offset, expected in ((0.0, 10.0), (-1e4, 1e-6), (1e4, 1e8)):
        weight.assign(np.full(3, offset))
        theta = np.exp(numbers(law._log("dispersion", {"reconstruction": weight.value})))
        np.testing.assert_allclose(theta, expected, rtol=1e-4)
    with pytest.raises(ValueError, match=r"`initial_dispersion` to be between 1e-06 and 1e\+08"):
        NegativeBinomial(initial_dispersion=1e9)
    with pytest.raises(ValueError, match=r"`dispersion` to be one of \('learned', 'predicted'\)"):
        NegativeBinomial("fixed")


# -- data and draws ------------------------------------------------------------------------


def test_data_that_are_no_counts_are_refused():
    for law in (Poisson(), NegativeBinomial()):
        law.check_data(np.array([[0, 3]], "uint8"))
        law.check_data(np.array([[0.0, 1e6]]))
        law.check_data(np.array([[True]]))
        name = type(law).__name__
        with pytest.raises(ValueError, match=f"counts of at least 0 for {name}.*from -1 to 2"):
            law.check_data(np.array([[-1, 2]]))
        with pytest.raises(ValueError, match=f"whole numbers, for {name}.*such as 0.5"):
            law.check_data(np.array([[1.0, 0.5]]))
        with pytest.raises(ValueError, match=r'finite.*1 NaN .*give the likelihood `missing="ign'):
            law.check_data(np.array([[1.0, np.nan]]))


def test_poisson_counts_of_quantiles():
    # A count of another rank only where a quantile lies between the digits of a float.
    normal = np.random.default_rng(0).normal(size=4000)
    for rate in (1e-6, 0.3, 5.0, 40.0, 63.9, 64.0, 300.0, 1e6):
        rates = ops.full(normal.shape, rate, dtype="float64")
        found = numbers(poisson_quantile(ops.convert_to_tensor(normal), rates))
        expected = stats.poisson.ppf(stats.norm.cdf(normal), rate)
        assert np.abs(found - expected).max() <= 1.0
        assert np.mean(found != expected) < 1e-3


def test_far_quantiles_are_few_counts_more():
    # At 6 standard deviations the level is 1 in single precision, which no sum need reach.
    rates = np.geomspace(1e-3, 63.0, 400).astype("float32")
    normal = np.full_like(rates, 6.0)
    found = numbers(poisson_quantile(ops.convert_to_tensor(normal), rates))
    assert (found <= stats.poisson.isf(stats.norm.sf(6.0), rates)).all()
    assert (found >= stats.poisson.isf(1e-6, rates)).all()


@pytest.mark.jax
@pytest.mark.torch
def test_draws_have_the_mean_and_the_variance():
    count = 20_000
    mean, theta = np.array([0.05, 2.0, 30.0, 500.0]), np.array([0.3, 1.0, 5.0, 50.0])
    outputs = {
        name: ops.tile(ops.convert_to_tensor(value[None].astype("float32")), (count, 1))
        for name, value in mean_outputs(np.log(mean)).items()
    }
    outputs["log_dispersion"] = ops.tile(
        ops.convert_to_tensor(np.log(theta)[None].astype("float32")), (count, 1)
    )
    for law, exact in (
        (Poisson(), stats.poisson(mean)),
        (NegativeBinomial(), stats.nbinom(theta, theta / (theta + mean))),
    ):
        draws = numbers(law.sample(outputs, seed=1)).astype("float64")
        assert (draws == np.round(draws)).all()
        expected, variance, kurtosis = (np.array(each) for each in exact.stats("mvk"))
        errors = np.sqrt(variance / count)
        np.testing.assert_array_less(abs(draws.mean(axis=0) - expected), 4 * errors)
        errors = variance * np.sqrt((kurtosis + 2.0) / count)
        np.testing.assert_array_less(abs(draws.var(axis=0) - variance), 4 * errors)
