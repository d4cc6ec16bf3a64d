"""The Poisson likelihood, of counts."""

from keras import ops

from diffusion_vae.likelihoods import draws
from diffusion_vae.likelihoods.counts import CountLaw, count_inside
from diffusion_vae.likelihoods.special import HALF_LOG_2_PI, excess, stirling_error
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class Poisson(CountLaw):
    """Independent counts; the decoder's outputs are log rates.

    log p = sum [x log m - m - log x!] with the mean m = rate x exposure. It is computed without
    the cancellation of large terms (Loader 2000, "Fast and accurate computation of binomial
    probabilities").

    A raw output is the log rate itself up to 20; beyond, the log rate grows as the logarithm of
    the raw output, so that no raw output overflows. With `link="softplus"` the rate is
    log(1 + exp(raw)).

    Args:
        exposure: What every rate is multiplied by, such as the length of a time bin in seconds;
            rates are then a second.
        link: What the raw output is: `"log"` of the rate, or the rate before a `"softplus"`.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If the exposure is not a number.
        ValueError: If it is not positive, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import Poisson
        >>> likelihood = Poisson()
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> counts = np.array([[0.0, 3.0]], "float32")
        >>> round(float(likelihood.log_prob(counts, outputs)[0]), 3)  # -2 - log 6
        -3.792
    """

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        log_mean = self._log_mean(raw, exposure)
        return {"reconstruction": ops.exp(log_mean), "log_mean": log_mean}

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        mean = outputs["reconstruction"]
        zero, count = count_inside(x)
        # The ratio of mean and count, of which the log is taken from the log of the mean.
        distance = excess((mean - count) / count, outputs["log_mean"] - ops.log(count))
        positive = -count * distance - stirling_error(count) - 0.5 * ops.log(count)
        return ops.where(zero, -mean, positive - HALF_LOG_2_PI)

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        return draws.poisson(outputs["reconstruction"], seed)
