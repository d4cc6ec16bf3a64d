"""The uniform law of a closed manifold as a distribution of TensorFlow Probability."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf
from tensorflow_probability.python.distributions import distribution
from tensorflow_probability.python.internal import (
    prefer_static,
    reparameterization,
    tensorshape_util,
)

from diffusion_vae import manifolds
from diffusion_vae.distributions.seeds import StatelessSeeds
from diffusion_vae.distributions.support import assert_on_manifold
from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Tensor


class ManifoldUniform(distribution.Distribution):
    """Normalised Riemannian volume: the prior of a diffusion VAE.

    An event is a point `[ambient_dim]`; the density, in nats against the Riemannian
    volume (of the quotient where the manifold has a symmetry), is -log volume everywhere.

    Args:
        manifold: A closed `Manifold` or its text form, such as `"so3"`.
        batch_shape: Shape of a batch of such distributions.
        dtype: Dtype of the samples.
        validate_args: Whether to check, at run time, that values lie on the manifold.
        allow_nan_stats: As everywhere in TensorFlow Probability.
        name: Name of the distribution.

    Raises:
        ValueError: If the manifold has no uniform law.

    Example:
        >>> from diffusion_vae.distributions import ManifoldUniform
        >>> law = ManifoldUniform("sphere:2")
        >>> law.sample(5, seed=0).shape
        TensorShape([5, 3])
        >>> round(float(law.log_prob([0.0, 0.0, 1.0])), 3)  # -log(4 pi)
        -2.531
    """

    def __init__(
        self,
        manifold: Manifold | str,
        batch_shape: Sequence[int] = (),
        dtype: Any = tf.float32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "ManifoldUniform",
    ) -> None:
        parameters = dict(locals())
        self._manifold = manifolds.get(manifold)
        if not self._manifold.closed:
            raise ValueError(
                "Expected a closed manifold, which has a uniform law. "
                f"Received: {self._manifold!r}."
            )
        with tf.name_scope(name) as name:
            self._batch = tf.TensorShape(batch_shape)
            super().__init__(
                dtype=dtype,
                reparameterization_type=reparameterization.FULLY_REPARAMETERIZED,
                validate_args=validate_args,
                allow_nan_stats=allow_nan_stats,
                parameters=parameters,
                name=name,
            )

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {}

    def __getitem__(self, slices: Any) -> Self:
        # TensorFlow Probability slices parameters; the batch shape is one itself.
        return self.copy(batch_shape=np.empty(self._batch)[slices].shape)

    @property
    def manifold(self) -> Manifold:
        """The manifold."""
        return self._manifold

    def _batch_shape(self) -> tf.TensorShape:
        return self._batch

    def _batch_shape_tensor(self) -> Tensor:
        return tf.constant(tensorshape_util.as_list(self._batch), dtype=tf.int32)

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self._manifold.ambient_dim])

    def _event_shape_tensor(self) -> Tensor:
        return tf.constant([self._manifold.ambient_dim], dtype=tf.int32)

    def _sample_n(self, n: int, seed: Any = None) -> Tensor:
        shape = prefer_static.concat([[n], tensorshape_util.as_list(self._batch)], 0)
        points = self._manifold.random_uniform(shape, seed=StatelessSeeds(seed))
        return tf.cast(points, self.dtype)

    def _log_prob(self, value: Tensor) -> Tensor:
        shape = prefer_static.broadcast_shape(
            prefer_static.shape(value)[:-1], tensorshape_util.as_list(self._batch)
        )
        return tf.fill(shape, tf.cast(-self._manifold.log_volume, self.dtype))

    def _entropy(self) -> Tensor:
        return tf.fill(
            tensorshape_util.as_list(self._batch),
            tf.cast(self._manifold.log_volume, self.dtype),
        )

    def _sample_control_dependencies(self, value: Tensor) -> list[Any]:
        if not self.validate_args:
            return []
        return [assert_on_manifold(self._manifold, value, "value")]

    def _default_event_space_bijector(self) -> None:
        return None
