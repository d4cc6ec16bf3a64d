"""Likelihoods p(x | z): laws of the data, given the output of a decoder."""

from typing import Any

import keras

from diffusion_vae.checks import require_choice
from diffusion_vae.layers.full_precision import full_precision
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.likelihoods.bernoulli import Bernoulli
from diffusion_vae.likelihoods.categorical import Categorical, Ordinal
from diffusion_vae.likelihoods.gaussian import SMALLEST_SCALE, Gaussian
from diffusion_vae.likelihoods.log_normal import LogNormal
from diffusion_vae.likelihoods.mixed import Mixed
from diffusion_vae.likelihoods.negative_binomial import NegativeBinomial
from diffusion_vae.likelihoods.poisson import Poisson
from diffusion_vae.likelihoods.student_t import StudentT
from diffusion_vae.likelihoods.von_mises import VonMises
from diffusion_vae.signatures import arguments

__all__ = [
    "LIKELIHOODS",
    "SMALLEST_SCALE",
    "Bernoulli",
    "Categorical",
    "Gaussian",
    "Likelihood",
    "LogNormal",
    "Mixed",
    "NegativeBinomial",
    "Ordinal",
    "Poisson",
    "StudentT",
    "VonMises",
    "get",
]

LIKELIHOODS: dict[str, type[Likelihood]] = {
    "gaussian": Gaussian,
    "bernoulli": Bernoulli,
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
    "student_t": StudentT,
    "log_normal": LogNormal,
    "von_mises": VonMises,
    "categorical": Categorical,
    "ordinal": Ordinal,
    "mixed": Mixed,
}


def get(identifier: Likelihood | dict | str, dtype: Any = None) -> Likelihood:
    """A likelihood by its name, from its serialised configuration, or itself.

    Args:
        identifier: A name in `LIKELIHOODS` such as `"gaussian"`, `"bernoulli"` or `"poisson"`, a
            `Likelihood`, or its serialised configuration.
        dtype: Dtype policy of a likelihood that is made here; `None` is the global one.

    Returns:
        A `Likelihood`.

    Raises:
        ValueError: If it is none of these.

    Example:
        >>> from diffusion_vae import likelihoods
        >>> likelihoods.get("gaussian").variance
        1.0
    """
    found: Any = identifier
    if isinstance(found, dict):
        found = keras.saving.deserialize_keras_object(found)
    if isinstance(found, Likelihood):
        return found
    require_choice("likelihood", found, LIKELIHOODS, also=" or a Likelihood")
    law = LIKELIHOODS[found]
    for name, argument in arguments(law).items():
        if argument.default is argument.empty:
            raise ValueError(
                f"Expected the likelihood {found!r} with its `{name}`, as an object: "
                f"`{law.__name__}({name}=...)`. Received: its name alone."
            )
    return law(dtype=full_precision(dtype))
