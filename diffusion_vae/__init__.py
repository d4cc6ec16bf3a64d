"""Variational autoencoders whose latent space is a manifold.

What is imported from here is loaded at its first use; `__init__.pyi` lists it.
"""

import lazy_loader

from diffusion_vae.registration import register_with_keras

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

register_with_keras()
