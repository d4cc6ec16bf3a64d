"""An encoder of counts, which sees what share of its own total each count is."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_positive
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.networks.mlp import MLPDecoder, MLPEncoder
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor

SMALLEST_RATE = 1e-4


@serializable
class LogShares(FullPrecisionLayer):
    """log(1 + total x / sum(x)) of counts x: how they would read if all examples had one total.

    Args:
        total: The total that every example is brought to.

    Raises:
        ValueError: If it is not positive.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks.counts import LogShares
        >>> counts = np.array([[1.0, 3.0], [10.0, 30.0]], "float32")
        >>> np.round(LogShares(total=4.0)(counts), 3).tolist()
        [[0.6930000185966492, 1.3860000371932983], [0.6930000185966492, 1.3860000371932983]]
    """

    def __init__(self, total: float = 1e4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.total = require_positive("total", total)

    def call(self, counts: Tensor) -> Tensor:
        counts = ops.cast(counts, self.compute_dtype)
        axes = tuple(range(1, len(counts.shape)))
        sums = ops.sum(counts, axis=axes, keepdims=True)  # [batch, 1, ...]
        return ops.log1p(counts * (self.total / ops.maximum(sums, 1.0)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "total": self.total}


@serializable
class CountEncoder(MLPEncoder):
    """An `MLPEncoder` of counts of any depth: its first layer is `LogShares`.

    Args:
        units: As of `MLPEncoder`.
        total: Total that the counts of every example are brought to, such as the median total
            of the cells.
        kwargs: Further arguments of `MLPEncoder`.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If one is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import CountEncoder
        >>> encoder = CountEncoder((16, 8), total=1000.0, seed=0)
        >>> counts = np.array([[1.0, 3.0], [10.0, 30.0]], "float32")
        >>> features = np.asarray(encoder(counts))
        >>> features.shape, bool(np.allclose(features[0], features[1], atol=1e-5))
        ((2, 8), True)
    """

    def __init__(
        self, units: Sequence[int] = (512, 512, 512), *, total: float = 1e4, **kwargs: Any
    ) -> None:
        super().__init__(units, **kwargs)
        self.total = require_positive("total", total)

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        return [LogShares(self.total), *super().make_layers(input_shape)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "total": self.total}


def start_at_rates(decoder: MLPDecoder, rates: np.ndarray, link: str = "log") -> None:
    """Sets the last biases of a decoder, so that training starts at known rates of counts.

    Without it many steps pass until genes of few and of many counts are told apart.

    Args:
        decoder: A decoder that is built, whose outputs begin with those of the rates.
        rates: Mean counts at an exposure of 1, `[values]`; a rate of 0 starts at a small one.
        link: Of the likelihood, `"log"` or `"softplus"`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import MLPDecoder
        >>> from diffusion_vae.networks.counts import start_at_rates
        >>> decoder = MLPDecoder((), event_shape=(2,))
        >>> decoder.build((None, 3))
        >>> start_at_rates(decoder, np.array([1.0, 20.0]))
        >>> np.round(np.exp(decoder(np.zeros((1, 3)))), 3).tolist()
        [[1.0, 20.0]]
    """
    rates = np.maximum(rates, SMALLEST_RATE)
    raw = np.log(rates) if link == "log" else np.log(np.expm1(np.minimum(rates, 50.0)))
    if link != "log":
        raw = np.where(rates > 50.0, rates, raw)
    dense = [layer for layer in decoder.layers if isinstance(layer, keras.layers.Dense)][-1]
    bias = keras.ops.convert_to_numpy(dense.bias).copy()
    bias[: len(raw)] = raw
    dense.bias.assign(bias)
