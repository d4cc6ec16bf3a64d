"""The kinds of model, of networks and of other parts that a run is made of, by name.

Classes are named by their address and imported when they are needed: listing them needs
neither Keras nor a backend.
"""

import importlib
from dataclasses import dataclass

from diffusion_vae.checks import did_you_mean, require_choice


@dataclass(frozen=True)
class ModelKind:
    """A kind of model.

    Attributes:
        address: Module and class, joined by a colon.
        description: One line for `diffusion-vae list`.
        manifold: Text form of the manifold where none is chosen; `None` leaves it to the class.
    """

    address: str
    description: str
    manifold: str | None = None


MODELS = {
    "diffusion": ModelKind(
        "diffusion_vae.models.diffusion_vae:DiffusionVAE",
        "∆VAE: Brownian motion on a manifold, uniform prior",
        manifold="torus:2",
    ),
    "info": ModelKind(
        "diffusion_vae.models.info_vae:InfoVAE",
        "InfoVAE: a ∆VAE whose latent points together follow the prior (MMD, energy distance)",
        manifold="euclidean:2",
    ),
    "infocat": ModelKind(
        "diffusion_vae.models.infocat_vae:InfoCatVAE",
        "InfoCatVAE: clusters without labels, recognised again in generated pictures",
    ),
    "spatial": ModelKind(
        "diffusion_vae.models.spatial_vae:SpatialVAE",
        "Spatial VAE: latent feature maps, matrix-variate normal; square colour pictures",
    ),
}

# Encoder and decoder of each kind of network.
NETWORKS = {
    "mlp": ("diffusion_vae.networks.mlp:MLPEncoder", "diffusion_vae.networks.mlp:MLPDecoder"),
    "conv": ("diffusion_vae.networks.conv:ConvEncoder", "diffusion_vae.networks.conv:ConvDecoder"),
    "spatial": (
        "diffusion_vae.networks.spatial:SpatialEncoder",
        "diffusion_vae.networks.spatial:SpatialDecoder",
    ),
}

# Arguments of models that are objects, and the classes they may be of.
COMPONENTS = {
    "encoder": {name: pair[0] for name, pair in NETWORKS.items()},
    "decoder": {name: pair[1] for name, pair in NETWORKS.items()},
    "likelihood": {
        "gaussian": "diffusion_vae.likelihoods:Gaussian",
        "bernoulli": "diffusion_vae.likelihoods:Bernoulli",
        "poisson": "diffusion_vae.likelihoods:Poisson",
        "negative_binomial": "diffusion_vae.likelihoods:NegativeBinomial",
        "student_t": "diffusion_vae.likelihoods:StudentT",
        "log_normal": "diffusion_vae.likelihoods:LogNormal",
        "von_mises": "diffusion_vae.likelihoods:VonMises",
        "categorical": "diffusion_vae.likelihoods:Categorical",
        "ordinal": "diffusion_vae.likelihoods:Ordinal",
    },
    "kernel": {"random_walk": "diffusion_vae.heat_kernels.random_walk:RandomWalk"},
    "divergence": {
        "mmd": "diffusion_vae.divergences.to_prior:MMDToPrior",
        "energy": "diffusion_vae.divergences.to_prior:EnergyDistanceToPrior",
        "heat_kernel": "diffusion_vae.divergences.to_prior:HeatKernelMMDToPrior",
    },
    "augmentation": {"affine": "diffusion_vae.layers.affine_augmentation:AffineAugmentation"},
}

# Keras's optimisers and schedules of the learning rate.
OPTIMIZERS = {
    name.lower(): f"keras.optimizers:{name}"
    for name in ("Adam", "AdamW", "Nadam", "Lion", "RMSprop", "SGD")
}
SCHEDULES = {"cosine": "keras.optimizers.schedules:CosineDecay"}

# Arguments that follow from others (the record's seed, the data's shape), or have an option.
NOT_SET = {
    "model": {"manifold", "encoder", "decoder", "seed", "name", "trainable"},
    "decoder": {"event_shape"},
    "kernel": {"steps"},  # the model's `walk_steps`
    "optimizer": {"learning_rate"},
    "schedule": {"initial_learning_rate", "warmup_target"},
}
NOT_SET_ELSEWHERE = {"name", "trainable", "dtype", "manifold", "name_or_path", "kwargs"}


def is_set(part: str, name: str) -> bool:
    """Whether `--set` takes an argument of a part of a run."""
    elsewhere = NOT_SET_ELSEWHERE if part != "model" else ()
    return name not in NOT_SET.get(part, ()) and name not in elsewhere


def register_model(name: str, address: str, description: str) -> None:
    """Adds a kind of model for `diffusion-vae train --model NAME` in this process.

    Args:
        name: The kind.
        address: Module and class, such as `"my_package.models:MyVAE"`.
        description: One line for `diffusion-vae list`.
    """
    MODELS[name] = ModelKind(address, description)


def model_kind(name: str) -> ModelKind:
    """The kind of model of a name, or of an address `package.module:Class`.

    Raises:
        TypeError: If it is not a text.
        ValueError: If there is no such kind; the sentence names the nearest.
    """
    if not isinstance(name, str):
        raise TypeError(f"Expected `model` to be a text. Received: {name!r}.")
    if ":" in name:
        return ModelKind(name, "a class of your own")
    require_choice("model", name, sorted(MODELS), also=" or an address package.module:Class")
    return MODELS[name]


def find_class(address: str) -> type:
    """The class at an address `package.module:Class`.

    Raises:
        ValueError: If there is none.
    """
    module, _, name = address.partition(":")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name.split(".")[0]):
            raise
        raise ValueError(
            f"Expected an address package.module:Class. Received: {address!r}; there is no "
            f"module {error.name!r}."
        ) from error
    if not isinstance(found, type):
        known = dir(importlib.import_module(module))
        raise ValueError(
            f"Expected an address package.module:Class. Received: {address!r}; the module has "
            f"no class of that name.{did_you_mean(name, known)}"
        )
    return found
