"""Data sets: each loader returns the same small `Dataset` record."""

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.checks import validate
from diffusion_vae.datasets.fourier_picture import FourierPicture
from diffusion_vae.datasets.mnist import digits, fashion_mnist, mnist
from diffusion_vae.datasets.periodic_pictures import periodic_pictures
from diffusion_vae.datasets.registry import descriptions, load, loader_options

__all__ = [
    "Dataset",
    "FourierPicture",
    "descriptions",
    "digits",
    "fashion_mnist",
    "load",
    "loader_options",
    "mnist",
    "periodic_pictures",
    "validate",
]
