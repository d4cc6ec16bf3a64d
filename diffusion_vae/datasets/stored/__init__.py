"""Pictures that stay in their files until they are asked for."""

from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.datasets.stored.folder import FolderPictures
from diffusion_vae.datasets.stored.hdf5 import HDF5Pictures
from diffusion_vae.datasets.stored.records import RecordPictures

__all__ = ["FolderPictures", "HDF5Pictures", "RecordPictures", "StoredPictures"]
