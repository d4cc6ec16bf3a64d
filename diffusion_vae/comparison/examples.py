"""The examples of a comparison: read, checked, split and scaled once for all candidates."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diffusion_vae import datasets
from diffusion_vae.datasets.stored.base import StoredPictures

LEAST = 50  # examples
MOST_VALIDATION, MOST_TEST = 1000, 2000  # examples, of which more would only cost time


@dataclass(frozen=True)
class Split:
    """Examples that train, that judge starts, and that are scored, each `[n, *event]`."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Prepared:
    """Examples as the networks see them.

    Attributes:
        split: The examples.
        log_scale: What a log density of them has more than one in the units of the data.
        name: Name of the data.
        test_rows: Which rows of `x`, or of its test set, are scored, `[n]`.
        notes: Sentences about what was done to the data.
    """

    split: Split
    log_scale: float
    name: str
    test_rows: np.ndarray
    notes: list[str] = field(default_factory=list)


def prepare(
    x: Any,
    *,
    standardize: bool,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
    any_columns: bool = True,
) -> Prepared:
    """Reads, splits and scales examples.

    Args:
        x: As `compare_manifolds` takes it.
        standardize: Whether to bring columns, or all pixels together, to mean 0 and variance 1.
        test_fraction: Share that is scored, unless the data bring a test set.
        validation_fraction: Share of the others that judge.
        seed: Of the split.
        any_columns: Whether columns that are constant may be left out.

    Raises:
        ValueError: If there are too few examples, or a part would be empty.
    """
    dataset = _as_dataset(x)
    rng = np.random.default_rng(seed)
    if isinstance(dataset, datasets.Dataset):
        name, train, test = dataset.name, dataset.train, dataset.test
        if isinstance(train, StoredPictures):
            raise ValueError(
                "Expected examples in memory. Received: pictures that stay in their files. Load "
                "them without `stream`, with a `limit` if they are many."
            )
        train = dataset.epoch(seed)  # 0/1 draws of what is probabilities
        train, rows = train[rng.permutation(len(train))], rng.permutation(len(test))
        test = test[rows]
        train, test = (datasets.as_examples(part, name).values for part in (train, test))
    else:
        name = "x"
        rows = rng.permutation(len(dataset))
        count = math.floor(test_fraction * len(rows))
        test, train = dataset[rows[:count]], dataset[rows[count:]]
    held_out = min(MOST_VALIDATION, math.floor(validation_fraction * len(train)))
    test, validation, train = test[:MOST_TEST], train[:held_out], train[held_out:]
    sizes = [len(part) for part in (train, validation, test)]
    if sum(sizes) < LEAST or min(sizes) < 2:
        raise ValueError(
            f"Expected at least {LEAST} examples, of which some train, some judge and some are "
            f"scored. Received: {sizes[0]}, {sizes[1]} and {sizes[2]}. Take more data, or other "
            "fractions."
        )
    if (train == train[0]).all():
        raise ValueError("Expected examples that differ. Received: copies of a single one.")
    notes = []
    if train.ndim == 2 and any_columns:
        varies = (train != train[0]).any(axis=0)  # the deviation of equal numbers may round up
        if not varies.all():
            left_out = int((~varies).sum())
            columns = "column is" if left_out == 1 else "columns are"
            notes.append(f"{left_out} constant {columns} left out.")
            train, validation, test = (part[:, varies] for part in (train, validation, test))
    log_scale = 0.0
    if standardize:
        axes = 0 if train.ndim == 2 else None
        mean = train.mean(axis=axes, dtype="float64")
        scale = train.std(axis=axes, dtype="float64")
        values = int(np.prod(train.shape[1:]))
        log_scale = float(np.sum(np.log(scale)) * (1 if train.ndim == 2 else values))
        train, validation, test = (
            ((part - mean) / scale).astype("float32") for part in (train, validation, test)
        )
    return Prepared(Split(train, validation, test), log_scale, name, rows[: len(test)], notes)


def _as_dataset(x: Any) -> "datasets.Dataset | np.ndarray":
    if isinstance(x, datasets.Dataset):
        return x
    if isinstance(x, str) or hasattr(x, "__fspath__"):
        return datasets.load(x)
    return datasets.as_examples(x).values
