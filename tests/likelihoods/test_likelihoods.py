"""Likelihoods against SciPy's laws: every scale, every shape of data, every floor."""

import json
import math

import keras
import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from scipy import special, stats

from diffusion_vae import likelihoods
from diffusion_vae.likelihoods import SMALLEST_SCALE, Bernoulli, Gaussian, Likelihood

EVENTS = [(6,), (4, 3), (4, 3, 2)]
events = pytest.mark.parametrize("event", EVENTS, ids=str)
LEADING = [(5,), (2, 5)]  # a batch, and a sample axis before it
leading = pytest.mark.parametrize("leading_axes", LEADING, ids=str)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(likelihood, event):
    likelihood.build((None, *event))
    return likelihood


def log_prob(likelihood, x, raw):
    outputs = likelihood.outputs(ops.convert_to_tensor(raw))
    return ops.convert_to_numpy(likelihood.log_prob(ops.convert_to_tensor(x), outputs))


def event_sum(terms, event):
    return terms.sum(axis=tuple(range(-len(event), 0)))


# -- Gaussian --------------------------------------------------------------------


@pytest.mark.jax
@events
@leading
@pytest.mark.parametrize("variance", [1.0, 0.04])
def test_gaussian_with_a_fixed_variance(event, leading_axes, variance):
    x, mean = normal(5, *event), normal(*leading_axes, *event, seed=1)
    likelihood = built(Gaussian(variance=variance), event)
    expected = event_sum(stats.norm(mean, math.sqrt(variance)).logpdf(x), event)
    np.testing.assert_allclose(log_prob(likelihood, x, mean), expected, rtol=2e-5)
    assert likelihood.weights == []


def test_unit_variance_is_half_the_squared_error_and_a_constant():
    # ELBO = -(D/2) log 2 pi - (D/2) MSE - KL
    x, mean = normal(5, 28, 28), normal(5, 28, 28, seed=1)
    mse = np.mean((x - mean) ** 2, axis=(1, 2))
    expected = -0.5 * 784 * math.log(2 * math.pi) - 0.5 * 784 * mse
    np.testing.assert_allclose(log_prob(built(Gaussian(), (28, 28)), x, mean), expected, rtol=1e-6)


@events
@leading
@pytest.mark.parametrize("per_dimension", [False, True])
def test_gaussian_with_a_learned_scale(event, leading_axes, per_dimension):
    x, mean = normal(5, *event), normal(*leading_axes, *event, seed=1)
    likelihood = built(Gaussian("learned", 0.25, per_dimension), event)
    start = event_sum(stats.norm(mean, 0.5).logpdf(x), event)
    np.testing.assert_allclose(log_prob(likelihood, x, mean), start, rtol=2e-5)
    [weight] = likelihood.trainable_weights
    assert tuple(weight.shape) == (event if per_dimension else ())
    offset = normal(*weight.shape, seed=2)
    weight.assign(offset)
    # softplus above the floor, on the log scale
    inverse = np.log(np.expm1(math.log(0.5 / SMALLEST_SCALE)))
    scale = SMALLEST_SCALE * np.exp(np.log1p(np.exp(inverse + offset)))
    expected = event_sum(stats.norm(mean, scale).logpdf(x), event)
    np.testing.assert_allclose(log_prob(likelihood, x, mean), expected, rtol=5e-5)


@events
@leading
@pytest.mark.parametrize("per_dimension", [False, True])
def test_gaussian_with_a_predicted_scale(event, leading_axes, per_dimension):
    likelihood = built(Gaussian("predicted", 0.25, per_dimension), event)
    raw = normal(*leading_axes, *event[:-1], 2 * event[-1], seed=1)
    mean, offset = np.split(raw, 2, axis=-1)
    outputs = likelihood.outputs(ops.convert_to_tensor(raw))
    np.testing.assert_array_equal(outputs["reconstruction"], mean)
    scale = np.exp(ops.convert_to_numpy(outputs["log_scale"]))
    assert scale.shape == mean.shape
    flat = scale.reshape(*leading_axes, -1)
    if per_dimension:
        assert (np.ptp(flat, axis=-1) > 0.05).all()
    else:
        assert (np.ptp(flat, axis=-1) == 0).all()
        offset = np.mean(offset.reshape(*leading_axes, -1), axis=-1)
        assert (np.argsort(flat[..., 0], axis=None) == np.argsort(offset, axis=None)).all()
    x = normal(5, *event)
    expected = event_sum(stats.norm(mean, scale).logpdf(x), event)
    np.testing.assert_allclose(log_prob(likelihood, x, raw), expected, rtol=5e-5)


@leading
@pytest.mark.parametrize("activation, mean_of", [("sigmoid", special.expit), ("tanh", np.tanh)])
@pytest.mark.parametrize("scale", ["fixed", "predicted"])
def test_an_output_activation_makes_the_means(scale, activation, mean_of, leading_axes):
    likelihood = built(Gaussian(scale, 0.25, output_activation=activation), (3,))
    raw = normal(*leading_axes, 3 * likelihood.outputs_per_value, seed=1)
    outputs = likelihood.outputs(ops.convert_to_tensor(raw))
    mean = mean_of(raw[..., :3].astype("float64"))
    np.testing.assert_allclose(outputs["reconstruction"], mean, rtol=1e-5, atol=1e-6)
    deviation = np.exp(ops.convert_to_numpy(outputs["log_scale"])) if scale != "fixed" else 0.5
    x = normal(5, 3)
    expected = event_sum(stats.norm(mean, deviation).logpdf(x), (3,))
    np.testing.assert_allclose(log_prob(likelihood, x, raw), expected, rtol=5e-5)


def test_data_that_no_mean_can_reach_are_refused():
    Gaussian(output_activation="sigmoid").check_data(np.array([0.0, 1.0]))
    Gaussian(output_activation="tanh").check_data(np.array([-1.0, 1.0]))
    with pytest.raises(ValueError, match=r"in \[0, 1\] for means that come from sigmoid.*-1 to 1"):
        Gaussian(output_activation="sigmoid").check_data(np.array([-1.0, 1.0]))
    with pytest.raises(ValueError, match=r"in \[-1, 1\] for means that come from tanh.*0 to 2"):
        Gaussian(output_activation="tanh").check_data(np.array([0.0, 2.0]))


@pytest.mark.parametrize("variance", [1.0, 0.04, 4.0, 2e-6])
@pytest.mark.parametrize("scale", ["learned", "predicted"])
def test_scales_start_at_the_initial_variance_and_stay_above_the_floor(scale, variance):
    likelihood = built(Gaussian(scale, variance, per_dimension=True), (3,))

    def deviation(offset):
        return float(ops.exp(likelihood._log_scale(ops.convert_to_tensor(offset, "float32"))))

    assert deviation(0.0) == pytest.approx(math.sqrt(variance), rel=1e-5)
    assert deviation(-100.0) == pytest.approx(SMALLEST_SCALE, rel=1e-5)
    assert deviation(-1e6) >= SMALLEST_SCALE * (1 - 1e-6)


@pytest.mark.parametrize("scale", ["learned", "predicted"])
def test_gradients_are_finite_at_the_floor(scale):
    likelihood = built(Gaussian(scale), (2,))
    if scale == "learned":
        likelihood.offset.assign(-200.0)
    raw = np.array([[1.0, 1.0, -200.0, -200.0]], "float32")[:, : 2 * likelihood.outputs_per_value]
    x = ops.convert_to_tensor([[1.0, 1.1]])
    value, [gradient] = value_and_gradients(
        lambda raw: ops.sum(likelihood.log_prob(x, likelihood.outputs(raw))), raw
    )
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()


# -- Bernoulli -------------------------------------------------------------------


@pytest.mark.jax
@events
@leading
def test_bernoulli_from_logits(event, leading_axes):
    likelihood = built(Bernoulli(), event)
    logits = 3.0 * normal(*leading_axes, *event, seed=1)
    x = (normal(5, *event) > 0).astype("float32")
    outputs = likelihood.outputs(ops.convert_to_tensor(logits))
    probability = 1.0 / (1.0 + np.exp(-logits.astype("float64")))
    np.testing.assert_allclose(outputs["reconstruction"], probability, rtol=1e-5)
    expected = event_sum(stats.bernoulli(probability).logpmf(x.astype(int)), event)
    np.testing.assert_allclose(log_prob(likelihood, x, logits), expected, rtol=2e-5)


def test_bernoulli_data_between_0_and_1_count_as_probabilities():
    likelihood = built(Bernoulli(), (1,))
    p, x = 0.3, 0.2
    logit = math.log(p / (1 - p))
    expected = x * math.log(p) + (1 - x) * math.log(1 - p)
    assert log_prob(likelihood, [[x]], [[logit]])[0] == pytest.approx(expected, rel=1e-6)


def test_bernoulli_has_no_overflow():
    likelihood = built(Bernoulli(), (1,))
    values = log_prob(likelihood, [[1.0], [0.0], [0.0]], [[-200.0], [200.0], [-200.0]])
    np.testing.assert_allclose(values, [-200.0, -200.0, 0.0], atol=1e-6)


# -- what data are possible --------------------------------------------------------


def test_gaussian_data_are_finite():
    Gaussian().check_data(normal(4, 3))
    Gaussian().check_data(np.arange(6))  # integers always are
    x = normal(4, 3)
    x[1, 2], x[2, 0] = np.nan, np.inf
    with pytest.raises(
        ValueError, match=r"Expected data to be finite\. .*2 NaN or infinite values"
    ):
        Gaussian().check_data(x)


def test_bernoulli_data_are_between_0_and_1():
    Bernoulli().check_data(np.array([[0.0, 0.5, 1.0]]))
    Bernoulli().check_data(np.array([[False, True]]))
    Bernoulli().check_data(np.zeros((0, 3)))
    for bad in (np.array([[0, 255]], "uint8"), np.array([[-0.1, 1.0]])):
        with pytest.raises(ValueError, match=r"Expected data in \[0, 1\].*likelihood='gaussian'"):
            Bernoulli().check_data(bad)
    with pytest.raises(ValueError, match="Expected data to be finite"):
        Bernoulli().check_data(np.array([[np.nan, 1.0]]))


# -- the layer -------------------------------------------------------------------

ALL = [
    Gaussian(),
    Gaussian("learned", 0.5, per_dimension=True),
    Gaussian("predicted", 2.0),
    Gaussian(output_activation="sigmoid"),
    Bernoulli(),
]


@pytest.mark.parametrize("likelihood", ALL, ids=lambda p: type(p).__name__)
def test_configuration_round_trip(likelihood):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(likelihood)))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(likelihood)
    assert again.get_config() == likelihood.get_config()
    assert again.outputs_per_value == likelihood.outputs_per_value


def test_configurations_of_files_from_before_there_were_missing_values_are_read():
    config = {
        "module": "diffusion_vae.likelihoods",
        "class_name": "Gaussian",
        "config": {
            "name": "gaussian", "trainable": True, "dtype": "float32", "scale": "learned",
            "variance": 0.5, "per_dimension": True, "output_activation": "linear",
        },
        "registered_name": "diffusion_vae>Gaussian",
    }  # fmt: skip
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is Gaussian
    assert (again.scale, again.variance, again.missing) == ("learned", 0.5, "refuse")


def test_a_predicted_scale_needs_two_outputs_a_value():
    assert [likelihood.outputs_per_value for likelihood in ALL] == [1, 1, 2, 1, 1]
    assert Gaussian("predicted").event_shape((None, 28, 6)) == (None, 28, 3)
    assert Gaussian().event_shape((None, 28, 6)) == (None, 28, 6)
    with pytest.raises(ValueError, match=r"multiple of 2, the outputs per value of Gaussian"):
        Gaussian("predicted").event_shape((None, 28, 5))


def test_called_as_a_layer_it_gives_its_outputs():
    raw = normal(5, 6)
    outputs = Bernoulli()(raw)
    assert set(outputs) == {"reconstruction", "logits"}
    symbolic = Gaussian("predicted")(keras.KerasTensor((None, 4, 6)))
    assert {name: v.shape for name, v in symbolic.items()} == {
        "reconstruction": (None, 4, 3),
        "log_scale": (None, 4, 3),
    }


def test_get():
    assert isinstance(likelihoods.get("gaussian"), Gaussian)
    assert isinstance(likelihoods.get("bernoulli"), Bernoulli)
    mine = Gaussian("learned")
    assert likelihoods.get(mine) is mine
    again = likelihoods.get(keras.saving.serialize_keras_object(mine))
    assert again.scale == "learned"
    with pytest.raises(
        ValueError, match=r"one of \('gaussian', 'bernoulli', .*\).*Received: 'poison'.*'poisson'"
    ):
        likelihoods.get("poison")
    layer = keras.saving.serialize_keras_object(keras.layers.Dense(2))
    with pytest.raises(ValueError, match=r"or a Likelihood\. Received: <Dense"):
        likelihoods.get(layer)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"scale": "free"}, ValueError, r"Expected `scale` to be one of .*Received: 'free'"),
        ({"variance": 0.0}, ValueError, r"Expected `variance` to be positive"),
        ({"variance": "1"}, TypeError, r"Expected `variance` to be a number"),
        ({"output_activation": "sigmoyd"}, ValueError, r"`output_activation`.*mean 'sigmoid'"),
        ({"scale": "learned", "variance": 1e-6}, ValueError, r"initial `variance` above 1e-06"),
    ],
)
def test_bad_arguments_say_what_to_do(options, error, message):
    with pytest.raises(error, match=message):
        Gaussian(**options)


def test_the_base_class_says_what_a_likelihood_gives():
    with pytest.raises(NotImplementedError):
        Likelihood().outputs(None)
    with pytest.raises(NotImplementedError):
        Likelihood().log_prob(1.0, {"reconstruction": ops.zeros(())})


# -- draws -----------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["fixed", "learned", "predicted"])
def test_gaussian_draws_have_the_mean_and_the_scale(scale):
    likelihood = built(Gaussian(scale, variance=0.25, per_dimension=True), (3,))
    raw = normal(3 * likelihood.outputs_per_value)
    outputs = likelihood.outputs(ops.tile(ops.convert_to_tensor(raw[None]), (20_000, 1)))
    draws = ops.convert_to_numpy(likelihood.sample(outputs, seed=1))
    scales = np.full(3, 0.5)
    if scale == "predicted":
        scales = np.exp(ops.convert_to_numpy(outputs["log_scale"])[0])
    # Four standard errors of a mean and of a standard deviation.
    error = scales / math.sqrt(20_000)
    np.testing.assert_array_less(abs(draws.mean(axis=0) - raw[:3]), 4 * error)
    np.testing.assert_array_less(abs(draws.std(axis=0) - scales), 4 * error / math.sqrt(2))


def test_bernoulli_draws_are_binary_with_the_mean():
    likelihood = built(Bernoulli(), (2,))
    outputs = likelihood.outputs(ops.tile(ops.convert_to_tensor([[-1.0, 2.0]]), (20_000, 1)))
    draws = ops.convert_to_numpy(likelihood.sample(outputs, seed=1))
    assert set(np.unique(draws)) == {0.0, 1.0}
    mean = 1.0 / (1.0 + np.exp([1.0, -2.0]))
    error = np.sqrt(mean * (1 - mean) / 20_000)
    np.testing.assert_array_less(abs(draws.mean(axis=0) - mean), 4 * error)
