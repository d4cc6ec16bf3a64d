"""Finding and reading runs that lie in a results folder."""

import numbers
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusion_vae.checks import require_choice
from diffusion_vae.files import read_history, read_object
from diffusion_vae.runs.record import OWN_CLASS, Record
from diffusion_vae.text_forms import space_of

if TYPE_CHECKING:
    from diffusion_vae.datasets import Dataset
    from diffusion_vae.models import VariationalAutoencoder

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
    experiment: dict[str, Any]
    which: str = "last"

    @property
    def record(self) -> Record:
        """The run's record; only runs of `train` have a complete one.

        Raises:
            ValueError: If the run was made in another way, or its record is damaged.
        """
        if "dataset" not in self.experiment:
            raise ValueError(
                f"Expected a run of `diffusion-vae train`. Received: {self.name!r}, whose "
                "experiment.json names no data set."
            )
        return Record.from_dict(self.experiment)

    @property
    def space(self) -> str:
        """The latent space as a text form, or the class of a model that brings its own."""
        model = self.experiment.get("model") or {}
        return space_of(model) or model.get("class_name", "")

    @property
    def dataset_name(self) -> str:
        """Name of the data set, empty if it is not known."""
        dataset = self.experiment.get("dataset")
        return dataset.get("name", "") if isinstance(dataset, dict) else ""

    @cached_property
    def model(self) -> "VariationalAutoencoder":
        """The trained model, weights and optimiser included."""
        path = self.root / "weights_folder" / self.name / f"{self.which}.keras"
        if not path.exists():
            raise FileNotFoundError(
                f"The run {self.name!r} has no complete epoch yet: there is no {path}. "
                "Start it again with `--config`."
            )
        return load_checkpoint(path, self.experiment.get("versions"))

    @cached_property
    def dataset(self) -> "Dataset":
        """The data the run was trained on, loaded again."""
        return self.record.load_dataset()

    @property
    def history(self) -> dict[str, list[float]]:
        """What training reported of each epoch, lists by name; empty if there is no file."""
        path = self.root / "parameters" / self.name / "history.json"
        return read_history(path) if path.exists() else {}

    @property
    def picture_note(self) -> str:
        """The line that names data, run and epoch in the pictures of the run's model."""
        from diffusion_vae.plots.model_pictures import picture_note

        history = self.history
        epochs = max(map(len, history.values()), default=0)
        bound = history.get("val_elbo") or history.get("elbo")
        if self.which == "best" and bound:
            epochs = 1 + bound.index(max(bound))
        return picture_note(self.dataset, self.name, epochs or None)

    @property
    def metrics(self) -> dict[str, Any]:
        """Held-out numbers, or an empty dictionary while the run is not finished."""
        path = self.root / "parameters" / self.name / "metrics.json"
        values = read_object(path) if path.exists() else {}
        for name, value in values.items():
            if not isinstance(value, (numbers.Real, dict)):
                raise ValueError(
                    f"Expected {path} to hold numbers by name. Received: {name!r}: {value!r}."
                )
        return values


def load_checkpoint(
    path: str | Path, written_by: dict[str, str] | None = None
) -> "VariationalAutoencoder":
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
    import keras

    import diffusion_vae.runs.ellipsoid  # noqa: F401 (registers its level set)
    from diffusion_vae.callbacks.versions import installed_versions
    from diffusion_vae.models import VariationalAutoencoder

    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}; check the path.")
    try:
        model = keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # a damaged file can raise nearly anything
        writer = written_by or {}
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        mine = installed_versions()
        newer = [
            f"{name} {writer[name]} (here {mine.get(name, 'none')})"
            for name in ("diffusion-vae", "keras")
            if name in writer and writer[name] != mine.get(name)
        ]
        advice = f" It was written by {' and '.join(newer)}." if newer else ""
        advice += f" {OWN_CLASS}" if "Could not locate class" in cause else ""
        raise ValueError(
            f"Expected a complete model of this version in {path}. Received a file that cannot "
            f"be loaded: {cause[:300].rstrip('.')}.{advice}"
        ) from error
    if not isinstance(model, VariationalAutoencoder):
        raise ValueError(
            f"Expected a model of diffusion_vae in {path}. Received: {type(model).__name__}."
        )
    return model


def load_run(root: str | Path, run: str | None = None, which: str = "last") -> LoadedRun:
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


def run_names(root: str | Path) -> list[str]:
    """Names of the runs in a results folder, oldest name first."""
    return sorted(path.parent.name for path in Path(root).glob("parameters/*/experiment.json"))
