"""Variational autoencoders as Keras models."""

from diffusion_vae.models.diffusion_vae import DiffusionVAE
from diffusion_vae.models.manifold_vaes import (
    O3VAE,
    SO3VAE,
    EmbeddedTorusVAE,
    EuclideanVAE,
    FlatTorusVAE,
    ProductVAE,
    RealProjectiveVAE,
    SphereVAE,
)
from diffusion_vae.models.vae import VariationalAutoencoder

__all__ = [
    "O3VAE",
    "SO3VAE",
    "DiffusionVAE",
    "EmbeddedTorusVAE",
    "EuclideanVAE",
    "FlatTorusVAE",
    "ProductVAE",
    "RealProjectiveVAE",
    "SphereVAE",
    "VariationalAutoencoder",
]
