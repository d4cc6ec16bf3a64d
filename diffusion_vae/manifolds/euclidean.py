"""R^d with the standard normal prior: the latent space of an ordinary VAE."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class Euclidean(Manifold):
    """Flat space R^dim. Not closed: the prior is N(0, I), one time per coordinate.

    Args:
        dim: Number of coordinates, at least 1.

    Example:
        >>> plane = Euclidean(2)
        >>> plane.closed, plane.time_dim
        (False, 2)
        >>> round(float(plane.prior_log_density([0.0, 0.0])), 4)  # -log(2 pi)
        -1.8379
    """

    candidates = ("euclidean:1", "euclidean:2", "euclidean:3")

    closed = False
    approximate = frozenset()

    def __init__(self, dim: int = 2) -> None:
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = self.dim
        self.time_dim = self.dim

    @property
    def volume(self) -> float:
        return math.inf

    def betti_numbers(self, prime: int = 2) -> tuple[int, ...]:
        return 1, *(0,) * self.dim

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        return (f"euclidean:{self.dim - 1}",) if self.dim > 1 else ()

    @property
    def prior_motion(self) -> tuple[np.ndarray, float]:
        return np.zeros(self.dim), 1.0

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return ops.zeros_like(z[..., 0])

    def project(self, x: Tensor) -> Tensor:
        return x

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        return v + ops.zeros_like(z)

    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        return z + v

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        return safe_norm(x - y)

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        raise ValueError(
            "Euclidean space has no uniform law. Expected a closed manifold; "
            "use `prior_sample` for draws from N(0, I)."
        )

    def prior_sample(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return keras.random.normal((*shape, self.dim), seed=seed)

    def prior_log_density(self, z: Tensor) -> Tensor:
        squares = ops.sum(ops.square(z), axis=-1)
        return -0.5 * squares - 0.5 * self.dim * math.log(2.0 * math.pi)

    def get_config(self) -> dict:
        return {"dim": self.dim}
