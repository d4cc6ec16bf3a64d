"""Priors by name."""

from typing import Any, Literal, TypeAlias, get_args

import keras

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.heat_kernels import Law
from diffusion_vae.manifolds import Manifold
from diffusion_vae.priors.base import LearnedPrior
from diffusion_vae.priors.heat_kernel import HeatKernelPrior
from diffusion_vae.priors.mixture import MixturePrior
from diffusion_vae.priors.vamp import VampPrior

PriorName: TypeAlias = Literal["manifold", "uniform", "heat_kernel", "mixture", "vamp"]
LEARNED: dict[str, type[MixturePrior] | type[VampPrior]] = {
    "mixture": MixturePrior,
    "vamp": VampPrior,
}


def make(
    name: PriorName, law: Law, components: int = 50, seed: int | None = None, dtype: Any = None
) -> LearnedPrior | None:
    """A learned prior by its name; `None` stands for the manifold's prior.

    Args:
        name: `"manifold"`, `"uniform"` (the same, on closed manifolds), `"heat_kernel"` (of
            learned time, on open ones), `"mixture"` or `"vamp"`.
        law: The law of the posteriors.
        components: Number of components of a mixture.
        seed: Integer seed of its start, or `None`.
        dtype: Dtype policy.

    Raises:
        TypeError: If `components` is not an integer.
        ValueError: If the name is unknown, the manifold has no uniform law, `components` is less
            than 1, or the law of a learned prior is a random walk.

    Example:
        >>> from diffusion_vae import priors
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.manifolds import Sphere
        >>> priors.make("mixture", heat_kernel(Sphere(2)), components=3).count
        3
    """
    require_choice("prior", name, get_args(PriorName))
    require_integer("prior_components", components, 1)
    if name == "uniform" and not law.manifold.closed:
        raise ValueError(
            'Expected a closed manifold for prior="uniform", which has a uniform law. '
            f'Received: {law.manifold!r}. Use prior="manifold".'
        )
    if name == "heat_kernel":
        return HeatKernelPrior(law, name="prior", dtype=dtype)
    if name not in LEARNED:
        return None
    return LEARNED[name](law, components, seed, name="prior", dtype=dtype)


def get(prior: Any, manifold: Manifold) -> LearnedPrior | None:
    """A learned prior from itself or its serialised configuration; `None` stays `None`.

    Raises:
        TypeError: If it is something else.
        ValueError: If it lives on another manifold.
    """
    if isinstance(prior, dict):
        prior = keras.saving.deserialize_keras_object(prior)
    if prior is None:
        return None
    if not isinstance(prior, LearnedPrior):
        raise TypeError(
            f"Expected `prior` to be a LearnedPrior or None. Received: {prior!r}. "
            "`MixturePrior(kernel)` is one."
        )
    if prior.kernel.manifold != manifold:
        raise ValueError(
            f"Expected a prior on {manifold!r}. Received one on {prior.kernel.manifold!r}."
        )
    return prior
