"""Latent distributions: posterior and prior as one Keras layer."""

from diffusion_vae.latents.anchored_mixture import AnchoredMixtureLatent
from diffusion_vae.latents.base import LatentDistribution
from diffusion_vae.latents.brownian import BrownianLatent
from diffusion_vae.latents.categorical_mixture import CategoricalMixtureLatent
from diffusion_vae.latents.clustered import ClusteredLatent
from diffusion_vae.latents.matrix_normal import MatrixNormalLatent

__all__ = [
    "AnchoredMixtureLatent",
    "BrownianLatent",
    "CategoricalMixtureLatent",
    "ClusteredLatent",
    "LatentDistribution",
    "MatrixNormalLatent",
]
