"""Contract of a latent distribution: posterior and prior as one Keras layer."""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import keras

from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.layers.quantization import parts, quantization, quantize_again
from diffusion_vae.manifolds.numerics.nearest_by_products import products_only
from diffusion_vae.typing import Seed, Shape, Tensor

Params: TypeAlias = dict[str, Tensor]
"""Parameters of posteriors by name; their first axis is the batch."""


class LatentDistribution(FullPrecisionLayer):
    """Posterior of features, and the prior, in one layer.

    Calling the layer on features `[batch, n]` returns the dictionary of
    `parameters(features)` with a draw `z` from the posterior added, unless `draw=False`.
    Parameters are named tensors whose first axis is the batch; a sample axis may come before it.

    Attributes:
        point_shape: Shape of one latent point.

    Input shape:
        Features, `[batch, n]`.

    Output shape:
        A dictionary: the parameters by name, and `z` `[batch, *point_shape]`.

    Example:
        >>> import keras, numpy as np
        >>> from keras import ops
        >>> from diffusion_vae.latents import LatentDistribution
        >>> class UnitVariance(LatentDistribution):  # N(mean, I) in the plane
        ...     parameter_names, point_shape = ("mean",), (2,)
        ...     def parameters(self, features):
        ...         return {"mean": features[..., :2]}
        ...     def sample(self, params):
        ...         return params["mean"] + keras.random.normal(ops.shape(params["mean"]))
        ...     def kl(self, params):  # to N(0, I)
        ...         return 0.5 * ops.sum(ops.square(params["mean"]), axis=-1)
        >>> latent = UnitVariance()
        >>> outputs = latent(np.ones((1, 4), "float32"))
        >>> sorted(outputs), float(latent.kl(outputs)[0])
        (['mean', 'z'], 1.0)
    """

    point_shape: tuple[int, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "parameters" in vars(cls):
            cls.parameters = _also_of_a_module(cls.parameters)  # type: ignore[method-assign]

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return ()

    @property
    def diagnostic_names(self) -> tuple[str, ...]:
        """Names of the numbers that `diagnostics` returns."""
        return ()

    def parameters(self, features: Tensor) -> Params:
        """Posterior parameters of features `[batch, n]`, a dictionary of tensors."""
        raise NotImplementedError

    def sample(self, params: Params) -> Tensor:
        """One draw from each posterior, `[..., *point_shape]`."""
        raise NotImplementedError

    def kl(self, params: Params) -> Tensor:
        """KL of each posterior to the prior in nats, `[...]`."""
        raise NotImplementedError

    def log_density(self, z: Tensor, params: Params) -> Tensor:
        """Log density of the posteriors at `z` in nats, `[...]`."""
        raise NotImplementedError

    def prior_sample(self, n: int, seed: Seed = None) -> Tensor:
        """Draws from the prior, `[n, *point_shape]`."""
        raise NotImplementedError

    def prior_log_density(self, z: Tensor) -> Tensor:
        """Log density of the prior at `z` in nats, `[...]`."""
        raise NotImplementedError

    def diagnostics(self, params: Params) -> Params:
        """Per-example numbers worth watching during training, a dictionary of `[batch]`."""
        return {}

    def call(self, features: Tensor, draw: bool = True) -> Params:
        if not draw:  # for other runtimes
            with products_only():
                return self.parameters(features)
        params = self.parameters(features)
        return {**params, "z": self.training_code(params)}

    def training_code(self, params: Params) -> Tensor:
        """The `z` of a call, one draw; overridden where the loss is of another code."""
        return self.sample(params)

    def compute_output_spec(self, features: Any, draw: bool = True) -> Any:
        shapes = self.compute_output_shape(features.shape)
        return {
            name: keras.KerasTensor(shape, dtype=self.compute_dtype)
            for name, shape in shapes.items()
            if draw or name != "z"
        }

    def compute_output_shape(self, input_shape: Shape) -> dict[str, Shape]:
        raise NotImplementedError

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the features, and how the layers inside were quantized."""
        config, found = super().get_build_config(), quantization(parts(self))
        return {**config, "quantization": found} if config and found else config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer as the one that a file was written by."""
        quantize_again(parts(self), config.get("quantization", {}))
        super().build_from_config(config)

    def _dense(self, name: str, units: int, seed: int | None) -> keras.layers.Dense:
        """A dense layer in full precision whose initial weights follow from a seed."""
        initializer = keras.initializers.GlorotUniform(seed=seed)
        return keras.layers.Dense(
            units, kernel_initializer=initializer, name=name, dtype=self.dtype_policy
        )

    def _draw_seed(self, seed: Seed) -> Any:
        """The seed that was given, or the layer's own generator."""
        return self.seed_generator if seed is None else seed


def _also_of_a_module(method: Callable[..., Params]) -> Callable[..., Any]:
    """`parameters`, which without features gives PyTorch the weights that it asks a module for."""
    if keras.backend.backend() != "torch":
        return method

    @functools.wraps(method)
    def parameters(self: Any, *args: Any, **kwargs: Any) -> Any:
        if all(isinstance(value, bool) for value in (*args, *kwargs.values())):  # recurse
            return keras.layers.Layer.parameters(self, *args, **kwargs)
        return method(self, *args, **kwargs)

    return parameters
