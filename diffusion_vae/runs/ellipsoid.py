"""An ellipsoid as a latent space that is known by its level set alone."""

import keras

from diffusion_vae.manifolds import ImplicitManifold
from diffusion_vae.typing import Tensor

AXES = (1.0, 1.5, 2.0)  # half axes
MARGIN = 0.2


@keras.saving.register_keras_serializable(package="diffusion_vae")
def ellipsoid_level(x: Tensor) -> Tensor:
    """The function whose zeros are the ellipsoid, `[...]` from `[..., 3]`."""
    axes = keras.ops.convert_to_tensor(AXES, dtype=x.dtype)
    return keras.ops.sum(keras.ops.square(x / axes), axis=-1) - 1.0


def ellipsoid() -> ImplicitManifold:
    """The ellipsoid with half axes 1, 1.5 and 2."""
    far = tuple(axis + MARGIN for axis in AXES)
    near = tuple(-value for value in far)
    return ImplicitManifold(ellipsoid_level, dim=2, ambient_dim=3, bounds=(near, far))
