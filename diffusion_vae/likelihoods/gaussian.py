"""The Gaussian likelihood, of real numbers."""

import math
import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import (
    require_choice,
    require_keras_name,
    require_positive,
    require_range,
)
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.likelihoods.special import bounded_log
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Shape, Tensor

SCALES = ("fixed", "learned", "predicted")
SMALLEST_SCALE = 1e-3  # learned and predicted standard deviations stay above it
LOG_SMALLEST_SCALE = math.log(SMALLEST_SCALE)
MOST = 20.0  # log standard deviations grow slower from here
LARGE = 100.0  # data values that are warned of
RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1)}  # of means, by the activation they come from


@serializable
class Gaussian(Likelihood):
    """Independent normal data values around the decoder's output.

    log p = -1/2 sum [(x - mean)^2 / s^2 + log(2 pi s^2)].

    Args:
        scale: `"fixed"` (the variance given), `"learned"` (a trained constant) or
            `"predicted"` (by the decoder, which then gives twice as many outputs:
            means, then log standard deviations).
        variance: The fixed variance, or the initial one.
        per_dimension: Whether a learned scale is one per data value, and a predicted
            one differs between the values of an example; otherwise it is shared.
        output_activation: Activation that makes means of the decoder's raw output, by
            Keras's name: `"sigmoid"` for data in [0, 1], `"tanh"` for data in [-1, 1].
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If `variance` is not a number.
        ValueError: If it is not positive, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import Gaussian
        >>> likelihood = Gaussian(variance=0.5)
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> round(float(likelihood.log_prob(np.ones((1, 2), "float32"), outputs)[0]), 3)
        -3.145
    """

    takes_scaled_data = True

    def __init__(
        self,
        scale: str = "fixed",
        variance: float = 1.0,
        per_dimension: bool = False,
        output_activation: str = "linear",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scale = require_choice("scale", scale, SCALES)
        self.variance = require_positive("variance", variance)
        if scale != "fixed" and self.variance <= SMALLEST_SCALE**2:
            raise ValueError(
                f"Expected an initial `variance` above {SMALLEST_SCALE**2:g}, the smallest a "
                f"learned or predicted scale can take. Received: {variance}."
            )
        self.per_dimension = bool(per_dimension)
        self._activate = require_keras_name(
            "output_activation", output_activation, keras.activations
        )
        self.output_activation = keras.activations.serialize(self._activate)
        self.outputs_per_value = 2 if scale == "predicted" else 1

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if self.scale == "learned":
            shape = tuple(input_shape[1:]) if self.per_dimension else ()
            self.offset = self.add_weight(name="scale", shape=shape, initializer="zeros")

    @property
    def unbounded_output(self) -> str:
        if self.scale == "predicted":
            return "means and log standard deviations"
        ours = self.output_activation != "linear"
        return f"what `output_activation={self.output_activation!r}` is taken of" if ours else ""

    def check_values(self, x: np.ndarray) -> None:
        """Checks that finite NumPy data are in the range of the means, and have been scaled.

        Raises:
            ValueError: If a value is outside the range; if the data are pictures of whole numbers
                such as 0 to 255.

        Warns:
            UserWarning: If a value is so large that training would have to learn the scale.
        """
        if self.output_activation in RANGES:
            low, high = RANGES[self.output_activation]
            require_range(x, low, high, f"means that come from {self.output_activation}")
        elif x.size:
            _check_scale(x)

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        if self.scale != "predicted":
            return {"reconstruction": self._activate(raw)}
        mean, offset = ops.split(raw, 2, axis=-1)
        mean = self._activate(mean)
        if not self.per_dimension:
            offset = ops.mean(offset, axis=self._event_axes, keepdims=True)
            offset = ops.broadcast_to(offset, ops.shape(mean))
        return {"reconstruction": mean, "log_scale": self._log_scale(offset)}

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        mean = outputs["reconstruction"]
        if self.scale == "fixed":
            constant = 0.5 * math.log(2.0 * math.pi * self.variance)
            return -0.5 / self.variance * ops.square(x - mean) - constant
        log_scale = ops.cast(self._log_scale_of(outputs), mean.dtype)
        square = ops.square((x - mean) * ops.exp(-log_scale))
        return -0.5 * (square + 2.0 * log_scale + math.log(2.0 * math.pi))

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        mean = outputs["reconstruction"]
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=seed)
        scale = ops.exp(ops.cast(self._log_scale_of(outputs), mean.dtype))
        return mean + scale * noise

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "variance": self.variance,
            "per_dimension": self.per_dimension,
            "output_activation": self.output_activation,
        }

    def _log_scale_of(self, outputs: dict[str, Tensor]) -> Tensor:
        """Log standard deviation, `[]`, `[*event]` or `[..., *event]`."""
        if self.scale == "fixed":
            return 0.5 * math.log(self.variance)
        if self.scale == "learned":
            return self._log_scale(self.offset)
        return outputs["log_scale"]

    def _log_scale(self, offset: Tensor) -> Tensor:
        """Log standard deviation above its floor; the initial one at offset zero.

        Beyond 20 it grows as the logarithm of the offset: no raw output overflows.
        """
        start = 0.5 * math.log(self.variance) - LOG_SMALLEST_SCALE
        inverse = start + math.log(-math.expm1(-start))  # softplus(inverse) == start
        return bounded_log(LOG_SMALLEST_SCALE + ops.softplus(inverse + offset), MOST)


def _check_scale(x: np.ndarray) -> None:
    """Refuses pictures of whole numbers that nobody scaled; warns of other large values."""
    low, high = float(x.min()), float(x.max())
    largest = max(-low, high)
    if x.dtype.kind in "ui" and x.ndim > 2 and largest > 1:
        raise ValueError(
            "Expected pictures scaled to about [0, 1]. Received: whole numbers from "
            f"{low:g} to {high:g} ({x.dtype}). Divide them by their largest value, such as "
            "`x / 255`, or read them with `diffusion_vae.datasets.load`; if the values are meant, "
            'give `x.astype("float32")`.'
        )
    if largest > LARGE:
        warnings.warn(
            f"The data have values from {low:g} to {high:g}, where a decoder starts near 0. "
            "Scale them to about [0, 1], or to mean 0 and standard deviation 1.",
            UserWarning,
            stacklevel=2,
        )
