"""The variational autoencoder: encoder -> latent -> decoder -> likelihood, and its loss."""

from typing import Any, Literal, TypeAlias, TypedDict, Unpack

import keras
from keras import ops

from diffusion_vae import likelihoods, networks
from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.latents import LatentDistribution
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.models.arguments import (
    check_keywords,
    network_or_default,
    require_ramp,
    require_weight,
)
from diffusion_vae.models.bounds import BoundMethods, PerExampleLoss, fitting_objective
from diffusion_vae.models.export import ExportMethods
from diffusion_vae.models.fitting import FittingMethods
from diffusion_vae.models.inputs import BOTH, WHERE, fed
from diffusion_vae.models.network_checks import features_of, raw_output_of
from diffusion_vae.models.saving import SavingMethods
from diffusion_vae.models.schedules import Weight
from diffusion_vae.objectives import Objective, ObjectiveName
from diffusion_vae.random import SeedGenerator, layer_seeds
from diffusion_vae.serialization import serializable
from diffusion_vae.signatures import with_full_signature
from diffusion_vae.typing import Shape, Tensor

Condition: TypeAlias = Literal["decoder", "both"] | None


class KerasOptions(TypedDict, total=False):
    """Arguments of every Keras model."""

    name: str
    dtype: Any
    trainable: bool


class CapacityOptions(KerasOptions, total=False):
    """`kl_capacity` of `VariationalAutoencoder`, and the arguments of every Keras model."""

    kl_capacity: tuple[float, float, float] | None


class KLOptions(CapacityOptions, total=False):
    """Arguments of `VariationalAutoencoder` but for its parts and the likelihood."""

    kl_weight: Weight
    kl_warmup_steps: int
    objective: ObjectiveName | Objective
    posterior_samples: int | None
    condition: Condition
    seed: int | None


class VAEOptions(KLOptions, total=False):
    """Arguments that every model of this library takes by name; see `VariationalAutoencoder`."""

    likelihood: str | Likelihood


@with_full_signature
@serializable
class VariationalAutoencoder(
    SavingMethods, ExportMethods, FittingMethods, BoundMethods, keras.Model
):
    """A VAE with any latent distribution and any likelihood.

    Minimises reconstruction loss + `kl_weight` x KL, in nats per example, averaged
    over the batch, or what else its `objective` is. Train it with `compile(optimizer)` and
    `fit(x)`; `fit(x, target)` reconstructs a target other than the input. Calling the model
    returns a dictionary of the latent's parameters, `z`, `reconstruction` (the mean of
    p(x | z)) and what else the likelihood needs (`logits` or `log_scale`).

    With a condition c the model is of p(x | z, c), and the prior of z is the same for every c:
    what c tells of the data need not stand in z. It is trained by `fit({"x": x, "condition":
    c})`, with numbers or one-hot labels, and so are all methods called that take data. A
    likelihood of counts takes exposures as well, `fit({"x": x, "exposure": e})`. With
    `missing="ignore"` of a likelihood, NaN in the data is a missing value: the encoder sees 0
    in its place, and loss and `mse` are of the values that are there.

    Metrics, each a mean over examples: `loss`, `reconstruction_loss` (negative log
    likelihood, all constants included), `kl_loss` (true nats whatever its weight),
    `elbo` (without the weight), `mse` (per data value) and the latent's diagnostics.

    Args:
        latent: A `LatentDistribution`.
        encoder: Network from data to features `[batch, n]`; by default the paper's MLP. A
            network of `diffusion_vae.networks` without a seed takes one from the model.
        decoder: Network from latent points to raw outputs of the likelihood; by default the
            paper's MLP. A network of `diffusion_vae.networks` without an `event_shape` takes
            the shape that the data and the likelihood need.
        likelihood: `"gaussian"` (unit variance), `"bernoulli"` or a `Likelihood`.
        kl_weight: Weight of the KL in the loss: a number, or a Keras learning-rate
            schedule of the training step.
        kl_warmup_steps: Training steps over which the weight rises linearly from 0 to
            `kl_weight`. Without a warm-up the KL drives the posterior to the prior
            before the decoder has learned to use the latent point; 0 turns it off.
        kl_capacity: `(start, end, steps)`: the loss takes |KL - C| instead of the KL,
            with C rising linearly from `start` to `end` nats over `steps` training
            steps (Burgess et al. 2018); `kl_weight` is its weight. `None`: the KL.
        objective: What is maximised: `"elbo"`, or a tighter bound of several draws an example,
            `"iwae"`, `"miwae"`, `"piwae"` or `"ciwae"`; or an `Objective` (`objectives`). `loss`
            is minus its value; the metric `elbo` stays the ELBO of one draw.
        posterior_samples: Draws an example of the objective; by default 1 for the ELBO, and 8
            for the others.
        condition: The networks that are told a condition `[n, k]` of each example: `"decoder"`;
            `"both"`, the encoder too; or `None`, there is none. It joins the latent point at the
            decoder's input, and data behind the `Flatten` layer of an encoder of
            `diffusion_vae.networks`, the features of any other. A Keras model of two inputs gets
            it as its second, or as the one called `condition`.
        seed: Integer seed of the networks' initial weights and of the noise, or `None`.
        kwargs: `name`, `dtype` and `trainable` of a Keras model.

    Attributes:
        condition_width: Numbers k of a condition, 0 without one; known once the model is built.
        own_metric_names: Names of the further metrics that a subclass tracks.

    Raises:
        TypeError: If an argument is of the wrong type, or unknown.
        ValueError: If an argument is out of range.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import VariationalAutoencoder
        >>> from diffusion_vae.heat_kernels import RandomWalk
        >>> from diffusion_vae.latents import BrownianLatent
        >>> from diffusion_vae.manifolds import Sphere
        >>> vae = VariationalAutoencoder(BrownianLatent(RandomWalk(Sphere(2))), seed=0)
        >>> vae.compile("adam")
        >>> history = vae.fit(np.zeros((8, 4, 4, 1)), verbose=0)
        >>> vae.decode(np.array([[0.0, 0.0, 1.0]])).shape
        (1, 4, 4, 1)
    """

    own_metric_names: tuple[str, ...] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> "VariationalAutoencoder":
        check_keywords(cls, kwargs)  # here, once for every class that hands arguments on
        return super().__new__(cls, *args, **kwargs)

    def __init__(
        self,
        latent: LatentDistribution,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        likelihood: str | Likelihood = "gaussian",
        kl_weight: Weight = 1.0,
        kl_warmup_steps: int = 1000,
        kl_capacity: tuple[float, float, float] | None = None,
        objective: ObjectiveName | Objective = "elbo",
        posterior_samples: int | None = None,
        condition: Condition = None,
        seed: int | None = None,
        **kwargs: Unpack[KerasOptions],
    ) -> None:
        super().__init__(**kwargs)
        self.condition = (
            None if condition is None else require_choice("condition", condition, WHERE)
        )
        dtype = self.dtype_policy
        self.latent = latent
        self.encoder = network_or_default("encoder", encoder, networks.MLPEncoder, dtype)
        self.decoder = network_or_default("decoder", decoder, networks.MLPDecoder, dtype)
        self.likelihood = likelihoods.get(likelihood, dtype)
        if self.likelihood.takes_exposure:
            self.autocast = False  # an exposure keeps its digits under a policy of half precision
        self.kl_weight = require_weight("kl_weight", kl_weight)
        self.kl_warmup_steps = require_integer("kl_warmup_steps", kl_warmup_steps, 0)
        self.kl_capacity: Any = require_ramp("kl_capacity", kl_capacity)
        self.objective = fitting_objective(objective, posterior_samples, latent, kl_capacity)
        self.posterior_samples = posterior_samples
        self._named_objective = objective if isinstance(objective, str) else None
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)  # of what the latent does not draw
        self._add_schedule_step()
        self._reduction = PerExampleLoss(dtype=self.loss_dtype)
        names: tuple[str, ...] = ("reconstruction_loss", "kl_loss", "elbo", "mse")
        names = (*names, *latent.diagnostic_names, *self.own_metric_names)
        self._trackers = {
            name: keras.metrics.Mean(name=name, dtype=self.loss_dtype) for name in names
        }

    @property
    def loss_dtype(self) -> str:
        """Dtype of losses, weights and counters: the likelihood's, never half precision."""
        return self.likelihood.compute_dtype

    # -- building and calling ----------------------------------------------------

    def build(self, input_shape: Shape | dict[str, Shape]) -> None:
        """Builds networks and latent for data `[batch, *event]` of a shape.

        Args:
            input_shape: Of a batch; with a condition `{"x": shape, "condition": (None, k)}`.

        Raises:
            ValueError: If the shape has less than two axes, or a network returns another shape
                than the next part needs.
        """
        shape, condition_shape = self._shapes(input_shape)
        if len(shape) < 2:
            raise ValueError(
                "Expected data of shape [examples, ...] with at least two axes. "
                f"Received shape: {shape}."
            )
        event = shape[1:]
        condition = None
        if condition_shape is not None:
            condition = _symbolic(condition_shape, self.compute_dtype)
        encoder_seed, decoder_seed = layer_seeds(self.seed, 2)
        networks.complete(self.encoder, seed=encoder_seed)
        examples = _symbolic(shape, self.compute_dtype)
        seen = condition if self.condition == BOTH else None
        features = features_of(self.encoder, examples, self.latent, seen)
        if not self.latent.built:
            self.latent.build(features.shape)
        raw_shape = self.likelihood.raw_shape(event)
        networks.complete(self.decoder, seed=decoder_seed, event_shape=raw_shape)
        points = _symbolic((None, *self.latent.point_shape), self.compute_dtype)
        raw = raw_output_of(self.decoder, points, self.likelihood, condition)
        reconstruction_shape = self.likelihood.event_shape(raw.shape)
        if not self.likelihood.built:
            self.likelihood.build(reconstruction_shape)
        self.event_shape = event
        self.target_shape = tuple(reconstruction_shape[1:])
        self.condition_width = 0 if condition is None else condition.shape[1]
        self.built = True

    def call(
        self, inputs: Tensor | dict[str, Tensor], training: bool | None = None
    ) -> dict[str, Tensor]:
        given = self._fed(inputs)
        x = ops.cast(given.x, self.compute_dtype)
        features = self._features(given._replace(x=x), training)
        latent = self.sample_latent(features, training)
        return {**latent, **self._outputs(latent["z"], given, training)}

    def sample_latent(self, features: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        """The latent's parameters and a draw `z`; overridden where training changes them.

        Args:
            features: What the encoder returned, `[batch, n]`.
            training: Whether this is a training step.
        """
        return self.latent(features)

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
        self._check_target(target.shape, given=y is not None)
        params = {name: y_pred[name] for name in self.latent.parameter_names}
        objective = self.objective
        if objective.takes_densities or objective.draws == 1:
            reconstruction = self.reconstruction_loss(target, y_pred)  # [batch]
        else:
            reconstruction = self.mean_reconstruction_loss(x, target, params, training)
        kl = ops.cast(self.latent.kl(params), reconstruction.dtype)  # [batch]
        self._track(
            reconstruction_loss=reconstruction,
            kl_loss=kl,
            elbo=self.evidence_bound(reconstruction, kl, y_pred),
            mse=self._squared_error(target, y_pred),
            **self.latent.diagnostics(params),
        )
        self._warmed_up = not training
        try:
            if objective.takes_densities:
                per_example = self.bound_loss(x, target, params, training)
            else:
                per_example = self.per_example_loss(reconstruction, kl, y_pred)
        finally:
            self._warmed_up = False
        if training:
            self.schedule_step.assign_add(1)
        loss = self._reduction(per_example, per_example, sample_weight)
        for penalty in self.losses:  # a user's regularisers
            loss = loss + self._aggregate_additional_loss(penalty)
        return loss

    def reconstruction_loss(self, target: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """Negative log likelihood of the target in nats, `[batch]`.

        Args:
            target: `[batch, *event]`.
            outputs: What `call` returned.
        """
        return -self.likelihood.log_prob(target, outputs)

    def evidence_bound(
        self, reconstruction: Tensor, kl: Tensor, outputs: dict[str, Tensor]
    ) -> Tensor:
        """The metric `elbo`, `[batch]`; overridden where the loss is made of something else."""
        return -reconstruction - kl

    def per_example_loss(
        self, reconstruction: Tensor, kl: Tensor, outputs: dict[str, Tensor]
    ) -> Tensor:
        """The loss of each example: the place where other models add their term.

        Args:
            reconstruction: Negative log likelihood in nats, `[batch]`.
            kl: KL to the prior in nats, `[batch]`.
            outputs: What `call` returned: the latent's parameters, the draw `z`, ...

        Returns:
            `[batch]`.
        """
        return reconstruction + self.kl_term(kl)

    def _target(self, x: Any, y: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """What is reconstructed: the data, unless another target was given."""
        return ops.cast(fed(x).x if y is None else y, outputs["reconstruction"].dtype)

    def _squared_error(self, target: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """Mean squared error of each example, over the values that are there, `[batch]`."""
        squares = ops.square(self.likelihood.error(target, outputs))
        axes = tuple(range(1, len(squares.shape)))
        if not self.likelihood.ignores_missing:
            return ops.mean(squares, axis=axes)
        unknown = ops.isnan(target)
        count = ops.sum(ops.cast(ops.logical_not(unknown), squares.dtype), axis=axes)
        total = ops.sum(ops.where(unknown, 0.0, squares), axis=axes)
        return total / ops.maximum(count, 1.0)  # 0 where nothing is there

    def _track(self, **values: Tensor) -> None:
        for name, value in values.items():
            self._trackers[name].update_state(value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, serialised."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "latent": serialize(self.latent),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "likelihood": serialize(self.likelihood),
            "kl_weight": serialize(self.kl_weight),
            "kl_warmup_steps": self.kl_warmup_steps,
            "kl_capacity": self.kl_capacity,
            "objective": self._named_objective or serialize(self.objective),
            "posterior_samples": self.posterior_samples,
            "condition": self.condition,
            "seed": self.seed,
        }


def _symbolic(shape: Shape, dtype: str) -> keras.KerasTensor:
    return keras.KerasTensor((None, *shape[1:]), dtype=dtype)
