"""Data sets: each loader returns the same small `Dataset` record."""

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.cars3d import cars3d
from diffusion_vae.datasets.celeba import celeba
from diffusion_vae.datasets.checks import validate
from diffusion_vae.datasets.cifar10 import cifar10
from diffusion_vae.datasets.conversion import convert_pictures
from diffusion_vae.datasets.files import from_path
from diffusion_vae.datasets.fourier_picture import FourierPicture
from diffusion_vae.datasets.gaussian_mixture import gaussian_mixture
from diffusion_vae.datasets.lines import unoriented_lines
from diffusion_vae.datasets.low_pass import low_pass, low_pass_filtered
from diffusion_vae.datasets.mnist import digits, fashion_mnist, mnist
from diffusion_vae.datasets.periodic_pictures import periodic_pictures
from diffusion_vae.datasets.pictures import binarized
from diffusion_vae.datasets.registry import descriptions, load, loader_options
from diffusion_vae.datasets.rendered_objects import rendered_objects
from diffusion_vae.datasets.rotated_image import rotated_image
from diffusion_vae.datasets.rotated_pictures import rotated_pictures
from diffusion_vae.datasets.rotations import random_rotations, so3_functions
from diffusion_vae.datasets.shifted_image import shifted_image
from diffusion_vae.datasets.small_norb import small_norb
from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.datasets.stored.folder import FolderPictures
from diffusion_vae.datasets.stored.hdf5 import HDF5Pictures
from diffusion_vae.datasets.stored.records import RecordPictures
from diffusion_vae.datasets.svhn import svhn
from diffusion_vae.datasets.value_range import rescaled

__all__ = [
    "Dataset",
    "FolderPictures",
    "FourierPicture",
    "HDF5Pictures",
    "RecordPictures",
    "StoredPictures",
    "binarized",
    "cars3d",
    "celeba",
    "cifar10",
    "convert_pictures",
    "descriptions",
    "digits",
    "fashion_mnist",
    "from_path",
    "gaussian_mixture",
    "load",
    "loader_options",
    "low_pass",
    "low_pass_filtered",
    "mnist",
    "periodic_pictures",
    "random_rotations",
    "rendered_objects",
    "rescaled",
    "rotated_image",
    "rotated_pictures",
    "shifted_image",
    "small_norb",
    "so3_functions",
    "svhn",
    "unoriented_lines",
    "validate",
]
