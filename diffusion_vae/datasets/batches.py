"""Shuffled batches whose order depends only on the seed and the epoch."""

import math
from collections.abc import Callable

import keras
import numpy as np

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.curriculum import FrequencyCurriculum


class ShuffledBatches(keras.utils.PyDataset):
    """Training batches of a `Dataset`, for `fit(..., shuffle=False)`.

    Every epoch has an order (and, with dynamic binarization, a 0/1 draw) of its own that
    follows from `(seed, epoch)`: an interrupted run continues with the batches that it would
    have seen.

    Keras calls `on_epoch_end` also before the first epoch. `fit` needs the callback
    `follow()`, which sets the epoch.

    Example:
        >>> from diffusion_vae.datasets import load
        >>> from diffusion_vae.datasets.batches import ShuffledBatches
        >>> batches = ShuffledBatches(load("digits"), batch_size=128, seed=0)
        >>> len(batches), batches[0][0].shape
        (12, (128, 8, 8, 1))
        >>> model.fit(  # doctest: +SKIP
        ...     batches, shuffle=False, callbacks=[batches.follow()]
        ... )

    Args:
        dataset: A `Dataset`.
        batch_size: Examples a batch; the last may be smaller.
        seed: Non-negative integer.
        epoch: Number of epochs already seen.
        passes: Passes through the data in one epoch. More than one pays where the data are so
            small that the work at the end of an epoch takes longer than the epoch.
        curriculum: A `FrequencyCurriculum` of the data set, or `None`.
        share: A function that selects the rows of this process from the rows of a batch,
            where several processes train together.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        seed: int,
        epoch: int = 0,
        passes: int = 1,
        curriculum: FrequencyCurriculum | None = None,
        share: Callable[[np.ndarray], np.ndarray] = lambda rows: rows,
    ) -> None:
        super().__init__()
        self.passes = passes
        self.dataset = dataset
        self.share = share
        self.curriculum = curriculum or FrequencyCurriculum(dataset)
        self.batch_size = batch_size
        self.seed = seed
        self._show(epoch)

    def __len__(self) -> int:
        return self.passes * self._batches_a_pass

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        a_pass, index = divmod(index, self._batches_a_pass)
        rows = self._orders[a_pass, index * self.batch_size : (index + 1) * self.batch_size]
        return (self._examples[self.share(rows)],)

    @property
    def _batches_a_pass(self) -> int:
        return math.ceil(len(self.dataset.train) / self.batch_size)

    def on_epoch_end(self) -> None:
        self._show(self.epoch + 1)

    def follow(self) -> keras.callbacks.Callback:
        """A callback that keeps the batches at the epoch of `fit`."""
        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: None if epoch == self.epoch else self._show(epoch)
        )

    def _show(self, epoch: int) -> None:
        self.epoch = epoch
        sequence = np.random.SeedSequence((self.seed, epoch))
        order_seed, draw_seed = sequence.generate_state(2)
        rng, count = np.random.default_rng(order_seed), len(self.dataset.train)
        self._orders = np.stack([rng.permutation(count) for _ in range(self.passes)])
        self._examples = self.curriculum.at(epoch).epoch(int(draw_seed))  # [N, *event]
