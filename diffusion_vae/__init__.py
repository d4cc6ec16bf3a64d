"""Variational autoencoders whose latent space is a manifold."""

from diffusion_vae.quiet import quiet_start

with quiet_start():
    from diffusion_vae import heat_kernels, latents, layers, likelihoods, manifolds, networks
    from diffusion_vae.models import (
        O3VAE,
        SO3VAE,
        DiffusionVAE,
        EmbeddedTorusVAE,
        EuclideanVAE,
        FlatTorusVAE,
        InfoCatVAE,
        InfoVAE,
        ProductVAE,
        RealProjectiveVAE,
        SpatialVAE,
        SphereVAE,
        VariationalAutoencoder,
    )

__version__ = "0.1.0"

__all__ = [
    "O3VAE",
    "SO3VAE",
    "DiffusionVAE",
    "EmbeddedTorusVAE",
    "EuclideanVAE",
    "FlatTorusVAE",
    "InfoCatVAE",
    "InfoVAE",
    "ProductVAE",
    "RealProjectiveVAE",
    "SpatialVAE",
    "SphereVAE",
    "VariationalAutoencoder",
    "heat_kernels",
    "latents",
    "layers",
    "likelihoods",
    "manifolds",
    "networks",
]
