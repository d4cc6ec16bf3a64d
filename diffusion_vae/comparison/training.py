"""How a candidate is trained: many short trials, the best of them to the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffusion_vae import likelihoods
from diffusion_vae.checks import require_integer, require_positive
from diffusion_vae.comparison.starts import Starts
from diffusion_vae.likelihoods import Gaussian, Likelihood
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models import DiffusionVAE, VariationalAutoencoder
from diffusion_vae.networks import MLPDecoder, MLPEncoder

# Small networks with Keras's default initializer start nearly constant in one or two coordinates.
INITIALIZER = "lecun_uniform"
# Of standardised columns. At 1 all variance passes for noise, and the location stays unused.
INITIAL_VARIANCE = 0.1
STEPS = 200  # between two looks at the validation loss
STEPS_TO_FUSE = 2000  # of a training that is worth compiling by XLA
GAIN = 0.1  # nats: what counts as an improvement


@dataclass(frozen=True)
class Effort:
    """How long, and how often, each candidate is trained.

    Attributes:
        seeds: Trainings that are scored.
        starts: Trials for each of them: a single one may tear the data.
        spare: How many trainings more than `seeds` go on after the trials; at the end the
            `seeds` best are kept.
        trial_steps: Steps of a trial.
        most_steps: Steps of a training, at most, before the rate falls.
        patience: Steps without improvement of the validation loss that end a training.
        decay_steps: Steps in which the rate falls to 0 at the end.
        batch_size: Examples a step.
        learning_rate: Of Adam.
        units: Widths of the hidden layers of encoder and decoder.
        activation: Of the hidden layers.
    """

    seeds: int = 3
    starts: int = 4
    spare: int = 2
    trial_steps: int = 1000
    most_steps: int = 8000
    patience: int = 1200
    decay_steps: int = 1600
    batch_size: int = 128
    learning_rate: float = 3e-3
    units: tuple[int, ...] = (128, 128)
    activation: str = "relu"

    def __post_init__(self) -> None:
        for name in ("seeds", "starts", "trial_steps", "most_steps", "patience", "decay_steps"):
            require_integer(name, getattr(self, name), 1)
        require_integer("batch_size", self.batch_size, 1)
        require_positive("learning_rate", self.learning_rate)


@dataclass(frozen=True)
class Trained:
    """What the trainings of a candidate left.

    Attributes:
        starts: The trainings; `starts.give(s)` is the model of the s-th.
        validation_loss: Of each, in nats an example, `[seeds]`, best first.
        finished: Whether the validation loss had stopped improving.
        steps: Steps of the longest training.
        failed: Number of trials whose loss became NaN or infinite.
    """

    starts: Starts
    validation_loss: np.ndarray
    finished: bool
    steps: int
    failed: int


def new_likelihood(likelihood: str | Likelihood, per_dimension: bool = True) -> Likelihood:
    """The likelihood of a new model; one that was given is copied, not trained.

    Args:
        likelihood: Its name, or a `Likelihood`. The name `"gaussian"` alone stands for learned
            scales, which start at those of standardised columns.
        per_dimension: Whether those scales are one for each value of an example.
    """
    if isinstance(likelihood, str) and likelihood == "gaussian":
        return Gaussian("learned", variance=INITIAL_VARIANCE, per_dimension=per_dimension)
    given = likelihoods.get(likelihood)
    return type(given).from_config(given.get_config())


def model_maker(
    manifold: Manifold, likelihood: str | Likelihood, effort: Effort, pictures: bool
) -> Callable[[int], VariationalAutoencoder]:
    """A function from a seed to the model of a candidate; networks are the same for all."""

    def make(seed: int) -> VariationalAutoencoder:
        options: Any = {"activation": effort.activation, "initializer": INITIALIZER}
        return DiffusionVAE(
            manifold,
            MLPEncoder(effort.units, **options),
            MLPDecoder(effort.units, **options),
            likelihood=new_likelihood(likelihood, per_dimension=not pictures),
            kl_warmup_steps=effort.trial_steps // 2,
            seed=seed,
        )

    return make


def train_candidate(
    make_model: Callable[[int], VariationalAutoencoder],
    seeds: Sequence[int],
    train: np.ndarray,
    validation: np.ndarray,
    effort: Effort,
) -> Trained:
    """Trains one candidate.

    All starts are tried for `effort.trial_steps`. The best of them train on at a constant rate
    until their validation loss stops improving. Then the rate falls to 0, from the weights of
    each that were best. The `effort.seeds` best are kept.

    Args:
        make_model: A function from a seed to a new model.
        seeds: One for each trial.
        train: Training examples, `[N, *event]`.
        validation: Examples that judge, `[M, *event]`.
        effort: How long.

    Raises:
        FloatingPointError: If the loss of every trial became NaN or infinite.
    """
    long = effort.most_steps + effort.decay_steps > STEPS_TO_FUSE
    starts = Starts(make_model, seeds, train, validation, effort.batch_size, fused=long)
    rate = effort.learning_rate
    loss = np.full(len(seeds), np.inf)
    for _ in range(max(1, effort.trial_steps // STEPS)):
        loss = _comparable(starts.run(STEPS, rate)[1])
    failed = int(np.isinf(loss).sum())
    if failed == len(seeds):
        raise FloatingPointError(
            "The loss of every trial became NaN or infinite. Take a smaller learning rate, or "
            "look at the range of the data."
        )
    kept = _best_first(loss)[: min(effort.seeds + effort.spare, len(seeds) - failed)]
    starts.keep(kept)
    steps, finished, best = _until_it_stops(starts, loss[kept], effort)
    starts.set_weights(best.weights)
    blocks = max(1, effort.decay_steps // STEPS)
    for block in range(blocks):
        loss = _comparable(starts.run(STEPS, rate * (1 - block / blocks) ** 2)[1])
        best = best.improved(loss, starts)
    starts.set_weights(best.weights)
    order = _best_first(best.loss)[: effort.seeds]
    starts.keep(order)
    return Trained(starts, best.loss[order], finished, steps + blocks * STEPS, failed)


@dataclass(frozen=True)
class _Best:
    """The best weights of each training so far, and their validation loss."""

    loss: np.ndarray
    weights: list[np.ndarray]

    def improved(self, loss: np.ndarray, starts: Starts) -> "_Best":
        better = loss < self.loss
        if not better.any():
            return self
        weights = [
            np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)
            for new, old in zip(starts.weights(), self.weights, strict=True)
        ]
        return _Best(np.where(better, loss, self.loss), weights)


def _until_it_stops(starts: Starts, loss: np.ndarray, effort: Effort) -> tuple[int, bool, _Best]:
    """Trains at a constant rate; returns the steps, whether the end was reached, and the best.

    Args:
        starts: Trainings whose trials are over.
        loss: Their validation losses, `[starts]`.
        effort: How long.
    """
    best = _Best(loss, starts.weights())
    reference, waited, steps = best.loss.mean(), 0, effort.trial_steps
    while steps < effort.most_steps:
        loss = _comparable(starts.run(STEPS, effort.learning_rate)[1])
        steps += STEPS
        best = best.improved(loss, starts)
        leading = float(np.sort(best.loss)[: effort.seeds].mean())
        if leading < reference - GAIN:
            reference, waited = leading, 0
        else:
            waited += STEPS
        if waited >= effort.patience:
            return steps, True, best
    return steps, False, best


def _best_first(loss: np.ndarray) -> list[int]:
    return np.argsort(loss, kind="stable").tolist()


def _comparable(loss: np.ndarray) -> np.ndarray:
    """Losses in which one that is no number is the worst."""
    return np.where(np.isfinite(loss), loss, np.inf)
