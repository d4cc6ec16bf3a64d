"""Multi-layer perceptrons, the networks of the paper."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from diffusion_vae.checks import (
    require_fraction,
    require_integer,
    require_keras_name,
    require_number,
    require_positive,
)
from diffusion_vae.networks.base import Decoder, Network
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable

# Keras's default, as in the paper. It scales with both widths of a layer, and so starts a decoder
# of one or two latent coordinates nearly constant in them; "lecun_uniform" does not.
INITIALIZER = "glorot_uniform"


@serializable
class MLPEncoder(Network):
    """Network from data of any shape to features `[batch, units[-1]]`.

    Args:
        units: Widths of the dense layers (paper: 512, 512, 512).
        activation: Activation of every layer, by Keras's name.
        batch_norm: Whether to normalise batches before each activation.
        dropout: Share of each layer's outputs that training drops, in [0, 1).
        standardize: `(mean, deviation)` of the data: the first layer sees them with mean 0 and
            variance 1. `None`: as they are.
        initializer: Law of the initial weights, by Keras's name.
        seed: Integer seed of the initial weights and of the dropout; `None` takes one from the
            model.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a width, share or name is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import MLPEncoder
        >>> encoder = MLPEncoder((256, 128))
        >>> tuple(encoder(np.zeros((5, 28, 28, 1))).shape)
        (5, 128)
    """

    def __init__(
        self,
        units: Sequence[int] = (512, 512, 512),
        *,
        activation: str = "relu",
        batch_norm: bool = False,
        dropout: float = 0.0,
        standardize: tuple[float, float] | None = None,
        initializer: str = INITIALIZER,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **{"name": "encoder", **kwargs})
        self.units = require_widths("units", units)
        self.activation = require_activation(activation)
        self.batch_norm = bool(batch_norm)
        self.dropout = require_fraction("dropout", dropout)
        self.standardize = _require_statistics(standardize)
        self.initializer = initializer
        seeded_initializer(initializer, seed)  # a misspelt name is known at once

    @property
    def neutral_value(self) -> float:
        """The mean that the first layer subtracts."""
        return 0.0 if self.standardize is None else self.standardize[0]

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        layers: list[keras.layers.Layer] = []
        if self.standardize is not None:
            mean, deviation = self.standardize
            layers.append(keras.layers.Rescaling(1.0 / deviation, -mean / deviation))
        layers.append(keras.layers.Flatten())
        options = (self.activation, self.batch_norm, self.seed, self.initializer, self.dropout)
        return layers + dense_stack(self.units, *options)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "batch_norm": self.batch_norm,
            "dropout": self.dropout,
            "standardize": self.standardize,
            "initializer": self.initializer,
        }


@serializable
class MLPDecoder(Decoder):
    """Network from latent points `[batch, n]` to raw outputs `[batch, *event_shape]`.

    The last layer is linear: likelihoods take logits or means.

    Args:
        units: Widths of the hidden layers (paper: 512, 512).
        event_shape: Shape of one raw output, such as `(28, 28, 1)`; `None` takes the shape that
            the model's data and likelihood need.
        activation: Activation of the hidden layers, by Keras's name.
        batch_norm: Whether to normalise batches before each activation.
        initializer: Law of the initial weights, by Keras's name.
        bias_range: The first layer's biases start uniform in plus and minus this. At 0,
            Keras's default, every unit bends through the origin, which suits points all around
            it (a sphere) and not points far from it (a torus of radius 3 in R^3): give about
            the radius of the latent space.
        seed: Integer seed of the initial weights; `None` takes one from the model.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a width, range or name is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import MLPDecoder
        >>> decoder = MLPDecoder((256,), event_shape=(28, 28, 1))
        >>> tuple(decoder(np.zeros((5, 3))).shape)
        (5, 28, 28, 1)
    """

    def __init__(
        self,
        units: Sequence[int] = (512, 512),
        *,
        event_shape: Sequence[int] | None = None,
        activation: str = "relu",
        batch_norm: bool = False,
        initializer: str = INITIALIZER,
        bias_range: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape=event_shape, seed=seed, **{"name": "decoder", **kwargs})
        self.units = require_widths("units", units)
        self.activation = require_activation(activation)
        self.batch_norm = bool(batch_norm)
        self.bias_range = require_number("bias_range", bias_range, 0.0)
        self.initializer = initializer
        seeded_initializer(initializer, seed)  # a misspelt name is known at once

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        shape = self.event_shape or ()
        seeds = layer_seeds(self.seed, len(self.units) + 2)
        stack = dense_stack(
            self.units, self.activation, self.batch_norm, self.seed, self.initializer
        )
        if self.bias_range and stack:
            stack[0].bias_initializer = keras.initializers.RandomUniform(
                -self.bias_range, self.bias_range, seed=seeds[-1]
            )
        last = seeded_initializer(self.initializer, seeds[-2])
        return [
            *stack,
            keras.layers.Dense(math.prod(shape), kernel_initializer=last),
            keras.layers.Reshape(shape),
        ]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "batch_norm": self.batch_norm,
            "initializer": self.initializer,
            "bias_range": self.bias_range,
        }


def dense_stack(
    units: Sequence[int],
    activation: str,
    batch_norm: bool,
    seed: int | None,
    initializer: str = INITIALIZER,
    dropout: float = 0.0,
) -> list[keras.layers.Layer]:
    """Blocks of dense -> batch normalisation -> activation -> dropout, one for each width.

    Normalisation and dropout are there only where they are asked for.
    """
    layers: list[keras.layers.Layer] = []
    seeds = layer_seeds(seed, 2 * len(units))
    kernel_seeds, dropout_seeds = seeds[: len(units)], seeds[len(units) :]
    for width, kernel_seed, dropout_seed in zip(units, kernel_seeds, dropout_seeds, strict=True):
        kernel = seeded_initializer(initializer, kernel_seed)
        layers.append(keras.layers.Dense(width, kernel_initializer=kernel))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(activation))
        if dropout:
            layers.append(keras.layers.Dropout(dropout, seed=dropout_seed))
    return layers


def seeded_initializer(name: str, seed: int | None) -> keras.initializers.Initializer:
    """Keras's random initializer of that name, with a seed.

    Raises:
        ValueError: If Keras knows no initializer of that name.
    """
    initializer = require_keras_name("initializer", name, keras.initializers)
    if not isinstance(initializer, keras.initializers.Initializer):
        raise ValueError(f"Expected the name of a Keras initializer. Received: {name!r}.")
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})


def require_widths(name: str, widths: Any) -> tuple[int, ...]:
    """Returns the widths of layers as a tuple of integers of at least 1.

    Raises:
        TypeError: If they are no list of integers.
        ValueError: If a width is below 1.
    """
    if not isinstance(widths, (list, tuple)):
        raise TypeError(
            f"Expected `{name}` to be a list of numbers, one a layer. Received: {widths!r}."
        )
    return tuple(require_integer(name, width, 1) for width in widths)


def require_activation(activation: Any) -> Any:
    """Returns an activation that Keras knows, as its name or configuration.

    Raises:
        ValueError: If Keras does not know it; the sentence names the nearest.
    """
    found = require_keras_name("activation", activation, keras.activations)
    return keras.activations.serialize(found)


def _require_statistics(statistics: Any) -> tuple[float, float] | None:
    """Mean and deviation of data as floats, or `None`."""
    if statistics is None:
        return None
    if not isinstance(statistics, (list, tuple)) or len(statistics) != 2:
        raise ValueError(
            f"Expected `standardize` to be (mean, deviation) or None. Received: {statistics!r}."
        )
    return (
        require_number("mean to standardize with", statistics[0]),
        require_positive("deviation to standardize with", statistics[1]),
    )
