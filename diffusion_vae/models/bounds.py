"""The loss of objectives with several draws an example, and how losses are averaged."""

from typing import Any

import keras
from keras import ops

from diffusion_vae import objectives
from diffusion_vae.autodiff import value_and_gradient
from diffusion_vae.latents import LatentDistribution
from diffusion_vae.models.inference import InferenceMethods
from diffusion_vae.models.schedules import ScheduleMethods
from diffusion_vae.objectives import Objective
from diffusion_vae.typing import Tensor


class PerExampleLoss(keras.losses.Loss):
    """Passes a per-example loss `[batch]` through Keras's reduction.

    The reduction honours sample weights and divides rightly among replicas, where a
    plain mean would count each replica's loss in full.
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred


def fitting_objective(
    given: Any, posterior_samples: int | None, latent: LatentDistribution, kl_capacity: Any
) -> Objective:
    """The objective of a model.

    Args:
        given: A name, or an `Objective`.
        posterior_samples: Draws an example, or `None`.
        latent: The model's latent distribution.
        kl_capacity: The model's target of the KL, or `None`.

    Raises:
        TypeError: If it is no objective.
        ValueError: If it does not fit the rest of the model.
    """
    objective = objectives.get(given, posterior_samples)
    if not objective.takes_densities:
        return objective
    if kl_capacity is not None:
        raise ValueError(
            'Expected objective="elbo" beside `kl_capacity`, a target of the KL, which '
            f"other objectives do not have. Received: objective={given!r}."
        )
    if type(latent).log_density is LatentDistribution.log_density:
        raise ValueError(
            f"Expected a latent with `log_density` and `prior_log_density` for objective={given!r}"
            f", which weighs draws by them. Received: {type(latent).__name__}, without."
        )
    return objective


class BoundMethods(InferenceMethods, ScheduleMethods, keras.Model):
    """Losses of a model with `latent`, `likelihood` and an `objective`."""

    objective: Objective

    def bound_loss(
        self, x: Any, target: Tensor, params: dict[str, Tensor], training: bool
    ) -> Tensor:
        """Minus the bound that the objective is, in nats, `[batch]`.

        Its gradient is the doubly reparametrised one of `Objective`. The weight of the KL is
        one of log p(z) - log q(z | x).

        Args:
            x: Data of the batch, with what is given for each.
            target: What is reconstructed, `[batch, *event]`.
            params: Parameters of the posteriors.
            training: Whether this is a training step.
        """
        objective, point_rank = self.objective, len(self.latent.point_shape)
        count = objective.groups * objective.draws
        z = self.latent.sample(self._repeated(params, count))  # [count, batch, *point_shape]
        fixed = {name: ops.stop_gradient(value) for name, value in params.items()}
        fixed = self._repeated(fixed, count)
        kl_weight = self.current_kl_weight()

        def log_weights(z: Tensor) -> Tensor:  # [count, batch]
            outputs = self._outputs_of_draws(z, count, x, training)
            log_prob = self.likelihood.log_prob(target, outputs)
            log_ratio = self.latent.prior_log_density(z) - self.latent.log_density(z, fixed)
            return log_prob + kl_weight * ops.cast(log_ratio, log_prob.dtype)

        def grouped(values: Tensor) -> Tensor:
            return ops.reshape(values, (objective.groups, objective.draws, -1))

        z_fixed = ops.stop_gradient(z)
        if not training:
            return -objective.bound(grouped(log_weights(z_fixed)))
        values, slope = value_and_gradient(log_weights, z_fixed, keep_graph=True)
        weights = ops.stop_gradient(grouped(values))
        of_decoder, of_posterior = objective.shares(weights, kl_weight)
        along = ops.sum(  # its gradient is that of the log weights through the draws
            ops.cast(ops.stop_gradient(slope) * z, values.dtype),
            axis=tuple(range(-point_rank, 0)),
        )
        ascent = ops.sum(
            ops.stop_gradient(of_decoder) * grouped(values)
            + ops.stop_gradient(of_posterior) * grouped(along),
            axis=(0, 1),
        )
        # Value of the bound, slope of the ascent.
        return -(objective.bound(weights) + ascent - ops.stop_gradient(ascent))

    def mean_reconstruction_loss(
        self, x: Any, target: Tensor, params: dict[str, Tensor], training: bool
    ) -> Tensor:
        """Negative log likelihood in nats, its mean over the objective's draws, `[batch]`.

        Args:
            x: Data of the batch, with what is given for each.
            target: What is reconstructed, `[batch, *event]`.
            params: Parameters of the posteriors.
            training: Whether this is a training step.
        """
        count = self.objective.groups * self.objective.draws
        z = self.latent.sample(self._repeated(params, count))
        outputs = self._outputs_of_draws(z, count, x, training)
        return -ops.mean(self.likelihood.log_prob(target, outputs), axis=0)
