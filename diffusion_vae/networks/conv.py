"""Convolutional networks for pictures of any size, a VGG-like pair.

Encoder: blocks of convolution -> batch normalisation -> activation -> max pooling,
then dense layers. The decoder mirrors it: it takes the same lists, in the encoder's
order, and passes through the same picture sizes backwards. "Same" pooling rounds a
size up, so after upsampling it crops what the pooling had padded, on the same sides.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import keras

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.layers import CircularPadding2D
from diffusion_vae.networks.base import Decoder, Network
from diffusion_vae.networks.mlp import dense_stack, require_activation, require_widths
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable

PADDINGS = ("same", "circular")
LAST = {"data_format": "channels_last"}

# A size, a pair (rows, columns), or one of either for each layer.
Size = int | tuple[int, int]
Sizes = Size | Sequence[Size]


class Block(NamedTuple):
    """One convolution with what surrounds it."""

    filters: int
    kernel: tuple[int, int]
    pool: tuple[int, int] | None


@serializable
class ConvEncoder(Network):
    """Network from pictures `[batch, *picture]` to features `[batch, dense_units[-1]]`.

    A picture is `(height, width)` or `(height, width, channels)`. The features themselves are
    not normalised: the heads of the latent follow. With the defaults, 64x64x1 pictures and S^2
    it has, heads included, the 337,732 weights of the original's VGG encoder.

    Args:
        filters: Filters of each convolution.
        kernel_sizes: Size of each kernel, a number or a pair; one of them for all: `3` or
            `[(3, 5)]`.
        pool_sizes: Size of each max pooling, a number, a pair or `None` for no pooling;
            one of them for all: `2`, `None` or `[(2, 4)]`.
        dense_units: Widths of the dense layers; `()` gives the flattened picture.
        activation: Activation of every layer, by Keras's name.
        batch_norm: Whether to normalise batches before each activation.
        padding: `"same"` pads convolutions with zeros; `"circular"` is for periodic
            pictures.
        seed: Integer seed of the initial weights; `None` takes one from the model.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument is out of range, or lists differ in length.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import ConvEncoder
        >>> encoder = ConvEncoder((8, 8), dense_units=(16,))
        >>> tuple(encoder(np.zeros((5, 28, 28, 1))).shape)
        (5, 16)
    """

    def __init__(
        self,
        filters: Sequence[int] = (64, 64, 64),
        *,
        kernel_sizes: Sizes = 3,
        pool_sizes: Sizes | Sequence[Size | None] | None = 2,
        dense_units: Sequence[int] = (64,),
        activation: str = "relu",
        batch_norm: bool = True,
        padding: Literal["same", "circular"] = "same",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **{"name": "encoder", **kwargs})
        self._options = _Options(
            filters, kernel_sizes, pool_sizes, dense_units, activation, batch_norm, padding
        )

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        options, shape = self._options, input_shape[1:]
        picture = _picture(shape, "Use an MLPEncoder, which takes any shape.")
        conv_seed, dense_seed, last_seed = layer_seeds(self.seed, 3)
        layers: list[keras.layers.Layer] = []
        if len(shape) == 2:
            layers.append(keras.layers.Reshape(picture))
        seeds = layer_seeds(conv_seed, len(options.blocks))
        for block, seed in zip(options.blocks, seeds, strict=True):
            layers += _convolution(block.filters, block.kernel, options.padding, seed)
            layers += _activation(options.activation, options.batch_norm)
            if block.pool:
                layers.append(keras.layers.MaxPooling2D(block.pool, padding="same", **LAST))
        widths, activation = options.dense_units, options.activation
        return [
            *layers,
            keras.layers.Flatten(**LAST),
            *dense_stack(widths[:-1], activation, options.batch_norm, dense_seed),
            *dense_stack(widths[-1:], activation, False, last_seed),
        ]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._options.get_config()}


@serializable
class ConvDecoder(Decoder):
    """Network from latent points `[batch, n]` to raw outputs `[batch, *event_shape]`.

    The mirror image of `ConvEncoder` with the same lists, which are given in the
    encoder's order. The last convolution is linear: likelihoods take logits or means.
    With the defaults, 64x64x1 pictures and S^2 it has the 358,081 weights of the
    original's VGG decoder. That one normalised its last dense layer after the
    activation, took `filters` in another order, and gave the wrong size unless every
    size was a multiple of its pool and the last pool (2, 2).

    Args:
        filters: Filters of each convolution of the encoder; here the first number is
            unused, since the last convolution gives the channels of the picture.
        event_shape: Shape of one raw output, `(height, width)` or `(height, width, channels)`;
            `None` takes the shape that the model's data and likelihood need.
        kernel_sizes: Size of each kernel, a number or a pair; one of them for all: `3` or
            `[(3, 5)]`.
        pool_sizes: Factor of each upsampling, a number, a pair or `None` for none;
            one of them for all: `2`, `None` or `[(2, 4)]`.
        dense_units: Widths of the encoder's dense layers, applied from last to first.
        activation: Activation of the hidden layers, by Keras's name.
        batch_norm: Whether to normalise batches before each activation.
        padding: `"same"` pads convolutions with zeros; `"circular"` is for periodic
            pictures.
        seed: Integer seed of the initial weights; `None` takes one from the model.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument is out of range, or lists differ in length.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import ConvDecoder
        >>> decoder = ConvDecoder((8, 8), event_shape=(28, 28, 1))
        >>> tuple(decoder(np.zeros((5, 3))).shape)
        (5, 28, 28, 1)
    """

    def __init__(
        self,
        filters: Sequence[int] = (64, 64, 64),
        *,
        event_shape: Sequence[int] | None = None,
        kernel_sizes: Sizes = 3,
        pool_sizes: Sizes | Sequence[Size | None] | None = 2,
        dense_units: Sequence[int] = (64,),
        activation: str = "relu",
        batch_norm: bool = True,
        padding: Literal["same", "circular"] = "same",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape=event_shape, seed=seed, **{"name": "decoder", **kwargs})
        self._options = _Options(
            filters, kernel_sizes, pool_sizes, dense_units, activation, batch_norm, padding
        )
        if self.event_shape is not None:
            _picture(self.event_shape, "Use an MLPDecoder, which takes any shape.")

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        options, shape = self._options, self.event_shape or ()
        picture = _picture(shape, "Use an MLPDecoder, which takes any shape.")
        blocks = options.blocks
        sizes = _sizes(picture[:2], blocks)
        smallest = (*sizes[-1], blocks[-1].filters)
        widths = [*reversed(options.dense_units), math.prod(smallest)]
        conv_seed, dense_seed = layer_seeds(self.seed, 2)
        seeds = layer_seeds(conv_seed, len(blocks))
        activation, batch_norm = options.activation, options.batch_norm
        layers = [
            *dense_stack(widths, activation, batch_norm, dense_seed),
            keras.layers.Reshape(smallest),
        ]
        for i in reversed(range(len(blocks))):
            layers += _unpooling(blocks[i].pool, sizes[i])
            filters = blocks[i - 1].filters if i else picture[-1]
            layers += _convolution(filters, blocks[i].kernel, options.padding, seeds[i])
            layers += _activation(activation, batch_norm) if i else []
        if len(shape) == 2:
            layers.append(keras.layers.Reshape(tuple(shape)))
        return layers

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._options.get_config()}


class _Options:
    """The arguments that both networks share, checked."""

    def __init__(
        self,
        filters: Any,
        kernel_sizes: Any,
        pool_sizes: Any,
        dense_units: Any,
        activation: Any,
        batch_norm: bool,
        padding: str,
    ) -> None:
        self.blocks = _blocks(filters, kernel_sizes, pool_sizes)
        self.kernel_sizes, self.pool_sizes = _tuples(kernel_sizes), _tuples(pool_sizes)
        self.dense_units = require_widths("dense_units", dense_units)
        self.activation = require_activation(activation)
        self.batch_norm = bool(batch_norm)
        self.padding = require_choice("padding", padding, PADDINGS)

    def get_config(self) -> dict[str, Any]:
        return {
            "filters": tuple(block.filters for block in self.blocks),
            "kernel_sizes": self.kernel_sizes,
            "pool_sizes": self.pool_sizes,
            "dense_units": self.dense_units,
            "activation": self.activation,
            "batch_norm": self.batch_norm,
            "padding": self.padding,
        }


def _convolution(
    filters: int, kernel: tuple[int, int], padding: str, seed: int | None
) -> list[keras.layers.Layer]:
    """A linear convolution that keeps the size of its picture."""
    initializer = keras.initializers.GlorotUniform(seed=seed)
    options = {"kernel_initializer": initializer, **LAST}
    if padding == "same":
        return [keras.layers.Conv2D(filters, kernel, padding="same", **options)]
    sides = [((size - 1) // 2, size // 2) for size in kernel]
    return [CircularPadding2D(sides), keras.layers.Conv2D(filters, kernel, **options)]


def _activation(activation: Any, batch_norm: bool) -> list[keras.layers.Layer]:
    norm = [keras.layers.BatchNormalization()] if batch_norm else []
    return [*norm, keras.layers.Activation(activation)]


def _unpooling(pool: tuple[int, int] | None, size: tuple[int, ...]) -> list[keras.layers.Layer]:
    """Layers that undo a "same" pooling of a picture of a size, up to its values."""
    if pool is None:
        return []
    cropping = []
    for whole, factor in zip(size, pool, strict=True):
        padded = -whole % factor  # what the pooling added, the odd one behind
        cropping.append((padded // 2, padded - padded // 2))
    upsampling = keras.layers.UpSampling2D(pool, interpolation="nearest", **LAST)
    if not any(map(any, cropping)):
        return [upsampling]
    return [upsampling, keras.layers.Cropping2D(tuple(cropping), **LAST)]


def _sizes(size: tuple[int, ...], blocks: list[Block]) -> list[tuple[int, ...]]:
    """Picture sizes (height, width) before the first block and after each."""
    sizes = [size]
    for block in blocks:
        pool = block.pool or (1, 1)
        sizes.append(tuple(-(-n // p) for n, p in zip(sizes[-1], pool, strict=True)))
    return sizes


def _picture(shape: Sequence[int | None], otherwise: str) -> tuple[int, int, int]:
    """A shape as (height, width, channels)."""
    sizes = tuple(shape)
    whole = all(isinstance(size, int) and size >= 1 for size in sizes)
    if len(sizes) not in (2, 3) or not whole:
        raise ValueError(
            "Expected pictures, (height, width) or (height, width, channels), for convolutions. "
            f"Received: examples of shape {sizes}. {otherwise}"
        )
    height, width, channels = (*sizes, 1)[:3]
    return int(height or 0), int(width or 0), int(channels or 0)


def _blocks(filters: Any, kernel_sizes: Any, pool_sizes: Any) -> list[Block]:
    """The lists of the arguments as one list of blocks."""
    filters = require_widths("filters", filters)
    if not filters:
        raise ValueError("Expected at least one number in `filters`. Received none.")
    count = len(filters)
    kernels = _per_block("kernel_sizes", kernel_sizes, count)
    pools = _per_block("pool_sizes", pool_sizes, count, optional=True)
    return [
        Block(number, kernel, pool)
        for number, kernel, pool in zip(filters, kernels, pools, strict=True)
    ]


def _per_block(name: str, values: Any, count: int, optional: bool = False) -> list[Any]:
    """One pair (or `None`, where optional) for each block."""
    entries = list(values) if isinstance(values, (list, tuple)) else [values]
    if len(entries) == 1:
        entries *= count
    if len(entries) != count:
        raise ValueError(
            f"Expected one of `{name}` for each of the {count} filters. "
            f"Received {len(entries)}: {values!r}. Give one for all, or a list as long "
            "as `filters`."
        )
    return [None if optional and entry is None else _pair(name, entry) for entry in entries]


def _tuples(sizes: Any) -> Any:
    """Sizes with tuples in place of lists, so that those read from a file are those written."""
    return tuple(map(_tuples, sizes)) if isinstance(sizes, (list, tuple)) else sizes


def _pair(name: str, entry: Any) -> tuple[int, int]:
    if isinstance(entry, (list, tuple)) and len(entry) == 2:
        rows, columns = (require_integer(name, size, 1) for size in entry)
        return rows, columns
    if isinstance(entry, (list, tuple)) or entry is None:
        raise (TypeError if entry is None else ValueError)(
            f"Expected each of `{name}` to be a number or a pair (rows, columns). "
            f"Received: {entry!r}."
        )
    size = require_integer(name, entry, 1)
    return size, size
