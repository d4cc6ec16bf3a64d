"""Pictures from coarse to fine: training begins with their low frequencies."""

import itertools

import numpy as np

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.low_pass import low_pass, low_pass_filtered, whitened

SHARE = 0.5  # of the epochs, in which pictures are filtered


class FrequencyCurriculum:
    """Training examples of each epoch, filtered in the first half of the epochs.

    The paper proposes to train on simple pictures first (section 4.2). Cutoff after cutoff
    gets an equal share of the first half of the epochs; the second half sees the pictures
    as they are.

    Args:
        dataset: A `Dataset` of pictures.
        cutoffs: Frequencies |k| + |l| kept, stage by stage, rising; none: no curriculum.
        epochs: Number of epochs of the whole training.
        whiten: Whether the filtered pictures are whitened: all their frequencies equally strong,
            so that what one factor moves is not faint beside what another one moves.

    Raises:
        ValueError: If the cutoffs do not rise, or the examples are no pictures.
    """

    def __init__(self, dataset: Dataset, cutoffs=(), epochs=1, whiten=False):
        self.dataset = dataset
        self.cutoffs = checked_cutoffs(cutoffs)
        self.epochs = epochs
        self._filter = whitened if whiten else low_pass_filtered
        self._filtered: dict[int, Dataset] = {}

    def at(self, epoch) -> Dataset:
        """The data set as that epoch, counted from 0, shows it for training."""
        if not self.cutoffs:
            return self.dataset
        stage = int(epoch / (SHARE * self.epochs) * len(self.cutoffs))
        if stage >= len(self.cutoffs):
            self._filtered.clear()
            return self.dataset
        if stage not in self._filtered:
            self._filtered = {stage: self._filter(self.dataset, self.cutoffs[stage])}
        return self._filtered[stage]

    def energies(self, epoch, examples=1000):
        """How much there is to learn in an epoch: squared distances from the mean example.

        Args:
            epoch: Counted from 0.
            examples: How many training examples stand for all.

        Returns:
            Two numbers in nats of unit variance (half the sum over an example, a mean over
            examples): of the examples as shown, and of their lowest frequencies
            |k| + |l| <= 1 alone, 0 if the examples are no pictures.
        """
        shown = np.asarray(self.at(epoch).train[:examples])
        coarse = low_pass(shown, 1) if shown.ndim == 4 else np.zeros_like(shown)
        return _energy(shown), _energy(coarse)


def _energy(examples):
    squares = np.square(examples - examples.mean(axis=0, dtype=float))
    return float(0.5 * squares.reshape(len(examples), -1).sum(axis=1).mean())


def checked_cutoffs(cutoffs):
    """Rising, non-negative whole numbers as a tuple."""
    cutoffs = tuple(cutoffs)
    whole = all(isinstance(c, (int, np.integer)) and c >= 0 for c in cutoffs)
    if not whole or any(a >= b for a, b in itertools.pairwise(cutoffs)):
        raise ValueError(
            "Expected `curriculum` to be rising cutoffs such as (1, 2, 4), whole numbers of "
            f"at least 0. Received: {cutoffs!r}."
        )
    return cutoffs
