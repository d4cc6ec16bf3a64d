"""The folder of results, written while a model trains."""

from __future__ import annotations

import datetime
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from diffusion_vae.callbacks.checkpoints import SECONDS, Checkpoints
from diffusion_vae.callbacks.examples import require_fitting, require_pictured
from diffusion_vae.callbacks.graph import write_graph
from diffusion_vae.callbacks.keras_cache import fill_saving_cache
from diffusion_vae.callbacks.training_pictures import TrainingPictures
from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.checks import require_choice, require_integer, require_number
from diffusion_vae.configs import portable
from diffusion_vae.files import read_history, read_object, write_json, writing

if TYPE_CHECKING:
    from diffusion_vae.datasets import Dataset

Logs = dict[str, Any]

PICTURES = "pictures"  # folder beside TensorBoard's `train` and `validation`
BEST, LAST = "best.keras", "last.keras"
FOLDERS = ("images", "tensorboard", "weights_folder", "parameters")


class ResultsFolder(keras.callbacks.Callback):
    """Writes a training run to the folder `root`, under its own name.

    - `images/<run>/`: latent space and reconstructions (if `dataset` is given), with
      `pictures_every` also during training and as a GIF;
    - `tensorboard/<run>/`: training and validation scalars of every metric, the graph, the
      settings, and with `dataset` the pictures and the latent points of held-out examples
      (projector);
    - `weights_folder/<run>/`: `best.keras` (by `val_elbo`, or `elbo`) and `last.keras`,
      and `epoch_0010.keras`, ... with `checkpoint_every`;
    - `parameters/<run>/`: `encoder.json`, `decoder.json` and `vae.json` (Keras configs),
      `history.json`, and `experiment.json`, the record of the run: `run`, `started`, `model`
      and `optimizer` (Keras configs), `fit`, `seed`, `versions`, `training_seconds`.

    Nothing is written before training starts. An interrupted write leaves no partial file.
    Models are written at the end of an epoch, at most every few seconds, and when training ends
    or is interrupted. The last one holds all that training goes on from.

    Args:
        root: Folder of all runs.
        run: Name of this run; `None` takes the time, made unique.
        dataset: A `Dataset` or an array of examples `[n, *event]` to draw pictures of.
        experiment: JSON-able entries of `experiment.json`. They are added to the record, and
            replace its own entry of the same name.
        checkpoint_every: Number n, to keep the model of every n-th epoch; or `None`.
        pictures_every: Number n, to draw the latent space every n epochs; or `None`.
        resume: Whether `run` exists and this training continues it.
        seconds_between_saves: Least number of seconds between two writes of `best.keras` and
            `last.keras`; 0 writes them every epoch. A process that is killed loses at most the
            epochs since the last write.

    Raises:
        TypeError: If `dataset` is no `Dataset` and no array.
        ValueError: If an argument is out of range.

    Example:
        >>> from diffusion_vae.callbacks import ResultsFolder
        >>> folder = ResultsFolder("results", run="first")
        >>> model.fit(x, epochs=20, callbacks=[folder])  # doctest: +SKIP
        >>> folder.folder("images").as_posix()
        'results/images/first'
    """

    def __init__(
        self,
        root: str | Path = "results",
        run: str | None = None,
        dataset: Dataset | np.ndarray | None = None,
        experiment: Mapping[str, Any] | None = None,
        checkpoint_every: int | None = None,
        pictures_every: int | None = None,
        resume: bool = False,
        seconds_between_saves: float = SECONDS,
    ) -> None:
        super().__init__()
        for name, every in (
            ("checkpoint_every", checkpoint_every),
            ("pictures_every", pictures_every),
        ):
            if every is not None:
                require_integer(name, every, 1)
        if pictures_every is not None and dataset is None:
            raise ValueError(
                "Expected `dataset`, to draw pictures of. Received: None. Pass it, or leave out "
                "`pictures_every`."
            )
        self.root = Path(root)
        self.run = _checked_name(run)
        self.dataset = None if dataset is None else require_pictured(dataset)
        self.experiment = dict(experiment or {})
        self.checkpoint_every = checkpoint_every
        self.pictures_every = pictures_every
        self.resume = resume
        self.seconds_between_saves = require_number(
            "seconds_between_saves", seconds_between_saves, least=0.0
        )
        self._tensorboard: Any = None
        self._pictures: TrainingPictures | None = None
        self._checkpoints: Any = None
        self._described = False
        self._begun = 0.0
        self._history: dict[str, list] = {}

    def folder(self, kind: str) -> Path:
        """Path of this run's folder of a kind: `images`, `tensorboard`, ..."""
        require_choice("kind", kind, FOLDERS)
        if self.run is None:
            raise ValueError(
                "Expected a run with a name. Received: run=None, which gets its name when "
                "training starts. Pass `run`, or call `fit` first."
            )
        return self.root / kind / self.run

    # -- during training -----------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.dataset is not None:
            require_fitting(self.model, self.dataset)
        fill_saving_cache()
        if not self.resume:
            self._claim()
        self._checkpoints = Checkpoints(self.folder("weights_folder"), self.seconds_between_saves)
        log_dir = str(self.folder("tensorboard"))
        self._tensorboard = keras.callbacks.TensorBoard(log_dir=log_dir, write_graph=False)
        self._tensorboard.set_params(self.params)
        self._tensorboard.set_model(self.model)
        self._tensorboard.on_train_begin(logs)
        if self.pictures_every is not None and self.dataset is not None:
            self._pictures = TrainingPictures(
                self.folder("images"),
                self.dataset,
                self.pictures_every,
                log_dir=self.folder("tensorboard") / PICTURES,
            )
            self._pictures.run = self.run
            self._pictures.set_model(self.model)
        self._begun = time.monotonic()
        self._described = self.resume
        self._describe()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.resume and not self._history:
            self._history = self._history_before(epoch)
        self._tensorboard.on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._tensorboard.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._describe()
        self._tensorboard.on_train_batch_end(batch)  # numbers are written once an epoch

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if self._tensorboard is not None:
            self._tensorboard.on_test_begin(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if self._tensorboard is not None:
            self._tensorboard.on_test_end(_as_arrays(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {name: float(value) for name, value in (logs or {}).items()}
        self._tensorboard.on_epoch_end(np.int64(epoch), _as_arrays(logs))
        # Once there is held-out data, epochs without it (`validation_freq`) are no candidates.
        name = "val_elbo" if "val_elbo" in {*logs, *self._history} else "elbo"
        best = max(self._history.get(name, ()), default=-np.inf)
        for key, value in logs.items():
            self._history.setdefault(key, []).append(value)
        # The last model is written last: a run continues from it, and then writes the entries
        # of later epochs in other files again.
        write_json(self.folder("parameters") / "history.json", self._history)
        if self.checkpoint_every and (epoch + 1) % self.checkpoint_every == 0:
            self._checkpoints.save(self.model, f"epoch_{epoch + 1:04d}.keras")
        if self._pictures is not None:
            self._pictures.on_epoch_end(epoch, logs)
        improved = logs.get(name, -np.inf) > best
        self._checkpoints.keep(self.model, [BEST, LAST] if improved else [LAST])

    def on_interruption(self) -> None:
        """Writes the models that are not on disk yet; `fit` calls it when training breaks off."""
        if self._checkpoints is not None:
            self._checkpoints.flush(self.model)
            self._add_duration()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._checkpoints.flush(self.model)
        self._add_duration()
        self._tensorboard.on_train_end(logs)
        self._tensorboard = None
        if self._pictures is not None:
            self._pictures.on_train_end(logs)
        if self.dataset is not None:
            from diffusion_vae.plots import write_pictures
            from diffusion_vae.plots.model_pictures import picture_note

            note = picture_note(self.dataset, self.run, self._epochs)
            paths = write_pictures(self.model, self.dataset, self.folder("images"), note=note)
            self._show_in_tensorboard(paths, self.dataset)

    @property
    def training_seconds(self) -> float:
        """Seconds of training that are recorded, those of earlier sessions of the run included."""
        path = self.folder("parameters") / "experiment.json"
        return read_object(path).get("training_seconds", 0.0) if path.exists() else 0.0

    def discard(self) -> None:
        """Removes all files of this run."""
        if self.run is not None:
            for kind in FOLDERS:
                shutil.rmtree(self.folder(kind), ignore_errors=True)

    # -- pieces ----------------------------------------------------------------------

    def _claim(self) -> None:
        """Makes the run's folders; the first of them reserves the name."""
        named = self.run is not None
        stem = self.run or datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S")
        attempt = 1
        while True:
            self.run = stem if attempt == 1 else f"{stem}-{attempt}"
            try:
                with writing(self.folder("parameters")):
                    self.folder("parameters").mkdir(parents=True)
                break
            except FileExistsError:
                if named:
                    raise ValueError(
                        f"Expected a new run name. Received: {self.run!r}, which exists in "
                        f"{self.root}. Choose another name or remove the old run."
                    ) from None
                attempt += 1
        for kind in FOLDERS:
            self.folder(kind).mkdir(parents=True, exist_ok=True)

    def _describe(self) -> None:
        """Writes parameters and graph, once, as soon as the model is built."""
        if self._described or not self.model.built:
            return
        self._described = True
        if self.dataset is not None:  # the shape of a model that was not built before
            require_fitting(self.model, self.dataset)
        self._write_parameters()
        write_graph(self.model, self.folder("tensorboard") / "train")

    def _write_parameters(self) -> None:
        serialize = keras.saving.serialize_keras_object
        parameters, optimizer = self.folder("parameters"), self.model.optimizer
        model = serialize(self.model)
        write_json(parameters / "encoder.json", serialize(self.model.encoder))
        write_json(parameters / "decoder.json", serialize(self.model.decoder))
        write_json(parameters / "vae.json", model)
        record = {
            "run": self.run,
            "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "model": model,
            "optimizer": None if optimizer is None else portable(serialize(optimizer)),
            "fit": {
                "epochs": self.params.get("epochs"),
                "steps_per_epoch": self.params.get("steps"),
            },
            "seed": getattr(self.model, "seed", None),
            "versions": installed_versions(),
        }
        record |= self.experiment
        write_json(parameters / "experiment.json", record)
        from diffusion_vae.callbacks.hyperparameters import write_hyperparameters

        write_hyperparameters(record, self.run or "", self.folder("tensorboard"))

    def _add_duration(self) -> None:
        """Adds the time since training began to that of earlier sessions of the run."""
        path = self.folder("parameters") / "experiment.json"
        if not path.exists():  # broken off before there was a built model
            return
        seconds = round(self.training_seconds + time.monotonic() - self._begun, 1)
        write_json(path, {**read_object(path), "training_seconds": seconds})

    def _show_in_tensorboard(self, paths: Sequence[Path], dataset: Dataset | np.ndarray) -> None:
        """Writes the last pictures, and the latent points for the projector."""
        from diffusion_vae.callbacks.tensorboard_pictures import write_embedding, write_images

        log_dir = self.folder("tensorboard") / PICTURES
        write_images({path.stem: path for path in paths}, log_dir, self._epochs)
        write_embedding(self.model, dataset, log_dir)

    def _history_before(self, epoch: int) -> dict[str, list]:
        """The history of an earlier training, up to this epoch."""
        path = self.folder("parameters") / "history.json"
        history = read_history(path) if path.exists() else {}
        return {name: values[:epoch] for name, values in history.items()}

    @property
    def _epochs(self) -> int:
        """Number of epochs trained, those before an interruption included."""
        return max(map(len, self._history.values()), default=0)


def _as_arrays(logs: Logs) -> dict[str, np.ndarray]:
    """Numbers by name, as arrays: TensorFlow keeps a copy of every Python float."""
    return {name: np.asarray(value, "float32") for name, value in logs.items()}


def _checked_name(run: str | None) -> str | None:
    if run is None:
        return None
    run = str(run)
    if not run or run in (".", "..") or Path(run).name != run or "\\" in run:
        raise ValueError(
            f"Expected `run` to be a plain folder name. Received: {run!r}. "
            "Put folders into `root`."
        )
    return run
