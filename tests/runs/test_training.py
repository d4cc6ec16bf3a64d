"""A run from its configuration: numbers, restarts, files."""

import json

import keras
import numpy as np
import pytest

from diffusion_vae import datasets
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.manifolds import FlatTorus, Sphere
from diffusion_vae.runs import (
    ExperimentConfig,
    build_model,
    evaluate_run,
    load_run,
    published,
    recipe,
    resume,
    train,
    without_foreign,
)
from diffusion_vae.runs.config import build_optimizer

SMALL = {"encoder_units": (16,), "decoder_units": (16,), "epochs": 1}
PICTURES = {"dataset_options": {"size": 8, "train_size": 64, "test_size": 16}}


def test_config_round_trip_through_json():
    config = ExperimentConfig(latent="sphere:3", log_time_range=(-9.0, -2.0), **SMALL)
    again = ExperimentConfig.from_dict(json.loads(json.dumps(config.as_dict())))
    assert again == config


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("batch_size", 0), ("restarts", -1), ("learning_rate", 0.0), ("seed", -1),
     ("model", "gan"), ("network", "gru"), ("padding", "valid"), ("latent", "klein")],
)  # fmt: skip
def test_bad_fields_are_refused(field, value):
    with pytest.raises(ValueError, match=r"Expected|Unknown"):
        ExperimentConfig(**{field: value})


def test_the_cosine_schedule_rises_and_falls():
    config = ExperimentConfig(learning_rate=2e-3, schedule="cosine", warmup_steps=10)
    rate = build_optimizer(config, 110)._learning_rate
    assert [float(rate(step)) for step in (0, 5, 10)] == pytest.approx([0.0, 1e-3, 2e-3])
    assert [float(rate(step)) for step in (60, 110)] == pytest.approx([1e-3, 0.0], abs=1e-9)
    with pytest.raises(ValueError, match="unless the schedule is 'cosine'"):
        ExperimentConfig(warmup_steps=10)


def test_mixed_precision_is_the_networks_own_and_is_saved(tmp_path):
    config = ExperimentConfig(precision="mixed_bfloat16", restarts=0, **SMALL, **PICTURES)
    trained = train(config, tmp_path, run="mixed")
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


def test_a_recipe_serves_its_model_and_data():
    chosen = recipe("info", "gaussian_mixture")
    assert ExperimentConfig.from_dict(chosen).latent == "euclidean:1"
    assert recipe("info", "mnist") == {
        "model": "info", "dataset": "mnist", "latent": "euclidean:2",
    }  # fmt: skip
    assert recipe("diffusion", "mnist") == {}
    convolutional = without_foreign(recipe("infocat", "mnist"), "conv")
    assert not {"encoder_units", "decoder_units"} & set(convolutional)
    config = ExperimentConfig.from_dict({**convolutional, "network": "conv"})
    assert config.batch_norm is False  # what holds for every kind of network stays


def test_options_of_a_kind_of_model_are_checked():
    config = ExperimentConfig(model="info", model_options={"alpha": 0.5, "divergence": "energy"})
    model = build_model(config, (4, 4))
    assert (model.alpha, type(model.divergence).__name__) == (0.5, "EnergyDistanceToPrior")
    with pytest.raises(ValueError, match="Did you mean 'lambda_'"):
        ExperimentConfig(model="info", model_options={"lambda": 1.0})


def test_an_output_activation_reaches_the_likelihood():
    model = build_model(ExperimentConfig(output_activation="sigmoid"), (4, 4))
    assert model.likelihood.output_activation == "sigmoid"
    with pytest.raises(ValueError, match=r"'gaussian' only.*'sigmoid' with 'bernoulli'"):
        ExperimentConfig(likelihood="bernoulli", output_activation="sigmoid")


def test_the_encoders_dropout_reaches_it():
    model = build_model(ExperimentConfig(encoder_dropout=0.25), (4, 4))
    rates = [layer.rate for layer in model.encoder.layers if hasattr(layer, "rate")]
    assert rates == [0.25] * 3


def test_the_statistics_of_the_data_reach_the_encoder():
    model = build_model(ExperimentConfig(encoder_standardize=(1.0, 4.0)), (4, 4))
    first = model.encoder.layers[0]
    assert (first.scale, first.offset) == (0.25, -0.25)


def test_the_range_of_the_first_biases_reaches_the_decoder():
    model = build_model(ExperimentConfig(decoder_bias_range=3.0), (4, 4))
    assert model.decoder.layers[0].bias_initializer.maxval == 3.0


def test_unknown_fields_are_named():
    with pytest.raises(ValueError, match=r"unknown: \['colour'\]"):
        ExperimentConfig.from_dict({"colour": 1})


def test_options_reach_the_model():
    config = ExperimentConfig(
        latent="projective:2", likelihood="bernoulli", kernel="random_walk", steps=3,
        kl="paper", mode="quadratic", location_head="veronese", log_time_range=(-8.0, -1.0),
        initial_log_time=-4.0, kl_weight=0.5, kl_warmup_steps=7, batch_norm=True, **SMALL,
    )  # fmt: skip
    model = build_model(config, (4, 4))
    kernel = model.latent.kernel
    assert (kernel.steps, kernel.kl) == (3, "paper")
    assert model.latent.time.log_time_range == [(-8.0, -1.0)]
    assert model.latent.time.initial_log_time == [-4.0]
    assert (model.even_decoder, model.latent.location_head) == ("quadratic", "veronese")
    assert (model.kl_weight, model.kl_warmup_steps) == (0.5, 7)
    assert type(model.likelihood).__name__ == "Bernoulli"


CONVOLUTIONS = {
    "network": "conv", "filters": (4, 5), "kernel_sizes": (3, (1, 3)),
    "pool_sizes": ((2, 3), None), "dense_units": (6,), "padding": "circular", "epochs": 1,
}  # fmt: skip


def test_config_with_pairs_round_trip_through_json():
    config = ExperimentConfig(**CONVOLUTIONS)
    again = ExperimentConfig.from_dict(json.loads(json.dumps(config.as_dict())))
    assert again == config


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_convolutional_options_reach_the_networks(shape):
    model = build_model(ExperimentConfig(latent="sphere:2", **CONVOLUTIONS), shape)
    model.build((None, *shape))
    names = [type(layer).__name__ for layer in model.encoder.layers]
    assert names.count("CircularPadding2D") == names.count("Conv2D") == 2
    assert names.count("MaxPooling2D") == 1
    assert names.count("BatchNormalization") == 2  # the network's default
    assert model.encoder.output_shape == (None, 6)
    assert model.decoder.output_shape == (None, *shape)


@pytest.mark.parametrize("sizes", [SMALL, CONVOLUTIONS])
@pytest.mark.parametrize("batch_norm", [None, True, False])
def test_batch_norm_is_the_networks_default_or_as_chosen(sizes, batch_norm):
    options = {**sizes, "batch_norm": batch_norm}
    model = build_model(ExperimentConfig(latent="sphere:2", **options), (4, 4, 1))
    found = any("BatchNorm" in type(layer).__name__ for layer in model.decoder.layers)
    assert found == (sizes is CONVOLUTIONS if batch_norm is None else batch_norm)


@pytest.mark.parametrize("shape", [(9,), (3, 3, 3, 3)])
def test_convolutions_refuse_data_that_are_no_pictures(shape):
    with pytest.raises(ValueError, match=r"Expected pictures.*Use network 'mlp'"):
        build_model(ExperimentConfig(**CONVOLUTIONS), shape)


def test_a_run_with_convolutions(tmp_path):
    trained = train(ExperimentConfig(restarts=0, **PICTURES, **CONVOLUTIONS), tmp_path)
    assert np.isfinite(trained.metrics["elbo"])


def test_run_writes_its_metrics_and_topology(tmp_path):
    trained = train(ExperimentConfig(restarts=0, **PICTURES, **SMALL), tmp_path)
    metrics = json.loads((trained.results.folder("parameters") / "metrics.json").read_text())
    assert metrics["elbo"] == pytest.approx(trained.metrics["elbo"])
    assert metrics["topology"]["captured"] == trained.topology.captured
    assert np.shape(metrics["topology"]["winding"]) == (2, 2)
    experiment = json.loads((trained.results.folder("parameters") / "experiment.json").read_text())
    assert experiment["config"]["latent"] == "torus"
    assert experiment["config"]["dataset_options"] == PICTURES["dataset_options"]


def test_a_stuck_loss_restarts_and_leaves_one_run(tmp_path):
    said = []
    config = ExperimentConfig(restarts=2, **PICTURES, **SMALL)  # one epoch: always stuck
    trained = train(config, tmp_path, say=said.append)
    assert trained.restarts == 2
    assert len(said) == 3
    assert "restart 1 of 2" in said[0]
    assert "used up" in said[2]
    assert len(list((tmp_path / "parameters").iterdir())) == 1
    assert len(list((tmp_path / "weights_folder").iterdir())) == 1


def test_one_seed_gives_the_same_run_twice(tmp_path):
    config = ExperimentConfig(restarts=0, **PICTURES, **SMALL)
    first, second = (train(config, tmp_path) for _ in range(2))
    assert first.metrics == second.metrics


def test_published_rows_stand_only_beside_the_papers_data():
    periodic = datasets.load("periodic_pictures", train_size=4, test_size=4)
    assert published(periodic, FlatTorus(2))["kl_loss"] == 6.42
    assert published(periodic, FlatTorus(3)) is None
    small = datasets.load("periodic_pictures", size=8, train_size=4, test_size=4)
    assert published(small, FlatTorus(2)) is None
    assert published(datasets.load("digits"), Sphere(2)) is None


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


def test_an_interrupted_run_goes_on_exactly_where_it_stopped(tmp_path):
    config = ExperimentConfig(
        latent="sphere:2", dataset="digits", batch_size=256, epochs=4, checkpoint_every=2,
        encoder_units=(8,), decoder_units=(8,),
    )  # fmt: skip
    whole = train(config, tmp_path / "whole", "run")
    with pytest.raises(Interrupted):  # 6 steps an epoch: in the middle of the third
        train(config, tmp_path / "parts", "run", callbacks=lambda: [InterruptAfter(15)])
    parts = resume("run", tmp_path / "parts")
    assert parts.metrics == whole.metrics
    for mine, other in zip(parts.model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    histories = [
        json.loads((run.results.folder("parameters") / "history.json").read_text())
        for run in (parts, whole)
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]["val_elbo"]) == 4
    weights = {path.name for path in parts.results.folder("weights_folder").iterdir()}
    assert weights == {"best.keras", "last.keras", "epoch_0002.keras", "epoch_0004.keras"}


def test_a_run_without_a_complete_epoch_says_how_to_start_again(tmp_path):
    config = ExperimentConfig(latent="sphere:2", dataset="digits", **SMALL)
    with pytest.raises(Interrupted):
        train(config, tmp_path, "run", callbacks=lambda: [InterruptAfter(1)])
    with pytest.raises(FileNotFoundError, match="no complete epoch yet"):
        resume("run", tmp_path)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """A run named "run", with two epochs, and its results folder."""
    config = ExperimentConfig(latent="sphere:2", dataset="digits", **{**SMALL, "epochs": 2})
    results = tmp_path_factory.mktemp("results")
    return train(config, results, "run"), results


def test_load_run_gives_back_model_data_and_numbers(small_run):
    trained, results = small_run
    for loaded in (load_run(results, "run"), load_run(results / "weights_folder" / "run")):
        assert loaded.config == trained.config
        assert loaded.metrics["elbo"] == trained.metrics["elbo"]
        x = loaded.dataset.test[:8]
        np.testing.assert_array_equal(loaded.model.reconstruct(x), trained.model.reconstruct(x))
    with pytest.raises(FileNotFoundError, match=r"no run 'other'.*Runs there: run"):
        load_run(results, "other")


def test_the_best_model_can_be_loaded_too(small_run):
    trained, results = small_run
    elbos = json.loads((trained.results.folder("parameters") / "history.json").read_text())
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
    path = trained.results.folder("parameters") / "evaluation.json"
    assert json.loads(path.read_text()) == report


def test_early_stopping(tmp_path):
    config = ExperimentConfig(
        latent="sphere:2", dataset="digits", patience=1, learning_rate=1e-9,
        **{**SMALL, "epochs": 30},
    )  # fmt: skip
    trained = train(config, tmp_path, "run")
    history = json.loads((trained.results.folder("parameters") / "history.json").read_text())
    assert len(history["elbo"]) < 30


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
