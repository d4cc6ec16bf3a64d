"""Refined posteriors against closed forms and quadrature."""

import keras
import numpy as np
import pytest
from manifold_list import each
from scipy.special import logsumexp

import diffusion_vae as dv
from diffusion_vae import likelihoods
from diffusion_vae.manifolds import EmbeddedTorus
from diffusion_vae.models import evidence as evidence_methods
from diffusion_vae.random import seed_states

RNG = np.random.default_rng(0)
BIAS = np.array([0.1, 0.2, -0.3])
# Orthogonal rows of one length: the true posterior has one variance in all directions.
WEIGHT = np.array([[1.0, 0.5, 0.0], [-0.5, 1.0, 0.0]])
VARIANCE = 0.1
PRECISION = 1.0 + 1.25 / VARIANCE  # of the true posterior under the prior N(0, I)


def linear_model(model_class, *arguments, variance=VARIANCE, **options):
    """x = z W + b + noise, with an encoder of random weights."""
    decoder = keras.Sequential([keras.layers.Dense(3)])
    encoder = keras.Sequential([keras.layers.Dense(2, kernel_initializer="glorot_normal")])
    likelihood = likelihoods.Gaussian(variance=variance)
    model = model_class(*arguments, encoder, decoder, likelihood=likelihood, seed=1, **options)
    model.build((None, 3))
    decoder.layers[0].set_weights([WEIGHT, BIAS])
    return model


@pytest.fixture
def without_graphs(monkeypatch):
    """Few steps on few examples cost less than their graphs."""
    monkeypatch.setattr(evidence_methods, "as_graph", lambda function, _: function)


@pytest.fixture(scope="module")
def plane():
    """A linear model on the plane, data, and the true posterior means."""
    model = linear_model(dv.EuclideanVAE, 2)
    z = RNG.normal(size=(200, 2))
    noise = VARIANCE**0.5 * RNG.normal(size=(200, 3))
    x = (z @ WEIGHT + BIAS + noise).astype("float32")
    return model, x, (x - BIAS) @ WEIGHT.T / (VARIANCE * PRECISION)


def gap(params, mean):
    """log p(x) - ELBO of each example: the KL to the true posterior, in closed form."""
    scaled = params["time"] * PRECISION  # [n, 2]
    square = (params["location"] - mean) ** 2 * PRECISION
    return 0.5 * np.sum(scaled + square - 1.0 - np.log(scaled), axis=-1)


@pytest.mark.jax
def test_the_posterior_of_a_linear_model_becomes_the_true_one(plane):
    model, x, mean = plane
    weights, states = model.get_weights(), seed_states(model)
    refined = model.refine(x, seed=0)
    # At the end steps average some 25 gradients of 4 draws: deviations of 1 / 10 in units of the
    # true one, and of the same size in log time.
    deviation = (refined["location"] - mean) * PRECISION**0.5
    assert np.sqrt(np.mean(deviation**2)) < 0.15
    assert np.sqrt(np.mean(np.log(refined["time"] * PRECISION) ** 2)) < 0.2
    assert gap(refined, mean).mean() < 0.04
    assert gap(model.posterior_parameters(x), mean).mean() > 3.0
    now = [*model.get_weights(), *seed_states(model)]
    for before, after in zip([*weights, *states], now, strict=True):
        np.testing.assert_array_equal(before, after)
    again = model.refine(x, seed=0)
    np.testing.assert_array_equal(again["location"], refined["location"])
    np.testing.assert_array_equal(again["time"], refined["time"])
    assert np.any(model.refine(x)["location"] != refined["location"])  # new draws


def test_a_good_encoder_is_left_alone_and_none_is_made_worse(plane, monkeypatch):
    model, x, mean = plane
    poor = gap(model.posterior_parameters(x), mean)
    assert np.all(gap(model.refine(x, steps=3, seed=0), mean) < poor + 0.02)

    def exact(x):
        location = (x - BIAS.astype("float32")) @ WEIGHT.T.astype("float32")
        location = location / np.float32(VARIANCE * PRECISION)
        return {"location": location, "time": keras.ops.full_like(location, 1.0 / PRECISION)}

    monkeypatch.setattr(model, "_posterior_of", exact)
    # Only chance can call another posterior better than the true one.
    refined = gap(model.refine(x, seed=0), mean)
    assert np.mean(refined > 1e-5) < 0.3
    assert refined.max() < 0.1


@pytest.mark.slow
@each()
def test_on_every_manifold_points_stay_on_it_and_times_in_their_limits(manifold, without_graphs):
    # The exact motion on the torus of revolution goes in hundreds of steps.
    kernel = "random_walk" if isinstance(manifold, EmbeddedTorus) else "auto"
    model = dv.DiffusionVAE(manifold, kernel=kernel, walk_steps=2, seed=0)
    x = RNG.normal(size=(6, 3)).astype("float32")
    params = model.refine(x, steps=3, starts=8, seed=0)
    old = model.posterior_parameters(x)
    assert {name: value.shape for name, value in params.items()} == {
        name: value.shape for name, value in old.items()
    }
    assert all(np.isfinite(value).all() for value in params.values())
    assert np.any(params["location"] != old["location"])
    projected = keras.ops.convert_to_numpy(manifold.project(params["location"]))
    np.testing.assert_allclose(params["location"], projected, atol=2e-5)
    for limits, time in zip(model.latent.time.log_time_range, params["time"].T, strict=True):
        low, high = limits or (-np.inf, np.inf)
        assert np.all((np.log(time) > low - 1e-5) & (np.log(time) < high + 1e-5))


@pytest.fixture(scope="module")
def circle():
    """A linear model on the circle whose encoder knows nothing, data, and log p(x) of each."""
    rng = np.random.default_rng(1)  # its own: how many draws others take depends on the spaces
    model = linear_model(dv.FlatTorusVAE, 1, variance=0.01, initial_log_time=-4.0)
    angles = 2.0 * np.pi * rng.random(40)
    z = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    x = (z @ WEIGHT + BIAS + 0.1 * rng.normal(size=(40, 3))).astype("float32")
    grid = (np.arange(2000) + 0.5) * 2.0 * np.pi / 2000
    means = np.stack([np.cos(grid), np.sin(grid)], axis=-1) @ WEIGHT + BIAS
    squares = np.sum((x[:, None] - means) ** 2, axis=-1)  # [40, 2000]
    log_prob = -0.5 * squares / 0.01 - 1.5 * np.log(2.0 * np.pi * 0.01)
    return model, x, logsumexp(log_prob, axis=-1) - np.log(2000)


@pytest.mark.slow
@pytest.mark.jax
def test_draws_of_refined_posteriors_find_what_a_wrong_encoder_misses(circle):
    model, x, evidence = circle
    assert model.log_likelihood(x, 50, seed=0).mean < evidence.mean() - 5.0
    refined = model.log_likelihood(x, 50, refine_steps=100, seed=0)  # after 30 some still turn
    # Weights vary by less than 0.3 of their mean: an example's error is under 0.3 / 50^(1/2).
    np.testing.assert_allclose(refined.per_example, evidence, atol=4 * 0.042)
    assert refined.mean == pytest.approx(evidence.mean(), abs=4 * 0.042 / np.sqrt(40))


@pytest.mark.slow
@pytest.mark.torch
def test_a_draw_of_the_prior_is_the_start_where_it_explains_more(circle, without_graphs):
    _, x, _ = circle
    model = linear_model(dv.FlatTorusVAE, 1, variance=0.01, fixed_time=0.002)
    chord = np.linalg.norm((x - BIAS) @ WEIGHT.T / 1.25, axis=-1)
    true = (x - BIAS) @ WEIGHT.T / 1.25 / chord[:, None]

    def distance(**options):
        params = model.refine(x, steps=4, seed=0, **options)
        np.testing.assert_allclose(params["time"], 0.002, rtol=1e-6)
        return np.linalg.norm(params["location"] - true, axis=-1)

    assert np.median(distance(starts=0)) > 0.5  # its steps are short
    assert distance(starts=64).max() < 0.25


class NaNOnOneSide(keras.layers.Layer):
    """The logarithm of a coordinate."""

    def call(self, z):
        return keras.ops.log(z[..., :1]) + keras.ops.zeros((1, 3))


def test_what_is_not_finite_is_never_kept(without_graphs):
    model = dv.EuclideanVAE(1, decoder=NaNOnOneSide(), fixed_time=1e-3, seed=0)
    x = np.full((30, 3), -1.0, "float32") + 0.1 * RNG.normal(size=(30, 3)).astype("float32")
    params = model.refine(x, steps=4, seed=0)
    assert np.isfinite(params["location"]).all()
    assert np.all(params["location"][:, 0] > 0.1)  # log is -1 at 0.37


def test_batches_of_a_source_are_refined_as_they_come(plane, without_graphs):
    model, x, mean = plane
    params = model.refine((part for part in (x[:30], x[30:37])), steps=8, seed=0)
    assert params["location"].shape == (37, 2)
    assert gap(params, mean[:37]).mean() < 1.0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "Expected `steps` to be at least 1"),
        ({"steps": 2.5}, TypeError, "Expected `steps` to be an integer"),
        ({"starts": -1}, ValueError, "Expected `starts` to be at least 0"),
        ({"batch_size": 0}, ValueError, "Expected `batch_size` to be at least 1"),
        ({"seed": -1}, ValueError, "Expected `seed` to be at least 0"),
    ],
)
def test_bad_arguments_are_one_sentence(plane, options, error, message):
    model, x, _ = plane
    with pytest.raises(error, match=message):
        model.refine(x, **options)
    with pytest.raises(ValueError, match="Expected `refine_steps` to be at least 0"):
        model.log_likelihood(x, refine_steps=-1)


def test_a_posterior_without_location_and_time_is_refused():
    model = dv.SpatialVAE(variant="mvn", maps=2)
    with pytest.raises(TypeError, match="Expected a model whose latent is a `BrownianLatent`"):
        model.refine(np.zeros((2, 32, 32, 3)))
