"""What Keras leaves to each backend: compiled functions and gradients.

value, (dx, dt) = value_and_gradients(lambda x, t: ops.sum(x / t), x, t)
"""

import keras
from keras import ops

# Arguments of `compile` for few steps: what a graph of them costs is more than it saves.
QUICK_STEPS = {"run_eagerly": keras.backend.backend() == "tensorflow", "jit_compile": False}


def compiled(function):
    """The function as a graph (TensorFlow) or jitted (JAX, whose eager mode is slow).

    On PyTorch the function itself.
    """
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "torch":
        return function
    import tensorflow as tf

    return tf.function(function)


def value_and_gradients(function, *arrays):
    """Value of `function(*arrays)`, a scalar, and its gradient with respect to each array."""
    tensors = [ops.convert_to_tensor(array) for array in arrays]
    if keras.backend.backend() == "jax":
        import jax

        positions = tuple(range(len(tensors)))
        value, gradients = jax.jit(jax.value_and_grad(function, argnums=positions))(*tensors)
    elif keras.backend.backend() == "torch":
        import torch

        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        value = function(*tensors)
        gradients = torch.autograd.grad(value, tensors, materialize_grads=True)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            value = function(*tensors)
        gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    return float(ops.convert_to_numpy(value)), [
        ops.convert_to_numpy(gradient) for gradient in gradients
    ]
