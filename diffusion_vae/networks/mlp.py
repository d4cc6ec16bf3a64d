"""Multi-layer perceptrons, the networks of the paper."""

import math

import keras

from diffusion_vae.checks import (
    require_fraction,
    require_integer,
    require_keras_name,
    require_number,
    require_positive,
)
from diffusion_vae.random import layer_seeds

# Keras's default, as in the paper. It scales with both widths of a layer, and so starts a decoder
# of one or two latent coordinates nearly constant in them; "lecun_uniform" does not.
INITIALIZER = "glorot_uniform"


def mlp_encoder(
    hidden=(512, 512, 512),
    *,
    activation="relu",
    batch_norm=False,
    dropout=0.0,
    standardize=None,
    initializer=INITIALIZER,
    seed=None,
):
    """Network from data of any shape to features `[batch, hidden[-1]]`.

    Args:
        hidden: Widths of the dense layers (paper: 512, 512, 512).
        activation: Activation of every layer.
        batch_norm: Whether to normalise before each activation.
        dropout: Share of each layer's outputs that training drops, in [0, 1).
        standardize: `(mean, deviation)` of the data: the first layer sees them with mean 0 and
            variance 1. `None`: as they are.
        initializer: Keras's name of the law of the initial weights.
        seed: Integer seed of the initial weights and of the dropout, or `None`.

    Returns:
        A `keras.Sequential` named "encoder".
    """
    layers = [
        *_standardized(standardize),
        keras.layers.Flatten(),
        *dense_stack(hidden, activation, batch_norm, seed, initializer, dropout),
    ]
    return keras.Sequential(layers, name="encoder")


def mlp_decoder(
    output_shape,
    hidden=(512, 512),
    *,
    activation="relu",
    batch_norm=False,
    initializer=INITIALIZER,
    bias_range=0.0,
    seed=None,
):
    """Network from latent points `[batch, n]` to raw outputs `[batch, *output_shape]`.

    The last layer is linear: likelihoods take logits or means.

    Args:
        output_shape: Shape of one raw output, for example `(28, 28, 1)`.
        hidden: Widths of the dense layers (paper: 512, 512).
        activation: Activation of the hidden layers.
        batch_norm: Whether to normalise before each activation.
        initializer: Keras's name of the law of the initial weights.
        bias_range: The first layer's biases start uniform in plus and minus this. At 0,
            Keras's default, every unit bends through the origin, which suits points all around
            it (a sphere) and not points far from it (a torus of radius 3 in R^3): give about
            the radius of the latent space.
        seed: Integer seed of the initial weights, or `None`.

    Returns:
        A `keras.Sequential` named "decoder".
    """
    if not isinstance(output_shape, (list, tuple)):
        raise TypeError(
            f"Expected `output_shape` to be a tuple of sizes. Received: {output_shape!r}."
        )
    output_shape = tuple(require_integer("output_shape", size, 1) for size in output_shape)
    if not isinstance(hidden, (list, tuple)):
        raise TypeError(f"Expected `hidden` to be a list of widths. Received: {hidden!r}.")
    bias_range = require_number("bias_range", bias_range, 0.0)
    seeds = layer_seeds(seed, len(hidden) + 2)
    last = seeded_initializer(initializer, seeds[-2])
    stack = dense_stack(hidden, activation, batch_norm, seed, initializer)
    if bias_range and stack:
        stack[0].bias_initializer = keras.initializers.RandomUniform(
            -bias_range, bias_range, seed=seeds[-1]
        )
    layers = [
        *stack,
        keras.layers.Dense(math.prod(output_shape), kernel_initializer=last),
        keras.layers.Reshape(output_shape),
    ]
    return keras.Sequential(layers, name="decoder")


def _standardized(statistics):
    """A layer that shifts and scales data, or none."""
    if statistics is None:
        return []
    if not isinstance(statistics, (list, tuple)) or len(statistics) != 2:
        raise ValueError(
            f"Expected `standardize` to be (mean, deviation) or None. Received: {statistics!r}."
        )
    mean = require_number("mean to standardize with", statistics[0])
    deviation = require_positive("deviation to standardize with", statistics[1])
    return [keras.layers.Rescaling(1.0 / deviation, -mean / deviation)]


def dense_stack(hidden, activation, batch_norm, seed, initializer=INITIALIZER, dropout=0.0):
    """Blocks of dense -> batch normalisation -> activation -> dropout, one a width; the second
    and the last only where they are wanted."""
    layers = []
    require_keras_name("activation", activation, keras.activations)
    dropout = require_fraction("dropout", dropout)
    if not isinstance(hidden, (list, tuple)):
        raise TypeError(f"Expected `hidden` to be a list of widths. Received: {hidden!r}.")
    seeds = layer_seeds(seed, 2 * len(hidden))
    kernel_seeds, dropout_seeds = seeds[: len(hidden)], seeds[len(hidden) :]
    for width, kernel_seed, dropout_seed in zip(hidden, kernel_seeds, dropout_seeds, strict=True):
        width = require_integer("hidden width", width, 1)
        kernel = seeded_initializer(initializer, kernel_seed)
        layers.append(keras.layers.Dense(width, kernel_initializer=kernel))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(activation))
        if dropout:
            layers.append(keras.layers.Dropout(dropout, seed=dropout_seed))
    return layers


def seeded_initializer(name, seed):
    """Keras's random initializer of that name, with a seed."""
    initializer = require_keras_name("initializer", name, keras.initializers)
    if not isinstance(initializer, keras.initializers.Initializer):
        raise ValueError(f"Expected the name of a Keras initializer. Received: {name!r}.")
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})
