"""From a configuration to a trained model, its numbers and its results folder."""

import math
from dataclasses import dataclass

import keras

from diffusion_vae import datasets
from diffusion_vae.callbacks import ResultsFolder, TopologyMonitor
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.datasets.curriculum import FrequencyCurriculum
from diffusion_vae.evaluation import Topology, measure_topology, model_specific_metrics
from diffusion_vae.files import write_json
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.plots import write_pictures
from diffusion_vae.random import layer_seeds
from diffusion_vae.runs.builders import build_model
from diffusion_vae.runs.cluster import ALONE
from diffusion_vae.runs.config import ExperimentConfig, build_optimizer
from diffusion_vae.runs.loading import load_run
from diffusion_vae.runs.replay import Replay
from diffusion_vae.runs.restart import StopIfStuck


@dataclass(frozen=True)
class TrainedRun:
    """What a run leaves behind.

    Attributes:
        config: Its configuration.
        model: The trained model.
        dataset: Its data.
        results: The `ResultsFolder`, with the run's name and folders.
        metrics: Held-out metrics (`elbo`, `kl_loss`, `mse`, ...), numbers by name.
        own_metrics: Names of those among them that only this kind of model has.
        topology: What is known of the encoder as a map of the factors, or `None`.
        restarts: How often training started anew.
    """

    config: ExperimentConfig
    model: DiffusionVAE
    dataset: datasets.Dataset
    results: ResultsFolder
    metrics: dict
    own_metrics: tuple
    topology: Topology | None
    restarts: int


def train(
    config,
    results="results",
    run=None,
    callbacks=list,
    say=lambda message: None,
    cluster=ALONE,
):
    """Trains the model of a configuration and writes a results folder.

    With restarts, training starts anew from another seed when `StopIfStuck` finds the
    loss stuck; the abandoned attempt leaves no files.

    Args:
        config: An `ExperimentConfig`.
        results: Folder of all runs.
        run: Name of this run, or `None` for the time.
        callbacks: A function that gives further Keras callbacks, called once an attempt.
        say: Called with sentences about restarts.
        cluster: The processes that train together (`cluster.join`).

    Returns:
        A `TrainedRun`, or `None` in all processes of a cluster but the first.
    """
    dataset = datasets.load(config.dataset, **config.dataset_options)
    datasets.validate(dataset.train, "training data", config.likelihood)
    datasets.validate(dataset.test, "test data", config.likelihood)
    return _attempts(config, dataset, results, run, callbacks, say, cluster, first=0)


def resume(run, results="results", callbacks=list, say=lambda message: None, cluster=ALONE):
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
    """
    loaded = load_run(results, run)
    config, model = loaded.config, loaded.model
    folder = _results_folder(config, results, run, loaded.dataset, cluster, resume=True)
    done = round(float(model.schedule_step)) // _steps_per_epoch(config, loaded.dataset)
    attempt = loaded.experiment.get("attempt")
    if not isinstance(attempt, int) or attempt < 0:
        raise ValueError(
            f"Expected the experiment.json of {run!r} to hold the number of restarts as "
            f"`attempt`. Received: {attempt!r}. Start it again with `--config`."
        )
    if done >= config.planned_epochs:
        say(f"The run {run!r} has all its {done} epochs; only its evaluation is repeated.")
    else:
        say(f"Continuing {run!r} after epoch {done} of {config.planned_epochs}.")
    guard = _fit(config, model, loaded.dataset, folder, callbacks(), cluster, done, loaded.history)
    if guard.stuck and attempt < config.planned_restarts:
        say(_restart_sentence(guard, attempt + 1, config.planned_restarts))
        folder.discard()
        again = attempt + 1
        return _attempts(
            config, loaded.dataset, results, run, callbacks, say, cluster, first=again
        )
    return _finished(config, model, loaded.dataset, folder, attempt, cluster)


def evaluate(model, dataset, batch_size=128):
    """Metrics on the held-out examples, numbers by name."""
    metrics = model.evaluate(dataset.test, batch_size=batch_size, return_dict=True, verbose=0)
    return {name: float(value) for name, value in metrics.items()}


def _attempts(config, dataset, results, run, callbacks, say, cluster, first):
    allowed = config.planned_restarts
    seeds = [config.seed, *layer_seeds(config.seed, allowed)]
    for attempt in range(first, allowed + 1):
        seed = seeds[attempt]
        keras.utils.set_random_seed(seed)
        model = build_model(config, dataset.event_shape, seed=seed)
        steps = config.planned_epochs * _steps_per_epoch(config, dataset)
        model.compile(build_optimizer(config, steps), jit_compile=True if config.xla else "auto")
        settings = {"config": config.as_dict(), "attempt": attempt, "attempt_seed": seed}
        folder = _results_folder(config, results, run, dataset, cluster, experiment=settings)
        guard = _fit(config, model, dataset, folder, callbacks(), cluster)
        if not guard.stuck or attempt == allowed:
            break
        say(_restart_sentence(guard, attempt + 1, allowed))
        folder.discard()
    if guard.stuck:
        say(f"The loss is stuck still, and the {allowed} restarts are used up.")
    return _finished(config, model, dataset, folder, attempt, cluster)


def _results_folder(config, results, run, dataset, cluster, **options):
    together = cluster.count > 1
    if together and (config.pictures_every or config.topology_every):
        raise ValueError(
            "Expected no `pictures_every` and no `topology_every` where several processes train "
            "together: only one of them would encode. Leave them out."
        )
    return ResultsFolder(
        cluster.own_folder(results),
        run,
        dataset=None if together else dataset,  # pictures are drawn when all have left
        checkpoint_every=config.checkpoint_every,
        pictures_every=config.pictures_every,
        **options,
    )


def _fit(config, model, dataset, folder, callbacks, cluster, initial_epoch=0, history=None):
    """Trains to the planned number of epochs; returns the guard, which knows if stuck."""
    curriculum = FrequencyCurriculum(
        dataset, config.curriculum, config.planned_epochs, config.whiten
    )
    guard = StopIfStuck(
        curriculum.energies,
        math.prod(dataset.event_shape),
        config.variance,
        examples=None if cluster.count > 1 else dataset.train,  # one of several cannot decode
    )
    allowed = [guard] if config.planned_restarts else []
    if config.patience is not None:
        allowed.append(
            keras.callbacks.EarlyStopping("val_elbo", mode="max", patience=config.patience)
        )
    if config.topology_every is not None:
        allowed.append(TopologyMonitor(dataset, config.topology_every))
    replay = Replay(allowed, history or {}, initial_epoch)
    if initial_epoch and replay.over(model, config.planned_epochs):
        if cluster.count == 1:
            write_pictures(model, dataset, folder.folder("images"))
        return guard
    batches = ShuffledBatches(
        dataset,
        config.batch_size,
        model.seed,
        initial_epoch,
        config.passes,
        curriculum,
        cluster.share,
    )
    model.fit(
        batches,
        shuffle=False,
        epochs=config.planned_epochs,
        initial_epoch=initial_epoch,
        validation_data=cluster.share(dataset.test),
        validation_batch_size=max(1, config.batch_size // cluster.count),
        callbacks=[
            batches.follow(),
            *allowed,
            replay,
            folder,
            *(callbacks if cluster.is_first else ()),
        ],
        verbose=0,
    )
    return guard


def _finished(config, model, dataset, folder, attempt, cluster):
    cluster.leave()
    if not cluster.is_first:
        return None
    if cluster.count > 1:  # a model of this process alone
        model = load_run(folder.root, folder.run).model
        write_pictures(model, dataset, folder.folder("images"))
    own = model_specific_metrics(model, dataset)
    metrics = {**evaluate(model, dataset, config.batch_size), **own}
    measured = measure_topology(model, dataset)
    report = {**metrics, "restarts": attempt}
    if measured is not None:
        report["topology"] = measured.as_dict()
    write_json(folder.folder("parameters") / "metrics.json", report)
    return TrainedRun(config, model, dataset, folder, metrics, tuple(own), measured, attempt)


def _steps_per_epoch(config, dataset):
    return config.passes * math.ceil(len(dataset.train) / config.batch_size)


def _restart_sentence(guard, attempt, allowed):
    return (
        f"The {guard.of} is stuck {guard.excess:.1f} nats above perfect pictures (success "
        f"is under {guard.allowed:.1f} by now): restart {attempt} of {allowed}, with another seed."
    )
