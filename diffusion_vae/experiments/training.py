"""From a configuration to a trained model, its numbers and its results folder."""

from dataclasses import dataclass

import keras
import numpy as np

from diffusion_vae import datasets
from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.evaluation import TorusTopology, torus_topology
from diffusion_vae.experiments.config import ExperimentConfig, build_model
from diffusion_vae.experiments.restart import StopIfStuck
from diffusion_vae.files import write_json
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.random import layer_seeds


@dataclass(frozen=True)
class TrainedRun:
    """What a run leaves behind.

    Attributes:
        config: Its configuration.
        model: The trained model.
        dataset: Its data.
        results: The `ResultsFolder`, with the run's name and folders.
        metrics: Held-out metrics (`elbo`, `kl_loss`, `mse`, ...), numbers by name.
        topology: Winding matrix and verdict, or `None` where there is none.
        restarts: How often training started anew.
    """

    config: ExperimentConfig
    model: DiffusionVAE
    dataset: datasets.Dataset
    results: ResultsFolder
    metrics: dict
    topology: TorusTopology | None
    restarts: int


def train(config, results="results", run=None, callbacks=(), say=lambda message: None):
    """Trains the model of a configuration and writes a results folder.

    With restarts, training starts anew from another seed when `StopIfStuck` finds the
    loss stuck; the abandoned attempt leaves no files.

    Args:
        config: An `ExperimentConfig`.
        results: Folder of all runs.
        run: Name of this run, or `None` for the time.
        callbacks: A function that gives further Keras callbacks, or a list of them.
        say: Called with sentences about restarts.

    Returns:
        A `TrainedRun`.
    """
    dataset = datasets.load(config.dataset, **config.dataset_options)
    allowed = config.planned_restarts
    seeds = [config.seed, *layer_seeds(config.seed, allowed)]
    for attempt, seed in enumerate(seeds):
        keras.utils.set_random_seed(seed)
        model = build_model(config, dataset.event_shape, seed=seed)
        model.compile(keras.optimizers.Adam(config.learning_rate))
        guard = StopIfStuck(int(np.prod(dataset.event_shape)))
        folder = ResultsFolder(
            results,
            run,
            dataset=dataset,
            experiment={**config.as_dict(), "attempt": attempt, "attempt_seed": seed},
        )
        extra = callbacks() if callable(callbacks) else list(callbacks)
        fitted = [*([guard] if allowed else []), folder, *extra]
        fit(model, dataset, config, seed, fitted)
        if not guard.stuck or attempt == allowed:
            break
        say(
            f"The training loss is stuck {guard.excess:.1f} nats above perfect pictures "
            f"(success ends under {guard.final:g}): restart {attempt + 1} of {allowed}, "
            "with another seed."
        )
        folder.discard()
    if guard.stuck:
        say(f"The loss is stuck still, and {allowed} restarts are used up.")
    metrics = evaluate(model, dataset, config)
    topology = torus_topology(model, dataset)
    report = {**metrics, "restarts": attempt}
    if topology is not None:
        report["topology"] = topology.as_dict()
    write_json(folder.folder("parameters") / "metrics.json", report)
    return TrainedRun(config, model, dataset, folder, metrics, topology, attempt)


def fit(model, dataset, config, seed, callbacks):
    """Fits a model to the data of a configuration."""
    common = {
        "epochs": config.planned_epochs,
        "validation_data": dataset.test,
        "callbacks": callbacks,
        "verbose": 0,
    }
    if dataset.dynamic_binarization:
        data = dataset.as_tf_dataset("train", config.batch_size, seed=seed)
        return model.fit(data, **common)
    return model.fit(dataset.train, batch_size=config.batch_size, **common)


def evaluate(model, dataset, config):
    """Metrics on the held-out examples, numbers by name."""
    metrics = model.evaluate(
        dataset.test, batch_size=config.batch_size, return_dict=True, verbose=0
    )
    return {name: float(value) for name, value in metrics.items()}
