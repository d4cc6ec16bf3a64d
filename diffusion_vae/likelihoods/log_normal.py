"""The log-normal likelihood, of positive numbers."""

from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.likelihoods.gaussian import SMALLEST_SCALE
from diffusion_vae.likelihoods.parameters import LawWithParameters, PositiveParameter
from diffusion_vae.likelihoods.special import HALF_LOG_2_PI, bounded_log
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

SCALES = (SMALLEST_SCALE, 5.0)  # of logs; the mean has the exponential of half the square
MOST = 20.0  # log medians grow slower from here


@serializable
class LogNormal(LawWithParameters):
    """Independent positive numbers, whose logs are normal around the decoder's output.

    log p = -sum [log x + log s + log(2 pi) / 2 + (log x - m)^2 / (2 s^2)]. A reconstruction is the
    mean exp(m + s^2 / 2); exp(m) is the median.

    A raw output is m itself up to 20; beyond, m grows as the logarithm of the raw output, so that
    no raw output overflows.

    Args:
        scale: The standard deviation s of the log is `"learned"` (one for each data value) or
            `"predicted"` by the decoder, which then gives twice as many outputs: medians' logs,
            then log scales.
        initial_scale: It at the start of training; it stays between 1e-3 and 5.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If a number is not one.
        ValueError: If a number is out of range, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import LogNormal
        >>> likelihood = LogNormal()
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> round(float(outputs["reconstruction"][0, 0]), 3)  # exp(1/2)
        1.649
        >>> round(float(likelihood.log_prob(np.ones((1, 2), "float32"), outputs)[0]), 3)
        -1.838
    """

    support = "positive numbers"
    unbounded_output = "logs of medians"
    inside = 1.0

    def __init__(self, scale: str = "learned", initial_scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.initial_scale = scale, initial_scale
        self._set_parameters(scale=PositiveParameter.of("scale", scale, initial_scale, SCALES))

    def check_values(self, x: np.ndarray) -> None:
        if x.size and x.min() <= 0:
            raise ValueError(
                f"Expected positive data for {type(self).__name__}. Received: "
                f"{int((x <= 0).sum())} values that are not, the smallest {x.min():g}. Zeros have "
                "no logarithm: take `Poisson` or `NegativeBinomial` for counts, or, where a zero "
                'is a value that was not measured, NaN with `missing="ignore"`.'
            )

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        [log_median], logs = self._split(raw)
        log_median = bounded_log(log_median, MOST)
        known = {"reconstruction": log_median, **logs}
        variance = ops.exp(2.0 * self._log("scale", known))
        return {
            "reconstruction": ops.exp(log_median + 0.5 * variance),
            "log_median": log_median,
            **logs,
        }

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        log_scale, log_x = self._log("scale", outputs), ops.log(x)
        square = ops.square((log_x - outputs["log_median"]) * ops.exp(-log_scale))
        return -log_x - log_scale - HALF_LOG_2_PI - 0.5 * square

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        log_median = outputs["log_median"]
        noise = keras.random.normal(ops.shape(log_median), dtype=log_median.dtype, seed=seed)
        return ops.exp(log_median + ops.exp(self._log("scale", outputs)) * noise)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "initial_scale": self.initial_scale,
        }
