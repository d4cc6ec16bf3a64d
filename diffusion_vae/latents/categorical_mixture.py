"""Mixture of Gaussians with a category: the latent of CatVAE and InfoCatVAE."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer, require_positive
from diffusion_vae.latents.base import Params
from diffusion_vae.latents.clustered import ClusteredLatent
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Shape, Tensor

PATH_SCALE = 1.5  # published: the middle of a straight way is nearer to the origin


@serializable
class CategoricalMixtureLatent(ClusteredLatent):
    """Clusters that are Gaussians in D = K x `cluster_dim` dimensions.

    Prior: p(z | c) = N(m_c, I). Each mean m_c is `separation` on the coordinates of its own
    block and 0 elsewhere, so the means are orthogonal, of length
    separation x sqrt(cluster_dim) (Pineau and Lelarge 2018, arXiv 1806.08240).

    Posterior: means and log variances are a dense map of the features plus a shift for
    each cluster, the same for all data; the mean's shift starts at m_c.

    Args:
        clusters: Number K of clusters, at least 2.
        cluster_dim: Dimensions of a cluster's block.
        separation: Value of a prior mean on its block.
        estimator: `"relaxed"`, `"marginal"` or `"gumbel"`; see `ClusteredLatent`.
        temperature: Temperature of the Gumbel-softmax.
        seed: Integer seed of the noise and of the initial weights, or `None`.

    Input shape:
        Features, `[batch, n]`.

    Output shape:
        A dictionary: `category_logits` `[batch, K]`, `mean` and `log_variance`
        `[batch, K, D]`, and `z` `[batch, D]`, drawn as `estimator` tells.

    Raises:
        TypeError: If a number of clusters or dimensions is not an integer.
        ValueError: If an argument is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.latents import CategoricalMixtureLatent
        >>> latent = CategoricalMixtureLatent(clusters=3, cluster_dim=2, seed=0)
        >>> outputs = latent(np.ones((5, 8), "float32"))
        >>> tuple(outputs["mean"].shape), tuple(outputs["z"].shape)
        ((5, 3, 6), (5, 6))
        >>> latent.centres
        array([[2., 2., 0., 0., 0., 0.],
               [0., 0., 2., 2., 0., 0.],
               [0., 0., 0., 0., 2., 2.]], dtype=float32)
    """

    component_names = ("mean", "log_variance")

    def __init__(
        self,
        clusters: int = 10,
        cluster_dim: int = 2,
        separation: float = 2.0,
        *,
        estimator: str = "relaxed",
        temperature: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            clusters, estimator=estimator, temperature=temperature, seed=seed, **kwargs
        )
        self.cluster_dim = require_integer("cluster_dim", cluster_dim, 1)
        self.separation = require_positive("separation", separation)
        self.point_shape = (self.clusters * self.cluster_dim,)
        _, mean_seed, scale_seed = layer_seeds(seed, 3)  # the first is the category's
        self.location = self._dense("location", self.point_shape[0], mean_seed)
        self.log_scale = self._dense("log_scale", self.point_shape[0], scale_seed)

    @property
    def centres(self) -> np.ndarray:
        block = np.full((1, self.cluster_dim), self.separation, dtype="float32")
        return np.kron(np.eye(self.clusters, dtype="float32"), block)

    def build(self, input_shape: Shape) -> None:
        for head in (self.category, self.location, self.log_scale):
            head.build(input_shape)
        shape = (self.clusters, *self.point_shape)
        self.mean_shift = self.add_weight(name="mean_shift", shape=shape, initializer="zeros")
        self.scale_shift = self.add_weight(name="scale_shift", shape=shape, initializer="zeros")
        self.built = True

    def parameters(self, features: Tensor) -> Params:
        location = ops.expand_dims(self.location(features), -2)  # [..., 1, D]
        log_variance = ops.expand_dims(self.log_scale(features), -2)
        return {
            "category_logits": self.category(features),
            "mean": location + self.mean_shift + self._centres(),
            "log_variance": log_variance + self.scale_shift,
        }

    def average(self, params: Params, weights: Tensor) -> Params:
        weights = ops.expand_dims(weights, -1)  # [..., K, 1]
        return {name: ops.sum(weights * params[name], axis=-2) for name in self.component_names}

    def draw(self, components: Params) -> Tensor:
        mean, log_variance = components["mean"], components["log_variance"]
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def component_log_density(self, z: Tensor, params: Params) -> Tensor:
        return _log_normal(ops.expand_dims(z, -2), params["mean"], params["log_variance"])

    def component_kl(self, params: Params) -> Tensor:
        square = ops.square(params["mean"] - self._centres())
        log_variance = params["log_variance"]
        terms = ops.exp(log_variance) + square - 1.0 - log_variance  # [..., K, D]
        return 0.5 * ops.sum(terms, axis=-1)

    def prior_sample_of(self, clusters: Tensor, seed: Seed = None) -> Tensor:
        seed = self._draw_seed(seed)
        mean = ops.take(self._centres(), clusters, axis=0)
        return mean + keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=seed)

    def prior_component_log_density(self, z: Tensor) -> Tensor:
        centres = self._centres()
        return _log_normal(ops.expand_dims(z, -2), centres, ops.zeros_like(centres))

    def path(self, first: int, second: int, n: int, scale: float | None = None) -> np.ndarray:
        start, end = self.centres[first], self.centres[second]
        return (scale or PATH_SCALE) * np.linspace(start, end, n, dtype="float32")

    def compute_output_shape(self, input_shape: Shape) -> dict[str, Shape]:
        leading, point = tuple(input_shape[:-1]), self.point_shape
        each = (*leading, self.clusters, *point)
        return {
            "category_logits": (*leading, self.clusters),
            "mean": each,
            "log_variance": each,
            "z": (*leading, *point),
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cluster_dim": self.cluster_dim,
            "separation": self.separation,
        }


def _log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log density of a Gaussian with diagonal covariance, `[...]`."""
    terms = ops.square(z - mean) * ops.exp(-log_variance) + log_variance
    return -0.5 * ops.sum(terms + math.log(2.0 * math.pi), axis=-1)
