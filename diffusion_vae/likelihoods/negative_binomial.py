"""The negative binomial likelihood, of counts that vary more than those of a Poisson law."""

from typing import Any

import keras
from keras import ops

from diffusion_vae.likelihoods import draws
from diffusion_vae.likelihoods.counts import CountLaw, count_inside
from diffusion_vae.likelihoods.parameters import LawWithParameters, PositiveParameter
from diffusion_vae.likelihoods.special import HALF_LOG_2_PI, excess, stirling_error
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

LIMITS = (1e-6, 1e8)  # of dispersions


@serializable
class NegativeBinomial(CountLaw, LawWithParameters):
    """Independent counts of mean m and variance m + m^2 / theta.

    log p = sum [log Gamma(x + theta) - log Gamma(theta) - log x!
    + theta log(theta / (theta + m)) + x log(m / (theta + m))], with the mean m = rate x exposure.
    It is computed without the difference of two log-gammas, which cancel (Loader 2000, "Fast and
    accurate computation of binomial probabilities").

    Log rates are made of raw outputs as in `Poisson`.

    Args:
        dispersion: Theta is `"learned"` (one for each data value, such as each gene) or
            `"predicted"` by the decoder, which then gives twice as many outputs: log rates, then
            log dispersions. A large theta is a Poisson law.
        initial_dispersion: Theta at the start of training; it stays between 1e-6 and 1e8.
        exposure: What every rate is multiplied by.
        link: What the raw output is: `"log"` of the rate, or the rate before a `"softplus"`.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If a number is not one.
        ValueError: If a number is out of range, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import NegativeBinomial
        >>> likelihood = NegativeBinomial()  # theta 1: a geometric law
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> counts = np.array([[0.0, 3.0]], "float32")
        >>> round(float(likelihood.log_prob(counts, outputs)[0]), 3)  # 5 log 1/2
        -3.466
    """

    def __init__(
        self,
        dispersion: str = "learned",
        initial_dispersion: float = 1.0,
        exposure: float = 1.0,
        link: str = "log",
        **kwargs: Any,
    ) -> None:
        super().__init__(exposure=exposure, link=link, **kwargs)
        self.dispersion = dispersion
        self.initial_dispersion = initial_dispersion
        self._set_parameters(
            dispersion=PositiveParameter.of("dispersion", dispersion, initial_dispersion, LIMITS)
        )

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        [mean], logs = self._split(raw)
        log_mean = self._log_mean(mean, exposure)
        return {"reconstruction": ops.exp(log_mean), "log_mean": log_mean, **logs}

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        mean, log_mean = outputs["reconstruction"], outputs["log_mean"]
        theta = ops.exp(self._log("dispersion", outputs))
        zero, count = count_inside(x)
        both, total = theta + mean, theta + count
        # Of the ratios (theta + x) / (theta + m) and m (theta + x) / (x (theta + m)), each less 1.
        of_failures = excess((count - mean) / both, ops.log(total / both))
        of_counts = excess(
            theta * ((mean - count) / both) / count, ops.log(total / both / count) + log_mean
        )
        positive = (
            -theta * of_failures
            - count * of_counts
            + stirling_error(total)
            - stirling_error(theta)
            - stirling_error(count)
            + 0.5 * ops.log(theta / total)
            - 0.5 * ops.log(count)
            - HALF_LOG_2_PI
        )
        return ops.where(zero, -theta * ops.log1p(mean / theta), positive)

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        mean = outputs["reconstruction"]
        first, second = draws.seeds(seed, 2)
        theta = ops.exp(self._log("dispersion", outputs)) * ops.ones_like(mean)
        share = keras.random.gamma(ops.shape(mean), alpha=theta, dtype=mean.dtype, seed=first)
        return draws.poisson(mean * share / theta, second)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dispersion": self.dispersion,
            "initial_dispersion": self.initial_dispersion,
        }
