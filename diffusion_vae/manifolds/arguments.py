"""Checks of the points, vectors and times that manifolds and heat kernels take.

The contract declares the arguments of each method once, by `@takes`. A user overrides the
public methods (`project`, `volume`, ...), so `check_overrides` wraps those of a subclass in
the same checks. Shapes and dtypes are checked while a graph is traced and cost nothing in
it; values are checked only in NumPy arrays and Python numbers.
"""

import functools
import inspect
import numbers
from collections.abc import Callable
from typing import Any, TypeVar

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import in_native_order, require_prime
from diffusion_vae.typing import Shape, Tensor

Method = TypeVar("Method", bound=Callable)

AMBIENT, EVEN, TIMES = "points or vectors", "even coordinates", "times"
FRACTIONS, SHAPE, PRIME = "fractions", "a batch shape", "a prime"


def takes(**kinds: str) -> Callable[[Method], Method]:
    """Checks the arguments of a method of a `Manifold` or a `Law`, and makes them tensors.

    Args:
        **kinds: Argument name to kind, in the order of the arguments.

    Returns:
        A decorator.
    """

    def decorate(method: Method) -> Method:
        names = list(inspect.signature(method).parameters)[1:]

        @functools.wraps(method)
        def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
            values = {**dict(zip(names, args, strict=False)), **kwargs}
            _check(self, kinds, values)
            values.update(_tensors(kinds, values))
            named = [values[name] for name in names[: len(args)]]
            surplus = args[len(names) :]  # the method raises the error
            return method(self, *named, *surplus, **{name: values[name] for name in kwargs})

        checked.takes = kinds  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate


def check_overrides(cls: type, contract: type) -> None:
    """Wraps the methods of `cls` in the checks of the methods that they override.

    Args:
        cls: The subclass.
        contract: The class whose methods are declared by `@takes`.
    """
    for name, method in list(vars(cls).items()):
        kinds = getattr(getattr(contract, name, None), "takes", None)
        if kinds is None or hasattr(method, "takes") or not inspect.isfunction(method):
            continue
        own = list(inspect.signature(method).parameters)[1:]
        renamed = dict(zip(own, kinds.values(), strict=False))
        setattr(cls, name, takes(**renamed)(method))


def require_real(name: str, value: Any) -> Shape | None:
    """Shape of an array of floating-point numbers.

    Args:
        name: Name of the argument, for the error.
        value: An array, a tensor or a list.

    Returns:
        A tuple, `None` for axes of unknown length; or `None` where the rank is unknown.

    Raises:
        TypeError: If the numbers are not floating-point numbers.
        ValueError: If the rows of a list differ in length.
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


def _check(owner: Any, kinds: dict[str, str], given: dict[str, Any]) -> None:
    """Checks the arguments of one call."""
    manifold = getattr(owner, "manifold", owner)
    leading: dict[str, Shape] = {}
    for name, kind in kinds.items():
        if name not in given:
            continue
        value = given[name]
        if kind is SHAPE:
            _check_batch_shape(name, value)
            continue
        if kind is PRIME:
            require_prime(name, value)
            continue
        if kind is FRACTIONS and isinstance(value, numbers.Real):
            continue
        shape = require_real(name, value)
        if kind is TIMES:
            _check_last_axis(name, shape, manifold.time_dim, "one time each", manifold)
            _check_positive(name, value)
        elif kind is AMBIENT:
            _check_last_axis(name, shape, manifold.ambient_dim, "its coordinates", manifold)
        elif kind is EVEN:
            length = manifold.even_embedding_dim
            _check_last_axis(name, shape, length, "its even embedding", manifold)
        if shape is not None:
            leading[name] = shape if kind is FRACTIONS else shape[:-1]
    _check_broadcast(leading)


def _tensors(kinds: dict[str, str], given: dict[str, Any]) -> dict[str, Tensor]:
    """Arrays and lists as tensors of one dtype: that of the tensors among them, if any."""
    arrays, dtypes_of_tensors = {}, []
    for name, value in given.items():
        if kinds.get(name) in (None, SHAPE, PRIME) or isinstance(value, numbers.Real):
            continue
        if isinstance(value, (list, tuple)):
            value = np.asarray(value, keras.config.floatx())
        elif not isinstance(value, np.ndarray):
            dtypes_of_tensors.append(keras.backend.standardize_dtype(value.dtype))
        if isinstance(value, np.ndarray):
            value = ops.convert_to_tensor(in_native_order(value))
        arrays[name] = value
    dtypes = {name: keras.backend.standardize_dtype(x.dtype) for name, x in arrays.items()}
    dtype = keras.backend.result_type(*(dtypes_of_tensors or dtypes.values())) if dtypes else None
    return {n: x if dtypes[n] == dtype else ops.cast(x, dtype) for n, x in arrays.items()}


def _check_last_axis(
    name: str, shape: Shape | None, length: int, what: str, manifold: Any
) -> None:
    if shape is None or (shape and shape[-1] in (None, length)):
        return
    raise ValueError(
        f"Expected `{name}` of shape [..., {length}] on {manifold!r}, {what} on the last axis. "
        f"Received shape: {shape}."
    )


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, (np.ndarray, numbers.Real, list, tuple)):
        return
    times = np.ravel(np.asarray(value))
    bad = [float(t) for t in times if not 0 < t < float("inf")]
    if bad:
        raise ValueError(f"Expected `{name}` to be positive and finite. Received: {bad[0]}.")


def _check_broadcast(leading: dict[str, Shape]) -> None:
    """Raises `ValueError` if leading axes do not broadcast; unknown lengths count as 1."""
    known = [[n if isinstance(n, int) else 1 for n in shape] for shape in leading.values()]
    try:
        np.broadcast_shapes(*known)
    except ValueError:
        shapes = ", ".join(f"`{name}` {shape}" for name, shape in leading.items())
        raise ValueError(
            f"Expected leading axes that broadcast. Received leading shapes: {shapes}."
        ) from None


def _check_batch_shape(name: str, shape: Any) -> None:
    sizes = shape if isinstance(shape, (list, tuple, np.ndarray)) else [None]
    if ops.is_tensor(shape) or all(_is_size(size) for size in sizes):
        return
    raise ValueError(
        f"Expected `{name}` to be a tuple of whole numbers of at least 0, such as (10,). "
        f"Received: {shape!r}."
    )


def _is_size(size: Any) -> bool:
    if isinstance(size, (int, np.integer)):
        return bool(size >= 0)
    return ops.is_tensor(size)


def _short(value: Any) -> str:
    """A value in a few words; an array by its shape."""
    shape = getattr(value, "shape", None)
    return f"shape {tuple(shape)}" if shape else repr(value)[:60]
