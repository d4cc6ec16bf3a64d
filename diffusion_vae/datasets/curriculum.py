"""A curriculum from coarse to fine: training begins with the low frequencies of pictures."""

import itertools
from collections.abc import Iterable

import numpy as np

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.low_pass import keep_low_frequencies, low_pass_filtered, whitened

SHARE = 0.5  # share of the epochs in which pictures are filtered


class FrequencyCurriculum:
    """Training examples of each epoch, filtered in the first half of the epochs.

    The paper proposes to train on simple pictures first (section 4.2). Each cutoff gets an
    equal share of the first half of the epochs; in the second half the pictures are unchanged.

    Args:
        dataset: A `Dataset` of pictures.
        cutoffs: Largest frequency |k| + |l| that is kept in each stage, rising. Without cutoffs
            there is no curriculum.
        epochs: Number of epochs of the whole training.
        whiten: Whether the filtered pictures are whitened: all their frequencies are then equally
            strong, and so are the effects of different factors.

    Raises:
        ValueError: If the cutoffs do not rise, or the examples are no pictures.

    Example:
        >>> from diffusion_vae.datasets import load
        >>> from diffusion_vae.datasets.curriculum import FrequencyCurriculum
        >>> digits = load("digits")
        >>> curriculum = FrequencyCurriculum(digits, cutoffs=(1, 2, 4), epochs=60)
        >>> curriculum.at(0).options["low_pass"], curriculum.at(29).options["low_pass"]
        (1, 4)
        >>> curriculum.at(30) is digits
        True
    """

    def __init__(
        self,
        dataset: Dataset,
        cutoffs: Iterable[int] = (),
        epochs: int = 1,
        whiten: bool = False,
    ) -> None:
        self.dataset = dataset
        self.cutoffs = checked_cutoffs(cutoffs)
        self.epochs = epochs
        self._filter = whitened if whiten else low_pass_filtered
        self._filtered: dict[int, Dataset] = {}

    def at(self, epoch: int) -> Dataset:
        """The data set of an epoch, counted from 0."""
        if not self.cutoffs:
            return self.dataset
        stage = int(epoch / (SHARE * self.epochs) * len(self.cutoffs))
        if stage >= len(self.cutoffs):
            self._filtered.clear()
            return self.dataset
        if stage not in self._filtered:
            self._filtered = {stage: self._filter(self.dataset, self.cutoffs[stage])}
        return self._filtered[stage]

    def energies(self, epoch: int, examples: int = 1000) -> tuple[float, float]:
        """Variance of the examples of an epoch, which is what the model can learn in it.

        Args:
            epoch: Counted from 0.
            examples: Number of training examples to use.

        Returns:
            Two numbers in nats of unit variance: half the squared distance from the mean
            example, averaged over examples. The first is of the examples as shown, the second
            of their lowest frequencies |k| + |l| <= 1, and 0 if the examples are no pictures.
        """
        shown = np.asarray(self.at(epoch).train[:examples])
        coarse = keep_low_frequencies(shown, 1) if shown.ndim == 4 else np.zeros_like(shown)
        return _energy(shown), _energy(coarse)


def _energy(examples: np.ndarray) -> float:
    squares = np.square(examples - examples.mean(axis=0, dtype=float))
    return float(0.5 * squares.reshape(len(examples), -1).sum(axis=1).mean())


def checked_cutoffs(cutoffs: Iterable[int]) -> tuple[int, ...]:
    """Returns rising, non-negative whole numbers as a tuple.

    Raises:
        ValueError: If they are negative, do not rise, or are no whole numbers.
    """
    cutoffs = tuple(cutoffs)
    whole = all(isinstance(c, (int, np.integer)) and c >= 0 for c in cutoffs)
    if not whole or any(a >= b for a, b in itertools.pairwise(cutoffs)):
        raise ValueError(
            "Expected `curriculum` to be rising cutoffs such as (1, 2, 4), whole numbers of "
            f"at least 0. Received: {cutoffs!r}."
        )
    return cutoffs
