"""Geometry, which works on tensors, for NumPy arrays."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike


def evaluated(function: Callable[..., Any], *arrays: ArrayLike) -> np.ndarray:
    """Result of a function of tensors as a NumPy array of float64.

    The tensors are of Keras's default float type: not every backend has float64.

    Args:
        function: For example `manifold.project`.
        *arrays: Its arguments.

    Returns:
        A NumPy array.
    """
    dtype = keras.config.floatx()
    tensors = [ops.convert_to_tensor(np.asarray(array, dtype=dtype)) for array in arrays]
    return ops.convert_to_numpy(function(*tensors)).astype("float64")
