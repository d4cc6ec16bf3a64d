"""A run from its configuration: numbers, restarts, files."""

import json

import numpy as np
import pytest

from diffusion_vae import datasets
from diffusion_vae.experiments import ExperimentConfig, build_model, published, train
from diffusion_vae.manifolds import FlatTorus, Sphere

SMALL = {"encoder_units": (16,), "decoder_units": (16,), "epochs": 1}
PICTURES = {"dataset_options": {"size": 8, "train_size": 64, "test_size": 16}}


def test_config_round_trip_through_json():
    config = ExperimentConfig(latent="sphere:3", log_time_range=(-9.0, -2.0), **SMALL)
    again = ExperimentConfig.from_dict(json.loads(json.dumps(config.as_dict())))
    assert again == config


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("batch_size", 0), ("restarts", -1), ("learning_rate", 0.0), ("seed", -1),
     ("model", "gan"), ("latent", "klein")],
)  # fmt: skip
def test_bad_fields_are_refused(field, value):
    with pytest.raises(ValueError, match=r"Expected|Unknown"):
        ExperimentConfig(**{field: value})


def test_unknown_fields_are_named():
    with pytest.raises(ValueError, match=r"unknown: \['colour'\]"):
        ExperimentConfig.from_dict({"colour": 1})


def test_options_reach_the_model():
    config = ExperimentConfig(
        latent="projective:2", likelihood="bernoulli", steps=3, kl="paper", mode="quadratic",
        head="veronese", log_time_range=(-8.0, -1.0), initial_log_time=-4.0, kl_weight=0.5,
        kl_warmup_steps=7, batch_norm=True, **SMALL,
    )  # fmt: skip
    model = build_model(config, (4, 4))
    kernel = model.latent.kernel
    assert (kernel.steps, kernel.kl) == (3, "paper")
    assert model.latent.time.log_time_range == [(-8.0, -1.0)]
    assert model.latent.time.initial_log_time == [-4.0]
    assert (model.mode, model.latent.head) == ("quadratic", "veronese")
    assert (model.kl_weight, model.kl_warmup_steps) == (0.5, 7)
    assert type(model.likelihood).__name__ == "Bernoulli"


def test_run_writes_its_metrics_and_topology(tmp_path):
    trained = train(ExperimentConfig(restarts=0, **PICTURES, **SMALL), tmp_path)
    metrics = json.loads((trained.results.folder("parameters") / "metrics.json").read_text())
    assert metrics["elbo"] == pytest.approx(trained.metrics["elbo"])
    assert metrics["topology"]["captured"] == trained.topology.captured
    assert np.shape(metrics["topology"]["winding"]) == (2, 2)
    experiment = json.loads((trained.results.folder("parameters") / "experiment.json").read_text())
    assert experiment["latent"] == "torus"
    assert experiment["dataset_options"] == PICTURES["dataset_options"]


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
