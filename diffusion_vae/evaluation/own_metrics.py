"""Held-out numbers that only some kinds of model have."""

from functools import singledispatch


@singledispatch
def own_metrics(model, dataset):
    """Numbers by name beyond the metrics of `evaluate`; a kind of model registers its own.

    Args:
        model: A trained model.
        dataset: The `Dataset` it was trained on.

    Returns:
        A dictionary of floats.
    """
    return {}
