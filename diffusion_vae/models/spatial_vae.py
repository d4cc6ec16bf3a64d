"""The spatial VAE: latent feature maps with a matrix-variate normal posterior."""

import math
from collections.abc import Sequence
from typing import Any, Literal, Unpack

import keras
import numpy as np

from diffusion_vae import likelihoods
from diffusion_vae.checks import require_choice
from diffusion_vae.latents import MatrixNormalLatent
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.models.vae import KLOptions, VariationalAutoencoder
from diffusion_vae.networks.spatial import SpatialDecoder, SpatialEncoder, doublings
from diffusion_vae.serialization import serializable
from diffusion_vae.signatures import with_full_signature
from diffusion_vae.typing import Shape

# Variant -> the covariances it may have, its own first.
VARIANTS = {
    "vanilla": ("independent",),
    "naive": ("independent",),
    "mvn": ("diagonal", "full"),
    "low_rank": ("diagonal", "full"),
}


@with_full_signature
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
        variant: One of the four names above.
        map_size: Number d of rows, and of columns, of a map; by default 3. `"vanilla"` allows
            only 1, its default.
        maps: Number of maps.
        rank: Rank of the mean of `"low_rank"`, by default 1; `None` elsewhere.
        covariance: `"diagonal"` or `"full"` (Cholesky factors) covariances of rows and of
            columns, for `"mvn"` and `"low_rank"`; `"independent"` for the other two.
            `None` takes the variant's own.
        likelihood: `"gaussian"` (unit variance), `"bernoulli"` or a `Likelihood`. The
            original's loss is that of the variance `original_variance(...)`.
        kwargs: `kl_weight`, `kl_warmup_steps`, `kl_capacity`, `condition`, `seed` and `name` as
            in `VariationalAutoencoder`. A condition makes further, constant maps.

    Raises:
        TypeError: If an argument is of the wrong type, or unknown.
        ValueError: If an argument is out of range, or does not fit the variant.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import SpatialVAE
        >>> vae = SpatialVAE(variant="mvn", maps=4, seed=0)
        >>> vae.compile("adam")
        >>> history = vae.fit(np.zeros((4, 32, 32, 3)), verbose=0)
        >>> vae.encode(np.zeros((2, 32, 32, 3))).shape
        (2, 3, 3, 4)
    """

    fixed_arguments = ("latent",)

    def __init__(
        self,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        variant: Literal["vanilla", "naive", "mvn", "low_rank"] = "low_rank",
        map_size: int | None = None,
        maps: int = 64,
        rank: int | None = None,
        covariance: Literal["independent", "diagonal", "full"] | None = None,
        likelihood: str | Likelihood = "gaussian",
        **kwargs: Unpack[KLOptions],
    ) -> None:
        rows, rank, kind = _completed(variant, map_size, rank, covariance)
        dtype = kwargs.get("dtype")
        latent = MatrixNormalLatent(
            rows,
            maps,
            rank=rank,
            covariance=kind,
            seed=kwargs.get("seed"),
            name="latent",
            dtype=dtype,
        )
        likelihood = likelihoods.get(likelihood, dtype)
        activation = "tanh" if _takes_means_alone(likelihood) else "linear"
        super().__init__(
            latent,
            SpatialEncoder(dtype=dtype) if encoder is None else encoder,
            SpatialDecoder(activation=activation, dtype=dtype) if decoder is None else decoder,
            likelihood=likelihood,
            **kwargs,
        )
        self.variant = variant

    @staticmethod
    def original_variance(event_shape: Sequence[int], maps: int = 64, map_size: int = 3) -> float:
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

    def build(self, input_shape: Shape | dict[str, Shape]) -> None:
        if isinstance(self.decoder, SpatialDecoder) or isinstance(self.encoder, SpatialEncoder):
            doublings(self._shapes(input_shape)[0][1:])  # the sizes that these networks take
        super().build(input_shape)

    def encode(self, x: Any, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Mean of the posterior of each example, `[n, map_size, map_size, maps]`."""
        return self.posterior_parameters(x, batch_size)["mean"]

    def get_config(self) -> dict[str, Any]:
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

    def _centres(self, x: Any, batch_size: int) -> np.ndarray:
        return self.encode(x, batch_size)

    def _check_values(self, target: np.ndarray) -> None:
        super()._check_values(target)
        if self._is_bounded() and np.abs(target).max() > 1:
            raise ValueError(
                "Expected data in [-1, 1], the range of the default decoder (tanh). Received: "
                f"values from {target.min():g} to {target.max():g}. Scale the data, or give a "
                "decoder of your own."
            )

    def _is_bounded(self) -> bool:
        """Whether the decoder's means lie in [-1, 1]."""
        ours = isinstance(self.decoder, SpatialDecoder) and self.decoder.activation == "tanh"
        return ours and _takes_means_alone(self.likelihood)


def _takes_means_alone(likelihood: Likelihood) -> bool:
    """Whether a likelihood takes from the decoder only the means of normal data."""
    return (
        isinstance(likelihood, likelihoods.Gaussian)
        and likelihood.outputs_per_value == 1
        and likelihood.output_activation == "linear"
    )


def _completed(
    variant: str, map_size: int | None, rank: int | None, covariance: str | None
) -> tuple[int, int | None, str]:
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
