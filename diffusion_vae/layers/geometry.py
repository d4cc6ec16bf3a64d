"""What layers that compute on a manifold have in common."""

import keras

from diffusion_vae.heat_kernels import HeatKernel
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.parsing import parse


class GeometryLayer(keras.layers.Layer):
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


def as_manifold(manifold) -> Manifold:
    """A manifold from itself, its text form, or its serialised configuration."""
    if isinstance(manifold, dict):
        return keras.saving.deserialize_keras_object(manifold)
    return parse(manifold)


def as_kernel(kernel):
    """A heat kernel from itself or its serialised configuration."""
    if isinstance(kernel, dict):
        kernel = keras.saving.deserialize_keras_object(kernel)
    if not isinstance(kernel, HeatKernel):
        raise TypeError(
            f"Expected a heat kernel, such as RandomWalk(Sphere(2)). Received: {kernel!r}."
        )
    return kernel
