"""Variational autoencoders as Keras models."""

from diffusion_vae.models.diffusion_vae import DiffusionVAE
from diffusion_vae.models.info_vae import InfoVAE
from diffusion_vae.models.infocat_vae import InfoCatVAE
from diffusion_vae.models.manifold_vaes import (
    O3VAE,
    SO3VAE,
    ComplexProjectiveVAE,
    EmbeddedTorusVAE,
    EuclideanVAE,
    FlatTorusVAE,
    HyperbolicVAE,
    ProductVAE,
    RealProjectiveVAE,
    SphereVAE,
)
from diffusion_vae.models.spatial_vae import SpatialVAE
from diffusion_vae.models.vae import VariationalAutoencoder

__all__ = [
    "O3VAE",
    "SO3VAE",
    "ComplexProjectiveVAE",
    "DiffusionVAE",
    "EmbeddedTorusVAE",
    "EuclideanVAE",
    "FlatTorusVAE",
    "HyperbolicVAE",
    "InfoCatVAE",
    "InfoVAE",
    "ProductVAE",
    "RealProjectiveVAE",
    "SpatialVAE",
    "SphereVAE",
    "VariationalAutoencoder",
]
