"""One candidate: trained, scored, and described for the comparison."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from diffusion_vae.comparison.candidates import contained_in, name_of
from diffusion_vae.comparison.examples import Split
from diffusion_vae.comparison.imitation import sees_beyond
from diffusion_vae.comparison.scoring import Score, score
from diffusion_vae.comparison.training import Effort, model_maker, train_candidate
from diffusion_vae.comparison.verdict import Standing
from diffusion_vae.evaluation.topology import evidence
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.random import layer_seeds


@dataclass(frozen=True)
class Candidate:
    """What a comparison knows of one manifold. Numbers are in nats an example.

    Attributes:
        manifold: Text form.
        dim: Dimension.
        scores: Log-likelihoods of the test examples, `[seeds, n]`, best training first.
        elbo: ELBO of the test examples of each training, `[seeds]`.
        kl: Mean KL of the encoder's posteriors to the prior, `[seeds]`.
        validation_loss: Of each training, `[seeds]`.
        finished: Whether training ended because it had stopped improving.
        steps: Steps of the longest training.
        draws: Draws an example of the log-likelihood.
        seconds: Time that it took.
        sees_beyond: For each smaller space that this one contains, the share of what the
            decoder sees that the smaller one cannot hold; near 0, it only imitates that.
        tears: Largest latent jump between neighbours in the data, jump of 99 % of them, share
            of torn examples; a random pair has distance 1.
        neighbourhoods: `trustworthiness` and `continuity`.
        codes: Locations of the test examples by the best training, `[n, ambient_dim]`.
    """

    manifold: str
    dim: int
    scores: np.ndarray
    elbo: list[float]
    kl: list[float]
    validation_loss: list[float]
    finished: bool
    steps: int
    draws: int
    seconds: float
    sees_beyond: dict[str, float] = field(default_factory=dict)
    tears: dict[str, float] | None = None
    neighbourhoods: dict[str, float] = field(default_factory=dict)
    codes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def log_likelihood(self) -> float:
        """Mean over trainings and test examples."""
        return float(self.scores.mean())

    @property
    def standard_error(self) -> float:
        """Of that mean, over examples and trainings together."""
        means = self.scores.mean(axis=1)
        variance = self.scores.mean(axis=0).var(ddof=1) / self.scores.shape[1]
        if len(means) > 1:
            variance += means.var(ddof=1) / len(means)
        return float(np.sqrt(variance))

    @property
    def standing(self) -> Standing:
        """What the verdict needs to know of it."""
        return Standing(
            self.manifold,
            self.dim,
            self.scores,
            self.sees_beyond,
            self.finished,
            None if self.tears is None else self.tears["share"],
        )

    def numbers(self) -> dict[str, Any]:
        """Everything but the arrays, as JSON can hold it."""
        hidden = ("scores", "codes")
        numbers = {name: value for name, value in asdict(self).items() if name not in hidden}
        return numbers | {
            "log_likelihood": self.log_likelihood,
            "standard_error": self.standard_error,
        }


def measure_candidate(
    manifold: Manifold,
    likelihood: str | Likelihood,
    split: Split,
    effort: Effort,
    seed: int,
    log_scale: float = 0.0,
) -> tuple[Candidate, DiffusionVAE]:
    """Trains and scores one candidate; returns the model of its best training too.

    Args:
        manifold: The latent space.
        likelihood: As `compare_manifolds` takes it.
        split: The examples.
        effort: How long to train.
        seed: Of weights, noise, order and draws.
        log_scale: What is taken off the log densities, so that they are in the units of the data.
    """
    began, name = time.perf_counter(), name_of(manifold)
    pictures = split.train.ndim > 2
    seeds = layer_seeds(seed, effort.seeds * effort.starts)
    make = model_maker(manifold, likelihood, effort, pictures)
    try:
        trained = train_candidate(make, seeds, split.train, split.validation, effort)
        scores: list[Score] = []
        for start in reversed(range(len(trained.starts))):  # the best last: the model keeps it
            model = trained.starts.give(start)
            scores.insert(0, score(model, split.test, seed))
    except FloatingPointError as error:
        raise FloatingPointError(f"{name}: {error}") from error
    codes = model.encode(split.test)[0]
    everything = np.concatenate([split.train, split.validation, split.test])
    found = evidence(everything, model.encode(everything)[0], manifold, homology=False)
    tears = found.tears
    smaller = contained_in(name)
    return Candidate(
        manifold=name,
        dim=manifold.dim,
        scores=np.stack([each.log_likelihood for each in scores]) - log_scale,
        elbo=[each.elbo - log_scale for each in scores],
        kl=[each.kl for each in scores],
        validation_loss=trained.validation_loss.tolist(),
        finished=trained.finished,
        steps=trained.steps,
        draws=max(each.draws for each in scores),
        seconds=time.perf_counter() - began,
        sees_beyond={space: sees_beyond(model, codes, space) for space in smaller},
        tears=None if tears is None else asdict(tears),
        neighbourhoods=asdict(found.neighbourhoods),
        codes=codes,
    ), model
