"""Products of manifolds: coordinates and times concatenate, distances add in squares."""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate, product
from typing import Self

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class Product(Manifold):
    """Riemannian product of manifolds, one diffusion time per factor's time.

    Args:
        factors: At least two manifolds; nested products are flattened.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> product = Product([Sphere(2), Sphere(1)])
        >>> product.dim, product.ambient_dim, product.time_dim
        (3, 5, 2)
        >>> [tuple(part.shape) for part in product.split(product.random_uniform((4,), seed=0))]
        [(4, 3), (4, 2)]
    """

    candidates = ("sphere:1 x euclidean:1", "sphere:2 x sphere:1")

    def __init__(self, factors: Sequence[Manifold]) -> None:
        given: list = list(factors) if isinstance(factors, (list, tuple)) else [factors]
        for factor in given:
            if not isinstance(factor, Manifold):
                raise TypeError(
                    f"Expected `factors` to be a list of manifolds. Received: {factor!r}."
                )
        if len(given) < 2:
            raise ValueError(
                f"Expected at least two factors. Received: {len(given)}. Use the manifold itself."
            )
        flat: list[Manifold] = []
        for factor in given:
            flat.extend(factor.factors or [factor])
        self.factors = tuple(flat)
        self.dim = sum(f.dim for f in self.factors)
        self.ambient_dim = sum(f.ambient_dim for f in self.factors)
        self.time_dim = sum(f.time_dim for f in self.factors)
        self.closed = all(f.closed for f in self.factors)
        self.approximate = frozenset().union(*(f.approximate for f in self.factors))

    @property
    def volume(self) -> float:
        return math.prod(f.volume for f in self.factors)

    @property
    def log_volume(self) -> float:
        return math.fsum(f.log_volume for f in self.factors)

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...] | None:
        ranks = np.ones(1, int)
        for factor in self.factors:
            own = factor.betti_numbers(prime)
            if own is None:
                return None
            ranks = np.convolve(ranks, own)  # Kuenneth, over a field
        return tuple(ranks.tolist())

    @property
    def symmetry(self) -> np.ndarray | None:
        several = [f for f in self.factors if f.identifies_points]
        if not several or any(f.symmetry is None for f in several):
            return None
        patterns = [
            np.ones((1, f.ambient_dim)) if f.symmetry is None else f.symmetry for f in self.factors
        ]
        return np.stack([np.concatenate(rows) for rows in product(*patterns)])

    @property
    def identifies_points(self) -> bool:
        return any(f.identifies_points for f in self.factors)

    @property
    def fibre_volume(self) -> float:
        return math.prod(f.fibre_volume for f in self.factors)

    def nearest_name(self, z: Tensor, to: Tensor) -> Tensor:
        return self._joined(lambda f, z, to: f.nearest_name(z, to), z, to)

    @property
    def reads_embedding(self) -> bool:
        return any(f.reads_embedding for f in self.factors)

    @property
    def ambient_metric(self) -> np.ndarray:
        return np.concatenate([f.ambient_metric for f in self.factors])

    def gradient(self, z: Tensor, slope: Tensor) -> Tensor:
        return self._joined(lambda f, z, v: f.gradient(z, v), z, slope)

    def split(self, z: Tensor) -> list[Tensor]:
        """Coordinates of each factor, a list of `[..., factor.ambient_dim]`."""
        return split_last_axis(z, [f.ambient_dim for f in self.factors])

    def split_time(self, time: Tensor) -> list[Tensor]:
        """Times of each factor, a list of `[..., factor.time_dim]`."""
        return split_last_axis(time, [f.time_dim for f in self.factors])

    def scalar_curvature(self, z: Tensor) -> Tensor:
        parts = zip(self.factors, self.split(z), strict=True)
        return sum(f.scalar_curvature(part) for f, part in parts)

    def project(self, x: Tensor) -> Tensor:
        return self._joined(lambda f, x: f.project(x), x)

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        return self._joined(lambda f, z, v: f.tangent_project(z, v), z, v)

    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        return self._joined(lambda f, z, v: f.exp(z, v), z, v)

    def step(self, z: Tensor, noise: Tensor) -> Tensor:
        return self._joined(lambda f, z, v: f.step(z, v), z, noise)

    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        return self._joined(lambda f, x, y: f.geodesic(x, y, s), x, y)

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        parts = zip(self.factors, self.split(x), self.split(y), strict=True)
        return safe_norm(ops.stack([f.distance(a, b) for f, a, b in parts], axis=-1))

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return self._draw("random_uniform", shape, seed)

    def prior_sample(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return self._draw("prior_sample", shape, seed)

    def prior_log_density(self, z: Tensor) -> Tensor:
        parts = zip(self.factors, self.split(z), strict=True)
        return sum(f.prior_log_density(part) for f, part in parts)

    def even_embedding(self, z: Tensor) -> Tensor:
        return self._joined(lambda f, z: f.even_embedding(z), z)

    def even_features(self, z: Tensor) -> Tensor:
        return self._joined(lambda f, z: f.even_features(z), z)

    @property
    def even_embedding_dim(self) -> int:
        return sum(f.even_embedding_dim for f in self.factors)

    def project_even(self, x: Tensor) -> Tensor:
        parts = split_last_axis(x, [f.even_embedding_dim for f in self.factors])
        points = [f.project_even(part) for f, part in zip(self.factors, parts, strict=True)]
        return ops.concatenate(points, axis=-1)

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {"factors": [serialize(f) for f in self.factors]}

    @classmethod
    def from_config(cls, config: dict) -> Self:
        deserialize = keras.saving.deserialize_keras_object
        return cls([deserialize(f) for f in config["factors"]])

    def _identity(self) -> tuple:
        return (type(self), self.factors)

    def __repr__(self) -> str:
        return f"Product([{', '.join(map(repr, self.factors))}])"

    def _joined(self, function: Callable[..., Tensor], *points: Tensor) -> Tensor:
        parts = zip(self.factors, *(self.split(p) for p in points), strict=True)
        return ops.concatenate([function(*part) for part in parts], axis=-1)

    def _draw(self, method: str, shape: tuple[int, ...], seed: Seed) -> Tensor:
        seeds = [seed] * len(self.factors)
        if isinstance(seed, (int, np.integer)):  # one integer would give all the same noise
            seeds = layer_seeds(int(seed), len(self.factors))
        draws = [
            getattr(f, method)(shape, seed=s) for f, s in zip(self.factors, seeds, strict=True)
        ]
        return ops.concatenate(draws, axis=-1)


def split_last_axis(x: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Consecutive pieces of the last axis, of the given sizes."""
    x = ops.convert_to_tensor(x)
    ends = list(accumulate(sizes))
    return [x[..., end - size : end] for size, end in zip(sizes, ends, strict=True)]
