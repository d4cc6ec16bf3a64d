"""Learned priors: mixtures of the posterior's laws on a manifold, and motions of learned time."""

from diffusion_vae.priors.base import LearnedPrior
from diffusion_vae.priors.heat_kernel import HeatKernelPrior
from diffusion_vae.priors.mixture import MixturePrior
from diffusion_vae.priors.names import PriorName, get, make
from diffusion_vae.priors.vamp import VampPrior

__all__ = [
    "HeatKernelPrior",
    "LearnedPrior",
    "MixturePrior",
    "PriorName",
    "VampPrior",
    "get",
    "make",
]
