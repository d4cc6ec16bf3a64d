"""An encoder of angles, which sees their cosines and sines."""

import keras
from keras import ops

from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.networks.mlp import MLPEncoder
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor


@serializable
class CosinesAndSines(FullPrecisionLayer):
    """Cosines and then sines of angles, `[batch, ..., n] -> [batch, ..., 2 n]`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks.angles import CosinesAndSines
        >>> np.round(CosinesAndSines()(np.array([[0.0, np.pi]])), 3).tolist()
        [[1.0, -1.0, 0.0, -0.0]]
    """

    def call(self, angles: Tensor) -> Tensor:
        angles = ops.cast(angles, self.compute_dtype)
        return ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], None if input_shape[-1] is None else 2 * input_shape[-1])


@serializable
class AngleEncoder(MLPEncoder):
    """An `MLPEncoder` of angles in radians: its first layer gives their cosines and sines.

    Numbers have a seam where angles have none: -pi and pi are one direction. It goes with the
    likelihood `VonMises`.

    It takes the arguments of `MLPEncoder`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.networks import AngleEncoder
        >>> encoder = AngleEncoder((16, 8), seed=0)
        >>> features = np.asarray(encoder(np.array([[-np.pi, 1.0], [np.pi, 1.0 + 2 * np.pi]])))
        >>> features.shape, bool(np.allclose(features[0], features[1], atol=1e-5))
        ((2, 8), True)
    """

    def make_layers(self, input_shape: tuple[int | None, ...]) -> list[keras.layers.Layer]:
        directions = CosinesAndSines()
        return [directions, *super().make_layers(directions.compute_output_shape(input_shape))]
