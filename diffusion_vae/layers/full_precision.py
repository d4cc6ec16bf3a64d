"""The base of layers that compute on a manifold, in full precision."""

import keras


class FullPrecisionLayer(keras.layers.Layer):
    """A layer that keeps its computations in full precision.

    Under a mixed-precision policy geometry stays in the dtype of the variables
    (float32): a point in bfloat16 is three digits away from its manifold.
    """

    def __init__(self, *, dtype=None, **kwargs):
        policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
        super().__init__(dtype=policy.variable_dtype, **kwargs)

    def _check_last_axis(self, shape, expected, what):
        """Says so when the last axis of an input is not what the layer needs."""
        if shape[-1] is not None and shape[-1] != expected:
            raise ValueError(
                f"Expected {what} of `{self.name}` to have a last axis of length "
                f"{expected}. Received shape: {tuple(shape)}."
            )

    def _check_location_and_time(self, shapes, manifold):
        """Says so unless the inputs are a location and a time on the manifold."""
        if len(shapes) != 2 or not all(isinstance(shape, (list, tuple)) for shape in shapes):
            raise ValueError(
                f"Expected `{self.name}` to be called on [location, time]. "
                f"Received one input of shape: {tuple(shapes)}."
            )
        self._check_last_axis(shapes[0], manifold.ambient_dim, "the location")
        self._check_last_axis(shapes[1], manifold.time_dim, "the time")


def require_layer(name, layer):
    """Returns a Keras layer or model, or says what was given instead."""
    if not isinstance(layer, keras.layers.Layer):
        raise TypeError(f"Expected `{name}` to be a Keras layer or model. Received: {layer!r}.")
    return layer
