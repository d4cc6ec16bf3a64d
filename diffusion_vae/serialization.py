"""Registration of classes with Keras, under one package name."""

from typing import TypeVar

import keras

PACKAGE = "diffusion_vae"

Class = TypeVar("Class", bound=type)


def serializable(cls: Class) -> Class:
    """Registers a class so that Keras can rebuild it from its configuration."""
    return keras.saving.register_keras_serializable(package=PACKAGE)(cls)
