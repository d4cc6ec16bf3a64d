"""A run from its record: numbers, restarts, files, and a run that goes on."""

import json

import keras
import numpy as np
import pytest

from diffusion_vae import datasets
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.manifolds import FlatTorus, Sphere
from diffusion_vae.runs import (
    Record,
    compose,
    evaluate_run,
    load_run,
    published_row,
    read_record,
    resume,
    train,
)

pytestmark = pytest.mark.usefixtures("without_graphs")


def read(trained, name):
    """A JSON file of a run's parameters."""
    return json.loads((trained.results.folder("parameters") / name).read_text())


@pytest.fixture(scope="module")
def torus_run(tmp_path_factory, pictures):
    """A run on periodic pictures, of one epoch."""
    return train(pictures(), tmp_path_factory.mktemp("results"))


@pytest.mark.slow
def test_mixed_precision_is_the_networks_own_and_is_saved(tmp_path, digits):
    record = digits({"dtype": "mixed_bfloat16", "dataset.test_fraction": 0.9})
    trained = train(record, tmp_path, run="mixed")
    assert keras.config.dtype_policy().name == "float32"
    assert np.isfinite(trained.metrics["elbo"])
    model = load_run(tmp_path, "mixed").model
    x = trained.dataset.test
    for net in (trained.model.encoder, model.encoder, model.decoder):
        assert {layer.compute_dtype for layer in net.layers if layer.weights} == {"bfloat16"}
    found = model(x)
    geometry = {keras.backend.standardize_dtype(found[name].dtype) for name in ("z", "time")}
    assert geometry == {"float32"}
    np.testing.assert_allclose(model.encode(x)[0], trained.model.encode(x)[0], atol=1e-6)


@pytest.mark.slow
def test_a_run_with_convolutions(tmp_path, pictures):
    settings = {
        "network.filters": (4, 5),
        "network.kernel_sizes": (3, (1, 3)), "network.pool_sizes": ((2, 3), None),
        "network.dense_units": (6,), "network.padding": "circular",
    }  # fmt: skip
    trained = train(compose(base=pictures(), network="conv", settings=settings), tmp_path)
    assert np.isfinite(trained.metrics["elbo"])


@pytest.mark.slow
def test_run_writes_its_metrics_and_topology(torus_run):
    metrics = read(torus_run, "metrics.json")
    assert metrics["elbo"] == pytest.approx(torus_run.metrics["elbo"])
    assert metrics["topology"]["captured"] == torus_run.topology.captured
    assert np.shape(metrics["topology"]["winding"]) == (2, 2)
    experiment = read(torus_run, "experiment.json")
    assert experiment["model"]["config"]["manifold"]["class_name"] == "FlatTorus"
    assert experiment["dataset"] == {
        "name": "periodic_pictures", "options": {"size": 8, "train_size": 64, "test_size": 16}
    }  # fmt: skip


def test_the_written_record_repeats_the_run(torus_run, tmp_path):
    path = torus_run.results.folder("parameters") / "experiment.json"
    assert read_record(path) == torus_run.record
    assert {"run", "started", "versions", "attempt", "attempt_seed"} <= set(
        json.loads(path.read_text())
    )
    stored = {**torus_run.record.as_dict(), "model": read(torus_run, "vae.json")}
    model = Record.from_dict(stored).build_model()
    assert model.get_config()["manifold"] == torus_run.model.get_config()["manifold"]
    assert model.encoder.units == (8,)
    for part in ("encoder", "decoder"):
        assert json.loads((path.parent / f"{part}.json").read_text())["class_name"] == (
            f"MLP{part.capitalize()}"
        )


@pytest.mark.slow
def test_a_stuck_loss_restarts_and_leaves_one_run(tmp_path, pictures):
    said = []
    trained = train(pictures(restarts=2), tmp_path, say=said.append)  # one epoch: always stuck
    assert trained.restarts == 2
    assert len(said) == 3
    assert "restart 1 of 2" in said[0]
    assert "used up" in said[2]
    assert len(list((tmp_path / "parameters").iterdir())) == 1
    assert len(list((tmp_path / "weights_folder").iterdir())) == 1


@pytest.mark.slow
def test_one_seed_gives_the_same_run_twice(torus_run, tmp_path):
    assert train(torus_run.record, tmp_path).metrics == torus_run.metrics


def test_published_rows_stand_only_beside_the_papers_data():
    periodic = datasets.load("periodic_pictures", train_size=4, test_size=4)
    assert published_row(periodic, FlatTorus(2))["kl_loss"] == 6.42
    assert published_row(periodic, FlatTorus(3)) is None
    small = datasets.load("periodic_pictures", size=8, train_size=4, test_size=4)
    assert published_row(small, FlatTorus(2)) is None
    assert published_row(datasets.load("digits"), Sphere(2)) is None


class Interrupted(Exception):
    """What ends a training in the middle of an epoch, in these tests."""


class InterruptAfter(keras.callbacks.Callback):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        self.steps -= 1
        if self.steps == 0:
            raise Interrupted


@pytest.mark.torch
@pytest.mark.slow
def test_an_interrupted_run_goes_on_exactly_where_it_stopped(tmp_path, digits):
    record = digits({"fit.checkpoint_every": 2}, epochs=4)
    whole = train(record, tmp_path / "whole", "run")
    with pytest.raises(Interrupted):  # 2 steps an epoch: in the middle of the third
        train(record, tmp_path / "parts", "run", callbacks=lambda: [InterruptAfter(5)])
    parts = resume("run", tmp_path / "parts")
    assert parts.metrics == whole.metrics
    for mine, other in zip(parts.model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    histories = [read(run, "history.json") for run in (parts, whole)]
    assert histories[0] == histories[1]
    assert len(histories[0]["val_elbo"]) == 4
    weights = {path.name for path in parts.results.folder("weights_folder").iterdir()}
    assert weights == {"best.keras", "last.keras", "epoch_0002.keras", "epoch_0004.keras"}


@pytest.mark.slow
def test_a_run_without_a_complete_epoch_says_how_to_start_again(tmp_path, digits):
    with pytest.raises(Interrupted):
        train(digits(), tmp_path, "run", callbacks=lambda: [InterruptAfter(1)])
    with pytest.raises(FileNotFoundError, match="no complete epoch yet"):
        resume("run", tmp_path)


@pytest.mark.slow
def test_load_run_gives_back_model_data_and_numbers(small_run):
    trained, results = small_run
    for loaded in (load_run(results, "run"), load_run(results / "weights_folder" / "run")):
        assert loaded.record == trained.record
        assert (loaded.space, loaded.dataset_name) == ("sphere:2", "digits")
        assert loaded.metrics["elbo"] == trained.metrics["elbo"]
        x = loaded.dataset.test[:8]
        np.testing.assert_array_equal(loaded.model.reconstruct(x), trained.model.reconstruct(x))
    with pytest.raises(FileNotFoundError, match=r"no run 'other'.*Runs there: run"):
        load_run(results, "other")


def test_the_best_model_can_be_loaded_too(small_run):
    trained, results = small_run
    elbos = read(trained, "history.json")
    best = load_run(results, "run", which="best").model
    steps = int(trained.model.optimizer.iterations) // 2
    assert int(best.optimizer.iterations) == steps * (1 + int(np.argmax(elbos["val_elbo"])))
    with pytest.raises(ValueError, match="Expected `which`"):
        load_run(results, "run", which="worst")


def test_evaluation_adds_the_log_likelihood(small_run):
    trained, results = small_run
    report = evaluate_run(results, "run", samples=20)
    assert report["importance_samples"] == 20
    assert report["log_likelihood"] > trained.metrics["elbo"] - 1.0
    assert read(trained, "evaluation.json") == report


@pytest.mark.slow
def test_early_stopping(tmp_path, digits):
    settings = {"fit.patience": 1, "dataset.test_fraction": 0.9}
    trained = train(digits(settings, learning_rate=1e-9, epochs=30), tmp_path, "run")
    assert len(read(trained, "history.json")["elbo"]) < 30


def test_networks_that_do_not_fit_are_found_before_a_file_is_there(tmp_path):
    record = Record.from_dict(
        {
            "model": {"class_name": "SphereVAE", "config": {"encoder": {
                "class_name": "ConvEncoder", "config": {}}}},
            "dataset": {"name": "gaussian_mixture"},
        }
    )  # fmt: skip
    with pytest.raises(ValueError, match="Expected pictures"):
        train(record, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_batches_follow_from_seed_and_epoch():
    digits = datasets.load("digits")

    def first_batches(epoch):
        batches = ShuffledBatches(digits, 64, seed=3, epoch=epoch)
        return [batches[i][0] for i in range(len(batches))]

    running = ShuffledBatches(digits, 64, seed=3)
    running.on_epoch_end()
    for index, batch in enumerate(first_batches(1)):
        np.testing.assert_array_equal(batch, running[index][0])
    seen = np.concatenate(first_batches(0))
    assert len(seen) == len(digits.train)
    assert not np.array_equal(seen, np.concatenate(first_batches(1)))
    order = np.lexsort(seen.reshape(len(seen), -1).T)
    truth = digits.train.reshape(len(seen), -1)
    np.testing.assert_array_equal(seen.reshape(len(seen), -1)[order], truth[np.lexsort(truth.T)])
