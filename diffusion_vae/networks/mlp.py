"""Multi-layer perceptrons, the networks of the paper."""

import math

import keras

from diffusion_vae.manifolds.base import require_dimension
from diffusion_vae.random import layer_seeds


def mlp_encoder(hidden=(512, 512, 512), *, activation="relu", batch_norm=False, seed=None):
    """Network from data of any shape to features `[batch, hidden[-1]]`.

    Args:
        hidden: Widths of the dense layers (paper: 512, 512, 512).
        activation: Activation of every layer.
        batch_norm: Whether to normalise before each activation.
        seed: Integer seed of the initial weights, or `None`.

    Returns:
        A `keras.Sequential` named "encoder".
    """
    layers = [keras.layers.Flatten(), *dense_stack(hidden, activation, batch_norm, seed)]
    return keras.Sequential(layers, name="encoder")


def mlp_decoder(
    output_shape, hidden=(512, 512), *, activation="relu", batch_norm=False, seed=None
):
    """Network from latent points `[batch, n]` to raw outputs `[batch, *output_shape]`.

    The last layer is linear: likelihoods take logits or means.

    Args:
        output_shape: Shape of one raw output, for example `(28, 28, 1)`.
        hidden: Widths of the dense layers (paper: 512, 512).
        activation: Activation of the hidden layers.
        batch_norm: Whether to normalise before each activation.
        seed: Integer seed of the initial weights, or `None`.

    Returns:
        A `keras.Sequential` named "decoder".
    """
    output_shape = tuple(int(size) for size in output_shape)
    seeds = layer_seeds(seed, len(hidden) + 1)
    initializer = keras.initializers.GlorotUniform(seed=seeds[-1])
    layers = [
        *dense_stack(hidden, activation, batch_norm, seed),
        keras.layers.Dense(math.prod(output_shape), kernel_initializer=initializer),
        keras.layers.Reshape(output_shape),
    ]
    return keras.Sequential(layers, name="decoder")


def dense_stack(hidden, activation, batch_norm, seed):
    """Layers of dense -> batch normalisation, if wanted -> activation, a block a width."""
    layers = []
    for width, layer_seed in zip(hidden, layer_seeds(seed, len(hidden)), strict=True):
        width = require_dimension("hidden width", width, 1)
        initializer = keras.initializers.GlorotUniform(seed=layer_seed)
        layers.append(keras.layers.Dense(width, kernel_initializer=initializer))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(activation))
    return layers
