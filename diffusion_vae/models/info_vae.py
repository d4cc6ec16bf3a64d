"""InfoVAE: the latent points of all data together follow the prior."""

from typing import Any, Unpack

import keras
from keras import ops

from diffusion_vae import divergences, manifolds
from diffusion_vae.checks import require_number
from diffusion_vae.divergences import DivergenceToPrior
from diffusion_vae.heat_kernels import Law
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.manifolds import Euclidean, Manifold
from diffusion_vae.models.diffusion_vae import DiffusionVAE, SpaceOptions
from diffusion_vae.models.schedules import Weight
from diffusion_vae.models.vae import CapacityOptions, Condition
from diffusion_vae.serialization import serializable
from diffusion_vae.signatures import with_full_signature
from diffusion_vae.typing import Tensor

# Without a KL only the reconstruction acts on the time, and it pulls the time to 0.
EUCLIDEAN_LOG_TIME = (-16.0, 4.0)


class InfoOptions(CapacityOptions, SpaceOptions, total=False):
    """Arguments of `DiffusionVAE` but for its bound and its prior."""

    likelihood: str | Likelihood
    kl_weight: Weight
    kl_warmup_steps: int
    condition: Condition
    seed: int | None


@with_full_signature
@serializable
class InfoVAE(DiffusionVAE):
    """A diffusion VAE with a divergence of the aggregate posterior from the prior.

    Minimises reconstruction + (1 - alpha) KL + (alpha + lambda - 1) D(q(z), p(z)), where
    q(z) is the law of the batch's latent points (Zhao et al. 2019, arXiv 1706.02262, eq. 6).
    alpha = 0, lambda = 1 is the plain VAE, and alpha = 1 with the MMD is the MMD-VAE. The loss
    of the MMD-VAE does not bound the evidence; the metric `elbo` always does.

    Further metrics: `divergence`, before its weight, and `mutual_information`, an estimate of
    I(x; z) in nats. The estimate is E log q(z | x) - log mean_j q(z | x_j), with the mean over
    the batch, so it cannot exceed the logarithm of the batch size.

    The weights of KL and divergence rise from 0 over `kl_warmup_steps`. A large weight from the
    first step on makes the diffusion times so long that the latent points carry no information,
    and training does not recover. `log_time_range="auto"` has limits on R^d too, because at
    alpha = 1 there is no KL that keeps the time from vanishing.

    Args:
        manifold: A `Manifold` or its text form; by default the plane.
        encoder: As in `DiffusionVAE`.
        decoder: As in `DiffusionVAE`.
        alpha: Weight of the mutual information, at most 1.
        lambda_: Weight of the divergence between q(z) and p(z).
        divergence: `"mmd"`, `"energy"`, `"heat_kernel"`, a `DivergenceToPrior`, or a
            function of prior samples and latent points, registered with Keras.
        kwargs: As in `DiffusionVAE`.

    Raises:
        ValueError: If `alpha` is over 1, or alpha + lambda under 1 (a reward for missing
            the prior).

    Example:
        >>> from diffusion_vae import InfoVAE
        >>> vae = InfoVAE("sphere:2", alpha=0.0, lambda_=100.0, divergence="mmd", seed=0)
        >>> vae.divergence_weight
        99.0
    """

    # Its loss is not a bound of the likelihood, and its divergence is from the manifold's prior.
    fixed_arguments = ("objective", "posterior_samples", "prior", "prior_components")

    own_metric_names = ("divergence", "mutual_information")

    def __init__(
        self,
        manifold: Manifold | str | None = None,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        alpha: float = 1.0,
        lambda_: float = 10.0,
        divergence: str | DivergenceToPrior = "mmd",
        **kwargs: Unpack[InfoOptions],
    ) -> None:
        manifold = Euclidean(2) if manifold is None else manifolds.get(manifold)
        super().__init__(manifold, encoder, decoder, **kwargs)
        self.alpha, self.lambda_ = _require_weights(alpha, lambda_)
        self.divergence = divergences.get(divergence)

    @staticmethod
    def _limits(law: Law, log_time_range: Any) -> Any:
        if log_time_range != "auto" or law.manifold.closed:
            return log_time_range
        return [pair or EUCLIDEAN_LOG_TIME for pair in law.default_log_time_range()]

    @property
    def divergence_weight(self) -> float:
        """alpha + lambda - 1."""
        return self.alpha + self.lambda_ - 1.0

    def per_example_loss(
        self, reconstruction: Tensor, kl: Tensor, outputs: dict[str, Tensor]
    ) -> Tensor:
        divergence = self.divergence(outputs["z"], self.manifold, self.seed_generator)
        divergence = ops.cast(divergence, kl.dtype)
        self._track(
            divergence=divergence * ops.ones_like(kl),  # weighted by the size of the batch
            mutual_information=self._mutual_information(outputs),
        )
        loss = reconstruction + (1.0 - self.alpha) * self.kl_term(kl)
        if self.divergence_weight:
            loss = loss + self.divergence_weight * self.warmup_share() * divergence
        return loss

    def _mutual_information(self, outputs: dict[str, Tensor]) -> Tensor:
        """log q(z | x) - log mean_j q(z | x_j), `[batch]`."""
        z = ops.expand_dims(outputs["z"], 1)  # [batch, 1, n]
        params = {name: ops.expand_dims(outputs[name], 0) for name in self.latent.parameter_names}
        log_density = self.latent.log_density(z, params)  # [batch, batch]
        count = ops.cast(ops.shape(log_density)[1], log_density.dtype)
        mixture = ops.logsumexp(log_density, axis=1) - ops.log(count)
        return ops.stop_gradient(ops.diagonal(log_density) - mixture)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in self.fixed_arguments:
            del config[name]
        return {
            **config,
            "alpha": self.alpha,
            "lambda_": self.lambda_,
            "divergence": keras.saving.serialize_keras_object(self.divergence),
        }


def _require_weights(alpha: Any, lambda_: Any) -> tuple[float, float]:
    alpha, lambda_ = require_number("alpha", alpha), require_number("lambda_", lambda_)
    if alpha > 1.0:
        raise ValueError(f"Expected `alpha` to be at most 1. Received: {alpha}.")
    if alpha + lambda_ < 1.0:
        raise ValueError(
            "Expected alpha + lambda to be at least 1, the weight of the divergence plus 1. "
            f"Received: alpha={alpha}, lambda_={lambda_}."
        )
    return alpha, lambda_
