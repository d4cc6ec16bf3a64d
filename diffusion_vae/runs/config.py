"""A training run as a record: what `diffusion-vae train` reads and `experiment.json` holds."""

import dataclasses
import math
import numbers
import typing
from dataclasses import dataclass, field

import keras

from diffusion_vae import manifolds
from diffusion_vae.checks import did_you_mean, require_choice
from diffusion_vae.datasets.curriculum import checked_cutoffs
from diffusion_vae.networks.conv import PADDINGS
from diffusion_vae.runs.kinds import MODELS, NETWORK_OPTIONS, foreign_fields

NETWORKS = tuple(NETWORK_OPTIONS)
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("float32", "mixed_bfloat16")  # Keras's dtype policies that need no loss scaling
DEFAULT_EPOCHS = {"periodic_pictures": 15}
DEFAULT_RESTARTS = {"periodic_pictures": 12}  # some starts fold the torus


@dataclass(frozen=True)
class ExperimentConfig:
    """Everything that decides about a run. Fields are the options of `train`.

    `epochs` and `restarts` may be `None`: the data set's own default, and so may
    `batch_norm`: the network's own default. `encoder_units` to
    `decoder_bias_range` and `initializer` belong to `network="mlp"`; `filters` to `padding`
    belong to `"conv"`. See `DiffusionVAE` for the model's arguments and `datasets.load` for
    `dataset`; `model_options` are the arguments that only the chosen kind of model takes.
    """

    latent: str = "torus"
    dataset: str = "periodic_pictures"
    dataset_options: dict = field(default_factory=dict)
    model: str = "diffusion"
    model_options: dict = field(default_factory=dict)
    epochs: int | None = None
    passes: int = 1
    curriculum: tuple = ()
    whiten: bool = False
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_steps: int = 0
    betas: tuple = (0.9, 0.999)
    precision: str = "float32"
    xla: bool = False
    seed: int = 0
    restarts: int | None = None
    patience: int | None = None
    checkpoint_every: int | None = None
    pictures_every: int | None = None
    topology_every: int | None = None
    likelihood: str = "gaussian"
    variance: float = 1.0
    scale: str = "fixed"
    per_dimension: bool = False
    output_activation: str = "linear"
    kernel: str = "auto"
    steps: int = 10
    kl: str = "asymptotic"
    kl_weight: float = 1.0
    kl_warmup_steps: int = 1000
    kl_capacity: tuple | None = None
    log_time_range: tuple | None = None
    initial_log_time: float | None = None
    fixed_time: float | None = None
    time_annealing: tuple | None = None
    mode: str = "average"
    head: str = "ambient"
    posterior: str = "brownian"
    network: str = "mlp"
    encoder_units: tuple = (512, 512, 512)
    encoder_dropout: float = 0.0
    encoder_standardize: tuple | None = None
    decoder_units: tuple = (512, 512)
    decoder_bias_range: float = 0.0
    filters: tuple = (64, 64, 64)
    kernel_sizes: tuple = (3,)
    pool_sizes: tuple = (2,)
    dense_units: tuple = (64,)
    padding: str = "same"
    activation: str = "relu"
    initializer: str = "glorot_uniform"
    batch_norm: bool | None = None

    def __post_init__(self):
        _check_types(self)
        choices = {
            "model": sorted(MODELS),
            "network": NETWORKS,
            "padding": PADDINGS,
            "schedule": SCHEDULES,
            "precision": PRECISIONS,
        }
        for name, known in choices.items():
            require_choice(name, getattr(self, name), known)
        for name in (
            "epochs",
            "passes",
            "batch_size",
            "patience",
            "checkpoint_every",
            "pictures_every",
            "topology_every",
        ):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"Expected `{name}` to be at least 1. Received: {value}.")
        if self.restarts is not None and self.restarts < 0:
            raise ValueError(f"Expected `restarts` to be at least 0. Received: {self.restarts}.")
        if self.likelihood != "gaussian" and self.output_activation != "linear":
            raise ValueError(
                "Expected an `output_activation` for the likelihood 'gaussian' only: others bring "
                f"their own. Received: {self.output_activation!r} with {self.likelihood!r}."
            )
        if self.warmup_steps < 0 or (self.warmup_steps and self.schedule != "cosine"):
            raise ValueError(
                "Expected `warmup_steps` to be at least 0, and 0 unless the schedule is "
                f"'cosine'. Received: {self.warmup_steps} with {self.schedule!r}."
            )
        if not self.learning_rate > 0:
            raise ValueError(
                f"Expected `learning_rate` to be positive. Received: {self.learning_rate}."
            )
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(
                f"Expected `betas` to be Adam's two decay rates in [0, 1). Received: {self.betas}."
            )
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"Expected `seed` in [0, 2^31). Received: {self.seed}.")
        checked_cutoffs(self.curriculum)
        if self.whiten and not self.curriculum:
            raise ValueError(
                "Expected a `curriculum` with `whiten`: its pictures are what is whitened. "
                f"Received: {self.curriculum!r}."
            )
        manifolds.get(self.latent)
        self._check_unused()

    @property
    def planned_epochs(self):
        """Epochs to train: those given, or the data set's default, else 20."""
        return self.epochs or DEFAULT_EPOCHS.get(self.dataset, 20)

    @property
    def planned_restarts(self):
        """Restarts allowed: those given, or the data set's default, else 0."""
        return DEFAULT_RESTARTS.get(self.dataset, 0) if self.restarts is None else self.restarts

    def as_dict(self):
        """The record as a JSON-able dictionary."""
        return dataclasses.asdict(self)

    def _check_unused(self):
        """The model takes its options, and nothing is asked for that would be ignored."""
        kind = MODELS[self.model]
        for name in self.model_options:
            if name not in kind.options:
                raise ValueError(
                    f"Expected options of the model {self.model!r} among "
                    f"{sorted(kind.options)}. Received: {name!r}."
                    f"{did_you_mean(name, kind.options)}"
                )
        self._refuse(kind.unused, f"model {self.model!r}")
        self._refuse(foreign_fields(self.network), f"network {self.network!r}")

    def _refuse(self, names, user):
        """Fields that would be ignored have their defaults."""
        for one in dataclasses.fields(self):
            if one.name in names and getattr(self, one.name) != one.default:
                raise ValueError(
                    f"Expected no `{one.name}` with the {user}, which does not use it. "
                    f"Received: {getattr(self, one.name)!r}. Leave it out."
                )

    @classmethod
    def from_dict(cls, values):
        """Rebuilds a record from `as_dict()`.

        Raises:
            ValueError: If a field is unknown.
        """
        if not isinstance(values, dict):
            raise TypeError(
                f"Expected a dictionary of options. Received: {type(values).__name__}."
            )
        known = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"Expected fields among {sorted(known)}. Received unknown: {unknown}."
                f"{did_you_mean(unknown[0], known)}"
            )
        return cls(**{name: _without_lists(value) for name, value in values.items()})


# Type of a field -> what it is called, and what is taken for it.
KINDS = {
    str: ("a text", str),
    int: ("a whole number", numbers.Integral),
    float: ("a finite number", numbers.Real),
    bool: ("True or False", bool),
    tuple: ("a list", tuple),
    dict: ("an object of options", dict),
}


def _check_types(config):
    """Every field is of its type: a record may come from a file that was edited by hand."""
    for name, hint in typing.get_type_hints(type(config)).items():
        value, kinds = getattr(config, name), typing.get_args(hint) or (hint,)
        if value is None and type(None) in kinds:
            continue
        wanted, taken = KINDS[kinds[0]]
        good = isinstance(value, taken) and (kinds[0] is bool or not isinstance(value, bool))
        if not good or (kinds[0] is float and not math.isfinite(value)):
            also = " or null" if type(None) in kinds else ""
            raise TypeError(f"Expected `{name}` to be {wanted}{also}. Received: {value!r}.")


def build_optimizer(config, steps):
    """Adam with the learning rate of a configuration, for so many training steps."""
    rate, warmup = config.learning_rate, config.warmup_steps
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            max(1, steps - warmup),
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    return keras.optimizers.Adam(rate, *config.betas)


def _without_lists(value):
    """Lists as tuples, at every depth."""
    return tuple(map(_without_lists, value)) if isinstance(value, list) else value
