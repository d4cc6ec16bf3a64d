"""Scores of a model whose likelihood is known."""

import keras
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diffusion_vae import EuclideanVAE
from diffusion_vae.comparison import scoring
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.networks import MLPEncoder

VARIANCE, EXAMPLES = 0.01, 200


@pytest.fixture(scope="module")
def linear():
    """A linear model of three columns on the plane, examples, and their log densities."""
    slopes = np.array([[1.0, 0.5, 0.0], [0.0, -0.5, 1.0]])
    law = multivariate_normal(np.zeros(3), slopes.T @ slopes + VARIANCE * np.eye(3))
    x = law.rvs(EXAMPLES, random_state=0).astype("float32")
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    decoder.set_weights([slopes.astype("float32"), np.zeros(3, "float32")])
    model = EuclideanVAE(
        2, MLPEncoder((4,)), decoder, likelihood=Gaussian(variance=VARIANCE), seed=0
    )
    model.build((None, 3))
    return model, x, law.logpdf(x)


@pytest.mark.slow
def test_an_untrained_encoder_does_not_lower_the_score(linear):
    model, x, truth = linear
    found = scoring.score(model, x, seed=0)
    # `bias` is a bound that the draws were doubled to reach.
    error = found.log_likelihood.std(ddof=1) / np.sqrt(EXAMPLES)
    assert found.bias < max(scoring.SMALL, scoring.SMALL_SHARE * error)
    gap = (found.log_likelihood - truth).mean()
    assert abs(gap) < 4 * found.bias + 0.01
    assert found.elbo < truth.mean() - 10.0  # what the encoder alone would say


def test_a_score_that_is_no_number_is_an_error(linear, monkeypatch):
    model, x, truth = linear
    nothing = type(
        "Estimate", (), {"per_example": np.where(np.arange(EXAMPLES) == 3, np.nan, truth)}
    )
    monkeypatch.setattr(model, "log_likelihood", lambda *arguments, **options: nothing)
    with pytest.raises(FloatingPointError, match="log-likelihood of 1 test example"):
        scoring.score(model, x, seed=0)
