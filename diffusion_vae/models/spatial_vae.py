"""The spatial VAE: latent feature maps with a matrix-variate normal posterior."""

import math

import numpy as np

from diffusion_vae import likelihoods
from diffusion_vae.checks import require_choice
from diffusion_vae.latents import MatrixNormalLatent
from diffusion_vae.models.inference import BATCH_SIZE
from diffusion_vae.models.vae import VariationalAutoencoder
from diffusion_vae.networks.spatial import doublings, spatial_decoder, spatial_encoder
from diffusion_vae.serialization import serializable

# Variant -> the covariances it may have, its own first.
VARIANTS = {
    "vanilla": ("independent",),
    "naive": ("independent",),
    "mvn": ("diagonal", "full"),
    "low_rank": ("diagonal", "full"),
}


@serializable
class SpatialVAE(VariationalAutoencoder):
    """VAE whose latent point is a stack of small feature maps (Wang et al. 2017,
    arXiv 1705.06821), which convolutions decode.

    - `"vanilla"`: a vector of `maps` numbers, 1x1 maps;
    - `"naive"`: maps whose locations are independent, each with a mean and a variance;
    - `"mvn"`: a free mean; rows and columns have variances, and a location the product;
    - `"low_rank"`: as `"mvn"`, and the mean is a sum of `rank` outer products.

    The default networks take square pictures of 32, 64, 128, ... pixels. With a Gaussian
    likelihood that neither predicts its scale nor brings an activation, their last activation
    is tanh: data must lie in [-1, 1].

    Args:
        encoder: Network from data to features; by default the original's.
        decoder: Network from maps `[batch, map_size, map_size, maps]` to raw outputs of
            the likelihood; by default the original's.
        variant: One of the above.
        map_size: Rows d, and columns, of a map; by default 3, and 1 (all that is allowed)
            for `"vanilla"`.
        maps: Number of maps.
        rank: Rank of the mean of `"low_rank"`, by default 1; `None` elsewhere.
        covariance: `"diagonal"` or `"full"` (Cholesky factors) covariances of rows and of
            columns, for `"mvn"` and `"low_rank"`; `"independent"` for the other two.
            `None` takes the variant's own.
        likelihood: `"gaussian"` (unit variance), `"bernoulli"` or a `Likelihood`. The
            original's loss is that of the variance `original_variance(...)`.
        kl_weight: A number, or a Keras learning-rate schedule of the training step.
        kl_warmup_steps: Steps over which the KL's weight rises from 0; 0: none.
        kl_capacity: `(start, end, steps)` of a rising target for the KL, or `None`.
        seed: Integer seed of the default networks' weights and of the noise.
    """

    def __init__(
        self,
        encoder=None,
        decoder=None,
        *,
        variant="low_rank",
        map_size=None,
        maps=64,
        rank=None,
        covariance=None,
        likelihood="gaussian",
        kl_weight=1.0,
        kl_warmup_steps=1000,
        kl_capacity=None,
        seed=None,
        **kwargs,
    ):
        map_size, rank, covariance = _completed(variant, map_size, rank, covariance)
        super().__init__(
            MatrixNormalLatent(
                map_size, maps, rank=rank, covariance=covariance, seed=seed, name="latent"
            ),
            encoder,
            decoder,
            likelihood=likelihood,
            kl_weight=kl_weight,
            kl_warmup_steps=kl_warmup_steps,
            kl_capacity=kl_capacity,
            seed=seed,
            **kwargs,
        )
        self.variant = variant
        self._bounded = decoder is None and self._takes_means_alone()

    @staticmethod
    def original_variance(event_shape, maps=64, map_size=3):
        """Variance of a Gaussian likelihood with which the loss is the original's.

        The original averages both terms: L = (mean of the KL over the latent values) +
        (mean squared error over the D data values). With n latent values, n L is the KL
        plus SSE / (2 v), the loss of a Gaussian of variance v = D / (2 n) up to its
        constant. So `"vanilla"`, which has d^2 times fewer latent values, was trained
        under a d^2 times stronger pull to the prior; a comparison of variants must give
        all of them one variance.

        Args:
            event_shape: Shape of one picture.
            maps: Number of maps.
            map_size: Rows of a map.

        Returns:
            D / (2 maps map_size^2).
        """
        return math.prod(event_shape) / (2.0 * maps * map_size**2)

    def build(self, input_shape):
        if self.encoder is None or self.decoder is None:  # the default networks' sizes
            doublings(tuple(input_shape[1:]))
        super().build(input_shape)

    def encode(self, x, batch_size=BATCH_SIZE):
        """Mean of the posterior of each example, `[n, map_size, map_size, maps]`."""
        return self.posterior_parameters(x, batch_size)["mean"]

    def get_config(self):
        config = super().get_config()
        del config["latent"]
        return {
            **config,
            "variant": self.variant,
            "map_size": self.latent.map_size,
            "maps": self.latent.maps,
            "rank": self.latent.rank,
            "covariance": self.latent.covariance,
        }

    def _centres(self, x, batch_size):
        return self.encode(x, batch_size)

    def _check_arrays(self, x=None, y=None):
        super()._check_arrays(x, y)
        target = x if y is None else y
        if self._bounded and isinstance(target, np.ndarray) and np.abs(target).max() > 1:
            raise ValueError(
                "Expected data in [-1, 1], the range of the default decoder (tanh). Received: "
                f"values from {target.min():g} to {target.max():g}. Scale the data, or give a "
                "decoder of your own."
            )

    def _takes_means_alone(self):
        """Whether the decoder gives nothing but means of normal data."""
        return (
            isinstance(self.likelihood, likelihoods.Gaussian)
            and self.likelihood.outputs_per_value == 1
            and self.likelihood.output_activation == "linear"
        )

    def _default_encoder(self, seed):
        return spatial_encoder(seed=seed)

    def _default_decoder(self, event_shape, seed):
        raw = (*event_shape[:-1], event_shape[-1] * self.likelihood.outputs_per_value)
        last = "tanh" if self._takes_means_alone() else "linear"
        return spatial_decoder(raw, self.latent.map_size, activation=last, seed=seed)


def _completed(variant, map_size, rank, covariance):
    """Map size, rank and covariance of a variant, given or its own."""
    require_choice("variant", variant, VARIANTS)
    if variant == "vanilla" and map_size not in (None, 1):
        raise ValueError(
            'Expected `map_size` 1 for the variant "vanilla", whose latent point is a vector. '
            f'Received: {map_size!r}. Independent locations of larger maps are "naive".'
        )
    if map_size is None:
        map_size = 1 if variant == "vanilla" else 3
    if variant != "low_rank" and rank is not None:
        raise ValueError(
            f"Expected no `rank` for the variant {variant!r}, whose mean is free. "
            f'Received: {rank!r}. Use variant="low_rank".'
        )
    if variant == "low_rank" and rank is None:
        rank = 1
    if covariance is None:
        covariance = VARIANTS[variant][0]
    if covariance not in VARIANTS[variant]:
        raise ValueError(
            f"Expected `covariance` of the variant {variant!r} to be one of "
            f"{VARIANTS[variant]}. Received: {covariance!r}."
        )
    return map_size, rank, covariance
