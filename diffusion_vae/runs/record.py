"""A run as a record: the Keras configs of its model and optimiser, its data and its training."""

import copy
import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusion_vae.checks import did_you_mean, require_integer
from diffusion_vae.configs import portable
from diffusion_vae.files import read_json
from diffusion_vae.runs.optimizers import check_optimizer

if TYPE_CHECKING:
    import keras

    from diffusion_vae.datasets import Dataset
    from diffusion_vae.models import VariationalAutoencoder

Config = dict[str, Any]
OWN_CLASS = "The module of a class of your own is imported first, with `--import MODULE`."

DEFAULT_EPOCHS = 20
# What the results folder adds about a run that was made from a record.
ABOUT_THE_RUN = ("run", "started", "attempt", "attempt_seed", "versions", "training_seconds")


@dataclass(frozen=True)
class Fit:
    """How a run trains: `fit` of its record, `--set fit.KEY=VALUE` on the command line.

    Args:
        epochs: Passes over the data.
        batch_size: Examples a step.
        passes: Passes over the data in an epoch, for data so small that the end of an epoch
            would take longer than the epoch.
        curriculum: Rising cutoffs such as (1, 2, 4): pictures of low frequencies come first.
        whiten: Whether the curriculum's pictures have all frequencies equally strong.
        jit_compile: Whether steps are compiled with XLA on a CPU, too; it pays for long
            trainings.
        patience: Epochs without a better validation ELBO after which training stops; `None`
            trains to the end.
        checkpoint_every: Number n, to keep the model of every n-th epoch; `None` keeps the
            best and the last.
        pictures_every: Number n, to draw the latent space every n epochs, and a GIF.
        topology_every: Number n, to measure the topology every n epochs, for TensorBoard.
    """

    epochs: int = DEFAULT_EPOCHS
    batch_size: int = 128
    passes: int = 1
    curriculum: tuple[int, ...] = ()
    whiten: bool = False
    jit_compile: bool = False
    patience: int | None = None
    checkpoint_every: int | None = None
    pictures_every: int | None = None
    topology_every: int | None = None

    def __post_init__(self) -> None:
        from diffusion_vae.datasets.curriculum import checked_cutoffs

        for name in ("epochs", "batch_size", "passes"):
            require_integer(name, getattr(self, name), 1)
        for name in ("patience", "checkpoint_every", "pictures_every", "topology_every"):
            if getattr(self, name) is not None:
                require_integer(name, getattr(self, name), 1)
        for name in ("whiten", "jit_compile"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(
                    f"Expected `{name}` to be True or False. Received: {getattr(self, name)!r}."
                )
        if not isinstance(self.curriculum, (list, tuple)):
            raise TypeError(
                f"Expected `curriculum` to be a list of rising cutoffs. Received: "
                f"{self.curriculum!r}."
            )
        object.__setattr__(self, "curriculum", tuple(checked_cutoffs(self.curriculum)))
        if self.whiten and not self.curriculum:
            raise ValueError(
                "Expected a `curriculum` with `whiten`: its pictures are what is whitened. "
                f"Received: {self.curriculum!r}."
            )


@dataclass(frozen=True)
class Record:
    """Everything that decides about a run; `experiment.json` of the results folder.

    The model is known by its Keras config alone, so that an argument of a model, a network or
    a likelihood has one name, that of its constructor.

    Args:
        model: Keras config of the untrained model.
        optimizer: Keras config of the optimiser. `decay_steps` of a schedule may be `None`:
            all steps of the training.
        dataset: `name` and `options`, as `datasets.load` takes them.
        fit: Fields of `Fit`.
        seed: Of weights, noise and the order of the data.
        restarts: How often training starts anew, at most, when its loss is stuck.

    Example:
        >>> from diffusion_vae.runs import compose
        >>> record = compose(manifold="sphere:2", dataset="digits", epochs=3)
        >>> record.fit["epochs"], record.dataset["name"]
        (3, 'digits')
    """

    model: Config
    optimizer: Config
    dataset: Config
    fit: Config = field(default_factory=lambda: plain(dataclasses.asdict(Fit())))
    seed: int = 0
    restarts: int = 0

    def __post_init__(self) -> None:
        for name in ("model", "optimizer"):
            value = getattr(self, name)
            complete = isinstance(value, dict) and isinstance(value.get("class_name"), str)
            if not complete or not isinstance(value.get("config", {}), dict):
                raise TypeError(
                    f"Expected `{name}` of a record to be a Keras config with a `class_name`, and "
                    f"arguments by name in `config`. Received: {value!r:.80}."
                )
        check_optimizer(self.optimizer)
        if not isinstance(self.dataset, dict) or not isinstance(self.dataset.get("name"), str):
            raise TypeError(
                "Expected `dataset` of a record to have a `name` and `options`. "
                f"Received: {self.dataset!r:.80}."
            )
        options = self.dataset.get("options") or {}
        if not isinstance(options, dict) or set(self.dataset) - {"name", "options"}:
            raise TypeError(
                "Expected `dataset` of a record to have a `name` and `options`, the arguments "
                f"of its loader by name. Received: {self.dataset!r:.80}."
            )
        if not isinstance(self.fit, dict):
            raise TypeError(f"Expected `fit` of a record to be an object. Received: {self.fit!r}.")
        require_integer("seed", self.seed, 0)
        if self.seed >= 2**31:
            raise ValueError(f"Expected `seed` in [0, 2^31). Received: {self.seed}.")
        require_integer("restarts", self.restarts, 0)
        self.training  # noqa: B018 (raises if a field is wrong)

    @property
    def training(self) -> Fit:
        """The fields of `fit`, checked."""
        known = [each.name for each in dataclasses.fields(Fit)]
        for name in self.fit:
            if name not in known:
                raise ValueError(
                    f"Expected fields of `fit` among {known}. Received: {name!r}."
                    f"{did_you_mean(name, known)}"
                )
        return Fit(**self.fit)

    def as_dict(self) -> Config:
        """The record as a JSON-able dictionary."""
        return plain(dataclasses.asdict(self))

    @classmethod
    def from_dict(cls, values: Any) -> "Record":
        """A record from `as_dict()`, from an `experiment.json`, or written by hand.

        A record that is written by hand needs `model` and `dataset`; class names do without
        their modules, and everything else has a default.

        Raises:
            TypeError: If a part is of the wrong type.
            ValueError: If a part is missing or unknown.
        """
        if not isinstance(values, dict):
            raise TypeError(f"Expected a record as an object. Received: {type(values).__name__}.")
        known = [each.name for each in dataclasses.fields(cls)]
        for name in values:
            if name not in (*known, *ABOUT_THE_RUN):
                raise ValueError(
                    f"Expected parts of a record among {known}. Received: {name!r}."
                    f"{did_you_mean(name, known)}"
                )
        missing = [name for name in ("model", "dataset") if not values.get(name)]
        if missing:
            raise ValueError(
                f"Expected a record with a model and a dataset. Received none of: {missing}. "
                "`docs/command_line.md` shows one that is written by hand."
            )
        given = {name: values[name] for name in known if values.get(name) is not None}
        given.setdefault("optimizer", {"class_name": "Adam", "config": {}})
        for name, usual in (("dataset", {"options": {}}), ("fit", dataclasses.asdict(Fit()))):
            if isinstance(given.setdefault(name, {}), dict):
                given[name] = {**usual, **given[name]}
        for name in ("model", "optimizer"):
            given[name] = with_addresses(given[name])
        return cls(**plain(given))

    # -- from the record to what it describes ------------------------------------------

    def build_model(self, seed: int | None = None) -> "VariationalAutoencoder":
        """The untrained model, with the record's seed or another.

        Raises:
            ValueError: If the config describes no model of this library.
            TypeError: If an argument in it is of the wrong type.
        """
        from diffusion_vae.models import VariationalAutoencoder

        config = copy.deepcopy(self.model)
        config.setdefault("config", {})["seed"] = self.seed if seed is None else seed
        model = deserialize(config, "model")
        if not isinstance(model, VariationalAutoencoder):
            raise ValueError(
                f"Expected a model of diffusion_vae. Received: {type(model).__name__}."
            )
        return model

    def build_optimizer(self, steps: int) -> "keras.optimizers.Optimizer":
        """The optimiser for a number of training steps."""
        config = copy.deepcopy(self.optimizer)
        rate = config.get("config", {}).get("learning_rate")
        if isinstance(rate, dict) and rate["config"].get("decay_steps", 0) is None:
            warmup = rate["config"].get("warmup_steps") or 0
            rate["config"]["decay_steps"] = max(1, steps - warmup)
        return deserialize(config, "optimizer")

    def load_dataset(self) -> "Dataset":
        """The data set."""
        from diffusion_vae import datasets

        return datasets.load(self.dataset["name"], **self.dataset.get("options", {}))


def read_record(path: str | Path) -> Record:
    """The record in a JSON file (such as an `experiment.json`) or a YAML file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither JSON nor YAML, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path} with a record.")
    if path.suffix.lower() not in (".yaml", ".yml"):
        return Record.from_dict(read_json(path))
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        cause = " ".join(str(error).split())
        raise ValueError(f"Expected valid YAML in {path}. Received: {cause}.") from error
    return Record.from_dict(values)


def deserialize(config: Config, what: str) -> Any:
    """The object of a Keras config; nothing in the config is run as code.

    Raises:
        TypeError: If an argument is of the wrong type or unknown.
        ValueError: If an argument is out of range, or the class is unknown.
    """
    import keras

    import diffusion_vae.models  # noqa: F401 (registers the classes)

    try:
        return keras.saving.deserialize_keras_object(
            with_addresses(portable(config)), safe_mode=True
        )
    except (TypeError, ValueError) as error:
        raise type(error)(_own_sentence(error, config, what)) from error


def serialize(value: Any) -> Any:
    """The Keras config of an object, as plain JSON."""
    import keras

    return _short(plain(portable(keras.saving.serialize_keras_object(value))))


def with_addresses(config: Any) -> Any:
    """A Keras config whose classes are named in full; hand-written ones may leave that out."""
    if isinstance(config, list):
        return [with_addresses(item) for item in config]
    if not isinstance(config, dict):
        return config
    complete = {name: with_addresses(value) for name, value in config.items()}
    name = complete.get("class_name")
    if not isinstance(name, str) or ("module" in complete and "registered_name" in complete):
        return complete
    import keras

    import diffusion_vae.models  # noqa: F401 (registers the classes)

    ours = f"diffusion_vae>{name}"
    complete.setdefault("config", {})
    if keras.saving.get_registered_object(ours) is not None:
        return {**complete, "module": complete.get("module"), "registered_name": ours}
    for module in ("optimizers.schedules", "optimizers", "layers", "initializers"):
        room = keras
        for part in module.split("."):
            room = getattr(room, part)
        if hasattr(room, name):
            return {"module": f"keras.{module}", "registered_name": None, **complete}
    return {"module": None, "registered_name": name, **complete}


def plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples as lists, at every depth."""
    if isinstance(value, dict):
        if value.get("class_name") == "__tuple__":
            return [plain(item) for item in value["config"]]
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") and not hasattr(value, "shape") else value


def _short(config: Any) -> Any:
    """A config without what says nothing: dtypes as names, no empty settings of `compile`."""
    if isinstance(config, list):
        return [_short(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return config["config"]["name"]
    empty = [key for key in ("compile_config", "build_config") if not config.get(key)]
    return {key: _short(item) for key, item in config.items() if key not in empty}


def _own_sentence(error: Exception, config: Config, what: str) -> str:
    """The sentence of an error of ours, without what Keras wraps around it."""
    text = str(error).rpartition("Exception encountered: ")[2].strip()
    if "Expected " in text:
        return text.split("\n\n")[0]
    cause = text.splitlines()[-1] if text else type(error).__name__
    if "Could not locate class" in text:
        cause = f"{text.split('.')[0]}. {OWN_CLASS}"
    name = config.get("class_name")
    return f"Expected a complete Keras config of the {what}. Received {name!r}: {cause[:300]}"
