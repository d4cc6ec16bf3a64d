"""The kinds of model and of networks that `diffusion-vae train` knows, by name."""

from dataclasses import dataclass
from itertools import chain

# Fields of `ExperimentConfig` that speak of a diffusion on a manifold.
DIFFUSION_FIELDS = (
    "latent", "kernel", "steps", "kl", "log_time_range", "initial_log_time", "fixed_time",
    "time_annealing", "mode", "head", "posterior",
)  # fmt: skip
# Fields that only one kind of network takes.
NETWORK_OPTIONS = {
    "mlp": (
        "encoder_units", "encoder_dropout", "encoder_standardize", "decoder_units",
        "decoder_bias_range", "initializer",
    ),
    "conv": ("filters", "kernel_sizes", "pool_sizes", "dense_units", "padding"),
}  # fmt: skip
# Fields that speak of the networks, for kinds of model that bring their own.
NETWORK_FIELDS = ("network", *chain(*NETWORK_OPTIONS.values()), "activation", "batch_norm")


def foreign_fields(network):
    """Fields of `ExperimentConfig` that belong to other kinds of network than this."""
    return tuple(chain(*(names for kind, names in NETWORK_OPTIONS.items() if kind != network)))


def without_foreign(settings, network):
    """Settings less those that belong to other kinds of network than this."""
    foreign = foreign_fields(network)
    return {name: value for name, value in settings.items() if name not in foreign}


@dataclass(frozen=True)
class ModelKind:
    """What a configuration may say about one kind of model.

    Attributes:
        description: One line for `diffusion-vae list`.
        options: Keys of `model_options`.
        unused: Fields of `ExperimentConfig` that this kind does not take.
    """

    description: str
    options: tuple = ()
    unused: tuple = ()


MODELS = {
    "diffusion": ModelKind("∆VAE: Brownian motion on a manifold, uniform prior"),
    "info": ModelKind(
        "InfoVAE: a ∆VAE whose latent points together follow the prior (MMD, energy distance)",
        options=("alpha", "lambda_", "divergence"),
    ),
    "infocat": ModelKind(
        "InfoCatVAE: clusters without labels, recognised again in generated pictures",
        options=(
            "clusters",
            "cluster_dim",
            "separation",
            "information_weight",
            "estimator",
            "temperature",
            "mutual_information_weight",
            "legacy_double_softmax",
            "information_draws",
            "manifold",
        ),
        unused=DIFFUSION_FIELDS,
    ),
    "spatial": ModelKind(
        "Spatial VAE: latent feature maps, matrix-variate normal; square colour pictures",
        options=("variant", "map_size", "maps", "rank", "covariance"),
        unused=(*DIFFUSION_FIELDS, *NETWORK_FIELDS),
    ),
}


def latent_name(model, latent):
    """Latent space of a run as it is shown: the kind of model, where that brings its own."""
    return model if "latent" in MODELS[model].unused else latent
