"""Rows of a table for training and for testing."""

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.pictures import random_split
from diffusion_vae.datasets.tables.base import Table


def split_table(name: str, table: Table, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """Data set of the rows of a table, split at random.

    Classes colour the pictures; without them a single factor does, from low to high.

    Args:
        name: Name of the data set.
        table: The table.
        test_fraction: Share of the rows for testing.
        seed: Seed of the split.

    Raises:
        ValueError: If there are too few rows for both.
    """
    train, test = random_split(len(table.values), test_fraction, seed)
    if len(train) == 0 or (len(test) == 0 and test_fraction > 0):
        raise ValueError(
            f"Expected {name!r} to have rows for training and rows for testing. Received: "
            f"{len(train)} and {len(test)} (test_fraction={test_fraction:g}). Give it more rows, "
            "or another `test_fraction`."
        )
    classes, factors = table.labels.classes, table.labels.factors
    colouring = "labels" if classes is not None else None
    if classes is None and factors is not None and factors.shape[1] == 1:
        colouring = "scale"
    return Dataset(
        name=name,
        train=table.values[train],
        test=table.values[test],
        train_factors=None if factors is None else factors[train],
        test_factors=None if factors is None else factors[test],
        train_labels=None if classes is None else classes[train],
        test_labels=None if classes is None else classes[test],
        colouring=colouring,
        column_names=table.names,
        label_names=table.labels.names,
    )
