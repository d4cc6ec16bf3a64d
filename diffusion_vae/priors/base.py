"""Contract of a learned prior: a mixture of laws on a manifold, as one Keras layer."""

import math
from typing import Any, TypeAlias

import keras
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.heat_kernels import Law
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.manifolds import Manifold
from diffusion_vae.typing import Seed, Shape, Tensor

Components: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""Locations `[K, ambient_dim]`, times `[K, time_dim]` and log weights `[K]`, of sum 1."""

SHARE = 0.01  # of the manifold's prior, on a space of several pieces
LOWEST = -1e30  # log density that stands for -inf there


class LearnedPrior(FullPrecisionLayer):
    """A mixture of K posteriors' laws; subclasses say where its components are.

    The density is normalised on every manifold, because each component's is. On a space of
    several pieces, such as O(3), a hundredth of it is the manifold's prior: a kernel stays on
    the piece where it started, and a piece without one would have the density 0.

    Args:
        kernel: The law of the components, such as `heat_kernel(Sphere(2))`.
        components: Number K of components, at least 1.

    Raises:
        TypeError: If `components` is not an integer.
        ValueError: If it is less than 1, or draws and densities of the law are not of one law
            (a random walk).

    Attributes:
        reads_data: Whether it is built for data, by the model, and not with the latent.
    """

    reads_data: bool = False

    def __init__(self, kernel: Law, components: int = 50, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel = require_exact(kernel)
        self.count = require_integer("components", components, 1)
        self.share = SHARE if pieces(self.kernel.manifold) > 1 else 0.0  # of the manifold's prior

    def build(self, input_shape: Shape | None = None) -> None:
        self.built = True

    def components(self) -> Components:
        """Locations, times and log weights, as the weights stand."""
        raise NotImplementedError

    def log_density(self, z: Tensor) -> Tensor:
        """Log density in nats against the Riemannian volume.

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.

        Returns:
            Log densities, `[...]`.
        """
        location, time, log_weight = self.components()
        z = ops.expand_dims(ops.convert_to_tensor(z), -2)  # [..., 1, n]
        location, time = (ops.cast(value, z.dtype) for value in (location, time))
        each = self.kernel.log_density(z, location, time)  # [..., K]
        if self.share:  # where all are -inf, a logarithm of their sum has no gradient
            each = ops.maximum(each, LOWEST)
        value = ops.logsumexp(each + ops.cast(log_weight, each.dtype), axis=-1)
        if not self.share:
            return value
        rest = ops.cast(self.kernel.manifold.prior_log_density(z[..., 0, :]), value.dtype)
        return ops.logaddexp(math.log1p(-self.share) + value, math.log(self.share) + rest)

    def sample(self, n: int, seed: Seed) -> Tensor:
        """Draws, `[n, ambient_dim]`: a component for each, then a draw of its law.

        Args:
            n: Number of draws.
            seed: A `keras.random.SeedGenerator`, or an integer.
        """
        if not isinstance(seed, keras.random.SeedGenerator):  # two draws of one integer are alike
            seed = keras.random.SeedGenerator(seed)
        location, time, log_weight = self.components()
        index = keras.random.categorical(ops.expand_dims(log_weight, 0), n, seed=seed)[0]
        location, time = (ops.take(value, index, axis=0) for value in (location, time))
        z = self.kernel.sample(location, time, seed=seed)
        if not self.share:
            return z
        rest = ops.cast(self.kernel.manifold.prior_sample((n,), seed=seed), z.dtype)
        return ops.where(keras.random.uniform((n, 1), seed=seed) < self.share, rest, z)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel": keras.saving.serialize_keras_object(self.kernel),
            "components": self.count,
        }


def pieces(manifold: Manifold) -> int:
    """Number of connected components of a manifold, 1 where it is not known."""
    return (manifold.betti_numbers() or (1,))[0]


def require_exact(kernel: Law) -> Law:
    """Returns a law whose draws have the density that it gives.

    Raises:
        ValueError: If they have another one: the mixture would be no density, and draws from it
            no draws of the prior. A density that is tabulated to a few digits is one.
    """
    if "sample" in kernel.approximate:
        raise ValueError(
            "Expected a law with exact draws and densities for a learned prior, such as Brownian "
            f"motion on a space whose heat kernel is known. Received: {kernel!r}. Use "
            'prior="manifold".'
        )
    return kernel
