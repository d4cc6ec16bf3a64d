"""Base of the layers that compute in full precision under every dtype policy."""

from collections.abc import Sequence
from typing import Any

import keras

from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Shape


class FullPrecisionLayer(keras.layers.Layer):
    """A layer that keeps its computations in full precision.

    Under a mixed-precision policy geometry stays in the dtype of the variables
    (float32): a point in bfloat16 is three digits away from its manifold.
    """

    def __init__(self, *, dtype: Any = None, **kwargs: Any) -> None:
        policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
        super().__init__(dtype=policy.variable_dtype, **kwargs)

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


def require_layer(name: str, layer: Any) -> keras.layers.Layer:
    """Returns `layer` if it is a Keras layer or model.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(layer, keras.layers.Layer):
        raise TypeError(f"Expected `{name}` to be a Keras layer or model. Received: {layer!r}.")
    return layer
