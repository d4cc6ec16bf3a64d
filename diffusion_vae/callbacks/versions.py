"""Versions of what decides about a run's numbers."""

import platform
from importlib import metadata

import keras

PACKAGES = ("diffusion-vae", "keras", "tensorflow", "jax", "torch", "numpy")


def versions():
    """Versions by name, with the Keras backend and the machine; absent packages left out."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        **found,
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        "machine": platform.machine(),
    }
