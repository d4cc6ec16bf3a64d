"""Networks of the spatial VAE (Wang et al. 2017, arXiv 1705.06821), for square pictures.

Encoder: two strided convolutions that halve the picture and one without padding.
Decoder: feature maps grow to 8 x 8, then double up to the size of the picture, by
transposed convolutions. Every convolution is followed by batch normalisation and ELU.
At prediction time batches are normalised by moving averages and nothing is dropped;
the original normalised by the batch at hand there too, so that its pictures depended
on the others of their batch.
"""

import math

import keras

from diffusion_vae.checks import require_integer
from diffusion_vae.random import layer_seeds

LAST = {"data_format": "channels_last"}
CORE = 8  # rows of the maps from which on the decoder doubles
SMALLEST = 32  # pixels a side
# Map size -> (kernel, stride, padding, filters) of the layers that lead to 8 x 8.
STEMS = {
    1: ((3, 1, "valid", 64), (3, 2, "same", 48), (3, 1, "valid", 32)),  # 1 -> 3 -> 6 -> 8
    2: ((3, 2, "same", 64), (3, 2, "same", 32)),  # 2 -> 4 -> 8
    3: ((3, 2, "same", 64), (3, 1, "valid", 32)),  # 3 -> 6 -> 8
    4: ((3, 2, "same", 32),),  # 4 -> 8
    6: ((3, 1, "valid", 32),),  # 6 -> 8
}
DOUBLING = (32, 16)  # filters on the way from 8 x 8; further ones repeat the last


def spatial_encoder(filters=(32, 64, 128), *, dropout=0.1, batch_norm=True, seed=None):
    """Network from pictures `[batch, height, width, channels]` to features `[batch, n]`.

    Three convolutions of kernel 5 and stride 2, the last without padding, then dropout.
    With the defaults a 64x64 picture has 6 * 6 * 128 = 4608 features, a 32x32 one
    2 * 2 * 128 = 512.

    Args:
        filters: Filters of the three convolutions.
        dropout: Share of the features that training drops.
        batch_norm: Whether to normalise before each activation.
        seed: Integer seed of the initial weights and of the dropout, or `None`.

    Returns:
        A `keras.Sequential` named "encoder".
    """
    if len(filters) != 3:
        raise ValueError(f"Expected three numbers in `filters`. Received: {filters!r}.")
    seeds = layer_seeds(seed, 4)
    paddings = ("same", "same", "valid")
    layers = []
    for width, padding, layer_seed in zip(filters, paddings, seeds, strict=False):
        options = _options(width, 5, 2, padding, batch_norm, layer_seed)
        layers.append(keras.layers.Conv2D(**options))
        layers += _activation("elu", batch_norm)
    layers += [keras.layers.Dropout(dropout, seed=seeds[-1]), keras.layers.Flatten(**LAST)]
    return keras.Sequential(layers, name="encoder")


def spatial_decoder(
    output_shape, map_size=3, *, filters=None, activation="tanh", batch_norm=True, seed=None
):
    """Network from feature maps `[batch, map_size, map_size, maps]` to raw outputs.

    For `map_size` 3 and 64x64 pictures the layers of the original: 3 -> 6 -> 8 -> 16 ->
    32 -> 64 with 64, 32, 32, 16 filters; for `map_size` 1 ("vanilla") 1 -> 3 -> 6 -> 8
    -> ... with 64, 48, 32, 32, 16. Smaller pictures leave out the last doubling.

    Args:
        output_shape: Shape of one raw output, `(size, size, channels)` with a size of
            32, 64, 128, ...
        map_size: Rows of a map: 1, 2, 3, 4 or 6.
        filters: Filters of all layers but the last, or `None` for those above.
        activation: Of the last layer; `"tanh"` (as the original, for the means of data
            in [-1, 1]) or `"linear"` (logits).
        batch_norm: Whether to normalise before each activation, the last included.
        seed: Integer seed of the initial weights, or `None`.

    Returns:
        A `keras.Sequential` named "decoder".
    """
    stages = doublings(output_shape)
    stem = _stem(map_size)
    count = len(stem) + stages - 1
    if filters is None:
        further = (*DOUBLING, *[DOUBLING[-1]] * stages)[: stages - 1]
        filters = (*[layer[-1] for layer in stem], *further)
    if len(filters) != count:
        raise ValueError(
            f"Expected {count} numbers in `filters` for maps of {map_size} rows and pictures "
            f"of shape {tuple(output_shape)}. Received: {filters!r}."
        )
    shapes = [layer[:3] for layer in stem] + [(5, 2, "same")] * stages
    widths = (*filters, output_shape[-1])
    activations = ["elu"] * count + [activation]
    layers = []
    for shape, width, name, layer_seed in zip(
        shapes, widths, activations, layer_seeds(seed, count + 1), strict=True
    ):
        options = _options(width, *shape, batch_norm, layer_seed)
        layers.append(keras.layers.Conv2DTranspose(**options))
        layers += _activation(name, batch_norm)
    return keras.Sequential(layers, name="decoder")


def doublings(shape):
    """How often 8 x 8 maps double to become a picture of this shape.

    Raises:
        ValueError: If the shape is none that these networks are made for.
    """
    square = len(shape) == 3 and shape[0] == shape[1] and shape[0] is not None
    times = math.log2(shape[0] / CORE) if square else 0.5
    if not times.is_integer() or shape[0] < SMALLEST:
        raise ValueError(
            "Expected square pictures (size, size, channels) of 32, 64, 128, ... pixels for the "
            f"spatial networks. Received shape: {tuple(shape)}. Resize them, or give an encoder "
            "and a decoder of your own."
        )
    return int(times)


def _stem(map_size):
    if map_size not in STEMS:
        raise ValueError(
            f"Expected `map_size` to be one of {tuple(STEMS)} for the spatial decoder. "
            f"Received: {map_size!r}. Give a decoder of your own for other sizes."
        )
    return STEMS[map_size]


def _options(filters, kernel, stride, padding, batch_norm, seed):
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


def _activation(name, batch_norm):
    norm = [keras.layers.BatchNormalization()] if batch_norm else []
    return [*norm, keras.layers.Activation(name)]
