"""All runs as one table."""

import csv
import json

import pytest

from diffusion_vae.files import write_json
from diffusion_vae.runs import compose, runs_table, write_runs_table
from diffusion_vae.runs.flat import flatten


@pytest.fixture
def runs(tmp_path):
    """Two runs as `train` leaves them, one evaluated; and one of `ResultsFolder` alone."""
    for name, space in (("a", "sphere:2"), ("b", "torus:2")):
        record = compose(manifold=space, epochs=3).as_dict()
        experiment = {"run": name, "attempt_seed": 5, **record}
        metrics = {"elbo": -10.0, "kl_loss": 2.5, "topology": {"captured": name == "b"}}
        write_json(tmp_path / "parameters" / name / "experiment.json", experiment)
        write_json(tmp_path / "parameters" / name / "metrics.json", metrics)
    write_json(
        tmp_path / "parameters/b/evaluation.json", {"which": "last", "log_likelihood": -9.0}
    )
    write_json(tmp_path / "parameters" / "c" / "experiment.json", {"run": "c", "started": "today"})
    return tmp_path


def test_a_row_holds_name_options_and_numbers_of_a_run(runs):
    a, b, c = runs_table(runs)
    assert list(a) == list(b) == list(c)
    assert (a["run"], a["manifold"], a["fit.epochs"], a["elbo"]) == ("a", "sphere:2", 3, -10.0)
    assert (a["model"], a["likelihood"], a["seed"]) == ("DiffusionVAE", "Gaussian", 0)
    assert (a["learning_rate"], a["schedule"], a["attempt_seed"]) == (1e-3, "constant", 5)
    assert (a["topology"], b["topology"]) == ("not captured", "captured")
    assert (a["log_likelihood"], b["log_likelihood"]) == (None, -9.0)
    assert (c["run"], c["manifold"], c["elbo"]) == ("c", None, None)


def test_the_file_can_be_read_by_every_spreadsheet(runs, tmp_path):
    path = write_runs_table(runs, tmp_path / "tables" / "runs.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["a", "b", "c"]
    assert float(rows[1]["log_likelihood"]) == -9.0
    assert json.loads(rows[0]["encoder.units"]) == [512, 512, 512]
    assert rows[2]["elbo"] == ""


def test_no_runs_no_table(tmp_path):
    assert runs_table(tmp_path) == []
    with pytest.raises(FileNotFoundError, match="no runs"):
        write_runs_table(tmp_path, tmp_path / "runs.csv")


def test_a_record_as_settings_by_name():
    record = compose(
        "info", manifold="projective:2", dataset="digits", schedule="cosine", learning_rate=2e-3,
        settings={"kernel": "random_walk", "kernel.kl_formula": "paper", "walk_steps": 3,
                  "schedule.warmup_steps": 9, "dataset.seed": 4, "divergence": "energy"},
    )  # fmt: skip
    flat = flatten(record.as_dict())
    expected = {
        "model": "InfoVAE", "manifold": "projective:2", "dataset": "digits", "dataset.seed": 4,
        "walk_steps": 3, "kernel.kl_formula": "paper", "kernel.steps": 3,
        "schedule": "cosine",
        "learning_rate": 2e-3, "schedule.warmup_steps": 9, "encoder": "MLPEncoder",
        "decoder": "MLPDecoder", "decoder.units": [512, 512], "fit.epochs": 20, "seed": 0,
        "divergence": "EnergyDistanceToPrior", "optimizer": "Adam", "optimizer.beta_2": 0.999,
    }  # fmt: skip
    assert {key: flat[key] for key in expected} == expected
    hidden = ("name", "trainable", "dtype", "event_shape", "module", "registered_name")
    assert not [key for key in flat if key.rpartition(".")[2] in hidden]


def test_a_record_written_by_hand_as_settings():
    flat = flatten(
        {
            "model": {"class_name": "DiffusionVAE", "config": {
                "manifold": "sphere:2", "likelihood": "bernoulli",
                "encoder": {"class_name": "MLPEncoder", "config": {"units": [8]}}}},
            "dataset": {"name": "digits"},
        }
    )  # fmt: skip
    assert flat == {
        "model": "DiffusionVAE", "manifold": "sphere:2", "likelihood": "bernoulli",
        "encoder": "MLPEncoder", "encoder.units": [8], "dataset": "digits",
    }  # fmt: skip
