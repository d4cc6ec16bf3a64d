"""What the laws of counts share: rates, exposures, whole numbers."""

import math
from typing import Any

import numpy as np
from keras import ops

from diffusion_vae.checks import require_choice, require_positive
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.likelihoods.special import bounded_log, log_softplus
from diffusion_vae.typing import Tensor

LINKS = ("log", "softplus")
MOST = 20.0  # log rates grow slower from here: 5e8 counts


class CountLaw(Likelihood):
    """A law of whole numbers of at least 0, whose mean is a rate times an exposure.

    Args:
        exposure: What every rate is multiplied by, such as the length of a time bin.
        link: What the raw output is: `"log"` of the rate, or the rate before a `"softplus"`.

    Raises:
        TypeError: If the exposure is not a number.
        ValueError: If it is not positive, or the link is unknown.
    """

    support = "counts"
    takes_exposure = True

    def __init__(self, exposure: float = 1.0, link: str = "log", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exposure = require_positive("exposure", exposure)
        self.link = require_choice("link", link, LINKS)

    @property
    def unbounded_output(self) -> str:
        return "log rates" if self.link == "log" else "rates before a softplus"

    def check_values(self, x: np.ndarray) -> None:
        check_counts(x, type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "exposure": self.exposure, "link": self.link}

    def _log_mean(self, raw: Tensor, exposure: Tensor) -> Tensor:
        """Log of the mean, from the raw output and the exposures of examples."""
        log_rate = bounded_log(raw, MOST) if self.link == "log" else log_softplus(raw)
        if self.exposure != 1.0:
            log_rate = log_rate + math.log(self.exposure)
        return log_rate if exposure is None else log_rate + self._log_exposure(exposure, raw)


def check_counts(x: np.ndarray, law: str) -> None:
    """Raises `ValueError` unless all values are whole numbers of at least 0."""
    if not x.size or x.dtype.kind in "ub":
        return
    if x.min() < 0:
        raise ValueError(
            f"Expected counts of at least 0 for {law}. Received: values from {x.min():g} to "
            f"{x.max():g}."
        )
    if x.dtype.kind == "f" and (x != np.round(x)).any():
        example = x[x != np.round(x)].flat[0]
        raise ValueError(
            f"Expected counts, which are whole numbers, for {law}. Received: values such as "
            f"{example:g}. Give the counts before any scaling or logarithm, or use "
            "`likelihood='gaussian'`."
        )


def count_inside(x: Tensor) -> tuple[Tensor, Tensor]:
    """Which counts are 0, and all counts with a 1 in the place of 0."""
    zero = x < 0.5
    return zero, ops.where(zero, 1.0, x)
