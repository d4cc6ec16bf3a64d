"""Clusters anchored on a sphere (experimental, not published)."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.checks import require_positive
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.heat_kernels.isotropic import LARGEST_DIMENSION
from diffusion_vae.latents.base import Params
from diffusion_vae.latents.clustered import ClusteredLatent
from diffusion_vae.layers.diffusion_time import DiffusionTime, one_per_time
from diffusion_vae.manifolds import Manifold, Sphere
from diffusion_vae.random import layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Shape, Tensor


@serializable
class AnchoredMixtureLatent(ClusteredLatent):
    """Clusters that are Brownian motions from orthonormal points of a sphere (experimental).

    Prior: p(z | c) is the heat kernel from the c-th coordinate vector e_c at the time
    1 / separation^2. The anchors e_c are pi / 2 apart, as the orthogonal means of
    `CategoricalMixtureLatent` are equally far apart.

    Posterior: the heat kernel from a location for each cluster, at a time that the clusters
    share. The location is the projection of a dense map of the features plus a shift for
    each cluster, which starts at e_c. The KL between two heat kernels has no closed form:
    `component_kl` is log q - log p at one draw, with the exact densities.

    A location averaged over the clusters (`"relaxed"`, `"gumbel"`) is the projection of the
    average.

    Args:
        manifold: A `Sphere` of dimension at least K - 1, or its text form.
        clusters: Number K of clusters, at least 2.
        separation: Inverse square root of the prior's time. On S^9 with ten clusters the
            best guess of c from z is right in 0.36, 0.80 and 0.97 of all cases at 2, 3
            and 4.
        estimator: `"relaxed"`, `"marginal"` or `"gumbel"`; see `ClusteredLatent`.
        temperature: Temperature of the Gumbel-softmax.
        seed: Integer seed of the noise and of the initial weights, or `None`.

    Input shape:
        Features, `[batch, n]`.

    Output shape:
        A dictionary: `category_logits` `[batch, K]`, `location` `[batch, K, ambient_dim]`,
        `time` `[batch, K, 1]`, and `z` `[batch, ambient_dim]`, drawn as `estimator` tells.

    Raises:
        TypeError: If `clusters` is not an integer.
        ValueError: If the manifold is not a sphere with K orthonormal anchors, or another
            argument is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.latents import AnchoredMixtureLatent
        >>> latent = AnchoredMixtureLatent("sphere:2", clusters=3, seed=0)
        >>> outputs = latent(np.ones((5, 8), "float32"))
        >>> tuple(outputs["location"].shape), tuple(outputs["z"].shape)
        ((5, 3, 3), (5, 3))
    """

    component_names = ("location", "time")

    def __init__(
        self,
        manifold: Manifold | str,
        clusters: int = 10,
        separation: float = 4.0,
        *,
        estimator: str = "relaxed",
        temperature: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            clusters, estimator=estimator, temperature=temperature, seed=seed, **kwargs
        )
        self.manifold = _sphere_of(manifold, self.clusters)
        self.separation = require_positive("separation", separation)
        self.kernel = heat_kernel(self.manifold)
        self.point_shape = (self.manifold.ambient_dim,)
        self.prior_time = 1.0 / self.separation**2
        location_seed = layer_seeds(seed, 2)[1]  # the first is the category's
        self.location = self._dense("location", self.manifold.ambient_dim, location_seed)
        limits = one_per_time(self.kernel.default_log_time_range(), 1)
        start = math.log(self.prior_time) - 2.0  # below the prior's, or all codes look alike
        if limits[0] is not None:
            low, high = limits[0]
            start = min(max(start, low + 0.5), high - 0.5)
        self.time = DiffusionTime(1, limits, [start], name="time", dtype=self.dtype_policy)

    @property
    def diagnostic_names(self) -> tuple[str, ...]:
        return ("category_kl", "log_time", "time_at_limit")

    @property
    def centres(self) -> np.ndarray:
        return np.eye(self.clusters, self.manifold.ambient_dim, dtype="float32")

    def build(self, input_shape: Shape) -> None:
        for head in (self.category, self.location, self.time):
            head.build(input_shape)
        shape = (self.clusters, *self.point_shape)
        self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros")
        self.built = True

    def parameters(self, features: Tensor) -> Params:
        ambient = ops.expand_dims(self.location(features), -2)  # [..., 1, n]
        location = self.manifold.project(ambient + self.shift + self._centres())
        time = ops.expand_dims(self.time(features), -2)  # [..., 1, 1]
        return {
            "category_logits": self.category(features),
            "location": location,
            "time": ops.broadcast_to(time, (*ops.shape(location)[:-1], 1)),
        }

    def average(self, params: Params, weights: Tensor) -> Params:
        weights = ops.expand_dims(weights, -1)  # [..., K, 1]
        return {
            "location": self.manifold.project(ops.sum(weights * params["location"], axis=-2)),
            "time": ops.sum(weights * params["time"], axis=-2),
        }

    def draw(self, components: Params) -> Tensor:
        location, time = components["location"], components["time"]
        return self.kernel.sample(location, time, seed=self.seed_generator)

    def component_log_density(self, z: Tensor, params: Params) -> Tensor:
        z = ops.expand_dims(z, -2)  # [..., 1, n]
        return self.kernel.log_density(z, params["location"], params["time"])

    def component_kl(self, params: Params) -> Tensor:
        location, time = params["location"], params["time"]
        z = self.kernel.sample(location, time, seed=self.seed_generator)  # [..., K, n]
        own = self.kernel.log_density(z, location, time)
        return own - self.kernel.log_density(z, self._centres(), self._prior_time())

    def prior_sample_of(self, clusters: Tensor, seed: Seed = None) -> Tensor:
        seed = self._draw_seed(seed)
        anchor = ops.take(self._centres(), clusters, axis=0)  # [..., n]
        time = ops.broadcast_to(self._prior_time(), (*ops.shape(anchor)[:-1], 1))
        return self.kernel.sample(anchor, time, seed=seed)

    def prior_component_log_density(self, z: Tensor) -> Tensor:
        z = ops.expand_dims(ops.convert_to_tensor(z), -2)
        return self.kernel.log_density(z, self._centres(), self._prior_time())

    def path(self, first: int, second: int, n: int, scale: float | None = None) -> np.ndarray:
        if scale is not None:
            raise ValueError(
                "Expected no `scale` on a sphere, where the way between centres is a geodesic. "
                f"Received: {scale!r}."
            )
        start, end = (self._centres()[c] for c in (first, second))
        points = self.manifold.geodesic(start, end, np.linspace(0.0, 1.0, n, dtype="float32"))
        return ops.convert_to_numpy(points)

    def diagnostics(self, params: Params) -> Params:
        time = params["time"][..., 0, :]  # the clusters share it
        return {
            **super().diagnostics(params),
            "log_time": ops.mean(ops.log(time), axis=-1),
            "time_at_limit": self.time.share_at_limit(time),
        }

    def compute_output_shape(self, input_shape: Shape) -> dict[str, Shape]:
        leading, point = tuple(input_shape[:-1]), self.point_shape
        return {
            "category_logits": (*leading, self.clusters),
            "location": (*leading, self.clusters, *point),
            "time": (*leading, self.clusters, 1),
            "z": (*leading, *point),
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "manifold": keras.saving.serialize_keras_object(self.manifold),
            "separation": self.separation,
        }

    def _prior_time(self) -> Tensor:
        return ops.convert_to_tensor([self.prior_time], dtype=self.variable_dtype)


def _sphere_of(manifold: Manifold | str, clusters: int) -> Manifold:
    """Returns a sphere with an orthonormal anchor for each cluster, or raises `ValueError`."""
    sphere = manifolds.get(manifold)
    if sphere != Sphere(sphere.dim) or sphere.ambient_dim < clusters:
        raise ValueError(
            f"Expected a sphere of dimension at least {clusters - 1}, with {clusters} orthonormal "
            f"anchors. Received: {sphere!r}."
        )
    if sphere.dim > LARGEST_DIMENSION:
        raise ValueError(
            f"Expected a sphere of dimension at most {LARGEST_DIMENSION}, whose heat kernel is "
            f"tabulated. Received: {sphere!r}."
        )
    return sphere
