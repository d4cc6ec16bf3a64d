"""Variational autoencoders whose latent space is a manifold."""

__version__ = "0.1.0"
