"""The Student t likelihood, of real numbers with outliers."""

import math
from typing import Any

import keras
from keras import ops

from diffusion_vae.likelihoods import draws
from diffusion_vae.likelihoods.gaussian import SMALLEST_SCALE
from diffusion_vae.likelihoods.parameters import LawWithParameters, PositiveParameter
from diffusion_vae.likelihoods.special import HALF_LOG_2_PI, log1p_square, stirling_error
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

SCALES = (SMALLEST_SCALE, 1e8)
DEGREES = (1.0, 1e6)  # with one degree or less there is no mean


@serializable
class StudentT(LawWithParameters):
    """Independent real numbers around the decoder's output, of which some may be far away.

    log p = sum [log Gamma((n + 1) / 2) - log Gamma(n / 2) - log(pi n s^2) / 2
    - (n + 1) / 2 log(1 + (x - m)^2 / (n s^2))] with n degrees of freedom. With many it is the
    normal law.

    Args:
        scale: The scale s is `"learned"` (one for each data value) or `"predicted"` by the
            decoder, in a further output for each value.
        initial_scale: It at the start of training; it stays between 1e-3 and 1e8.
        degrees: The degrees of freedom are `"learned"` or `"predicted"`, likewise.
        initial_degrees: They at the start of training; they stay between 1 and 1e6.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If a number is not one.
        ValueError: If a number is out of range, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import StudentT
        >>> likelihood = StudentT(initial_degrees=3.0)
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> round(float(likelihood.log_prob(np.array([[0.0, 100.0]], "float32"), outputs)[0]), 2)
        -18.23
    """

    takes_scaled_data = True

    def __init__(
        self,
        scale: str = "learned",
        initial_scale: float = 1.0,
        degrees: str = "learned",
        initial_degrees: float = 10.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scale, self.initial_scale = scale, initial_scale
        self.degrees, self.initial_degrees = degrees, initial_degrees
        self._set_parameters(
            scale=PositiveParameter.of("scale", scale, initial_scale, SCALES),
            degrees=PositiveParameter.of("degrees", degrees, initial_degrees, DEGREES),
        )

    @property
    def unbounded_output(self) -> str:
        return "means, log scales and degrees" if self.outputs_per_value > 1 else ""

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        [mean], logs = self._split(raw)
        return {"reconstruction": mean, **logs}

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        log_scale, log_degrees = (self._log(each, outputs) for each in ("scale", "degrees"))
        half = 0.5 * ops.exp(log_degrees)
        # log Gamma(h + 1/2) - log Gamma(h) - log(2 pi h) / 2, whose large terms are gone
        normalizer = (
            half * ops.log1p(0.5 / half)
            - 0.5
            - HALF_LOG_2_PI
            + stirling_error(half + 0.5)
            - stirling_error(half)
        )
        distance = (x - outputs["reconstruction"]) * ops.exp(-log_scale - 0.5 * log_degrees)
        return normalizer - log_scale - (half + 0.5) * log1p_square(distance)

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        mean = outputs["reconstruction"]
        shape, dtype, (first, second) = ops.shape(mean), mean.dtype, draws.seeds(seed, 2)
        half = 0.5 * ops.exp(self._log("degrees", outputs)) * ops.ones_like(mean)
        noise = keras.random.normal(shape, dtype=dtype, seed=first)
        share = keras.random.gamma(shape, alpha=half, dtype=dtype, seed=second) / half
        scale = ops.exp(self._log("scale", outputs))
        return mean + scale * noise / ops.sqrt(ops.maximum(share, math.ldexp(1.0, -100)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "initial_scale": self.initial_scale,
            "degrees": self.degrees,
            "initial_degrees": self.initial_degrees,
        }
