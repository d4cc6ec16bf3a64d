"""InfoVAE: the latent points of all data together follow the prior."""

import keras
from keras import ops

from diffusion_vae import heat_kernels, manifolds
from diffusion_vae.checks import require_number
from diffusion_vae.divergences import get
from diffusion_vae.manifolds import Euclidean
from diffusion_vae.models.diffusion_vae import DiffusionVAE
from diffusion_vae.serialization import serializable

# Without a KL nothing but the reconstruction acts on the time, and it wants none.
EUCLIDEAN_LOG_TIME = (-16.0, 4.0)


@serializable
class InfoVAE(DiffusionVAE):
    """A diffusion VAE with a divergence of the aggregate posterior from the prior.

    Minimises reconstruction + (1 - alpha) KL + (alpha + lambda - 1) D(q(z), p(z)), where
    q(z) is the law of the batch's latent points (Zhao et al. 2019, arXiv 1706.02262, eq. 6).
    alpha = 0, lambda = 1 is the plain VAE; alpha = 1 with the MMD is the MMD-VAE, and then
    the loss is no bound of the evidence: `elbo` is reported as ever.

    Further metrics, all in every case: `divergence` (before its weight) and
    `mutual_information`, the minibatch-mixture estimate of I(x; z) in nats, E log q(z | x) -
    log mean_j q(z | x_j), which cannot exceed the logarithm of the batch size.

    Args:
        manifold: A `Manifold` or its text form; by default the plane.
        encoder: As in `DiffusionVAE`, like all arguments that are not named here.
        decoder: As in `DiffusionVAE`.
        alpha: Weight of the mutual information, at most 1.
        lambda_: Weight of the divergence between q(z) and p(z).
        divergence: `"mmd"`, `"energy"`, `"heat_kernel"`, a `DivergenceToPrior`, or a
            function of prior samples and latent points that is registered with Keras.
        kl_warmup_steps: Steps over which the weights of KL and divergence rise from 0. A
            heavy divergence from the first step on is soonest appeased by diffusion times
            so long that the codes say nothing; from there no training returns.
        log_time_range: As in `DiffusionVAE`, but `"auto"` has limits on R^d too, since at
            alpha = 1 no KL keeps the time from vanishing.

    Raises:
        ValueError: If `alpha` is over 1, or alpha + lambda under 1 (a reward for missing
            the prior).
    """

    own_metric_names = ("divergence", "mutual_information")

    def __init__(
        self,
        manifold=None,
        encoder=None,
        decoder=None,
        *,
        alpha=1.0,
        lambda_=10.0,
        divergence="mmd",
        log_time_range="auto",
        seed=None,
        **kwargs,
    ):
        manifold = Euclidean(2) if manifold is None else manifolds.get(manifold)
        kernel, limits = kwargs.pop("kernel", "auto"), log_time_range
        asked = {"kernel": kernel, "log_time_range": log_time_range}
        if limits == "auto" and not manifold.closed:
            kernel = heat_kernels.get(kernel, manifold, kwargs.get("walk_steps", 10))
            limits = [pair or EUCLIDEAN_LOG_TIME for pair in kernel.default_log_time_range()]
        super().__init__(
            manifold,
            encoder,
            decoder,
            kernel=kernel,
            log_time_range=limits,
            seed=seed,
            **kwargs,
        )
        self.alpha, self.lambda_ = _checked_weights(alpha, lambda_)
        self.divergence = get(divergence)
        self.asked = asked

    @property
    def divergence_weight(self):
        """alpha + lambda - 1."""
        return self.alpha + self.lambda_ - 1.0

    def objective(self, reconstruction, kl, outputs):
        divergence = self.divergence(outputs["z"], self.manifold, self.seed_generator)
        self._track(
            divergence=divergence * ops.ones_like(kl),  # weighted by the size of the batch
            mutual_information=self._mutual_information(outputs),
        )
        loss = reconstruction + (1.0 - self.alpha) * self.kl_term(kl)
        if self.divergence_weight:
            loss = loss + self.divergence_weight * self.warmup_share() * divergence
        return loss

    def _mutual_information(self, outputs):
        """log q(z | x) - log mean_j q(z | x_j), `[batch]`."""
        z = ops.expand_dims(outputs["z"], 1)  # [batch, 1, n]
        params = {name: ops.expand_dims(outputs[name], 0) for name in self.latent.parameter_names}
        log_density = self.latent.log_density(z, params)  # [batch, batch]
        count = ops.cast(ops.shape(log_density)[1], log_density.dtype)
        mixture = ops.logsumexp(log_density, axis=1) - ops.log(count)
        return ops.stop_gradient(ops.diagonal(log_density) - mixture)

    def get_config(self):
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "lambda_": self.lambda_,
            "divergence": keras.saving.serialize_keras_object(self.divergence),
            **{k: keras.saving.serialize_keras_object(v) for k, v in self.asked.items()},
        }


def _checked_weights(alpha, lambda_):
    alpha, lambda_ = require_number("alpha", alpha), require_number("lambda_", lambda_)
    if alpha > 1.0:
        raise ValueError(f"Expected `alpha` to be at most 1. Received: {alpha}.")
    if alpha + lambda_ < 1.0:
        raise ValueError(
            "Expected alpha + lambda to be at least 1, the weight of the divergence plus 1. "
            f"Received: alpha={alpha}, lambda_={lambda_}."
        )
    return alpha, lambda_
