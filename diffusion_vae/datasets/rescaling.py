"""Data in [0, 1] brought to another range, such as that of tanh."""

import dataclasses
import math
from collections.abc import Iterable
from typing import overload

import numpy as np

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.stored.base import StoredPictures


def rescaled(dataset: Dataset, value_range: Iterable[float]) -> Dataset:
    """The data set with its values, all in [0, 1], mapped to another range linearly.

    `load(name, value_range=(-1, 1))` does this, for decoders that end in tanh.

    Args:
        dataset: A data set with values in [0, 1].
        value_range: (low, high), the new values of 0 and 1.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: If `value_range` is not (low, high) with low < high, or a value is outside
            [0, 1].
    """
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise ValueError(
            "Expected `value_range` to be (low, high) with low < high, both finite. "
            f"Received: {value_range!r}."
        )
    if dataset.dynamic_binarization:
        raise ValueError(
            "Expected no dynamic binarization with a `value_range`: the training values are "
            "probabilities. Leave out one of the two options."
        )
    stretch, start = np.float32(high - low), np.float32(low)

    @overload
    def mapped(values: StoredPictures) -> StoredPictures: ...
    @overload
    def mapped(values: np.ndarray) -> np.ndarray: ...
    def mapped(values: np.ndarray | StoredPictures) -> np.ndarray | StoredPictures:
        if isinstance(values, StoredPictures):
            return values.in_range(low, high)
        smallest, largest = values.min(), values.max()
        if smallest < 0 or largest > 1:
            raise ValueError(
                f"Expected values in [0, 1] to bring to the range ({low:g}, {high:g}). Received: "
                f"values from {smallest:g} to {largest:g}. Leave out `value_range`."
            )
        return values * stretch + start

    render = dataset.render
    return dataclasses.replace(
        dataset,
        train=mapped(dataset.train),
        test=mapped(dataset.test),
        render=None if render is None else lambda factors: render(factors) * stretch + start,
        options={**dataset.options, "value_range": [low, high]},
    )
