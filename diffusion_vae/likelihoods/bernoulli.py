"""The Bernoulli likelihood, of binary data."""

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_range
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class Bernoulli(Likelihood):
    """Independent binary data values; the decoder's outputs are logits.

    Data strictly between 0 and 1 count as probabilities (cross-entropy).

    Args:
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import Bernoulli
        >>> likelihood = Bernoulli()
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> round(float(likelihood.log_prob(np.ones((1, 2), "float32"), outputs)[0]), 3)
        -1.386
    """

    support = "numbers in [0, 1]"
    unbounded_output = "logits"

    def check_values(self, x: np.ndarray) -> None:
        require_range(x, 0, 1, "a Bernoulli likelihood", ", or use likelihood='gaussian'")

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        return {"reconstruction": ops.sigmoid(raw), "logits": raw}

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        logits = outputs["logits"]
        return x * logits - ops.softplus(logits)

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        mean = outputs["reconstruction"]
        uniform = keras.random.uniform(ops.shape(mean), dtype=mean.dtype, seed=seed)
        return ops.cast(uniform < mean, mean.dtype)
