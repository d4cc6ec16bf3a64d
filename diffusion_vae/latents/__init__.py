"""Latent distributions: posterior and prior as one Keras layer."""

from diffusion_vae.latents.base import LatentDistribution
from diffusion_vae.latents.brownian import BrownianLatent

__all__ = ["BrownianLatent", "LatentDistribution"]
