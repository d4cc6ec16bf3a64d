"""Data sets: each loader returns the same small `Dataset` record."""

from diffusion_vae.datasets.backbone import BackboneAngles, backbone_angles
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.branching_tree import make_branching_tree
from diffusion_vae.datasets.cars3d import load_cars3d
from diffusion_vae.datasets.celeba import load_celeba
from diffusion_vae.datasets.checks import validate
from diffusion_vae.datasets.cifar10 import load_cifar10
from diffusion_vae.datasets.conversion import convert_pictures
from diffusion_vae.datasets.files import from_path
from diffusion_vae.datasets.fourier_picture import FourierPicture
from diffusion_vae.datasets.gaussian_mixture import make_gaussian_mixture
from diffusion_vae.datasets.landmarks import shape_features, shape_landmarks, shape_points
from diffusion_vae.datasets.lines import make_unoriented_lines
from diffusion_vae.datasets.low_pass import keep_low_frequencies, low_pass_filtered
from diffusion_vae.datasets.master_pattern import MasterPattern
from diffusion_vae.datasets.mnist import load_digits, load_fashion_mnist, load_mnist
from diffusion_vae.datasets.periodic_pictures import make_periodic_pictures
from diffusion_vae.datasets.pictures import binarized
from diffusion_vae.datasets.registry import descriptions, load, loader_options
from diffusion_vae.datasets.rendered_objects import load_rendered_objects
from diffusion_vae.datasets.rescaling import rescaled
from diffusion_vae.datasets.rotated_image import make_rotated_image
from diffusion_vae.datasets.rotated_pictures import make_rotated_pictures
from diffusion_vae.datasets.rotations import make_random_rotations, make_so3_functions
from diffusion_vae.datasets.shifted_image import make_shifted_image
from diffusion_vae.datasets.small_norb import load_small_norb
from diffusion_vae.datasets.standardizing import Scaling, standardized
from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.datasets.stored.folder import FolderPictures
from diffusion_vae.datasets.stored.hdf5 import HDF5Pictures
from diffusion_vae.datasets.stored.records import RecordPictures
from diffusion_vae.datasets.svhn import load_svhn
from diffusion_vae.datasets.tables.given import Examples, as_examples
from diffusion_vae.datasets.tables.warning import TableWarning
from diffusion_vae.datasets.trilobites import load_trilobites
from diffusion_vae.datasets.value_range import ValueRangeWarning

__all__ = [
    "BackboneAngles",
    "Dataset",
    "Examples",
    "FolderPictures",
    "FourierPicture",
    "HDF5Pictures",
    "MasterPattern",
    "RecordPictures",
    "Scaling",
    "StoredPictures",
    "TableWarning",
    "ValueRangeWarning",
    "as_examples",
    "backbone_angles",
    "binarized",
    "convert_pictures",
    "descriptions",
    "from_path",
    "keep_low_frequencies",
    "load",
    "load_cars3d",
    "load_celeba",
    "load_cifar10",
    "load_digits",
    "load_fashion_mnist",
    "load_mnist",
    "load_rendered_objects",
    "load_small_norb",
    "load_svhn",
    "load_trilobites",
    "loader_options",
    "low_pass_filtered",
    "make_branching_tree",
    "make_gaussian_mixture",
    "make_periodic_pictures",
    "make_random_rotations",
    "make_rotated_image",
    "make_rotated_pictures",
    "make_shifted_image",
    "make_so3_functions",
    "make_unoriented_lines",
    "rescaled",
    "shape_features",
    "shape_landmarks",
    "shape_points",
    "standardized",
    "validate",
]
