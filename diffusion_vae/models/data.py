"""What is given as data: dense arrays of any library, and sources of batches."""

import numbers
import sys
from typing import Any

import keras
import numpy as np

from diffusion_vae.checks import detached, in_native_order, unmasked

BATCH_SIZE = 512  # examples at a time, where nobody asks for another number


def check_source(name: str, value: Any) -> None:
    """Raises `TypeError` if something is given as data that holds no examples."""
    if value is None or isinstance(value, (str, bytes, numbers.Number, list, tuple, dict)):
        raise TypeError(
            f"Expected `{name}` to be an array [examples, ...], a `tf.data.Dataset` or another "
            f"source of batches. Received: {type(value).__name__}."
        )


def as_data(name: str, value: Any) -> Any:
    """Dense data of any library as a NumPy array that every backend reads; else as it is.

    Args:
        name: What the data are called in the error.
        value: An array, a tensor, a table of numbers or a source of batches.

    Raises:
        TypeError: If it holds no examples.
        ValueError: If it is sparse or ragged, or some of its values are masked.
    """
    check_source(name, value)
    check_dense(name, value)
    if keras.ops.is_tensor(value):
        return native(keras.ops.convert_to_numpy(value))
    if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
        return native(np.asarray(unmasked(f"`{name}`", detached(value))))
    return value


def native(array: np.ndarray) -> np.ndarray:
    """The array as every backend reads it: in native byte order, no floats of over 64 bits."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(keras.config.floatx())
    return in_native_order(array)


def check_dense(name: str, value: Any) -> None:
    """Raises `ValueError` if an array, a tensor or the type of one is sparse or ragged."""
    kind, module = type(value).__name__, type(value).__module__
    if module.startswith("scipy.sparse"):
        remedy = "`x.toarray()`"
    elif kind in ("SparseTensor", "SparseTensorSpec"):
        remedy = "`tf.sparse.to_dense(x)`"
    elif module.startswith("jax.experimental.sparse"):
        remedy = "`x.todense()`"
    elif "sparse" in str(getattr(value, "layout", "")) and module.startswith("torch"):
        remedy = "`x.to_dense()`"
    elif kind in ("RaggedTensor", "RaggedTensorSpec"):
        raise ValueError(
            f"Expected `{name}` to have examples of one shape. Received: a {kind}, whose rows "
            "differ in length. Fill them up with `x.to_tensor()`."
        )
    else:
        return
    raise ValueError(
        f"Expected `{name}` to be dense. Received: a sparse {kind}. Give {remedy}; in a "
        "`tf.data.Dataset`, `map` it."
    )


def is_dataset(value: Any) -> bool:
    """Whether this is a `tf.data.Dataset`."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(value, tensorflow.data.Dataset)


def is_loader(value: Any) -> bool:
    """Whether this is a `torch.utils.data.DataLoader`."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.utils.data.DataLoader)
