"""Checks of arguments: each returns a good value, and names a bad one in a sentence.

A value of the wrong type raises `TypeError`, a value out of range `ValueError`. Nothing here
imports Keras or a backend, so that data sets and the command line can check before they do.
"""

import difflib
import math
import numbers
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

KERAS_2 = ("tf_keras", "tensorflow.python.keras")  # where its classes are defined


def did_you_mean(name: Any, known: Iterable[Any]) -> str:
    """A sentence with the closest known name, after a space; an empty text if none is close."""
    names = [each for each in known if isinstance(each, str)]
    close = difflib.get_close_matches(name, names, n=1) if isinstance(name, str) else []
    return f" Did you mean {close[0]!r}?" if close else ""


def of_keras_2(value: Any) -> str:
    """A sentence about what Keras 2 made, after a space; an empty text for all else.

    Under `TF_USE_LEGACY_KERAS=1` that is what a user calls a Keras model.
    """
    classes = (value if isinstance(value, type) else type(value)).__mro__
    if not any(each.__module__.startswith(KERAS_2) for each in classes):
        return ""
    return " It is of Keras 2: give one of Keras 3 (`import keras`), not tf_keras."


def require_choice(name: str, value: Any, choices: Iterable[Any], also: str = "") -> Any:
    """Returns `value` if it is one of `choices`.

    Args:
        name: What the value is called in the error.
        value: What was given.
        choices: The known values.
        also: What else may be given, the end of the sentence that lists the choices.

    Raises:
        ValueError: If it is not one of them; the sentence names the nearest.
    """
    known = tuple(choices)
    if not any(value is each or (type(value) is type(each) and value == each) for each in known):
        raise ValueError(
            f"Expected `{name}` to be one of {known}{also}. Received: {value!r}."
            f"{did_you_mean(value, known)}"
        )
    return value


def require_keras_name(name: str, value: Any, module: ModuleType) -> Any:
    """Keras's object of that name, as `module.get` finds it.

    Args:
        name: What the value is called in the error.
        value: A name, or what else Keras takes in its place.
        module: `keras.activations`, `keras.initializers` or `keras.optimizers`.

    Raises:
        ValueError: If Keras does not know it; the sentence names the nearest.
    """
    try:
        return module.get(value)
    except (ValueError, TypeError) as error:
        known = {each.lower() for each in dir(module) if not each.startswith("_")}
        raise ValueError(
            f"Expected `{name}` to be a name in `keras.{module.__name__.rpartition('.')[2]}`. "
            f"Received: {value!r}.{did_you_mean(value, sorted(known))}{of_keras_2(value)}"
        ) from error


def require_integer(name: str, value: Any, minimum: int) -> int:
    """Returns a whole number of at least `minimum` as `int`.

    Raises:
        TypeError: If it is not a whole number.
        ValueError: If it is smaller than `minimum`.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"Expected `{name}` to be an integer. Received: {value!r}.")
    if value < minimum:
        raise ValueError(f"Expected `{name}` to be at least {minimum}. Received: {value}.")
    return int(value)


def require_prime(name: str, value: Any) -> int:
    """Returns a prime number as `int`.

    Raises:
        TypeError: If it is not a whole number.
        ValueError: If it is not prime.
    """
    prime = require_integer(name, value, 2)
    if any(prime % divisor == 0 for divisor in range(2, math.isqrt(prime) + 1)):
        raise ValueError(f"Expected `{name}` to be a prime number. Received: {prime}.")
    return prime


def require_seed(seed: Any) -> int | None:
    """Returns `None`, or a whole number of at least 0 as `int`.

    Raises:
        TypeError: If it is neither `None` nor a whole number.
        ValueError: If it is negative.
    """
    return None if seed is None else require_integer("seed", seed, 0)


def require_number(
    name: str, value: Any, least: float = -math.inf, most: float = math.inf
) -> float:
    """Returns a finite number from `least` to `most` as `float`.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is not finite, or out of range.
    """
    _require_real(name, value)
    if not (math.isfinite(value) and least <= value <= most):
        wanted = "finite" if least == -math.inf else f"finite and at least {least:g}"
        wanted += "" if most == math.inf else f" and at most {most:g}"
        raise ValueError(f"Expected `{name}` to be {wanted}. Received: {value}.")
    return float(value)


def require_positive(name: str, value: Any) -> float:
    """Returns a positive finite number as `float`.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is not positive and finite.
    """
    _require_real(name, value)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"Expected `{name}` to be positive and finite. Received: {value}.")
    return float(value)


def require_fraction(name: str, value: Any) -> float:
    """Returns a number in [0, 1) as `float`.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is not in [0, 1).
    """
    _require_real(name, value)
    if not 0 <= value < 1:
        raise ValueError(f"Expected `{name}` to be in [0, 1). Received: {value!r}.")
    return float(value)


def real_array(name: str, value: Any) -> np.ndarray:
    """An array of real numbers of any kind.

    Raises:
        ValueError: If the value is not an array of real numbers, its rows differ in length, or
            some of it is masked.
    """
    value = unmasked(name, detached(value))
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "buif" and array.dtype.name != "bfloat16":
        raise ValueError(
            f"Expected {name} to be an array of real numbers. Received: dtype {array.dtype}."
        )
    return array


def detached(value: Any) -> Any:
    """What was given; a PyTorch tensor as one that NumPy reads on every backend.

    NumPy refuses tensors that require a gradient, of bfloat16, or on another device.
    """
    if not (hasattr(value, "detach") and hasattr(value, "cpu")):
        return value
    value = value.detach().cpu()
    return value.float() if str(value.dtype) == "torch.bfloat16" else value


def unmasked(name: str, value: Any) -> Any:
    """What was given; the plain array of one that could be masked in part and is not.

    Raises:
        ValueError: If some of it is masked: every computation would take what is below the mask.
    """
    if not isinstance(value, np.ma.MaskedArray):
        return value
    hidden = int(np.ma.getmaskarray(value).sum())
    if hidden:
        raise ValueError(
            f"Expected {name} without masked values. Received: an array with {hidden} of them. "
            "Fill them, `x.filled(value)`, or leave those examples out."
        )
    return value.data


def in_native_order(array: np.ndarray) -> np.ndarray:
    """The array with the byte order of this machine.

    JAX reads the bytes of other arrays (FITS files hold them) as if they were in its order.
    """
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def require_finite(name: str, value: Any, of_nan: str = "") -> None:
    """Raises `ValueError` if a NumPy array of floats holds NaN or infinite values.

    Args:
        name: What the array is called in the error.
        value: The array.
        of_nan: What to do about NaN, the end of the error where there are any.
    """
    if not isinstance(value, np.ndarray) or not np.issubdtype(value.dtype, np.floating):
        return
    bad = ~np.isfinite(value)
    if bad.any():
        raise ValueError(
            f"Expected {name} to be finite. Received: an array with "
            f"{int(bad.sum())} NaN or infinite values.{of_nan if np.isnan(value).any() else ''}"
        )


def require_observed(name: str, value: Any) -> None:
    """Raises `ValueError` if a NumPy array of floats, NaN where they are missing, is infinite."""
    if not isinstance(value, np.ndarray) or not np.issubdtype(value.dtype, np.floating):
        return
    bad = np.isinf(value)
    if bad.any():
        raise ValueError(
            f"Expected {name} to be finite, or NaN where a value is missing. Received: an array "
            f"with {int(bad.sum())} infinite values."
        )


def require_range(x: np.ndarray, low: float, high: float, what: str, otherwise: str = "") -> None:
    """Raises `ValueError` if a NumPy array holds values outside a range.

    Args:
        x: The data.
        low: Smallest value allowed.
        high: Largest value allowed.
        what: What needs the range, for the error.
        otherwise: What else helps, the end of the error.
    """
    if x.size and (x.min() < low or x.max() > high):
        raise ValueError(
            f"Expected data in [{low}, {high}] for {what}. Received: values from {x.min():g} to "
            f"{x.max():g}. Scale the data{otherwise}."
        )


def _require_real(name: str, value: Any) -> None:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"Expected `{name}` to be a number. Received: {value!r}.")
