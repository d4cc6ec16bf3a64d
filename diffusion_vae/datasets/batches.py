"""Shuffled batches whose order depends only on the seed and the epoch."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.curriculum import FrequencyCurriculum


class SeededBatches(keras.utils.PyDataset):
    """Batches of rows in an order that follows from `(seed, epoch)`.

    Keras calls `on_epoch_end` also before the first epoch. `fit` needs the callback
    `follow()`, which sets the epoch. Subclasses implement `_batch`.

    Args:
        count: Number of rows.
        batch_size: Rows a batch; the last may be smaller.
        seed: Non-negative integer.
        epoch: Number of epochs already seen.
        passes: Passes through the rows in one epoch.
    """

    def __init__(
        self, count: int, batch_size: int, seed: int, epoch: int = 0, passes: int = 1
    ) -> None:
        super().__init__()
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.passes = passes
        self._show(epoch)

    def __len__(self) -> int:
        return self.passes * self._batches_a_pass

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        a_pass, index = divmod(index, self._batches_a_pass)
        return self._batch(
            self._orders[a_pass, index * self.batch_size : (index + 1) * self.batch_size]
        )

    def _batch(self, rows: np.ndarray) -> tuple[Any, ...]:
        """What Keras is given of these rows."""
        raise NotImplementedError

    @property
    def _batches_a_pass(self) -> int:
        return math.ceil(self.count / self.batch_size)

    def on_epoch_end(self) -> None:
        self._show(self.epoch + 1)

    def follow(self) -> keras.callbacks.Callback:
        """A callback that keeps the batches at the epoch of `fit`."""
        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: None if epoch == self.epoch else self._show(epoch)
        )

    def _show(self, epoch: int) -> None:
        self.epoch = epoch
        order_seed, self._draw_seed = _seeds_of(self.seed, epoch)
        rng = np.random.default_rng(order_seed)
        self._orders = np.stack([rng.permutation(self.count) for _ in range(self.passes)])


class ShuffledBatches(SeededBatches):
    """Training batches of a `Dataset`, for `fit(..., shuffle=False)`.

    Every epoch has an order (and, with dynamic binarization, a 0/1 draw) of its own that
    follows from `(seed, epoch)`: an interrupted run continues with the batches that it would
    have seen.

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
        self.dataset = dataset
        self.share = share
        self.curriculum = curriculum or FrequencyCurriculum(dataset)
        super().__init__(len(dataset.train), batch_size, seed, epoch, passes)

    def _batch(self, rows: np.ndarray) -> tuple[np.ndarray]:
        return (self._examples[self.share(rows)],)

    def _show(self, epoch: int) -> None:
        super()._show(epoch)
        self._examples = self.curriculum.at(epoch).epoch(self._draw_seed)  # [N, *event]


def _seeds_of(seed: int, epoch: int) -> tuple[int, int]:
    """Seeds of an epoch's order and of its 0/1 draw."""
    order, draw = np.random.SeedSequence((seed, epoch)).generate_state(2)
    return int(order), int(draw)
