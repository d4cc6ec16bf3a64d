"""Registration of our classes with Keras, under one package name."""

import keras

PACKAGE = "diffusion_vae"


def serializable(cls):
    """Registers a class so that Keras can rebuild it from its configuration."""
    return keras.saving.register_keras_serializable(package=PACKAGE)(cls)
