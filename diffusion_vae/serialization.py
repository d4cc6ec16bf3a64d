"""Registration of classes and functions with Keras, under one package name."""

from collections.abc import Callable
from typing import Any, TypeVar

import keras

PACKAGE = "diffusion_vae"

Registered = TypeVar("Registered", bound=Callable[..., Any])


def serializable(registered: Registered) -> Registered:
    """Registers a class or a function so that Keras can rebuild it from its configuration."""
    return keras.saving.register_keras_serializable(package=PACKAGE)(registered)
