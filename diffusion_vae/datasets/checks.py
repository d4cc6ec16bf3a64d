"""Checks that turn bad data into one sentence before training starts."""

from typing import overload

import numpy as np

from diffusion_vae.checks import real_array
from diffusion_vae.datasets.stored.base import StoredPictures


@overload
def validate(array: StoredPictures, name: str = ..., likelihood=...) -> StoredPictures: ...
@overload
def validate(array, name: str = ..., likelihood=...) -> np.ndarray: ...
def validate(array, name="data", likelihood=None):
    """Checks examples and returns them as float32.

    Args:
        array: Examples, `[N, *event]`. Of `StoredPictures`, whose values are finite, only
            the range is checked; they stay in their file.
        name: What the array is called in an error.
        likelihood: `"bernoulli"`, `"gaussian"`, a likelihood object whose class
            has such a name, or `None`. Bernoulli data must lie in [0, 1].

    Returns:
        The examples, float32 `[N, *event]` (no copy if they already are).

    Raises:
        ValueError: If the array is not numeric, has no examples or an empty event,
            contains NaN or infinity, or does not fit the likelihood.
    """
    if isinstance(array, StoredPictures):
        low, high = array.value_range
        _check_support(low, high, name, likelihood)
        return array
    array = real_array(name, array)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(
            f"Expected {name} to have the shape [examples, ...] with at least one example "
            f"and one value each. Received: shape {array.shape}."
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        array = array.astype(np.float32, copy=False)
    low, high = float(array.min()), float(array.max())  # NaN if any value is
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = ~np.isfinite(array)
        raise ValueError(
            f"Expected {name} to be finite. Received: {int(bad.sum())} NaN or infinite "
            f"values, the first in example {int(np.argwhere(bad)[0, 0])}; remove or replace them."
        )
    _check_support(low, high, name, likelihood)
    return array


def _check_support(low, high, name, likelihood):
    kind = likelihood if isinstance(likelihood, str) else type(likelihood).__name__
    if kind.lower() == "bernoulli" and (low < 0 or high > 1):
        raise ValueError(
            f"Expected {name} to lie in [0, 1] for a Bernoulli likelihood. Received: values "
            f"from {low:.6g} to {high:.6g}; rescale them or take a Gaussian likelihood."
        )
