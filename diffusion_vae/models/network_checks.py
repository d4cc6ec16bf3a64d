"""Networks that a user gives: what they take and return, looked at when a model is built."""

import warnings
from typing import Any

import keras

from diffusion_vae.latents import LatentDistribution
from diffusion_vae.layers import EvenDecoder
from diffusion_vae.layers.conditions import call_joined, call_on_both, joined, takes_two
from diffusion_vae.layers.even_decoder import RAW_OUTPUT
from diffusion_vae.layers.full_precision import require_one_tensor
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.networks import Network
from diffusion_vae.typing import Tensor

# Activations, functions and layers that leave out values which a likelihood may need.
BOUNDED = {
    "sigmoid", "hardsigmoid", "softmax", "tanh", "hardtanh", "softsign",
    "relu", "relu6", "softplus", "exponential", "exp",
}  # fmt: skip
# What a second input of a network may have been meant for.
CONDITION = {
    "encoder": ' For a condition, make the model with `condition="both"`.',
    "decoder": ' For a condition, make the model with `condition="decoder"`.',
}
# Layers and functions that move values and leave them as they are.
MOVES = {
    "reshape", "flatten", "permute", "transpose", "dropout", "squeeze", "expanddims",
    "cropping1d", "cropping2d", "cropping3d", "identity",
}  # fmt: skip


def features_of(
    encoder: keras.Layer, inputs: Tensor, latent: LatentDistribution, condition: Tensor = None
) -> Tensor:
    """What an encoder makes of symbolic data, and perhaps of a condition, `[batch, n]`.

    Raises:
        ValueError: If the encoder takes several inputs, or returns anything but features.
    """
    _check_inputs("encoder", encoder, condition is not None)
    features = encoded(encoder, inputs, condition)
    names = " and ".join(latent.parameter_names)
    advice = f" The model makes {names} itself." if names else ""
    require_one_tensor("the encoder to return features [batch, n]", features, advice)
    if len(features.shape) != 2:
        raise ValueError(
            "Expected the encoder to return features of shape [batch, n]. "
            f"Received shape: {tuple(features.shape)}. End it with a Flatten layer."
        )
    return features


def encoded(encoder: Any, inputs: Tensor, condition: Tensor = None, **options: Any) -> Any:
    """What an encoder returns. A condition goes into a `Network` and into a second input; behind
    the features of all other encoders."""
    if condition is None:
        return encoder(inputs, **options)
    if takes_two(encoder):
        return call_on_both(encoder, inputs, condition, **options)
    if isinstance(encoder, Network):
        return encoder([inputs, condition], **options)
    features = encoder(inputs, **options)
    return joined(features, condition) if hasattr(features, "shape") else features


def decoded(decoder: Any, points: Tensor, condition: Tensor = None, **options: Any) -> Any:
    """What a decoder returns. A condition goes beside the points in an `EvenDecoder`, into a
    second input, or behind the points."""
    if condition is not None and isinstance(decoder, EvenDecoder):
        return decoder([points, condition], **options)
    return call_joined(decoder, points, condition, **options)


def raw_output_of(
    decoder: keras.Layer, points: Tensor, likelihood: Likelihood, condition: Tensor = None
) -> Tensor:
    """What a decoder makes of symbolic latent points, and perhaps of a condition,
    `[batch, *raw_event]`.

    Raises:
        ValueError: If the decoder takes several inputs, or returns several outputs.

    Warns:
        UserWarning: If its last activation leaves out values that the likelihood needs.
    """
    inner = decoder.decoder if isinstance(decoder, EvenDecoder) else decoder
    _check_inputs("decoder", inner, condition is not None)
    raw = decoded(decoder, points, condition)
    require_one_tensor(RAW_OUTPUT, raw)
    name = last_activation(decoder)
    if likelihood.unbounded_output and name in BOUNDED:
        warnings.warn(
            f"The decoder ends in {name!r}, and {type(likelihood).__name__} takes its output for "
            f"{likelihood.unbounded_output}, which must be free to take any value. End the "
            "decoder without an activation.",
            UserWarning,
            stacklevel=2,
        )
    return raw


def last_activation(network: Any) -> str | None:
    """Name of the activation whose values a network returns, or `None` if that is not known.

    Args:
        network: A built layer or model; models inside models are looked into, classes of one's
            own are not.
    """
    if isinstance(network, EvenDecoder):
        return last_activation(network.decoder)
    if isinstance(network, keras.Sequential):
        return _first_known(reversed(network.layers))
    if isinstance(network, keras.Model):
        outputs = getattr(network, "outputs", None)
        return _first_known(_backwards(outputs[0])) if outputs else None
    if isinstance(network, keras.layers.Wrapper):
        return last_activation(network.layer)
    return _name(getattr(network, "activation", network))


def _first_known(parts: Any) -> str | None:
    """Last activation of parts that follow each other, the last one first."""
    for part in parts:
        if _name(part) not in MOVES:
            return last_activation(part)
    return None


def _backwards(tensor: Any) -> Any:
    """The operations of a functional model before an output, as long as each has one input."""
    while tensor is not None:
        operation, index, _ = tensor._keras_history
        yield operation
        inputs = operation._inbound_nodes[index].input_tensors
        tensor = inputs[0] if len(inputs) == 1 else None


def _name(part: Any) -> str:
    """Name of a function or of a layer, spelt alike: `hard_sigmoid`, `HardSigmoid`."""
    return getattr(part, "__name__", type(part).__name__).replace("_", "").lower()


def _check_inputs(name: str, network: Any, conditioned: bool) -> None:
    inputs = getattr(network, "inputs", None)
    count = len(inputs) if isinstance(inputs, (list, tuple)) else 1
    if count > 1 + conditioned:
        advice = CONDITION[name] if count == 2 else ""
        taken = "one tensor, or one and its condition" if conditioned else "one tensor"
        raise ValueError(
            f"Expected the {name} to take {taken}. Received: a model of {count} inputs.{advice}"
        )
