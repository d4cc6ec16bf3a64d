"""Base of the layers that compute in full precision under every dtype policy."""

from collections.abc import Sequence
from typing import Any

import keras

from diffusion_vae.checks import of_keras_2
from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Shape

HALF_PRECISION = ("bfloat16", "float16")


class FullPrecisionLayer(keras.layers.Layer):
    """A layer that keeps its computations in full precision.

    Under a policy of half precision, mixed or pure, geometry stays in float32: a point in
    bfloat16 is three digits away from its manifold.
    """

    def __init__(self, *, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(dtype=full_precision(dtype), **kwargs)

    def _check_last_axis(self, shape: Shape, expected: int, what: str) -> None:
        """Raises `ValueError` if the last axis of an input has not the length `expected`."""
        if shape[-1] is not None and shape[-1] != expected:
            raise ValueError(
                f"Expected {what} of `{self.name}` to have a last axis of length "
                f"{expected}. Received shape: {tuple(shape)}."
            )

    def _check_location_and_time(self, shapes: Sequence[Shape], manifold: Manifold) -> None:
        """Raises `ValueError` unless the inputs are a location and a time on the manifold."""
        if len(shapes) != 2 or not all(isinstance(shape, (list, tuple)) for shape in shapes):
            raise ValueError(
                f"Expected `{self.name}` to be called on [location, time]. "
                f"Received one input of shape: {tuple(shapes)}."
            )
        self._check_last_axis(shapes[0], manifold.ambient_dim, "the location")
        self._check_last_axis(shapes[1], manifold.time_dim, "the time")


def full_precision(dtype: Any = None) -> str:
    """Dtype in which geometry, losses and counters are kept under a dtype policy.

    Args:
        dtype: A policy or its name; `None` is the global one.

    Returns:
        The dtype of the policy's variables, at least float32.
    """
    policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
    return "float32" if policy.variable_dtype in HALF_PRECISION else policy.variable_dtype


def require_layer(name: str, layer: Any) -> keras.layers.Layer:
    """Returns `layer` if it is a Keras layer or model.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(layer, keras.layers.Layer):
        raise TypeError(
            f"Expected `{name}` to be a Keras layer or model. Received: {layer!r}."
            f"{of_keras_2(layer)}"
        )
    return layer


def require_one_tensor(expected: str, outputs: Any, advice: str = "") -> None:
    """Raises `ValueError` if a network returned several tensors, or a structure of them.

    Args:
        expected: What it was to return, such as "the decoder to return one raw output".
        outputs: What it returned.
        advice: What to do, the end of the error.
    """
    if isinstance(outputs, dict):
        received = f"a dictionary of {len(outputs)}, {list(outputs)}"
    elif isinstance(outputs, (list, tuple)):
        received = f"a {type(outputs).__name__} of {len(outputs)}"
    else:
        return
    raise ValueError(f"Expected {expected}. Received: {received}.{advice}")
