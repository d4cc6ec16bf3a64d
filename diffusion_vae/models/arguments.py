"""Checks of the arguments of a model: each returns a good one and names a bad one."""

import numbers

import keras
import numpy as np


def layer_or_none(name, layer):
    """A Keras layer, or `None` for the default network."""
    if layer is not None and not isinstance(layer, keras.layers.Layer):
        raise TypeError(f"Expected `{name}` to be a Keras layer or model. Received: {layer!r}.")
    return layer


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
        valid = start >= 0 and end >= 0 and steps >= 1
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
        valid = np.isfinite([start, end]).all() and end <= start and steps >= 1
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            "Expected `time_annealing` to be (start, end, steps): two log times, the first "
            f"the larger, and a number of training steps. Received: {annealing!r}."
        )
    return [start, end, steps]


def checked_count(name, value):
    """A positive integer."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"Expected `{name}` to be a positive integer. Received: {value!r}.")
    return int(value)


def as_list(value):
    """A list of one or several values, or of none."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
