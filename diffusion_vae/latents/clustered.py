"""What latents with a category have in common, whatever a cluster is."""

import math

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_choice, require_integer, require_positive
from diffusion_vae.latents.base import LatentDistribution
from diffusion_vae.random import SeedGenerator, layer_seeds

ESTIMATORS = ("relaxed", "marginal", "gumbel")


class ClusteredLatent(LatentDistribution):
    """Features -> q(c | x) and q(z | x, c) for each of K clusters; the prior of c is uniform.

    q(z | x) = sum_c q(c | x) q(z | x, c), which is what `sample` and `log_density` are
    about, while `kl` is that of the pair (c, z):

        sum_c q(c | x) KL(q(z | x, c) || p(z | c)) + KL(q(c | x) || uniform).

    A subclass says what a cluster is: the parameters of q(z | x, c), by name and with a
    cluster axis, `[..., K, n]`; how to average them over the clusters; draws, densities and
    KLs of one q(z | x, c).

    Args:
        clusters: Number K of clusters, at least 2.
        estimator: The `z` of a call, on which a model trains. `"relaxed"`: from the law
            whose parameters are averaged over the clusters by q(c | x), the published code
            of CatVAE, which is no draw from q(z | x). `"gumbel"`: the same with weights
            from the Gumbel-softmax (Jang et al. 2017, arXiv 1611.01144). `"marginal"`:
            from q(z | x) itself, without a gradient through the choice of c.
        temperature: Of the Gumbel-softmax.
        seed: Integer seed of the noise and of the initial weights, or `None`.

    Attributes:
        centres: Centre of each cluster's prior, a NumPy array `[K, *point_shape]`.
        component_names: Names of the parameters of q(z | x, c).
    """

    component_names: tuple = ()
    centres: np.ndarray
    diagnostic_names: tuple = ("category_kl",)

    def __init__(self, clusters, *, estimator="relaxed", temperature=1.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.clusters = require_integer("clusters", clusters, 2)
        self.estimator = require_choice("estimator", estimator, ESTIMATORS)
        self.temperature = require_positive("temperature", temperature)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.category = self._head("category", self.clusters, layer_seeds(seed, 1)[0])

    @property
    def parameter_names(self):
        return ("category_logits", *self.component_names)

    # -- what a cluster is ---------------------------------------------------------

    def average(self, params, weights):
        """Parameters of one law, averaged over the clusters by weights `[..., K]`."""
        raise NotImplementedError

    def draw(self, components):
        """One draw from each law of parameters without or with a cluster axis."""
        raise NotImplementedError

    def component_log_density(self, z, params):
        """log q(z | x, c) of every cluster, `[..., *point_shape] -> [..., K]`."""
        raise NotImplementedError

    def component_kl(self, params):
        """KL(q(z | x, c) || p(z | c)) of every cluster in nats, `[..., K]`."""
        raise NotImplementedError

    def prior_sample_of(self, clusters, seed=None):
        """Draws from p(z | c) for integers c, `[...] -> [..., *point_shape]`."""
        raise NotImplementedError

    def prior_component_log_density(self, z):
        """log p(z | c) of every cluster, `[..., *point_shape] -> [..., K]`."""
        raise NotImplementedError

    def path(self, first, second, n, scale=None):
        """`n` points from one cluster's centre to another's, ends included, NumPy."""
        raise NotImplementedError

    # -- draws ---------------------------------------------------------------------

    def call(self, features):
        params = self.parameters(features)
        return {**params, "z": self.training_code(params)}

    def training_code(self, params):
        """The `z` of a call: what `estimator` says."""
        if self.estimator == "marginal":
            return self.sample(params)
        logits = params["category_logits"]
        if self.estimator == "gumbel":
            logits = (logits + self._gumbel(logits)) / self.temperature
        return self.draw(self.average(params, ops.softmax(logits)))

    def sample(self, params):
        """One draw from each q(z | x): first a cluster, then a point of it."""
        logits = params["category_logits"]
        chosen = ops.argmax(logits + self._gumbel(logits), axis=-1)
        weights = ops.one_hot(chosen, self.clusters, dtype=logits.dtype)
        return self.draw(self.average(params, weights))

    def sample_each(self, params):
        """One draw from q(z | x, c) for every cluster c, `[..., K, *point_shape]`."""
        return self.draw({name: params[name] for name in self.component_names})

    def representative(self, params):
        """The point that stands for a posterior, `[..., *point_shape]`.

        The location of the averaged law, as published, if that is what the model trains
        on; else the location of the most probable cluster.
        """
        weights = self.probabilities(params)
        if self.estimator != "relaxed":
            chosen = ops.argmax(weights, axis=-1)
            weights = ops.one_hot(chosen, self.clusters, dtype=weights.dtype)
        return self.average(params, weights)[self.component_names[0]]

    def prior_sample(self, n, seed=None):
        seed = self.seed_generator if seed is None else seed
        return self.prior_sample_of(keras.random.randint((n,), 0, self.clusters, seed=seed), seed)

    # -- densities -----------------------------------------------------------------

    def probabilities(self, params):
        """q(c | x), `[..., K]`."""
        return ops.softmax(params["category_logits"])

    def kl(self, params):
        within = ops.sum(self.probabilities(params) * self.component_kl(params), axis=-1)
        return within + self.category_kl(params)

    def category_kl(self, params):
        """KL(q(c | x) || uniform) in nats, `[...]`, at most log K."""
        log_probability = ops.log_softmax(params["category_logits"])
        negative_entropy = ops.sum(ops.exp(log_probability) * log_probability, axis=-1)
        return negative_entropy + math.log(self.clusters)

    def log_density(self, z, params):
        log_probability = ops.log_softmax(params["category_logits"])
        return ops.logsumexp(log_probability + self.component_log_density(z, params), axis=-1)

    def prior_log_density(self, z):
        joint = self.prior_component_log_density(z) - math.log(self.clusters)
        return ops.logsumexp(joint, axis=-1)

    def diagnostics(self, params):
        return {"category_kl": self.category_kl(params)}

    # -- pieces --------------------------------------------------------------------

    def get_config(self):
        return {
            **super().get_config(),
            "clusters": self.clusters,
            "estimator": self.estimator,
            "temperature": self.temperature,
            "seed": self.seed,
        }

    def _head(self, name, width, seed):
        initializer = keras.initializers.GlorotUniform(seed=seed)
        return keras.layers.Dense(
            width, kernel_initializer=initializer, name=name, dtype=self.dtype_policy
        )

    def _centres(self):
        return ops.convert_to_tensor(self.centres, dtype=self.variable_dtype)

    def _gumbel(self, logits):
        """Standard Gumbel noise of the shape of the logits; their argmax is then a draw."""
        uniform = keras.random.uniform(
            ops.shape(logits), 1e-20, 1.0, dtype=logits.dtype, seed=self.seed_generator
        )
        return -ops.log(-ops.log(uniform))
