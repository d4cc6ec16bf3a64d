"""Brownian motion on a manifold as a distribution of TensorFlow Probability."""

from typing import Any

import tensorflow as tf
from tensorflow_probability.python.bijectors import softplus
from tensorflow_probability.python.distributions import distribution
from tensorflow_probability.python.internal import (
    assert_util,
    dtype_util,
    parameter_properties,
    prefer_static,
    reparameterization,
    tensor_util,
    tensorshape_util,
)

from diffusion_vae import heat_kernels, manifolds
from diffusion_vae.distributions import moments
from diffusion_vae.distributions.seeds import StatelessSeeds
from diffusion_vae.distributions.support import assert_on_manifold
from diffusion_vae.heat_kernels import Law
from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Tensor


class HeatKernel(distribution.Distribution):
    """Law of Brownian motion (generator 1/2 Laplacian) started at a point, at a given time.

    Batches follow from `location [..., ambient_dim]` and `time [..., time_dim]`, which
    broadcast; an event is a point `[ambient_dim]`. Densities are in nats against the
    Riemannian volume (of the quotient where the manifold has a symmetry), exact wherever
    the heat kernel is known. Samples are reparametrised: differentiable in location and
    time. `kl_divergence` to a `ManifoldUniform`, or to TensorFlow Probability's
    `SphericalUniform`, is registered. `mode` and `mean` are there for the spaces where they
    are known, `entropy` for closed manifolds.

    Args:
        manifold: A `Manifold` or its text form, such as `"sphere:2"`.
        location: Starting points, `[..., ambient_dim]`.
        time: Times, `[..., time_dim]`.
        kernel: `"auto"`, `"exact"`, `"random_walk"` or a `Law` on the manifold.
        validate_args: Whether to check, at run time, that locations and values lie on the
            manifold and times are positive.
        allow_nan_stats: As everywhere in TensorFlow Probability.
        name: Name of the distribution.

    Raises:
        TypeError: If no exact kernel of the manifold is known and one is asked for.
        ValueError: If the last axes are not `ambient_dim` and `time_dim`, or the kernel is
            unknown or lives on another manifold.

    Example:
        >>> from diffusion_vae.distributions import HeatKernel
        >>> law = HeatKernel("sphere:2", location=[0.0, 0.0, 1.0], time=[0.1])
        >>> law.sample(5, seed=0).shape
        TensorShape([5, 3])
        >>> round(float(law.log_prob([0.0, 0.0, 1.0])), 3)
        0.481
    """

    def __init__(
        self,
        manifold: Manifold | str,
        location: Tensor,
        time: Tensor,
        kernel: Law | str = "auto",
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "HeatKernel",
    ) -> None:
        parameters = dict(locals())
        self._manifold = manifolds.get(manifold)
        self._kernel = heat_kernels.get(kernel, self._manifold)
        with tf.name_scope(name) as name:
            dtype = dtype_util.common_dtype([location, time], tf.float32)
            self._location = tensor_util.convert_nonref_to_tensor(
                location, name="location", dtype=dtype
            )
            self._time = tensor_util.convert_nonref_to_tensor(time, name="time", dtype=dtype)
            _require_last_axis("location", self._location, self._manifold.ambient_dim)
            _require_last_axis("time", self._time, self._manifold.time_dim)
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
        return {
            "location": parameter_properties.ParameterProperties(
                event_ndims=1,
                default_constraining_bijector_fn=parameter_properties.BIJECTOR_NOT_IMPLEMENTED,
            ),
            "time": parameter_properties.ParameterProperties(
                event_ndims=1,
                default_constraining_bijector_fn=lambda: softplus.Softplus(
                    low=dtype_util.eps(dtype)
                ),
            ),
        }

    @property
    def manifold(self) -> Manifold:
        """The manifold on which the motion lives."""
        return self._manifold

    @property
    def kernel(self) -> Law:
        """The law that gives draws, densities and divergences."""
        return self._kernel

    @property
    def location(self) -> Tensor:
        """Starting points, `[..., ambient_dim]`."""
        return self._location

    @property
    def time(self) -> Tensor:
        """Times, `[..., time_dim]`."""
        return self._time

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self._manifold.ambient_dim])

    def _event_shape_tensor(self) -> Tensor:
        return tf.constant([self._manifold.ambient_dim], dtype=tf.int32)

    def _sample_n(self, n: int, seed: Any = None) -> Tensor:
        location, time = self.broadcast_parameters()
        repeats = prefer_static.concat(
            [[n], prefer_static.ones_like(prefer_static.shape(location))], 0
        )
        location = tf.tile(location[tf.newaxis], repeats)
        time = tf.tile(time[tf.newaxis], repeats)
        return self._kernel.sample(location, time, seed=StatelessSeeds(seed))

    def _log_prob(self, value: Tensor) -> Tensor:
        return self._kernel.log_density(value, *self.broadcast_parameters())

    def _mode(self) -> Tensor:
        return moments.mode(self._manifold, self.broadcast_parameters()[0])

    def _mean(self) -> Tensor:
        return moments.mean(self._manifold, *self.broadcast_parameters())

    def _entropy(self) -> Tensor:
        if not self._manifold.closed:
            raise NotImplementedError(
                f"Expected a closed manifold for the entropy. Received: {self._manifold!r}."
            )
        return self._manifold.log_volume - self._kernel.kl_to_prior(*self.broadcast_parameters())

    def broadcast_parameters(self) -> tuple[Tensor, Tensor]:
        """Locations and times with the whole batch shape."""
        location, time = tf.convert_to_tensor(self._location), tf.convert_to_tensor(self._time)
        batch = self._batch_shape_tensor(location=location, time=time)
        location = tf.broadcast_to(
            location, prefer_static.concat([batch, [self._manifold.ambient_dim]], 0)
        )
        time = tf.broadcast_to(time, prefer_static.concat([batch, [self._manifold.time_dim]], 0))
        return location, time

    def _default_event_space_bijector(self) -> None:
        return None

    def _parameter_control_dependencies(self, is_init: bool) -> list[Any]:
        if not self.validate_args:
            return []
        checks = []
        if is_init != tensor_util.is_ref(self._location):
            checks.append(assert_on_manifold(self._manifold, self._location, "location"))
        if is_init != tensor_util.is_ref(self._time):
            checks.append(
                assert_util.assert_positive(self._time, message="Expected positive times.")
            )
        return checks

    def _sample_control_dependencies(self, value: Tensor) -> list[Any]:
        if not self.validate_args:
            return []
        return [assert_on_manifold(self._manifold, value, "value")]


def _require_last_axis(name: str, x: Tensor, size: int) -> None:
    """Raises `ValueError` if the last axis has another length, as far as it is known."""
    if tensorshape_util.rank(x.shape) is None:
        return
    shape = tensorshape_util.as_list(x.shape)
    if not shape or shape[-1] != size:
        raise ValueError(
            f"Expected `{name}` of shape [..., {size}]. Received shape: {tuple(shape)}."
        )
