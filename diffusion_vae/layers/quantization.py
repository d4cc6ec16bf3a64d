"""Quantized layers in files: a layer that is made anew must be quantized before it is built.

`quantize` changes layers that were made by a constructor's arguments, so the arguments do not
tell. What it changed stands in Keras's `build_config`, beside the shape of the input.
"""

from collections.abc import Iterable
from typing import Any

import keras


def quantization(layers: Iterable[keras.layers.Layer]) -> dict[str, dict[str, Any]]:
    """How layers were quantized, by their position; empty if none of them was."""
    found = {}
    for index, layer in enumerate(layers):
        if layer.quantization_mode is not None:
            config = getattr(layer, "quantization_config", None)
            found[str(index)] = {
                "policy": keras.dtype_policies.serialize(layer.dtype_policy),
                "config": keras.saving.serialize_keras_object(config),
            }
    return found


def quantize_again(layers: Iterable[keras.layers.Layer], found: dict[str, dict[str, Any]]) -> None:
    """Prepares layers that are not built to be built as `quantization` found their like."""
    for index, layer in enumerate(layers):
        given = found.get(str(index))
        if given and not layer.built:
            layer.quantization_config = keras.saving.deserialize_keras_object(given["config"])
            layer.dtype_policy = keras.dtype_policies.deserialize(given["policy"])


def parts(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers that a layer owns."""
    return list(layer._flatten_layers(include_self=False, recursive=False))
