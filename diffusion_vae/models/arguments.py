"""Checks of the arguments of a model: each returns a good one and names a bad one."""

import inspect
import numbers

import keras
import numpy as np

from diffusion_vae.checks import did_you_mean, real_array, require_finite
from diffusion_vae.layers.full_precision import require_layer

OF_KERAS = ("name", "dtype", "trainable", "autocast", "activity_regularizer")


def check_keywords(cls, given):
    """Says so when a keyword is none of a model's, and which is near."""
    for name in given:
        if name in OF_KERAS:
            continue
        known = {
            parameter
            for each in cls.__mro__
            if issubclass(each, keras.Model) and "__init__" in vars(each)
            for parameter in inspect.signature(each.__init__).parameters
        } - {"self", "args", "kwargs"}
        raise TypeError(
            f"Expected arguments of {cls.__name__} among {sorted(known)}. Received: {name!r}."
            f"{did_you_mean(name, known)}"
        )


def layer_or_none(name, layer):
    """A Keras layer, or `None` for the default network."""
    return None if layer is None else require_layer(name, layer)


def checked_numbers(name, value):
    """Finite real numbers as an array of Keras's float dtype."""
    array = real_array(f"`{name}`", value)
    require_finite(f"`{name}`", array)
    return array.astype(keras.config.floatx(), copy=False)


def checked_examples(name, value, event_shape=None):
    """Examples `[n, *event_shape]`, at least one, finite, of Keras's float dtype."""
    array = checked_numbers(name, value)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(
            f"Expected `{name}` to have the shape [examples, ...] with at least one example. "
            f"Received shape: {array.shape}."
        )
    check_event(name, array.shape[1:], event_shape)
    return array


def check_event(name, shape, event_shape):
    """Says so when examples are not of the shape that a model was built for."""
    expected = tuple(shape) if event_shape is None else event_shape
    same = len(shape) == len(expected) and all(
        None in (have, need) or have == need for have, need in zip(shape, expected, strict=True)
    )
    if not same:
        raise ValueError(
            f"Expected `{name}` to have examples of shape {tuple(expected)}, for which the model "
            f"was built. Received: {tuple(shape)}."
        )


def check_rows(name, rows, x):
    """Says so when targets or weights are not one for each example."""
    if isinstance(x, np.ndarray) and len(rows) != len(x):
        raise ValueError(
            f"Expected one row of `{name}` for each of the {len(x)} examples. "
            f"Received: {len(rows)}."
        )


def check_weights(weights, x):
    """Says so unless there is a weight of at least 0 for each example of an array."""
    if weights is None or not isinstance(x, np.ndarray):
        return
    weights = checked_numbers("sample_weight", weights)
    if weights.ndim != 1 or (weights < 0).any():
        raise ValueError(
            "Expected `sample_weight` to be numbers of at least 0, one an example, of shape [n]. "
            f"Received: shape {weights.shape}, from {weights.min():g}."
        )
    check_rows("sample_weight", weights, x)


def check_source(name, value):
    """Says so when something is given as data that holds no examples."""
    if value is None or isinstance(value, (str, bytes, numbers.Number, list, tuple, dict)):
        raise TypeError(
            f"Expected `{name}` to be an array [examples, ...], a `tf.data.Dataset` or another "
            f"source of batches. Received: {type(value).__name__}."
        )


def checked_weight(weight, name="kl_weight"):
    """A non-negative weight as a float, or a schedule."""
    if callable(weight):
        return weight
    if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
        raise TypeError(
            f"Expected `{name}` to be a number or a Keras learning-rate schedule. "
            f"Received: {weight!r}."
        )
    if not (np.isfinite(weight) and weight >= 0):
        raise ValueError(f"Expected `{name}` to be non-negative and finite. Received: {weight}.")
    return float(weight)


def checked_capacity(capacity):
    """`[start, end, steps]` as floats, or `None`."""
    if capacity is None:
        return None
    try:
        start, end, steps = (float(value) for value in capacity)
        finite = np.isfinite([start, end, steps]).all()
        valid = finite and start >= 0 and end >= 0 and steps >= 1
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            "Expected `kl_capacity` to be (start, end, steps): two KLs in nats and a number "
            f"of training steps. Received: {capacity!r}."
        )
    return [start, end, steps]


def checked_annealing(annealing):
    """`[start, end, steps]` of falling log times as floats, or `None`."""
    if annealing is None:
        return None
    try:
        start, end, steps = (float(value) for value in annealing)
        valid = np.isfinite([start, end, steps]).all() and end <= start and steps >= 1
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            "Expected `time_annealing` to be (start, end, steps): two log times, the first "
            f"the larger, and a number of training steps. Received: {annealing!r}."
        )
    return [start, end, steps]


def checked_callbacks(value):
    """Keras callbacks as a list, from one, several or none."""
    callbacks = as_list(value)
    for each in callbacks:
        if not isinstance(each, keras.callbacks.Callback):
            raise TypeError(f"Expected `callbacks` to be Keras callbacks. Received: {each!r}.")
    return callbacks


def as_list(value):
    """A list of one or several values, or of none."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
