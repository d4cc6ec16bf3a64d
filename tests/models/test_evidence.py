"""log p(x) on every manifold: a decoder that ignores z knows it exactly.

Then log p(x | z) is a constant and the estimate is that constant plus log mean(p / q), which
is log 1 if, and only if, posterior samples, posterior density and prior belong together.
"""

import math

import keras
import numpy as np
import pytest
from manifold_list import CLOSED, each
from scipy.special import logsumexp

import diffusion_vae as dv
from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.manifolds import ImplicitManifold
from diffusion_vae.models import evidence as evidence_methods

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
EVIDENCE = -0.5 * np.sum(X**2, axis=-1) - 1.5 * math.log(2 * math.pi)

# Spaces on which the expansion of the density is exact, at times late enough for p / q to
# have no heavy tail (early on a right kernel fails this in most seeds).
TIMES = {"torus:1": 1.5, "torus:2": 1.5, "projective:3": 0.4, "so3": 3.2}


def blind_model(manifold, time, steps=15):
    """A model whose decoder is zero whatever the latent point."""
    model = dv.DiffusionVAE(
        manifold,
        keras.Sequential([keras.layers.Dense(5)]),
        keras.Sequential([keras.layers.Dense(3, kernel_initializer="zeros")]),
        kernel=RandomWalk(manifold, steps=steps),
        fixed_time=time,
        seed=0,
    )
    model.build((None, 3))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMES)
def test_importance_weights_average_to_one(name):
    # The spread over seeds is 0.04 on the tori (where 15 steps are biased by 0.15, 60 by
    # 0.02) and 0.01 elsewhere; a density against the wrong volume, or without its images,
    # is off by log 2 and more.
    model = blind_model(CLOSED[name], TIMES[name], steps=60)
    estimate = model.log_likelihood(X, samples=100)
    assert estimate.mean == pytest.approx(EVIDENCE.mean(), abs=0.1)


@pytest.mark.slow
def test_on_o3_the_estimate_is_lower_by_log_2():
    # The posterior never visits the other component, where half of the prior lives.
    estimate = blind_model(CLOSED["o3"], 3.2).log_likelihood(X, samples=100)
    assert estimate.mean == pytest.approx(EVIDENCE.mean() - math.log(2.0), abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["o3", "sphere:2"])
def test_draws_from_the_prior_reach_what_the_posterior_does_not(name):
    # Weights p / q of the mixture are at most 2. A narrow posterior gets half of the draws and
    # almost no weight: the mean of the rest is 2 x 50 / 100 = 1, with an error under 0.02.
    model = blind_model(CLOSED[name], 1e-3)
    estimate = model.log_likelihood(X, samples=100, prior_share=0.5)
    assert estimate.mean == pytest.approx(EVIDENCE.mean(), abs=0.1)


@pytest.mark.slow
@pytest.mark.jax
def test_the_mixture_agrees_with_quadrature_on_a_circle():
    # The encoder knows nothing of the decoder: the posteriors sit in arbitrary places.
    model = dv.FlatTorusVAE(1, fixed_time=0.05, seed=3)
    model.build((None, 3))
    x = np.tile(X, (14, 1))  # 560: more than one batch, the last of another size
    angles = (np.arange(4000) + 0.5) * 2.0 * np.pi / 4000
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype("float32")
    means = model.decode(circle).astype(float)  # [4000, 3]
    squares = np.sum((X[:, None] - means) ** 2, axis=-1)  # [40, 4000]
    exact = logsumexp(-0.5 * squares, axis=1) - math.log(4000) - 1.5 * math.log(2 * math.pi)
    estimate = model.log_likelihood(x, samples=400, prior_share=0.5)
    found = estimate.per_example.reshape(14, 40)
    error = found.std(axis=0, ddof=1) / math.sqrt(14)
    assert np.max(error) < 0.02
    assert np.abs(found.mean(axis=0) - exact).max() < 5.0 * np.max(error)


@pytest.mark.parametrize("share", [-0.1, 1.0, "half"])
def test_an_impossible_share_is_refused(share):
    model = blind_model(CLOSED["sphere:2"], 0.3)
    with pytest.raises((ValueError, TypeError), match="prior_share"):
        model.log_likelihood(X, samples=2, prior_share=share)


@each({k: m for k, m in CLOSED.items() if not isinstance(m, ImplicitManifold)})
def test_the_elbo_of_a_blind_decoder_is_the_evidence_less_the_kl(manifold):
    model = blind_model(manifold, 0.01, steps=2)
    location, time = model.encode(X)
    kl = np.asarray(RandomWalk(manifold).kl_to_prior(location, time))
    np.testing.assert_allclose(model.elbo(X), EVIDENCE - kl, rtol=2e-5, atol=2e-4)


def test_more_samples_are_taken_in_pieces_of_bounded_size(monkeypatch):
    model = blind_model(CLOSED["sphere:2"], 0.3, steps=1)
    rows = []
    decode = model.decoder.call

    def counting(z, **options):
        rows.append(z.shape[0])
        return decode(z, **options)

    monkeypatch.setattr(model.decoder, "call", counting)
    # To count every call.
    monkeypatch.setattr(evidence_methods, "as_graph", lambda function, _: function)
    examples = np.tile(X, (15, 1))  # 600
    estimate = model.log_likelihood(examples, samples=25, batch_size=512)
    assert sum(rows) == 600 * 25
    assert max(rows) <= 4096
    assert estimate.per_example.shape == (600,)
    rows.clear()
    model.log_likelihood(X[:1], samples=10_000)
    assert sum(rows) == 10_000
    assert max(rows) <= 4096


def test_one_example_has_no_standard_error():
    estimate = blind_model(CLOSED["sphere:2"], 0.3).log_likelihood(X[:1], samples=5)
    assert math.isnan(estimate.standard_error)
    assert math.isfinite(estimate.mean)
