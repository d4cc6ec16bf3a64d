"""Convolutional networks for pictures of any size, a VGG-like pair.

Encoder: blocks of convolution -> batch normalisation -> activation -> max pooling,
then dense layers. The decoder mirrors it: it takes the same lists, in the encoder's
order, and passes through the same picture sizes backwards. "Same" pooling rounds a
size up, so after upsampling it crops what the pooling had padded, on the same sides.
"""

import math
from typing import NamedTuple

import keras

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.layers import CircularPadding2D
from diffusion_vae.networks.mlp import dense_stack
from diffusion_vae.random import layer_seeds

PADDINGS = ("same", "circular")
LAST = {"data_format": "channels_last"}


class Block(NamedTuple):
    """One convolution with what surrounds it."""

    filters: int
    kernel: tuple[int, int]
    pool: tuple[int, int] | None


def conv_encoder(
    input_shape,
    filters=(64, 64, 64),
    *,
    kernel_sizes=3,
    pool_sizes=2,
    dense_units=(64,),
    activation="relu",
    batch_norm=True,
    padding="same",
    seed=None,
):
    """Network from pictures `[batch, *input_shape]` to features `[batch, dense_units[-1]]`.

    The features themselves are not normalised: the heads of the latent follow.
    With the defaults, 64x64x1 pictures and S^2 it has, heads included, the 337,732
    weights of the original's VGG encoder.

    Args:
        input_shape: Shape of one picture: `(height, width)` or `(height, width, channels)`.
        filters: Filters of each convolution.
        kernel_sizes: Size of each kernel, a number or a pair; one of them for all: `3` or
            `[(3, 5)]`.
        pool_sizes: Size of each max pooling, a number, a pair or `None` for no pooling;
            one of them for all: `2`, `None` or `[(2, 4)]`.
        dense_units: Widths of the dense layers; `()` gives the flattened picture.
        activation: Activation of every layer.
        batch_norm: Whether to normalise before each activation.
        padding: `"same"` pads convolutions with zeros; `"circular"` is for periodic
            pictures.
        seed: Integer seed of the initial weights, or `None`.

    Returns:
        A `keras.Sequential` named "encoder".
    """
    picture = _picture("input_shape", input_shape)
    blocks = _blocks(filters, kernel_sizes, pool_sizes)
    widths = _listed("dense_units", dense_units)
    conv_seed, dense_seed, last_seed = layer_seeds(seed, 3)
    layers = [keras.Input(tuple(input_shape))]
    if len(input_shape) == 2:
        layers.append(keras.layers.Reshape(picture))
    for block, block_seed in zip(blocks, layer_seeds(conv_seed, len(blocks)), strict=True):
        layers += _convolution(block.filters, block.kernel, padding, block_seed)
        layers += _activation(activation, batch_norm)
        if block.pool:
            layers.append(keras.layers.MaxPooling2D(block.pool, padding="same", **LAST))
    layers += [
        keras.layers.Flatten(**LAST),
        *dense_stack(widths[:-1], activation, batch_norm, dense_seed),
        *dense_stack(widths[-1:], activation, False, last_seed),
    ]
    return keras.Sequential(layers, name="encoder")


def conv_decoder(
    output_shape,
    filters=(64, 64, 64),
    *,
    kernel_sizes=3,
    pool_sizes=2,
    dense_units=(64,),
    activation="relu",
    batch_norm=True,
    padding="same",
    seed=None,
):
    """Network from latent points `[batch, n]` to raw outputs `[batch, *output_shape]`.

    The mirror image of `conv_encoder` with the same lists, which are given in the
    encoder's order. The last convolution is linear: likelihoods take logits or means.
    With the defaults, 64x64x1 pictures and S^2 it has the 358,081 weights of the
    original's VGG decoder. That one normalised its last dense layer after the
    activation, took `filters` in another order, and gave the wrong size unless every
    size was a multiple of its pool and the last pool (2, 2).

    Args:
        output_shape: Shape of one raw output: `(height, width)` or
            `(height, width, channels)`.
        filters: Filters of each convolution of the encoder; here the first number is
            unused, since the last convolution gives the channels of the picture.
        kernel_sizes: Size of each kernel, a number or a pair; one of them for all: `3` or
            `[(3, 5)]`.
        pool_sizes: Factor of each upsampling, a number, a pair or `None` for none;
            one of them for all: `2`, `None` or `[(2, 4)]`.
        dense_units: Widths of the encoder's dense layers, applied from last to first.
        activation: Activation of the hidden layers.
        batch_norm: Whether to normalise before each activation.
        padding: `"same"` pads convolutions with zeros; `"circular"` is for periodic
            pictures.
        seed: Integer seed of the initial weights, or `None`.

    Returns:
        A `keras.Sequential` named "decoder".
    """
    picture = _picture("output_shape", output_shape)
    blocks = _blocks(filters, kernel_sizes, pool_sizes)
    sizes = _sizes(picture[:2], blocks)
    smallest = (*sizes[-1], blocks[-1].filters)
    widths = [*reversed(_listed("dense_units", dense_units)), math.prod(smallest)]
    conv_seed, dense_seed = layer_seeds(seed, 2)
    seeds = layer_seeds(conv_seed, len(blocks))
    layers = [
        *dense_stack(widths, activation, batch_norm, dense_seed),
        keras.layers.Reshape(smallest),
    ]
    for i in reversed(range(len(blocks))):
        layers += _unpooling(blocks[i].pool, sizes[i])
        outputs = blocks[i - 1].filters if i else picture[-1]
        layers += _convolution(outputs, blocks[i].kernel, padding, seeds[i])
        layers += _activation(activation, batch_norm) if i else []
    if len(output_shape) == 2:
        layers.append(keras.layers.Reshape(tuple(output_shape)))
    return keras.Sequential(layers, name="decoder")


def _convolution(filters, kernel, padding, seed):
    """A linear convolution that keeps the size of its picture."""
    require_choice("padding", padding, PADDINGS)
    initializer = keras.initializers.GlorotUniform(seed=seed)
    options = {"kernel_initializer": initializer, **LAST}
    if padding == "same":
        return [keras.layers.Conv2D(filters, kernel, padding="same", **options)]
    sides = [((size - 1) // 2, size // 2) for size in kernel]
    return [CircularPadding2D(sides), keras.layers.Conv2D(filters, kernel, **options)]


def _activation(activation, batch_norm):
    norm = [keras.layers.BatchNormalization()] if batch_norm else []
    return [*norm, keras.layers.Activation(activation)]


def _unpooling(pool, size):
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


def _sizes(size, blocks):
    """Picture sizes (height, width) before the first block and after each."""
    sizes = [size]
    for block in blocks:
        pool = block.pool or (1, 1)
        sizes.append(tuple(-(-n // p) for n, p in zip(sizes[-1], pool, strict=True)))
    return sizes


def _picture(name, shape):
    """A shape as (height, width, channels)."""
    try:
        sizes = tuple(require_integer(name, size, 1) for size in shape)
    except (TypeError, ValueError):
        sizes = ()
    if len(sizes) not in (2, 3):
        raise ValueError(
            f"Expected `{name}` to be a picture's: (height, width) or (height, width, "
            f"channels), each at least 1. Received: {shape!r}. The MLPs take any shape."
        )
    return (*sizes, 1)[:3]


def _blocks(filters, kernel_sizes, pool_sizes):
    """The lists of the arguments as one list of blocks."""
    filters = _listed("filters", filters)
    if not filters:
        raise ValueError("Expected at least one number in `filters`. Received none.")
    count = len(filters)
    kernels = _per_block("kernel_sizes", kernel_sizes, count)
    pools = _per_block("pool_sizes", pool_sizes, count, optional=True)
    return [
        Block(number, kernel, pool)
        for number, kernel, pool in zip(filters, kernels, pools, strict=True)
    ]


def _listed(name, numbers):
    if not isinstance(numbers, (list, tuple)):
        raise ValueError(
            f"Expected `{name}` to be a list of numbers, one a layer. Received: {numbers!r}."
        )
    return [require_integer(name, number, 1) for number in numbers]


def _per_block(name, values, count, optional=False):
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


def _pair(name, entry):
    if isinstance(entry, (list, tuple)) and len(entry) == 2:
        return tuple(require_integer(name, size, 1) for size in entry)
    if isinstance(entry, (list, tuple)) or entry is None:
        raise ValueError(
            f"Expected each of `{name}` to be a number or a pair (rows, columns). "
            f"Received: {entry!r}."
        )
    return (require_integer(name, entry, 1),) * 2
