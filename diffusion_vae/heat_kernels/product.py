"""Brownian motion on a product: independent motions on the factors."""

from collections.abc import Iterator, Sequence
from typing import Self

import keras
import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.base import Law
from diffusion_vae.manifolds import Manifold, Product
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class ProductKernel(Law):
    """Densities multiply, divergences add, each factor has its own time.

    Args:
        manifold: A `Product`.
        kernels: One kernel per factor, in order.

    Example:
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.manifolds import Euclidean, Product, Sphere
        >>> spaces = [Sphere(2), Euclidean(1)]
        >>> kernel = ProductKernel(Product(spaces), [heat_kernel(space) for space in spaces])
        >>> [type(factor).__name__ for factor in kernel.kernels]
        ['IsotropicKernel', 'GaussianKernel']
    """

    spaces = (Product,)
    manifold: Product

    def __init__(self, manifold: Manifold, kernels: Sequence[Law]) -> None:
        super().__init__(manifold)
        self.kernels = tuple(kernels)
        spaces = tuple(kernel.manifold for kernel in self.kernels)
        if spaces != manifold.factors:
            raise ValueError(
                f"Expected one kernel per factor of {manifold!r}, in order. "
                f"Received kernels on: {spaces!r}."
            )
        self.approximate = frozenset().union(*(k.approximate for k in self.kernels))

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        parts = self._parts(location, time, y)
        return sum(k.log_density(y, z, t) for k, z, t, y in parts)

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        parts = zip(self._parts(location, time), self._seeds(seed), strict=True)
        draws = [k.sample(z, t, seed=own_seed) for (k, z, t), own_seed in parts]
        return ops.concatenate(draws, axis=-1)

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        parts = zip(self._parts(location, time), self._seeds(seed), strict=True)
        return sum(k.kl_to_prior(z, t, seed=own_seed) for (k, z, t), own_seed in parts)

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        return [limits for k in self.kernels for limits in k.default_log_time_range()]

    def default_initial_log_time(self) -> list[float]:
        return [start for k in self.kernels for start in k.default_initial_log_time()]

    def get_config(self) -> dict:
        kernels = [keras.saving.serialize_keras_object(k) for k in self.kernels]
        return {**super().get_config(), "kernels": kernels}

    @classmethod
    def from_config(cls, config: dict) -> Self:
        kernels = [keras.saving.deserialize_keras_object(k) for k in config["kernels"]]
        return super().from_config({**config, "kernels": kernels})

    def _seeds(self, seed: Seed) -> list:
        """A seed for each factor: one integer would give all of them the same noise."""
        if isinstance(seed, (int, np.integer)):
            return layer_seeds(int(seed), len(self.kernels))
        return [seed] * len(self.kernels)

    def _parts(self, location: Tensor, time: Tensor, *points: Tensor) -> Iterator[tuple]:
        split, split_time = self.manifold.split, self.manifold.split_time
        columns = (split(location), split_time(time), *(split(p) for p in points))
        return zip(self.kernels, *columns, strict=True)
