"""Where a condition `[batch, k]` joins what a network is given."""

from typing import Any

from keras import ops

from diffusion_vae.typing import Shape, Tensor

NAME = "condition"


def joined(values: Tensor, condition: Tensor) -> Tensor:
    """Values `[batch, ..., n]` with a condition `[batch, k]` behind them, `[batch, ..., n + k]`.

    On feature maps `[batch, rows, columns, n]` a condition makes `k` further maps, constant ones.
    """
    condition = ops.cast(condition, values.dtype)
    middle = len(values.shape) - 2
    if middle:
        condition = ops.reshape(condition, (-1, *[1] * middle, condition.shape[-1]))
        condition = condition * ops.ones_like(values[..., :1])
    return ops.concatenate([values, condition], axis=-1)


def takes_two(network: Any) -> bool:
    """Whether a network was made with two inputs: for values and for their condition."""
    inputs = getattr(network, "inputs", None)
    return isinstance(inputs, (list, tuple)) and len(inputs) == 2


def values_of(network: Any) -> Any:
    """The input of a network of two inputs that is not for the condition."""
    if isinstance(network.input, dict):
        return network.input[_other_name(network)]
    return network.inputs[0]


def call_on_both(network: Any, values: Tensor, condition: Tensor, **options: Any) -> Any:
    """A network of two inputs, [values, condition] or a dictionary in which one is `condition`.

    Raises:
        ValueError: If it takes a dictionary in which none is called `condition`.
    """
    if isinstance(getattr(network, "input", None), dict):
        return network({_other_name(network): values, NAME: condition}, **options)
    return network([values, condition], **options)


def call_joined(network: Any, values: Tensor, condition: Tensor | None, **options: Any) -> Any:
    """A network of values and their condition: a second input, or behind the first."""
    if condition is None:
        return network(values, **options)
    if takes_two(network):
        return call_on_both(network, values, condition, **options)
    return network(joined(values, condition), **options)


def pair(given: Any) -> tuple[Any, Any]:
    """What a layer is called on, or its shape, as (values, condition or `None`)."""
    nested = isinstance(given, (list, tuple)) and not isinstance(given[0], (int, type(None)))
    return tuple(given) if nested else (given, None)  # type: ignore[return-value]


def joined_shape(network: Any, shape: Shape, condition: Shape | None) -> Any:
    """Shape of what `call_joined` calls a network on."""
    if condition is None:
        return tuple(shape)
    if takes_two(network):
        return [tuple(shape), tuple(condition)]
    return (*shape[:-1], shape[-1] + condition[-1])


def _other_name(network: Any) -> str:
    others = [name for name in network.input if name != NAME]
    if len(others) != 1:
        raise ValueError(
            f"Expected one of the two inputs of {network.name!r} to be called {NAME!r}. "
            f"Received: {sorted(network.input)}."
        )
    return others[0]
