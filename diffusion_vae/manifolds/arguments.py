"""Checks of the points, vectors and times that manifolds and heat kernels take.

The contract says once, by `@takes`, what each method is given; the methods of a subclass
are then checked in the same way (`check_overrides`). Shapes and dtypes are looked at while
a graph is traced and cost nothing in it; values only where they are NumPy's or Python's.
"""

import functools
import inspect
import numbers

import keras
import numpy as np
from keras import ops

AMBIENT, TIMES, FRACTIONS, SHAPE = "points or vectors", "times", "fractions", "a batch shape"


def takes(**kinds):
    """Checks the arguments of a method of a `Manifold` or a `Law`, and makes them tensors.

    Args:
        **kinds: Argument name to kind, in the order of the arguments.

    Returns:
        A decorator.
    """

    def decorate(method):
        names = list(inspect.signature(method).parameters)[1:]

        @functools.wraps(method)
        def checked(self, *args, **kwargs):
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            _check(self, kinds, given)
            given.update(_tensors(kinds, given))
            beyond = args[len(names) :]  # too many: the method says so
            args = [given[name] for name in names[: len(args)]]
            return method(self, *args, *beyond, **{name: given[name] for name in kwargs})

        checked.takes = kinds
        return checked

    return decorate


def check_overrides(cls, contract):
    """Checks the arguments of the methods of `cls` as those of the class `contract`."""
    for name, method in list(vars(cls).items()):
        kinds = getattr(getattr(contract, name, None), "takes", None)
        if kinds is None or hasattr(method, "takes") or not inspect.isfunction(method):
            continue
        own = list(inspect.signature(method).parameters)[1:]
        renamed = dict(zip(own, kinds.values(), strict=False))
        setattr(cls, name, takes(**renamed)(method))


def require_real(name, value):
    """Shape of an array of floating-point numbers, or what is wrong with it.

    Returns:
        A tuple, `None` for axes of unknown length; or `None` where even the rank is unknown.
    """
    try:
        array = value if hasattr(value, "dtype") else np.asarray(value)
    except ValueError:
        raise ValueError(
            f"Expected `{name}` to have rows of one length. Received: {_short(value)}."
        ) from None
    dtype = getattr(array.dtype, "name", str(array.dtype))
    if "float" not in dtype:
        raise TypeError(
            f"Expected `{name}` to be an array of floating-point numbers. "
            f"Received: dtype {dtype}, {_short(value)}."
        )
    try:
        return tuple(array.shape)
    except ValueError:  # a tensor of unknown rank
        return None


def _check(owner, kinds, given):
    """Checks the arguments of one call."""
    manifold = getattr(owner, "manifold", owner)
    leading = {}
    for name, kind in kinds.items():
        if name not in given:
            continue
        value = given[name]
        if kind is SHAPE:
            _check_batch_shape(name, value)
            continue
        if kind is FRACTIONS and isinstance(value, numbers.Real):
            continue
        shape = require_real(name, value)
        if kind is TIMES:
            _check_last_axis(name, shape, manifold.time_dim, "one time each", manifold)
            _check_positive(name, value)
        elif kind is AMBIENT:
            _check_last_axis(name, shape, manifold.ambient_dim, "its coordinates", manifold)
        if shape is not None:
            leading[name] = shape if kind is FRACTIONS else shape[:-1]
    _check_broadcast(leading)


def _tensors(kinds, given):
    """Arrays and lists as tensors of one dtype: that of the tensors among them, if any."""
    found, leading = {}, []
    for name, value in given.items():
        if kinds.get(name) in (None, SHAPE) or isinstance(value, numbers.Real):
            continue
        if isinstance(value, (list, tuple)):
            value = np.asarray(value, keras.config.floatx())
        elif not isinstance(value, np.ndarray):
            leading.append(keras.backend.standardize_dtype(value.dtype))
        found[name] = ops.convert_to_tensor(value) if isinstance(value, np.ndarray) else value
    dtypes = {name: keras.backend.standardize_dtype(x.dtype) for name, x in found.items()}
    dtype = keras.backend.result_type(*(leading or dtypes.values())) if dtypes else None
    return {n: x if dtypes[n] == dtype else ops.cast(x, dtype) for n, x in found.items()}


def _check_last_axis(name, shape, length, what, manifold):
    if shape is None or (shape and shape[-1] in (None, length)):
        return
    raise ValueError(
        f"Expected `{name}` of shape [..., {length}] on {manifold!r}, {what} on the last axis. "
        f"Received shape: {shape}."
    )


def _check_positive(name, value):
    if not isinstance(value, (np.ndarray, numbers.Real, list, tuple)):
        return
    bad = [float(t) for t in np.ravel(value) if not 0 < t < float("inf")]
    if bad:
        raise ValueError(f"Expected `{name}` to be positive and finite. Received: {bad[0]}.")


def _check_broadcast(leading):
    """Leading axes must fit together; unknown ones do."""
    known = [[n if isinstance(n, int) else 1 for n in shape] for shape in leading.values()]
    try:
        np.broadcast_shapes(*known)
    except ValueError:
        shapes = ", ".join(f"`{name}` {shape}" for name, shape in leading.items())
        raise ValueError(
            f"Expected leading axes that broadcast. Received leading shapes: {shapes}."
        ) from None


def _check_batch_shape(name, shape):
    sizes = shape if isinstance(shape, (list, tuple, np.ndarray)) else [None]
    if ops.is_tensor(shape) or all(_is_size(size) for size in sizes):
        return
    raise ValueError(
        f"Expected `{name}` to be a tuple of whole numbers of at least 0, such as (10,). "
        f"Received: {shape!r}."
    )


def _is_size(size):
    if isinstance(size, (int, np.integer)):
        return size >= 0
    return ops.is_tensor(size)


def _short(value):
    """A value as a few words: arrays by their shape."""
    shape = getattr(value, "shape", None)
    return f"shape {tuple(shape)}" if shape else repr(value)[:60]
