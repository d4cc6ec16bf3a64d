"""Registration of classes and functions with Keras, and their configurations as keys."""

from collections.abc import Callable
from typing import Any, TypeVar

import keras

PACKAGE = "diffusion_vae"

Registered = TypeVar("Registered", bound=Callable[..., Any])


def serializable(registered: Registered) -> Registered:
    """Registers a class or a function so that Keras can rebuild it from its configuration."""
    return keras.saving.register_keras_serializable(package=PACKAGE)(registered)


def freeze(value: Any) -> Any:
    """Hashable form of a configuration."""
    if isinstance(value, dict):
        return tuple(sorted((key, freeze(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return value
