"""Base of the latents with a category: K clusters of any kind."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_choice, require_integer, require_positive
from diffusion_vae.latents.base import LatentDistribution, Params
from diffusion_vae.random import SeedGenerator, layer_seeds
from diffusion_vae.typing import Seed, Tensor

ESTIMATORS = ("relaxed", "marginal", "gumbel")


class ClusteredLatent(LatentDistribution):
    """Features -> q(c | x) and q(z | x, c) for each of K clusters; the prior of c is uniform.

    q(z | x) = sum_c q(c | x) q(z | x, c), which is what `sample` and `log_density` are
    about, while `kl` is that of the pair (c, z):

        sum_c q(c | x) KL(q(z | x, c) || p(z | c)) + KL(q(c | x) || uniform).

    A subclass defines the clusters: the parameters of q(z | x, c), by name and with a
    cluster axis, `[..., K, n]`; their average over the clusters; draws, densities and
    KLs of each q(z | x, c).

    Args:
        clusters: Number K of clusters, at least 2.
        estimator: How the `z` of a call is drawn, on which a model trains. `"relaxed"`: from
            the law whose parameters are averaged over the clusters by q(c | x), as in the
            published code of CatVAE; it is not q(z | x). `"gumbel"`: the same with weights
            from the Gumbel-softmax (Jang et al. 2017, arXiv 1611.01144). `"marginal"`:
            from q(z | x) itself, without a gradient through the choice of c.
        temperature: Temperature of the Gumbel-softmax.
        seed: Integer seed of the noise and of the initial weights, or `None`.

    Attributes:
        component_names: Names of the parameters of q(z | x, c).

    Raises:
        TypeError: If `clusters` is not an integer.
        ValueError: If there are fewer than two, or another argument is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.latents import CategoricalMixtureLatent, ClusteredLatent
        >>> latent = CategoricalMixtureLatent(clusters=3, seed=0)
        >>> isinstance(latent, ClusteredLatent), latent.centres.shape
        (True, (3, 6))
        >>> params = latent(np.ones((5, 8), "float32"))
        >>> tuple(latent.probabilities(params).shape)  # q(c | x)
        (5, 3)
    """

    component_names: tuple[str, ...] = ()

    def __init__(
        self,
        clusters: int,
        *,
        estimator: str = "relaxed",
        temperature: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.clusters = require_integer("clusters", clusters, 2)
        self.estimator = require_choice("estimator", estimator, ESTIMATORS)
        self.temperature = require_positive("temperature", temperature)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.category = self._dense("category", self.clusters, layer_seeds(seed, 1)[0])

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return ("category_logits", *self.component_names)

    @property
    def diagnostic_names(self) -> tuple[str, ...]:
        return ("category_kl",)

    # -- the clusters --------------------------------------------------------------

    @property
    def centres(self) -> np.ndarray:
        """Centre of each cluster's prior, `[K, *point_shape]`."""
        raise NotImplementedError

    def average(self, params: Params, weights: Tensor) -> Params:
        """Parameters of one law, averaged over the clusters by weights `[..., K]`."""
        raise NotImplementedError

    def draw(self, components: Params) -> Tensor:
        """One draw from each law of parameters without or with a cluster axis."""
        raise NotImplementedError

    def component_log_density(self, z: Tensor, params: Params) -> Tensor:
        """log q(z | x, c) of every cluster, `[..., *point_shape] -> [..., K]`."""
        raise NotImplementedError

    def component_kl(self, params: Params) -> Tensor:
        """KL(q(z | x, c) || p(z | c)) of every cluster in nats, `[..., K]`."""
        raise NotImplementedError

    def prior_sample_of(self, clusters: Tensor, seed: Seed = None) -> Tensor:
        """Draws from p(z | c) for integers c, `[...] -> [..., *point_shape]`."""
        raise NotImplementedError

    def prior_component_log_density(self, z: Tensor) -> Tensor:
        """log p(z | c) of every cluster, `[..., *point_shape] -> [..., K]`."""
        raise NotImplementedError

    def path(self, first: int, second: int, n: int, scale: float | None = None) -> np.ndarray:
        """`n` points from one cluster's centre to another's, ends included."""
        raise NotImplementedError

    # -- draws ---------------------------------------------------------------------

    def training_code(self, params: Params) -> Tensor:
        """The `z` of a call, drawn as `estimator` tells."""
        if self.estimator == "marginal":
            return self.sample(params)
        logits = params["category_logits"]
        if self.estimator == "gumbel":
            logits = (logits + self._gumbel(logits)) / self.temperature
        return self.draw(self.average(params, ops.softmax(logits)))

    def sample(self, params: Params) -> Tensor:
        """One draw from each q(z | x): first a cluster, then a point of it."""
        logits = params["category_logits"]
        chosen = ops.argmax(logits + self._gumbel(logits), axis=-1)
        weights = ops.one_hot(chosen, self.clusters, dtype=logits.dtype)
        return self.draw(self.average(params, weights))

    def sample_each(self, params: Params) -> Tensor:
        """One draw from q(z | x, c) for every cluster c, `[..., K, *point_shape]`."""
        return self.draw({name: params[name] for name in self.component_names})

    def representative(self, params: Params) -> Tensor:
        """The point that stands for a posterior, `[..., *point_shape]`.

        The location of the averaged law, as published, if that is what the model trains
        on; else the location of the most probable cluster.
        """
        weights = self.probabilities(params)
        if self.estimator != "relaxed":
            chosen = ops.argmax(weights, axis=-1)
            weights = ops.one_hot(chosen, self.clusters, dtype=weights.dtype)
        return self.average(params, weights)[self.component_names[0]]

    def prior_sample(self, n: int, seed: Seed = None) -> Tensor:
        seed = self._draw_seed(seed)
        return self.prior_sample_of(keras.random.randint((n,), 0, self.clusters, seed=seed), seed)

    # -- densities -----------------------------------------------------------------

    def probabilities(self, params: Params) -> Tensor:
        """q(c | x), `[..., K]`."""
        return ops.softmax(params["category_logits"])

    def kl(self, params: Params) -> Tensor:
        within = ops.sum(self.probabilities(params) * self.component_kl(params), axis=-1)
        return within + self.category_kl(params)

    def category_kl(self, params: Params) -> Tensor:
        """KL(q(c | x) || uniform) in nats, `[...]`, at most log K."""
        log_probability = ops.log_softmax(params["category_logits"])
        negative_entropy = ops.sum(ops.exp(log_probability) * log_probability, axis=-1)
        return negative_entropy + math.log(self.clusters)

    def log_density(self, z: Tensor, params: Params) -> Tensor:
        log_probability = ops.log_softmax(params["category_logits"])
        return ops.logsumexp(log_probability + self.component_log_density(z, params), axis=-1)

    def prior_log_density(self, z: Tensor) -> Tensor:
        joint = self.prior_component_log_density(z) - math.log(self.clusters)
        return ops.logsumexp(joint, axis=-1)

    def diagnostics(self, params: Params) -> Params:
        return {"category_kl": self.category_kl(params)}

    # -- configuration and noise ---------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "clusters": self.clusters,
            "estimator": self.estimator,
            "temperature": self.temperature,
            "seed": self.seed,
        }

    def _centres(self) -> Tensor:
        return ops.convert_to_tensor(self.centres, dtype=self.variable_dtype)

    def _gumbel(self, logits: Tensor) -> Tensor:
        """Standard Gumbel noise of the shape of the logits; their argmax is then a draw."""
        uniform = keras.random.uniform(
            ops.shape(logits), 1e-20, 1.0, dtype=logits.dtype, seed=self.seed_generator
        )
        return -ops.log(-ops.log(uniform))
