"""Batches of rows that become dense one batch at a time, with what a model is fed beside them."""

import math
from typing import Any

import keras
import numpy as np

from diffusion_vae.datasets.batches import SeededBatches
from diffusion_vae.datasets.tables.rows import Rows


class FedRows:
    """Rows as what a model is fed: a dictionary with their conditions and exposures.

    Keras itself takes sparse matrices on one backend alone, and compiles there again for almost
    every batch.

    Args:
        rows: The rows.
        condition: One-hot rows `[n, k]`, or `None`.
        exposure: `[n]`, or `None`.
    """

    def __init__(
        self, rows: Rows, condition: np.ndarray | None = None, exposure: np.ndarray | None = None
    ) -> None:
        self.rows = rows
        self.beside = {
            name: values.astype(keras.config.floatx())
            for name, values in (("condition", condition), ("exposure", exposure))
            if values is not None
        }

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        x = self.rows[index].astype(keras.config.floatx())
        if not self.beside:
            return x
        return {"x": x, **{name: values[index] for name, values in self.beside.items()}}

    @property
    def shapes(self) -> Any:
        """Shapes as `build` of a model takes them."""
        x = (None, *self.rows.shape[1:])
        condition = self.beside.get("condition")
        return x if condition is None else {"x": x, "condition": (None, condition.shape[1])}


class TrainingBatches(SeededBatches):
    """Batches in an order that follows from `(seed, epoch)`, all of one size.

    Rows left over at the end of an epoch wait for the next, whose order is another: a batch of
    another size is compiled once more.

    Args:
        fed: The rows.
        batch_size: Rows a batch; at most all of them.
        seed: Non-negative integer.
    """

    def __init__(self, fed: FedRows, batch_size: int, seed: int) -> None:
        self.fed = fed
        super().__init__(len(fed), min(batch_size, len(fed)), seed)

    @property
    def _batches_a_pass(self) -> int:
        return self.count // self.batch_size

    def _batch(self, rows: np.ndarray) -> tuple[Any]:
        return (self.fed[rows],)


class BatchesInOrder(keras.utils.PyDataset):
    """All rows in their order; the last batch may be smaller.

    Args:
        fed: The rows.
        batch_size: Rows a batch.
    """

    def __init__(self, fed: FedRows, batch_size: int) -> None:
        super().__init__()
        self.fed, self.batch_size = fed, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.fed) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any]:
        start = index * self.batch_size
        return (self.fed[start : start + self.batch_size],)
