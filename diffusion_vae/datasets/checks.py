"""Checks of data before training starts."""

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import real_array
from diffusion_vae.datasets.stored.base import StoredPictures


@overload
def validate(array: StoredPictures, name: str = ..., likelihood: Any = ...) -> StoredPictures: ...
@overload
def validate(array: ArrayLike, name: str = ..., likelihood: Any = ...) -> np.ndarray: ...
def validate(
    array: ArrayLike | StoredPictures, name: str = "data", likelihood: Any = None
) -> np.ndarray | StoredPictures:
    """Checks examples and returns them as float32.

    Args:
        array: Examples, `[N, *event]`. `StoredPictures` have finite values and stay in
            their file: only their range is checked.
        name: Name of the array in an error.
        likelihood: `"bernoulli"`, `"gaussian"`, a likelihood object whose class
            has such a name, or `None`. Bernoulli data must lie in [0, 1].

    Returns:
        The examples, float32 `[N, *event]`; no copy if they are float32 already.

    Raises:
        ValueError: If the array is not numeric, has no examples or an empty event,
            contains NaN or infinity, or does not fit the likelihood.
    """
    if isinstance(array, StoredPictures):
        low, high = array.value_range
        _check_support(low, high, name, likelihood)
        return array
    values = real_array(name, array)
    if values.ndim < 2 or values.size == 0:
        raise ValueError(
            f"Expected {name} to have the shape [examples, ...] with at least one example "
            f"and one value each. Received: shape {values.shape}."
        )
    with np.errstate(over="ignore"):  # values too large for float32 become infinite
        values = values.astype(np.float32, copy=False)
    low, high = float(values.min()), float(values.max())  # NaN if any value is
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = ~np.isfinite(values)
        raise ValueError(
            f"Expected {name} to be finite. Received: {int(bad.sum())} NaN or infinite "
            f"values, the first in example {int(np.argwhere(bad)[0, 0])}; remove or replace them."
        )
    _check_support(low, high, name, likelihood)
    return values


def _check_support(low: float, high: float, name: str, likelihood: Any) -> None:
    kind = likelihood if isinstance(likelihood, str) else type(likelihood).__name__
    if kind.lower() == "bernoulli" and (low < 0 or high > 1):
        raise ValueError(
            f"Expected {name} to lie in [0, 1] for a Bernoulli likelihood. Received: values "
            f"from {low:.6g} to {high:.6g}; rescale them or take a Gaussian likelihood."
        )
