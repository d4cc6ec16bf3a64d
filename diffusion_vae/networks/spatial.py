"""Networks of the spatial VAE (Wang et al. 2017, arXiv 1705.06821), for square pictures.

Encoder: two strided convolutions that halve the picture and one without padding.
Decoder: feature maps grow to 8 x 8, then double up to the size of the picture, by
transposed convolutions. Every convolution is followed by batch normalisation and ELU.
At prediction time batches are normalised by moving averages and nothing is dropped;
the original normalised by the batch at hand there too, so that its pictures depended
on the others of their batch.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras

from diffusion_vae.checks import require_fraction, require_integer
from diffusion_vae.networks.base import Decoder, Network
from diffusion_vae.networks.mlp import require_activation, require_widths
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable

LAST = {"data_format": "channels_last"}
CORE = 8  # rows of the maps from which on the decoder doubles
SMALLEST = 32  # pixels a side
# Map size -> (kernel, stride, padding, filters) of the layers that lead to 8 x 8.
STEMS: dict[Any, tuple] = {
    1: ((3, 1, "valid", 64), (3, 2, "same", 48), (3, 1, "valid", 32)),  # 1 -> 3 -> 6 -> 8
    2: ((3, 2, "same", 64), (3, 2, "same", 32)),  # 2 -> 4 -> 8
    3: ((3, 2, "same", 64), (3, 1, "valid", 32)),  # 3 -> 6 -> 8
    4: ((3, 2, "same", 32),),  # 4 -> 8
    6: ((3, 1, "valid", 32),),  # 6 -> 8
}
DOUBLING = (32, 16)  # filters on the way from 8 x 8; further ones repeat the last


@serializable
class SpatialEncoder(Network):
    """Network from pictures `[batch, height, width, channels]` to features `[batch, n]`.

    Three convolutions of kernel 5 and stride 2, the last without padding, then dropout.
    With the defaults a 64x64 picture has 6 * 6 * 128 = 4608 features, a 32x32 one
    2 * 2 * 128 = 512.

    Args:
        filters: Filters of the three convolutions.
        dropout: Share of the features that training drops.
        batch_norm: Whether to normalise batches before each activation.
        seed: Integer seed of the initial weights and of the dropout; `None` takes one from the
            model.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Raises:
        ValueError: If there are not three numbers of filters.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import SpatialEncoder
        >>> encoder = SpatialEncoder()
        >>> tuple(encoder(np.zeros((5, 32, 32, 3))).shape)
        (5, 512)
    """

    def __init__(
        self,
        filters: Sequence[int] = (32, 64, 128),
        *,
        dropout: float = 0.1,
        batch_norm: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **{"name": "encoder", **kwargs})
        self.filters = require_widths("filters", filters)
        if len(self.filters) != 3:
            raise ValueError(f"Expected three numbers in `filters`. Received: {filters!r}.")
        self.dropout = require_fraction("dropout", dropout)
        self.batch_norm = bool(batch_norm)

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        seeds = layer_seeds(self.seed, 4)
        paddings = ("same", "same", "valid")
        layers: list[keras.layers.Layer] = []
        for width, padding, seed in zip(self.filters, paddings, seeds, strict=False):
            options = _options(width, 5, 2, padding, self.batch_norm, seed)
            layers.append(keras.layers.Conv2D(**options))
            layers += _activation("elu", self.batch_norm)
        dropout = keras.layers.Dropout(self.dropout, seed=seeds[-1])
        return [*layers, dropout, keras.layers.Flatten(**LAST)]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "dropout": self.dropout,
            "batch_norm": self.batch_norm,
        }


@serializable
class SpatialDecoder(Decoder):
    """Network from feature maps `[batch, map_size, map_size, maps]` to raw outputs.

    For maps of 3 rows and 64x64 pictures the layers of the original: 3 -> 6 -> 8 -> 16 ->
    32 -> 64 with 64, 32, 32, 16 filters; for maps of 1 row ("vanilla") 1 -> 3 -> 6 -> 8
    -> ... with 64, 48, 32, 32, 16. Smaller pictures leave out the last doubling.

    Args:
        filters: Filters of all layers but the last, or `None` for those above.
        event_shape: Shape of one raw output, `(size, size, channels)` with a size of
            32, 64, 128, ...; `None` takes the shape that the model's data need.
        activation: Of the last layer; `"tanh"` (as the original, for the means of data
            in [-1, 1]) or `"linear"` (logits).
        batch_norm: Whether to normalise batches before each activation, the last included.
        seed: Integer seed of the initial weights; `None` takes one from the model.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Raises:
        ValueError: If the pictures have another size; when the network is built, if the maps
            have another number of rows than 1, 2, 3, 4 or 6, or `filters` is of the wrong length.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import SpatialDecoder
        >>> decoder = SpatialDecoder(event_shape=(32, 32, 3))
        >>> tuple(decoder(np.zeros((5, 3, 3, 64))).shape)
        (5, 32, 32, 3)
    """

    def __init__(
        self,
        filters: Sequence[int] | None = None,
        *,
        event_shape: Sequence[int] | None = None,
        activation: str = "tanh",
        batch_norm: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape=event_shape, seed=seed, **{"name": "decoder", **kwargs})
        self.filters = None if filters is None else require_widths("filters", filters)
        self.activation = require_activation(activation)
        self.batch_norm = bool(batch_norm)
        if self.event_shape is not None:
            doublings(self.event_shape)

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        shape = self.event_shape or ()
        stages = doublings(shape)
        stem = _stem(input_shape[1])
        count = len(stem) + stages - 1
        filters = self.filters
        if filters is None:
            further = (*DOUBLING, *[DOUBLING[-1]] * stages)[: stages - 1]
            filters = (*[layer[-1] for layer in stem], *further)
        if len(filters) != count:
            raise ValueError(
                f"Expected {count} numbers in `filters` for maps of {input_shape[1]} rows and "
                f"pictures of shape {shape}. Received: {filters!r}."
            )
        shapes = [layer[:3] for layer in stem] + [(5, 2, "same")] * stages
        widths = (*filters, shape[-1])
        activations = ["elu"] * count + [self.activation]
        layers: list[keras.layers.Layer] = []
        for size, width, name, seed in zip(
            shapes, widths, activations, layer_seeds(self.seed, count + 1), strict=True
        ):
            options = _options(width, size[0], size[1], size[2], self.batch_norm, seed)
            layers.append(keras.layers.Conv2DTranspose(**options))
            layers += _activation(name, self.batch_norm)
        return layers

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "activation": self.activation,
            "batch_norm": self.batch_norm,
        }


def doublings(shape: Sequence[int | None]) -> int:
    """How often 8 x 8 maps double to become a picture of this shape.

    Raises:
        ValueError: If these networks are not made for the shape.
    """
    square = len(shape) == 3 and shape[0] == shape[1] and shape[0] is not None
    size = shape[0] if square else 0
    times = math.log2(size / CORE) if size else 0.5
    if not size or not times.is_integer() or size < SMALLEST:
        raise ValueError(
            "Expected square pictures (size, size, channels) of 32, 64, 128, ... pixels for the "
            f"spatial networks. Received shape: {tuple(shape)}. Resize them, or give an encoder "
            "and a decoder of your own."
        )
    return int(times)


def _stem(map_size: int | None) -> tuple:
    if map_size not in STEMS:
        raise ValueError(
            f"Expected `map_size` to be one of {tuple(STEMS)} for the spatial decoder. "
            f"Received: {map_size!r}. Give a decoder of your own for other sizes."
        )
    return STEMS[map_size]


def _options(
    filters: int, kernel: int, stride: int, padding: str, batch_norm: bool, seed: int | None
) -> dict[str, Any]:
    """Arguments of a convolution; normalisation brings its own bias."""
    return {
        "filters": require_integer("filters", filters, 1),
        "kernel_size": kernel,
        "strides": stride,
        "padding": padding,
        "use_bias": not batch_norm,
        "kernel_initializer": keras.initializers.GlorotUniform(seed=seed),
        **LAST,
    }


def _activation(name: Any, batch_norm: bool) -> list[keras.layers.Layer]:
    norm = [keras.layers.BatchNormalization()] if batch_norm else []
    return [*norm, keras.layers.Activation(name)]
