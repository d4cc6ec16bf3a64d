"""Finding and reading runs that lie in a results folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras

from diffusion_vae import datasets
from diffusion_vae.experiments.config import ExperimentConfig
from diffusion_vae.files import read_json

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
        return keras.saving.load_model(path)

    @cached_property
    def dataset(self):
        """The data the run was trained on, loaded again."""
        return datasets.load(self.config.dataset, **self.config.dataset_options)

    @property
    def metrics(self) -> dict:
        """Held-out numbers, or an empty dictionary while the run is not finished."""
        path = self.root / "parameters" / self.name / "metrics.json"
        return read_json(path) if path.exists() else {}


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
    if which not in WHICH:
        raise ValueError(f"Expected `which` to be one of {WHICH}. Received: {which!r}.")
    root = Path(root)
    if run is None:
        root, run = root.parent.parent, root.name
    path = root / "parameters" / run / "experiment.json"
    if not path.exists():
        known = ", ".join(run_names(root)) or "none"
        raise FileNotFoundError(f"There is no run {run!r} in {root}. Runs there: {known}.")
    return LoadedRun(run, root, read_json(path), which)


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
    values = read_json(path)
    if not isinstance(values, dict):
        raise ValueError(f"Expected {path} to hold an object of options. Received: {values!r}.")
    return ExperimentConfig.from_dict(values.get("config", values))
