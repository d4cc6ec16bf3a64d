"""Feature maps with a matrix-variate normal posterior (Wang et al. 2017, arXiv 1705.06821)."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.latents.base import LatentDistribution, Params
from diffusion_vae.latents.map_covariance import COVARIANCES, MAP
from diffusion_vae.random import SeedGenerator, layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Shape, Tensor

LOG_2_PI = math.log(2.0 * math.pi)


@serializable
class MatrixNormalLatent(LatentDistribution):
    """Features -> square feature maps that are matrix-variate normal; the prior is N(0, I).

    Each of the `maps` maps F is independently N(M, Omega x Psi): its rows vary together
    with covariance Omega and its columns with Psi, so that its entries, row by row, have
    the Kronecker product of the two as their covariance. A draw is M + C S D^T with
    C C^T = Omega, D D^T = Psi and S standard normal. The KL to the prior is closed:
    1/2 [tr Omega tr Psi + |M|^2 - d^2 - d log|Omega| - d log|Psi|], summed over the maps.

    A latent point is `[map_size, map_size, maps]`, a picture with the maps as channels.
    The parameters are the `mean` `[..., map_size, map_size, maps]` and those of the
    covariance. Each comes from a linear layer of its own. That of the covariance acts on
    features / sqrt(n): Adam moves all weights equally far, and with the sum over n features
    the variances, which are exponentials, would overflow within a few steps.

    Args:
        map_size: Rows d, and columns, of a map.
        maps: Number of maps.
        rank: `None` for a free mean; r for a mean that is a sum of r outer products
            mu nu^T, with 2 d r outputs a map instead of d^2.
        covariance: `"diagonal"` (Omega and Psi are diagonal; parameters `row_log_variance` and
            `column_log_variance`, `[..., map_size, maps]`), `"full"` (their Cholesky
            factors `row_factor` and `column_factor`, `[..., maps, map_size, map_size]`),
            or `"independent"` (no matrix structure: `log_variance`, of the shape of the
            mean).
        seed: Integer seed of the noise and of the initial weights, or `None`.

    Input shape:
        Features, `[batch, n]`.

    Output shape:
        A dictionary: the parameters by name, and `z` `[batch, map_size, map_size, maps]`.

    Raises:
        TypeError: If a size, a number of maps or the rank is not an integer.
        ValueError: If one is smaller than 1, the rank exceeds `map_size`, or `covariance`
            is none of the three.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.latents import MatrixNormalLatent
        >>> latent = MatrixNormalLatent(map_size=3, maps=2, seed=0)
        >>> outputs = latent(np.ones((5, 8), "float32"))
        >>> tuple(outputs["z"].shape), latent.parameter_names
        ((5, 3, 3, 2), ('mean', 'row_log_variance', 'column_log_variance'))
    """

    def __init__(
        self,
        map_size: int = 3,
        maps: int = 64,
        *,
        rank: int | None = None,
        covariance: str = "diagonal",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.map_size = require_integer("map_size", map_size, 1)
        self.maps = require_integer("maps", maps, 1)
        self.rank = None if rank is None else require_integer("rank", rank, 1)
        if self.rank is not None and self.rank > self.map_size:
            raise ValueError(
                f"Expected `rank` to be at most `map_size`, {self.map_size}. Received: {rank}. "
                "Use `rank=None` for a free mean."
            )
        self.covariance = require_choice("covariance", covariance, COVARIANCES)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.point_shape = (self.map_size, self.map_size, self.maps)
        self._law = COVARIANCES[covariance](self.map_size, self.maps)
        self._mean_shapes: tuple[Shape, ...] = (self.point_shape,)
        if self.rank is not None:
            self._mean_shapes = ((self.rank, self.map_size, self.maps),) * 2
        mean_seed, covariance_seed = layer_seeds(seed, 2)
        self.mean_head = self._dense("mean", _size(self._mean_shapes), mean_seed)
        self.covariance_head = self._dense(
            "covariance", _size(self._law.raw_shapes), covariance_seed
        )

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return ("mean", *self._law.parameter_names)

    @property
    def diagnostic_names(self) -> tuple[str, ...]:
        return ("log_variance",)

    def build(self, input_shape: Shape) -> None:
        self.mean_head.build(input_shape)
        self.covariance_head.build(input_shape)
        self.built = True

    def parameters(self, features: Tensor) -> Params:
        factors = _parts(self.mean_head(features), self._mean_shapes)
        mean = factors[0]
        if self.rank is not None:
            mean = ops.einsum("...rik,...rjk->...ijk", *factors)
        scaled = features / math.sqrt(features.shape[-1])
        raw = _parts(self.covariance_head(scaled), self._law.raw_shapes)
        return {"mean": mean, **self._law.read(*raw)}

    def sample(self, params: Params) -> Tensor:
        mean = params["mean"]
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + self._law.scale(noise, params)

    def kl(self, params: Params) -> Tensor:
        squares = ops.sum(ops.square(params["mean"]), axis=MAP)
        terms = self._law.trace(params) + squares - self._law.log_determinant(params)
        return 0.5 * (terms - math.prod(self.point_shape))

    def log_density(self, z: Tensor, params: Params) -> Tensor:
        white = self._law.whiten(ops.convert_to_tensor(z) - params["mean"], params)
        return self._standard_normal(white) - 0.5 * self._law.log_determinant(params)

    def prior_sample(self, n: int, seed: Seed = None) -> Tensor:
        shape = (n, *self.point_shape)
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=self._draw_seed(seed))

    def prior_log_density(self, z: Tensor) -> Tensor:
        return self._standard_normal(z)

    def diagnostics(self, params: Params) -> Params:
        """`log_variance`: its mean over all directions, 0 for the prior."""
        return {"log_variance": self._law.log_determinant(params) / math.prod(self.point_shape)}

    def compute_output_shape(self, input_shape: Shape) -> dict[str, Shape]:
        leading, point = tuple(input_shape[:-1]), self.point_shape
        shapes = (point, *self._law.parameter_shapes, point)
        names = (*self.parameter_names, "z")
        return {name: (*leading, *shape) for name, shape in zip(names, shapes, strict=True)}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "map_size": self.map_size,
            "maps": self.maps,
            "rank": self.rank,
            "covariance": self.covariance,
            "seed": self.seed,
        }

    def _standard_normal(self, z: Tensor) -> Tensor:
        """Log density of N(0, I), `[...]`."""
        constant = 0.5 * math.prod(self.point_shape) * LOG_2_PI
        return -0.5 * ops.sum(ops.square(z), axis=MAP) - constant


def _size(shapes: Sequence[Shape]) -> int:
    """Number of values in arrays of these shapes together."""
    return sum(math.prod(shape) for shape in shapes)


def _parts(raw: Tensor, shapes: Sequence[Shape]) -> list[Tensor]:
    """Raw outputs `[..., n]` as arrays `[..., *shape]` of the given shapes."""
    parts: list[Tensor] = []
    leading, start = ops.shape(raw)[:-1], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(ops.reshape(raw[..., start:end], (*leading, *shape)))
        start = end
    return parts
