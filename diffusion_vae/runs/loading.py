"""Finding and reading runs that lie in a results folder."""

import numbers
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras

from diffusion_vae import datasets
from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.checks import require_choice
from diffusion_vae.files import read_history, read_object
from diffusion_vae.models import VariationalAutoencoder
from diffusion_vae.runs.config import ExperimentConfig

WHICH = ("last", "best")


@dataclass(frozen=True)
class LoadedRun:
    """A run read back from its folders.

    Attributes:
        name: Name of the run.
        root: Folder of all runs.
        experiment: Contents of `experiment.json`.
        which: Which model `model` loads, `"last"` or `"best"`.
    """

    name: str
    root: Path
    experiment: dict
    which: str = "last"

    @property
    def config(self) -> ExperimentConfig:
        """The run's configuration; only runs of `train` have one."""
        if "config" not in self.experiment:
            raise ValueError(
                f"Expected a run of `diffusion-vae train`. Received: {self.name!r}, whose "
                "experiment.json holds no configuration."
            )
        return ExperimentConfig.from_dict(self.experiment["config"])

    @cached_property
    def model(self):
        """The trained model, weights and optimiser included."""
        path = self.root / "weights_folder" / self.name / f"{self.which}.keras"
        if not path.exists():
            raise FileNotFoundError(
                f"The run {self.name!r} has no complete epoch yet: there is no {path}. "
                "Start it again with `--config`."
            )
        return load_checkpoint(path, self.experiment.get("versions"))

    @cached_property
    def dataset(self):
        """The data the run was trained on, loaded again."""
        return datasets.load(self.config.dataset, **self.config.dataset_options)

    @property
    def history(self) -> dict:
        """What training reported of each epoch, lists by name; empty if there is no file."""
        path = self.root / "parameters" / self.name / "history.json"
        return read_history(path) if path.exists() else {}

    @property
    def metrics(self) -> dict:
        """Held-out numbers, or an empty dictionary while the run is not finished."""
        path = self.root / "parameters" / self.name / "metrics.json"
        values = read_object(path) if path.exists() else {}
        for name, value in values.items():
            if not isinstance(value, (numbers.Real, dict)):
                raise ValueError(
                    f"Expected {path} to hold numbers by name. Received: {name!r}: {value!r}."
                )
        return values


def load_checkpoint(path, written_by=None):
    """A model of this library from a `.keras` file; nothing in the file is run as code.

    Args:
        path: The file.
        written_by: Versions that wrote it, by name, if known.

    Returns:
        A `VariationalAutoencoder`, with its optimiser, noise and weights.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, of another program, or needs a newer version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}; check the path.")
    try:
        model = keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # a damaged file can raise nearly anything
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        mine = installed_versions()
        newer = [
            f"{name} {written_by[name]} (here {mine.get(name, 'none')})"
            for name in ("diffusion-vae", "keras")
            if name in (written_by or {}) and written_by[name] != mine.get(name)
        ]
        advice = f" It was written by {' and '.join(newer)}." if newer else ""
        raise ValueError(
            f"Expected a complete model of this version in {path}. Received a file that cannot "
            f"be loaded: {cause[:300].rstrip('.')}.{advice}"
        ) from error
    if not isinstance(model, VariationalAutoencoder):
        raise ValueError(
            f"Expected a model of diffusion_vae in {path}. Received: {type(model).__name__}."
        )
    return model


def load_run(root, run=None, which="last") -> LoadedRun:
    """Reads a run: `load_run("results", name)`, or `load_run("results/parameters/<run>")`.

    Args:
        root: Folder of all runs, or the path of any of the run's folders.
        run: Name of the run, if `root` is the folder of all runs.
        which: Which model to load, `"last"` or `"best"`.

    Returns:
        A `LoadedRun`; model and data are loaded when they are asked for.

    Raises:
        FileNotFoundError: If there is no such run.
    """
    require_choice("which", which, WHICH)
    root = Path(root)
    if run is None:
        root, run = root.parent.parent, root.name
    path = root / "parameters" / run / "experiment.json"
    if not path.exists():
        known = ", ".join(run_names(root)) or "none"
        raise FileNotFoundError(f"There is no run {run!r} in {root}. Runs there: {known}.")
    return LoadedRun(run, root, read_object(path), which)


def run_names(root):
    """Names of the runs in a results folder, oldest name first."""
    return sorted(path.parent.name for path in Path(root).glob("parameters/*/experiment.json"))


def read_config(path) -> ExperimentConfig:
    """The configuration in an `experiment.json`, or in a JSON file of the options alone.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not JSON, or holds something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no configuration file {path}.")
    values = read_object(path)
    return ExperimentConfig.from_dict(values.get("config", values))
