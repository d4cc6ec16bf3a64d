"""The base of encoders and decoders: a stack of layers with a short configuration."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from diffusion_vae.checks import require_integer, require_seed
from diffusion_vae.layers import EvenDecoder
from diffusion_vae.layers.conditions import joined, pair
from diffusion_vae.layers.quantization import quantization, quantize_again


class Network(keras.Sequential):
    """A stack of layers that is made when the shape of its input is known.

    The configuration holds the constructor's arguments, not the layers, so that a file that
    describes a model can be read and written by hand. A network may leave open its seed, and
    a decoder the shape of its output: the model that owns the network fills them in.

    Subclasses implement `make_layers`. An encoder may also be called on data and a condition
    `[batch, k]`, which joins what its `Flatten` layer returns, or else its output.

    Args:
        seed: Integer seed of the initial weights; `None` takes one from the model.
        name: Name of the network.
        dtype: Keras's dtype policy of the layers; `None` is the global one.
        trainable: Whether the weights are trained.

    Example:
        >>> import keras
        >>> from diffusion_vae.networks import Network
        >>> class Linear(Network):
        ...     def make_layers(self, input_shape):
        ...         return [keras.layers.Flatten(), keras.layers.Dense(4)]
        >>> network = Linear()
        >>> network.build((None, 28, 28))
        >>> network.count_params()
        3140
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        if dtype is not None:
            self.dtype_policy = keras.dtype_policies.get(dtype)
        self.seed = require_seed(seed)
        self._quantization: dict[str, Any] = {}  # of the layers, as a file has it

    @property
    def neutral_value(self) -> float:
        """The data value that the network sees as 0; it stands in for one that is missing."""
        return 0.0

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        """The layers for inputs `[batch, ...]` of a shape, without an input layer."""
        raise NotImplementedError(f"{type(self).__name__} must implement `make_layers`.")

    def complete(self, *, seed: int | None = None) -> None:
        """Takes a seed if the network has none. A network that is built stays as it is."""
        if not self.built and self.seed is None:
            self.seed = seed

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Makes the layers and their weights for inputs of a shape `[batch, ...]`.

        Args:
            input_shape: Of the data, or of the data and of a condition.
        """
        data, condition = pair(input_shape)
        if not self._layers:
            shape = (None, *tuple(data)[1:])
            with _dtype_policy(self.dtype_policy):
                layers = self.make_layers(shape)
            quantize_again(layers, self._quantization)
            for layer in layers:
                self.add(layer, rebuild=False)
        if condition is None:
            super().build(data)
        else:
            dtype = self.compute_dtype
            self._joining(*(keras.KerasTensor(tuple(each), dtype) for each in (data, condition)))
            self.built = True

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        values, condition = pair(inputs)
        if condition is None:
            return super().call(values, training=training, mask=mask, **kwargs)
        return self._joining(values, condition)

    def compute_output_spec(
        self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        values, condition = pair(inputs)
        if condition is None:
            return super().compute_output_spec(values, training=training, mask=mask, **kwargs)
        return self._joining(values, condition)

    def _joining(self, values: Any, condition: Any) -> Any:
        """The output for data and a condition, layer by layer."""
        missing = True
        for layer in self.layers:
            values = layer(values)
            if missing and isinstance(layer, keras.layers.Flatten):
                values, missing = joined(values, condition), False
        return joined(values, condition) if missing else values

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; subclasses add their own."""
        config = {**keras.Model.get_config(self), "seed": self.seed}
        if type(self.dtype_policy) is keras.dtype_policies.DTypePolicy:
            config["dtype"] = self.dtype_policy.name  # short, for a reader of the file
        return config

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the input, and how the layers were quantized."""
        config, found = super().get_build_config(), quantization(self.layers)
        return {**config, "quantization": found} if config and found else config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the network as the one that a file was written by."""
        self._quantization = config.get("quantization", {})
        super().build_from_config(config)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Network":
        """Rebuilds a network from `get_config()`."""
        return cls(**config)


class Decoder(Network):
    """A network whose output has a given shape.

    Args:
        event_shape: Shape of one raw output, such as `(28, 28, 1)`; `None` takes the shape
            that the model's data and likelihood need.
        seed: As in `Network`.
        kwargs: `name`, `dtype` and `trainable`, as in `Network`.

    Example:
        >>> from diffusion_vae.networks import MLPDecoder
        >>> decoder = MLPDecoder((256,))
        >>> decoder.complete(event_shape=(28, 28, 1))  # as a model does
        >>> decoder.build((None, 3))
        >>> decoder.output_shape
        (None, 28, 28, 1)
    """

    def __init__(
        self, *, event_shape: Sequence[int] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.event_shape = None if event_shape is None else require_shape(event_shape)

    def complete(
        self, *, seed: int | None = None, event_shape: Sequence[int] | None = None
    ) -> None:
        """Takes a seed and a shape where the decoder has none."""
        super().complete(seed=seed)
        if not self.built and self.event_shape is None and event_shape is not None:
            self.event_shape = require_shape(event_shape)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if self.event_shape is None:
            raise ValueError(
                f"Expected `event_shape` of {type(self).__name__} before it is built: the shape "
                "of one output. Received: None. Give it, or build the model that owns it."
            )
        super().build(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "event_shape": self.event_shape}


def complete(network: keras.layers.Layer, **known: Any) -> None:
    """Fills in what a `Network` leaves open; other Keras layers stay as they are.

    Args:
        network: An encoder or a decoder, perhaps inside an `EvenDecoder`.
        known: `seed`, and for decoders `event_shape`.
    """
    if isinstance(network, EvenDecoder):
        network = network.decoder
    if isinstance(network, Network):
        network.complete(**known)


def require_shape(shape: Any) -> tuple[int, ...]:
    """Returns the shape of an event as a tuple of sizes.

    Raises:
        TypeError: If it is not a tuple of integers.
        ValueError: If a size is below 1.
    """
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"Expected `event_shape` to be a tuple of sizes. Received: {shape!r}.")
    return tuple(require_integer("event_shape", size, 1) for size in shape)


@contextlib.contextmanager
def _dtype_policy(policy: keras.dtype_policies.DTypePolicy) -> Iterator[None]:
    """Keras's global dtype policy for the layers made inside."""
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)
