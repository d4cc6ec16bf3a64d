"""From a record to a trained model, its numbers and its results folder."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from diffusion_vae import datasets
from diffusion_vae.callbacks import ResultsFolder, TopologyMonitor
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.datasets.curriculum import FrequencyCurriculum
from diffusion_vae.evaluation import Topology, measure_topology, model_specific_metrics
from diffusion_vae.files import write_json
from diffusion_vae.models import VariationalAutoencoder
from diffusion_vae.plots import write_pictures
from diffusion_vae.plots.model_pictures import picture_note
from diffusion_vae.runs.announcement import Announcement
from diffusion_vae.runs.cluster import ALONE, Cluster
from diffusion_vae.runs.interruption import told_of_interruption
from diffusion_vae.runs.loading import load_run
from diffusion_vae.runs.record import Record
from diffusion_vae.runs.replay import Replay
from diffusion_vae.runs.restart import StopIfStuck, attempt_seeds


@dataclass(frozen=True)
class TrainedRun:
    """What a run leaves behind.

    Attributes:
        record: Its record.
        model: The trained model.
        dataset: Its data.
        results: The `ResultsFolder`, with the run's name and folders.
        metrics: Held-out metrics (`elbo`, `kl_loss`, `mse`, ...), numbers by name.
        own_metrics: Names of those among them that only this kind of model has.
        topology: What is known of the encoder as a map of the factors, or `None`.
        restarts: How often training started anew.
    """

    record: Record
    model: VariationalAutoencoder
    dataset: datasets.Dataset
    results: ResultsFolder
    metrics: dict[str, float]
    own_metrics: tuple[str, ...]
    topology: Topology | None
    restarts: int


Callbacks = Callable[[], Sequence[keras.callbacks.Callback]]
Say = Callable[[str], Any]


def _silent(message: str) -> None:
    """Says nothing."""


def train(
    record: Record,
    results: str | Path = "results",
    run: str | None = None,
    callbacks: Callbacks = list,
    say: Say = _silent,
    cluster: Cluster = ALONE,
    announce: Say = _silent,
) -> TrainedRun | None:
    """Trains the model of a record and writes a results folder.

    With restarts, training starts anew from another seed when `StopIfStuck` finds the
    loss stuck; the abandoned attempt leaves no files.

    Args:
        record: A `Record`, for instance of `compose`.
        results: Folder of all runs.
        run: Name of this run, or `None` for the time.
        callbacks: A function that gives further Keras callbacks, called once an attempt.
        say: Called with sentences about restarts.
        cluster: The processes that train together (`cluster.join`).
        announce: Called once, when training begins, with a sentence: what, which run, where.

    Returns:
        A `TrainedRun`, or `None` in all processes of a cluster but the first.

    Raises:
        TypeError: If an argument in the record is of the wrong type.
        ValueError: If it is out of range, or the data do not fit the likelihood.
        Interrupted: At Ctrl-C, a `KeyboardInterrupt` that knows the run's name and epochs.

    Example:

    ```python
    trained = train(compose(manifold="sphere:2", dataset="digits", epochs=5))
    trained.metrics["elbo"]
    ```
    """
    model = record.build_model()  # a wrong argument is found before the data are read
    dataset = record.load_dataset()
    likelihood = type(model.likelihood).__name__
    datasets.validate(dataset.train, "training data", likelihood)
    datasets.validate(dataset.test, "test data", likelihood)
    model.build((None, *dataset.event_shape))  # networks that do not fit, before files are there
    return _attempts(record, dataset, results, run, callbacks, say, cluster, 0, announce)


def resume(
    run: str,
    results: str | Path = "results",
    callbacks: Callbacks = list,
    say: Say = _silent,
    cluster: Cluster = ALONE,
) -> TrainedRun | None:
    """Continues an interrupted run from the end of its last complete epoch.

    Weights, optimiser, schedules, noise and the order of the data go on as if nothing had
    happened.

    Args:
        run: Name of the run.
        results: Folder of all runs.
        callbacks: As in `train`.
        say: As in `train`.
        cluster: As in `train`.

    Returns:
        As `train`.

    Raises:
        FileNotFoundError: If there is no such run, or not one epoch of it is complete.
        ValueError: If its files are damaged.
    """
    loaded = load_run(results, run)
    record, model = loaded.record, loaded.model
    epochs = record.training.epochs
    folder = _results_folder(record, results, run, loaded.dataset, cluster, resume=True)
    done = round(float(model.schedule_step)) // _steps_per_epoch(record, loaded.dataset)
    attempt = loaded.experiment.get("attempt")
    if not isinstance(attempt, int) or attempt < 0:
        raise ValueError(
            f"Expected the experiment.json of {run!r} to hold the number of restarts as "
            f"`attempt`. Received: {attempt!r}. Start it again with `--config`."
        )
    if done >= epochs:
        say(f"The run {run!r} has all its {done} epochs; only its evaluation is repeated.")
    else:
        say(f"Continuing {run!r} after epoch {done} of {epochs}.")
    with told_of_interruption(folder):
        guard = _fit(
            record, model, loaded.dataset, folder, callbacks(), cluster, done, loaded.history
        )
    if guard.stuck and attempt < record.restarts:
        say(guard.sentence(attempt + 1, record.restarts))
        folder.discard()
        again = attempt + 1
        return _attempts(record, loaded.dataset, results, run, callbacks, say, cluster, again)
    with told_of_interruption(folder):
        return _finished(record, model, loaded.dataset, folder, attempt, cluster)


def evaluate(
    model: VariationalAutoencoder, dataset: datasets.Dataset, batch_size: int = 128
) -> dict[str, float]:
    """Metrics on the held-out examples, numbers by name."""
    metrics = model.evaluate(dataset.test, batch_size=batch_size, return_dict=True, verbose=0)
    return {name: float(value) for name, value in metrics.items()}


def _attempts(
    record: Record,
    dataset: datasets.Dataset,
    results: str | Path,
    run: str | None,
    callbacks: Callbacks,
    say: Say,
    cluster: Cluster,
    first: int,
    announce: Say = _silent,
) -> TrainedRun | None:
    allowed = record.restarts
    seeds = attempt_seeds(record.seed, allowed)
    for attempt in range(first, allowed + 1):
        seed = seeds[attempt]
        keras.utils.set_random_seed(seed)
        model = record.build_model(seed)
        training = record.training
        steps = training.epochs * _steps_per_epoch(record, dataset)
        compiled = True if training.jit_compile else "auto"
        model.compile(record.build_optimizer(steps), jit_compile=compiled)
        settings = {**record.as_dict(), "attempt": attempt, "attempt_seed": seed}
        folder = _results_folder(record, results, run, dataset, cluster, experiment=settings)
        begun = (
            [*callbacks()] if attempt else [Announcement(record, folder, announce), *callbacks()]
        )
        with told_of_interruption(folder):
            guard = _fit(record, model, dataset, folder, begun, cluster)
        if not guard.stuck or attempt == allowed:
            break
        say(guard.sentence(attempt + 1, allowed))
        folder.discard()
    if guard.stuck:
        say(f"The loss is stuck still, and the {allowed} restarts are used up.")
    with told_of_interruption(folder):
        return _finished(record, model, dataset, folder, attempt, cluster)


def _results_folder(
    record: Record,
    results: str | Path,
    run: str | None,
    dataset: datasets.Dataset,
    cluster: Cluster,
    **options: Any,
) -> ResultsFolder:
    together, training = cluster.count > 1, record.training
    if together and (training.pictures_every or training.topology_every):
        raise ValueError(
            "Expected no `pictures_every` and no `topology_every` where several processes train "
            "together: only one of them would encode. Leave them out."
        )
    return ResultsFolder(
        cluster.own_folder(results),
        run,
        dataset=None if together else dataset,  # pictures are drawn when all have left
        checkpoint_every=training.checkpoint_every,
        pictures_every=training.pictures_every,
        **options,
    )


def _fit(
    record: Record,
    model: VariationalAutoencoder,
    dataset: datasets.Dataset,
    folder: ResultsFolder,
    callbacks: Sequence[keras.callbacks.Callback],
    cluster: Cluster,
    initial_epoch: int = 0,
    history: Mapping[str, Any] | None = None,
) -> StopIfStuck:
    """Trains to the last epoch; returns the guard, which knows whether the loss is stuck."""
    training = record.training
    curriculum = FrequencyCurriculum(
        dataset, training.curriculum, training.epochs, training.whiten
    )
    examples = None if cluster.count > 1 else dataset.train  # one of several cannot decode
    guard = StopIfStuck.of(model, curriculum, examples)
    allowed: list[keras.callbacks.Callback] = [guard] if record.restarts else []
    if training.patience is not None:
        allowed.append(
            keras.callbacks.EarlyStopping("val_elbo", mode="max", patience=training.patience)
        )
    if training.topology_every is not None:
        allowed.append(TopologyMonitor(dataset, training.topology_every))
    replay = Replay(allowed, history or {}, initial_epoch)
    if initial_epoch and replay.over(model, training.epochs):
        if cluster.count == 1:
            note = picture_note(dataset, folder.run, initial_epoch)
            write_pictures(model, dataset, folder.folder("images"), note=note)
        return guard
    batches = ShuffledBatches(
        dataset,
        training.batch_size,
        model.seed or 0,
        initial_epoch,
        training.passes,
        curriculum,
        cluster.share,
    )
    shown = callbacks if cluster.is_first else ()
    model.fit(
        batches,
        shuffle=False,
        epochs=training.epochs,
        initial_epoch=initial_epoch,
        validation_data=cluster.share(dataset.test),
        validation_batch_size=max(1, training.batch_size // cluster.count),
        callbacks=[batches.follow(), *allowed, replay, folder, *shown],
        verbose=0,
    )
    return guard


def _finished(
    record: Record,
    model: VariationalAutoencoder,
    dataset: datasets.Dataset,
    folder: ResultsFolder,
    attempt: int,
    cluster: Cluster,
) -> TrainedRun | None:
    cluster.leave()
    if not cluster.is_first:
        return None
    if cluster.count > 1:  # a model of this process alone
        loaded = load_run(folder.root, folder.run)
        model, note = loaded.model, loaded.picture_note
        write_pictures(model, dataset, folder.folder("images"), note=note)
    own = model_specific_metrics(model, dataset)
    metrics = {**evaluate(model, dataset, record.training.batch_size), **own}
    measured = measure_topology(model, dataset)
    report: dict[str, Any] = {**metrics, "restarts": attempt}
    if measured is not None:
        report["topology"] = measured.as_dict()
    write_json(folder.folder("parameters") / "metrics.json", report)
    return TrainedRun(record, model, dataset, folder, metrics, tuple(own), measured, attempt)


def _steps_per_epoch(record: Record, dataset: datasets.Dataset) -> int:
    training = record.training
    return training.passes * math.ceil(len(dataset.train) / training.batch_size)
