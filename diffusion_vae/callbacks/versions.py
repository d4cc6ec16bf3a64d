"""Versions of the packages, backend and machine of a run."""

import platform
from importlib import metadata

import keras

PACKAGES = ("diffusion-vae", "keras", "tensorflow", "jax", "torch", "numpy")


def installed_versions() -> dict[str, str]:
    """Versions of the installed packages by name, with the Keras backend and the machine."""
    packages = {}
    for package in PACKAGES:
        try:
            packages[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        **packages,
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        "machine": platform.machine(),
    }
