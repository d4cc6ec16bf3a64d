"""How well a trained candidate explains examples that it has not seen."""

import math
from dataclasses import dataclass

import numpy as np

from diffusion_vae.manifolds import Manifold
from diffusion_vae.models import DiffusionVAE

FIRST_DRAWS, MOST_DRAWS = 50, 1600  # of each half of an estimate
REFINE_STEPS = 30
SMALL = 0.02  # nats: what an estimate may be biased by
SMALL_SHARE = 0.1  # or this share of its standard error, where that is larger
# Draws from the prior help where the prior can meet a posterior, see `log_likelihood`.
LARGEST_DIM_FOR_PRIOR_DRAWS = 3


def prior_share(manifold: Manifold) -> float:
    """The share of the draws that come from the prior in an estimate on a manifold."""
    return 0.5 if manifold.dim <= LARGEST_DIM_FOR_PRIOR_DRAWS else 0.0


@dataclass(frozen=True)
class Score:
    """Numbers of one training on the test examples, in nats of the examples as they are given.

    Attributes:
        log_likelihood: Of each example, `[n]`.
        elbo: Mean over the examples.
        kl: Mean KL of the encoder's posteriors to the prior.
        draws: Draws an example.
        bias: By how much the estimate falls short, at about.
    """

    log_likelihood: np.ndarray
    elbo: float
    kl: float
    draws: int
    bias: float


def score(model: DiffusionVAE, test: np.ndarray, seed: int) -> Score:
    """Importance-weighted log-likelihoods, from as many draws as they need.

    Posteriors are refined first (`refine`), so that an encoder that errs is not taken for a
    wrong manifold; `prior_share` of the draws come from the prior. The estimate is made of two
    halves. Their difference gives its variance for each example, and half of that is by how
    much it is too small, to first order. The draws double until the mean of it is below 0.02
    nats, or a tenth of the standard error of the log-likelihood.

    Args:
        model: A trained model.
        test: Test examples, `[n, *event]`.
        seed: Of the draws.

    Raises:
        FloatingPointError: If a log-likelihood is NaN or infinite.
    """
    share = prior_share(model.manifold)
    elbo = float(model.elbo(test, seed=seed).mean())
    params = model.posterior_parameters(test)
    kl = float(np.mean(model.latent.kl(params)))
    draws = FIRST_DRAWS
    while True:
        halves = [
            model.log_likelihood(
                test, draws, prior_share=share, refine_steps=REFINE_STEPS, seed=seed + half
            ).per_example
            for half in (1, 2)
        ]
        failed = int((~np.isfinite(halves)).any(axis=0).sum())
        if failed:
            raise FloatingPointError(
                f"The log-likelihood of {failed} test examples is NaN or infinite. Take a smaller "
                "learning rate, or look at the range of the data."
            )
        variance = (halves[0] - halves[1]) ** 2 / 4
        bias = float(variance.mean()) / 2
        joined = np.logaddexp(*halves) - math.log(2)
        error = float(joined.std(ddof=1)) / math.sqrt(len(joined))
        if bias < max(SMALL, SMALL_SHARE * error) or draws >= MOST_DRAWS:
            break
        draws *= 2
    return Score(joined, elbo, kl, 2 * draws, bias)
