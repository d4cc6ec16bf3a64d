"""Learned priors: mixtures of the posterior's laws on a manifold."""

from diffusion_vae.priors.base import LearnedPrior
from diffusion_vae.priors.mixture import MixturePrior
from diffusion_vae.priors.names import PriorName, get, make
from diffusion_vae.priors.vamp import VampPrior

__all__ = ["LearnedPrior", "MixturePrior", "PriorName", "VampPrior", "get", "make"]
