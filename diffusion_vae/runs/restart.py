"""Giving up a training run that its loss shows to be stuck."""

import math
from collections.abc import Callable
from typing import Any, Self

import keras
import numpy as np

from diffusion_vae.datasets.curriculum import FrequencyCurriculum
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.models import VariationalAutoencoder
from diffusion_vae.random import layer_seeds

# The first check comes after a sixth of the epochs (the first stage of a curriculum of
# three), and not before three epochs.
CHECK_AT, LEAST_EPOCHS = 1 / 6, 3
# What may be missing of the lowest frequencies by then. Starts that have unfolded show
# 0.006 or less, others 0.06 or more; a few of these would still unfold, but to start
# again takes less time than to wait for them.
EARLY = 0.025
# Examples that are no pictures have no low frequencies; halfway through, rotated functions on the
# sphere miss 0.5 % of their energy if they have unfolded, and 1.7 % or more if not.
HALFWAY = 0.01
# At the end of training the posterior's width alone costs half a nat a latent dimension. Of the
# lowest frequencies almost nothing may be missing; of all others, whose fine detail a network
# is slow to learn, successes on random pictures miss 2 to 5 %, failures mostly 8 % or more.
FINAL_PER_DIMENSION, FINAL, FINAL_FINE = 0.75, 0.004, 0.06
# What the decoded location of no example may miss of the energy at the end. A small tear hardly
# shows in a mean, but the examples along it are decoded to something else: of successes the worst
# example misses 5 % at most, of failures 34 % or more. (A photograph whose fine detail is not
# learned yet misses 15 %: it is trained without restarts, or for longer.)
WORST, EXAMPLES = 0.1, 10_000


def attempt_seeds(seed: int, restarts: int) -> list[int]:
    """The seed of the first training and of each that starts anew, `restarts + 1` in all."""
    return [seed, *layer_seeds(seed, restarts)]


class StopIfStuck(keras.callbacks.Callback):
    """Stops training if the pictures are not reproduced after a few epochs.

    Meant for data without noise, such as the periodic pictures. Where the encoder has
    unfolded the data the squared error, D mse / 2 variance in nats, falls to about a nat; where it
    has a fold, the lowest frequencies are never reproduced, and where it has a tear, the
    pictures along it are not. It looks only at the loss of the training examples: its mean as
    training goes on, and at the end that of the worst example.

    Args:
        energies: A function of the epoch: squared distance of an example from the mean one,
            in nats, and what of it lies in the lowest frequencies
            (`FrequencyCurriculum.energies`).
        event_size: Number of values D of an example.
        variance: Of the likelihood, by which squared errors become nats.
        after: Epochs before the first check; by default a sixth of them, at least three.
            Examples that are no pictures are looked at halfway, too.
        examples: Training examples that are decoded at the end; by default none.
    """

    def __init__(
        self,
        energies: Callable[[int], tuple[float, float]],
        event_size: int,
        variance: float = 1.0,
        after: int | None = None,
        examples: Any = None,
    ) -> None:
        super().__init__()
        self.energies = energies
        self.event_size = event_size
        self.variance = variance
        self.after = after
        self.examples = examples
        self.stuck = False
        self.excess = math.nan
        self.allowed = math.nan
        self.subject = "training loss"  # what is stuck

    @classmethod
    def of(
        cls, model: VariationalAutoencoder, curriculum: FrequencyCurriculum, examples: Any = None
    ) -> Self:
        """The guard of a training of a model on the data of a curriculum."""
        likelihood = model.likelihood
        variance = likelihood.variance if isinstance(likelihood, Gaussian) else 1.0
        event_size = math.prod(curriculum.dataset.event_shape)
        return cls(curriculum.energies, event_size, variance, examples=examples)

    def sentence(self, attempt: int, allowed: int) -> str:
        """What is said of the restart that follows."""
        return (
            f"The {self.subject} is stuck {self.excess:.1f} nats above perfect pictures (success "
            f"is under {self.allowed:.1f} by now): restart {attempt} of {allowed}, with another "
            "seed."
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        done, epochs = epoch + 1, self.params["epochs"]
        after = self.after or max(LEAST_EPOCHS, math.ceil(CHECK_AT * epochs))
        if done not in (after, epochs // 2, epochs):
            return
        energy, coarse = (nats / self.variance for nats in self.energies(epoch))
        self.excess = 0.5 * self.event_size * float(logs["mse"]) / self.variance
        self.allowed = math.inf
        if done == after:
            self.allowed = energy - coarse + EARLY * coarse
        elif not coarse and done == epochs // 2:
            self.allowed = self._width + HALFWAY * energy
        if done == epochs:
            fine = energy - coarse if coarse else 0.0
            self.allowed = self._width + FINAL * (energy - fine) + FINAL_FINE * fine
            if self.excess <= self.allowed and self.examples is not None:
                self.excess, self.allowed = self._worst(), WORST * energy
                self.subject = "worst example"
        if self.excess > self.allowed:
            self.stuck = True
            self.model.stop_training = True

    @property
    def _width(self) -> float:
        """Nats that the width of the posterior may cost."""
        return FINAL_PER_DIMENSION * getattr(getattr(self.model, "manifold", None), "dim", 0)

    def _worst(self) -> float:
        """Nats by which the decoded location misses the worst example."""
        x = np.asarray(self.examples[:EXAMPLES])
        missed = np.square(self.model.reconstruct(x) - x).reshape(len(x), -1).sum(axis=1)
        return float(0.5 * missed.max() / self.variance)
