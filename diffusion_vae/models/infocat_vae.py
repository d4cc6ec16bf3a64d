"""InfoCatVAE: a VAE that sorts its data into clusters without labels."""

from typing import Any, Literal, Unpack

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.latents.anchored_mixture import AnchoredMixtureLatent
from diffusion_vae.latents.categorical_mixture import CategoricalMixtureLatent
from diffusion_vae.latents.clustered import ClusteredLatent
from diffusion_vae.layers import AffineAugmentation
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models.arguments import require_weight
from diffusion_vae.models.cluster_methods import ClusterMethods
from diffusion_vae.models.cluster_terms import ClusterTerms
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.models.inputs import fed
from diffusion_vae.models.schedules import Weight
from diffusion_vae.models.vae import CapacityOptions, VariationalAutoencoder
from diffusion_vae.networks import MLPDecoder, MLPEncoder
from diffusion_vae.random import seeded
from diffusion_vae.serialization import serializable
from diffusion_vae.signatures import with_full_signature
from diffusion_vae.typing import Shape, Tensor

CLUSTER_DIM = 2
HIDDEN = (400,)  # the published network
INFORMATION_WEIGHT = 100 / 128  # nats per example: see the class


@with_full_signature
@serializable
class InfoCatVAE(ClusterTerms, ClusterMethods, VariationalAutoencoder):
    """VAE with a category and a Gaussian for each cluster (Pineau and Lelarge 2018).

    Minimises, per example and in nats (arXiv 1806.08240; CatVAE is the first line),

        reconstruction + beta [E_q(c|x) KL(q(z|x,c) || p(z|c)) + KL(q(c|x) || uniform)]
        + information_weight x CE - mutual_information_weight x I(x; c).

    CE is the cross-entropy of recognising the cluster of a generated picture: points of
    every cluster's prior are decoded to means, encoded, and classified by q(c | x). It
    bounds the information that a generated picture carries about its cluster,
    I(c; x) >= log K - CE, and its gradient reaches encoder and decoder. The published loss
    is a sum over a batch of 128 examples with a weight of 100; here, per example, that is
    100 / 128 = 0.78, the default.

    With `estimator="relaxed"` the reconstruction is that of a code averaged over the
    clusters, so the loss does not bound the evidence. The metric `objective` is minus
    (reconstruction + KL) of the chosen estimator. The metric `elbo` is always the bound
    sum_c q(c | x) E log p(x | z_c) - KL. `evaluate`, `elbo()` and the estimator `"marginal"`
    compute the sum, with K decoded points an example. Training with another estimator draws
    one cluster from q(c | x) instead, which costs one more pass of the decoder.

    Further metrics: `category_kl`, KL(q(c | x) || uniform), `information_loss`, CE,
    `mutual_information`, I(x; c) over the batch, and `consistency_loss`, all in nats before
    their weights.

    The decoder sees generated points as well as encoded ones, and K points an example
    under `"marginal"`. Batch normalisation mixes their statistics: prefer networks
    without. Generated pictures pass both networks in inference mode.

    Args:
        clusters: Number K of clusters.
        cluster_dim: Latent dimensions of each cluster.
        separation: Value of a cluster's prior mean on its dimensions. On a sphere: inverse
            square root of the prior's time, where about 4 is needed.
        encoder: Network from data to features; by default one dense layer of 400.
        decoder: Network from latent points `[batch, clusters * cluster_dim]` to raw
            outputs of the likelihood; by default one hidden layer of 400.
        manifold: Experimental: a `Sphere` or its text form, on which the clusters are
            anchored (`AnchoredMixtureLatent`); `cluster_dim` then keeps its default.
        information_weight: Weight of CE: a number, or a Keras learning-rate schedule of
            the training step.
        beta: `kl_weight` of the base: weight of both KL terms, a number or a schedule.
        kl_warmup_steps: Steps over which beta rises from 0; by default no steps, because one
            cluster can take all data while the KL has no weight.
        estimator: `"relaxed"` (published), `"marginal"` (the exact sum over clusters)
            or `"gumbel"`; see `ClusteredLatent`.
        temperature: Of the Gumbel-softmax.
        mutual_information_weight: Weight of I(x; c) = H(mean of q(c | x)) - mean of
            H(q(c | x)) over the batch, a number or a schedule. KL(q(c | x) || uniform)
            contains I(x; c), so it also punishes certainty about single examples; the
            weight beta leaves only the KL of the batch's mean, as InfoVAE with alpha = 1
            does for z (Zhao et al. 2019). An addition to the published model.
        consistency_weight: Weight of -sum_c q(c | x) log q(c | T x), the cross-entropy between
            the clusters of an example, held fixed, and of its disturbed copy T x; a number
            or a schedule. With I(x; c) this is information-maximising self-augmented
            training (Hu et al. 2017). An addition to the published model.
        augmentation: T, a Keras layer that disturbs examples in ways that leave their
            cluster as it is; `"affine"` is `AffineAugmentation` with its defaults.
            Needed with a `consistency_weight`.
        legacy_double_softmax: Whether CE takes probabilities for logits, as the released
            code does: its floor is then log(1 + (K - 1) / e) instead of 0.
        information_draws: Generated pictures of each cluster in a step.
        likelihood: `"bernoulli"` (published), `"gaussian"` or a `Likelihood`.
        seed: Integer seed of the networks' initial weights and of the noise, or `None`.
        kwargs: `kl_capacity`, `name` and `dtype`, as in `VariationalAutoencoder`.

    Raises:
        TypeError: If an argument is of the wrong type, or unknown.
        ValueError: If an argument is out of range, or two of them do not fit together.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import InfoCatVAE
        >>> vae = InfoCatVAE(clusters=10, seed=0)
        >>> vae.compile("adam")
        >>> history = vae.fit(np.zeros((8, 4, 4, 1)), verbose=0)
        >>> vae.cluster_probabilities(np.zeros((5, 4, 4, 1))).shape
        (5, 10)
    """

    # Pictures that it makes and encodes again have no condition, nor an exposure.
    # It has an objective of its own.
    fixed_arguments = ("latent", "kl_weight", "condition", "objective", "posterior_samples")

    own_metric_names = (
        "objective", "information_loss", "mutual_information", "consistency_loss"
    )  # fmt: skip

    def __init__(
        self,
        clusters: int = 10,
        cluster_dim: int = CLUSTER_DIM,
        separation: float = 2.0,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        manifold: Manifold | str | None = None,
        information_weight: Weight = INFORMATION_WEIGHT,
        beta: Weight = 1.0,
        kl_warmup_steps: int = 0,
        estimator: Literal["relaxed", "marginal", "gumbel"] = "relaxed",
        temperature: float = 1.0,
        mutual_information_weight: Weight = 0.0,
        consistency_weight: Weight = 0.0,
        augmentation: keras.Layer | Literal["affine"] | None = None,
        legacy_double_softmax: bool = False,
        information_draws: int = 10,
        likelihood: str | Likelihood = "bernoulli",
        seed: int | None = None,
        **kwargs: Unpack[CapacityOptions],
    ) -> None:
        dtype = kwargs.get("dtype")
        common: dict[str, Any] = {
            "estimator": estimator, "temperature": temperature, "seed": seed,
            "name": "latent", "dtype": dtype,
        }  # fmt: skip
        latent: ClusteredLatent
        if manifold is None:
            latent = CategoricalMixtureLatent(clusters, cluster_dim, separation, **common)
        elif cluster_dim == CLUSTER_DIM:
            latent = AnchoredMixtureLatent(manifold, clusters, separation, **common)
        else:
            raise ValueError(
                "Expected no `cluster_dim` with a manifold, whose dimension it has. "
                f"Received: {cluster_dim!r}."
            )
        super().__init__(
            latent,
            MLPEncoder(HIDDEN, dtype=dtype) if encoder is None else encoder,
            MLPDecoder(HIDDEN, dtype=dtype) if decoder is None else decoder,
            likelihood=likelihood,
            kl_weight=beta,
            kl_warmup_steps=kl_warmup_steps,
            seed=seed,
            **kwargs,
        )
        self.manifold = getattr(latent, "manifold", None)
        self.cluster_dim = cluster_dim
        self.information_weight = require_weight("information_weight", information_weight)
        self.mutual_information_weight = require_weight(
            "mutual_information_weight", mutual_information_weight
        )
        self.consistency_weight = require_weight("consistency_weight", consistency_weight)
        self.augmentation: Any = _augmentation(augmentation, self.consistency_weight, seed)
        self.legacy_double_softmax = bool(legacy_double_softmax)
        self.information_draws = require_integer("information_draws", information_draws, 1)

    def build(self, input_shape: Shape | dict[str, Shape]) -> None:
        super().build(input_shape)
        if self.target_shape != self.event_shape:
            raise ValueError(
                "Expected a decoder of the data's shape, since decoded pictures are encoded "
                f"again. Received: {self.target_shape} for data of {self.event_shape}."
            )
        if self.augmentation is not None:
            disturbed = self.augmentation.compute_output_shape((None, *self.event_shape))
            self.augmentation.build((None, *self.event_shape))
            if tuple(disturbed[1:]) != self.event_shape:
                raise ValueError(
                    "Expected an `augmentation` that keeps the shape of an example. Received: "
                    f"{tuple(disturbed[1:])} for data of {self.event_shape}."
                )

    # -- the loss ------------------------------------------------------------------

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        target = self._target(x, y, y_pred)
        self._check_target(target.shape)
        params = {name: y_pred[name] for name in self.latent.parameter_names}
        if training and self.latent.estimator != "marginal":
            log_prob = self.likelihood.log_prob(target, self._outputs(self.latent.sample(params)))
        else:
            log_prob = self.expected_log_prob(target, params, training)
        outputs = {**y_pred, "expected_log_prob": log_prob}
        if self.augmentation is not None:
            outputs["consistency_loss"] = self.consistency_loss(
                fed(x).x, y_pred["category_logits"]
            )
        return super().compute_loss(x, y, outputs, sample_weight, training)

    def reconstruction_loss(self, target: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        if self.latent.estimator == "marginal":
            return -outputs["expected_log_prob"]
        return super().reconstruction_loss(target, outputs)

    def evidence_bound(
        self, reconstruction: Tensor, kl: Tensor, outputs: dict[str, Tensor]
    ) -> Tensor:
        return outputs["expected_log_prob"] - kl

    def per_example_loss(
        self, reconstruction: Tensor, kl: Tensor, outputs: dict[str, Tensor]
    ) -> Tensor:
        information_loss = ops.cast(self.information_loss(), kl.dtype)
        mutual_information = self.mutual_information(outputs["category_logits"])  # [batch]
        mutual_information = ops.cast(mutual_information, kl.dtype)
        self._track(
            objective=-reconstruction - kl,
            information_loss=information_loss * ops.ones_like(kl),  # weighted by the batch
            mutual_information=mutual_information,
        )
        loss = reconstruction + self.kl_term(kl)
        if "consistency_loss" in outputs:
            consistency_loss = ops.cast(outputs["consistency_loss"], kl.dtype)
            self._track(consistency_loss=consistency_loss)
            loss = loss + self.current(self.consistency_weight) * consistency_loss
        if _is_used(self.information_weight):
            loss = loss + self.current(self.information_weight) * information_loss
        if _is_used(self.mutual_information_weight):
            weight = self.current(self.mutual_information_weight)
            loss = loss - weight * mutual_information
        return loss

    # -- the trained model ------------------------------------------

    def elbo(self, x: Any, batch_size: int = BATCH_SIZE, *, seed: int | None = None) -> np.ndarray:
        """Evidence lower bound of each example in nats, one draw for every cluster, `[n]`."""

        def bound(x: Any) -> Tensor:
            params = self._posterior_of(x)
            log_prob = self.expected_log_prob(x, params)
            return log_prob - ops.cast(self.latent.kl(params), log_prob.dtype)

        batch_size = require_integer("batch_size", batch_size, 1)
        batch_size = max(1, batch_size // self.latent.clusters)  # examples, of K rows each
        x = self._examples(x)
        with seeded(self, seed):
            return self._in_batches(bound, x, batch_size=batch_size)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        serialize = keras.saving.serialize_keras_object
        del config["latent"]
        beta = config.pop("kl_weight")
        for name in ("condition", "objective", "posterior_samples"):
            del config[name]
        return {
            **config,
            "beta": beta,
            "clusters": self.latent.clusters,
            "cluster_dim": self.cluster_dim,
            "separation": self.latent.separation,
            "manifold": serialize(self.manifold),
            "information_weight": serialize(self.information_weight),
            "estimator": self.latent.estimator,
            "temperature": self.latent.temperature,
            "mutual_information_weight": serialize(self.mutual_information_weight),
            "consistency_weight": serialize(self.consistency_weight),
            "augmentation": serialize(self.augmentation),
            "legacy_double_softmax": self.legacy_double_softmax,
            "information_draws": self.information_draws,
        }

    # -- pieces --------------------------------------------------------------------

    def _check_exposed(self, given: bool) -> None:
        if given:
            raise ValueError(
                f"Expected no `exposure`: {type(self).__name__} encodes examples that it makes, "
                "which have none. Received: one."
            )

    def _centres(self, x: Any, batch_size: int) -> np.ndarray:
        return self._in_batches(
            lambda x: self.latent.representative(self._posterior_of(x)),
            self._examples(x),
            batch_size=batch_size,
        )


def _augmentation(layer: Any, weight: Weight, seed: int | None) -> keras.Layer | None:
    """The layer that disturbs examples, or None where it has no weight."""
    if layer == "affine":
        layer = AffineAugmentation(seed=seed, name="augmentation")
    if not (layer is None or isinstance(layer, keras.Layer)):
        raise TypeError(
            f"Expected `augmentation` to be a Keras layer, 'affine' or None. Received: {layer!r}."
        )
    if (layer is not None) != _is_used(weight):
        raise ValueError(
            "Expected `augmentation` and `consistency_weight` together. Received: "
            f"augmentation {layer!r}, consistency_weight {weight!r}."
        )
    return layer


def _is_used(weight: Weight) -> bool:
    """Whether a weight is a schedule or is not 0."""
    return callable(weight) or weight != 0
