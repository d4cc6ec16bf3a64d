"""Checks of the arguments and the data of a model."""

import numbers
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from diffusion_vae.checks import (
    did_you_mean,
    of_keras_2,
    real_array,
    require_finite,
    require_observed,
)
from diffusion_vae.layers.full_precision import require_layer
from diffusion_vae.signatures import arguments
from diffusion_vae.typing import Shape

MISSING = ' If NaN stands for a missing value, give the likelihood `missing="ignore"`.'
OF_KERAS = ("name", "dtype", "trainable", "autocast", "activity_regularizer")


def check_keywords(cls: type, given: Iterable[str]) -> None:
    """Raises `TypeError` if a keyword is no argument of a model."""
    known = arguments(cls)
    for name in given:
        if name not in (*known, *OF_KERAS):
            raise TypeError(
                f"Expected arguments of {cls.__name__} among {sorted(known)}. Received: {name!r}."
                f"{did_you_mean(name, known)}"
            )


def network_or_default(name: str, network: Any, default: type, dtype: Any) -> keras.Layer:
    """Returns a Keras layer, or a default network in place of `None`.

    Args:
        name: What the network is called in the error.
        network: A Keras layer or model, or `None`.
        default: Class of the network that stands in for `None`.
        dtype: Dtype policy of the default network.

    Raises:
        TypeError: If something else was given.
    """
    return default(dtype=dtype) if network is None else require_layer(name, network)


def require_numbers(name: str, value: Any) -> np.ndarray:
    """Finite real numbers as an array of Keras's float dtype."""
    return check_numbers(name, value).astype(keras.config.floatx(), copy=False)


def check_numbers(name: str, value: Any, missing: bool | None = False) -> np.ndarray:
    """Finite real numbers as an array of their own dtype.

    Args:
        name: What they are called in the error.
        value: What was given.
        missing: Whether NaN is a missing value; `None`: not, but it could be, which is said.
    """
    array = real_array(f"`{name}`", value)
    if missing:
        require_observed(f"`{name}`", array)
    else:
        require_finite(f"`{name}`", array, MISSING if missing is None else "")
    return array


def require_examples(name: str, value: Any, event_shape: Shape | None = None) -> np.ndarray:
    """Examples `[n, *event_shape]`, at least one, finite, of Keras's float dtype."""
    return check_examples(name, value, event_shape).astype(keras.config.floatx(), copy=False)


def check_examples(
    name: str, value: Any, event_shape: Shape | None = None, missing: bool | None = False
) -> np.ndarray:
    """Examples `[n, *event_shape]`, at least one, finite, of their own dtype.

    Args:
        name: What they are called in the error.
        value: What was given.
        event_shape: Shape of an example, where it is known.
        missing: As in `check_numbers`.
    """
    array = check_numbers(name, value, missing)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(
            f"Expected `{name}` to have the shape [examples, ...] with at least one example. "
            f"Received shape: {array.shape}."
        )
    check_event(name, array.shape[1:], event_shape)
    return array


def fits(shape: Shape, expected: Shape) -> bool:
    """Whether a shape can be another one, where `None` is a size that is not known."""
    return len(shape) == len(expected) and all(
        None in (have, need) or have == need for have, need in zip(shape, expected, strict=True)
    )


def check_event(name: str, shape: Shape, event_shape: Shape | None) -> None:
    """Raises `ValueError` if examples have another shape than a model was built for."""
    if event_shape is not None and not fits(shape, event_shape):
        raise ValueError(
            f"Expected `{name}` to have examples of shape {tuple(event_shape)}, for which the "
            f"model was built. Received: {tuple(shape)}."
        )


def check_rows(name: str, rows: np.ndarray, x: np.ndarray) -> None:
    """Raises `ValueError` if there is not one target or weight for each example."""
    if len(rows) != len(x):
        raise ValueError(
            f"Expected one row of `{name}` for each of the {len(x)} examples. "
            f"Received: {len(rows)}."
        )


def checked_weights(weights: Any, x: np.ndarray) -> np.ndarray | None:
    """The weights of examples as floats; raises `ValueError` unless each is at least 0."""
    if weights is None:
        return None
    weights = require_numbers("sample_weight", weights)
    if weights.ndim != 1 or (weights < 0).any():
        raise ValueError(
            "Expected `sample_weight` to be numbers of at least 0, one an example, of shape [n]. "
            f"Received: shape {weights.shape}, from {weights.min():g}."
        )
    check_rows("sample_weight", weights, x)
    return weights


def require_weight(name: str, weight: Any) -> Any:
    """Returns a non-negative weight as a float, or a schedule as it is.

    Raises:
        TypeError: If it is neither.
        ValueError: If the number is negative or not finite.
    """
    hint = of_keras_2(weight)
    if callable(weight) and not hint:
        return weight
    if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
        raise TypeError(
            f"Expected `{name}` to be a number or a Keras learning-rate schedule. "
            f"Received: {weight!r}.{hint}"
        )
    number = float(weight)
    if not (np.isfinite(number) and number >= 0):
        raise ValueError(f"Expected `{name}` to be non-negative and finite. Received: {weight}.")
    return number


# What the first two numbers of a ramp are, and what they must satisfy.
RAMPS = {
    "kl_capacity": ("two KLs in nats", lambda start, end: start >= 0 and end >= 0),
    "time_annealing": ("two log times, the first the larger", lambda start, end: end <= start),
}


def require_ramp(name: str, ramp: Any) -> list[float] | None:
    """Returns `[start, end, steps]` as floats, or `None`.

    Args:
        name: A key of `RAMPS`.
        ramp: What was given.

    Raises:
        ValueError: If it is not three finite numbers, or they are out of range.
    """
    if ramp is None:
        return None
    meaning, valid = RAMPS[name]
    try:
        start, end, steps = (float(value) for value in ramp)
        good = np.isfinite([start, end, steps]).all() and steps >= 1 and valid(start, end)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(
            f"Expected `{name}` to be (start, end, steps): {meaning}, and a number of training "
            f"steps. Received: {ramp!r}."
        )
    return [start, end, steps]


def require_callbacks(value: Any) -> list[keras.callbacks.Callback]:
    """Keras callbacks as a list, from one, several or none."""
    callbacks = as_list(value)
    for each in callbacks:
        if not isinstance(each, keras.callbacks.Callback):
            raise TypeError(
                f"Expected `callbacks` to be Keras callbacks. Received: {each!r}."
                f"{of_keras_2(each)}"
            )
    return callbacks


def as_list(value: Any) -> list[Any]:
    """A list of one or several values, or of none."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
