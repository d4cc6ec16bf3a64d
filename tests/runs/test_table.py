"""All runs as one table."""

import csv
import json

import pytest

from diffusion_vae.files import write_json
from diffusion_vae.runs import ExperimentConfig, runs_table, write_runs_table


@pytest.fixture
def runs(tmp_path):
    """Two runs as `train` leaves them, one evaluated; and one of `ResultsFolder` alone."""
    for name, latent in (("a", "sphere:2"), ("b", "torus")):
        config = ExperimentConfig(latent=latent, epochs=3).as_dict()
        experiment = {"run": name, "epochs": 3, "attempt_seed": 5, "config": config}
        metrics = {"elbo": -10.0, "kl_loss": 2.5, "topology": {"captured": name == "b"}}
        write_json(tmp_path / "parameters" / name / "experiment.json", experiment)
        write_json(tmp_path / "parameters" / name / "metrics.json", metrics)
    write_json(
        tmp_path / "parameters/b/evaluation.json", {"which": "last", "log_likelihood": -9.0}
    )
    write_json(tmp_path / "parameters" / "c" / "experiment.json", {"run": "c", "epochs": 1})
    return tmp_path


def test_a_row_holds_name_options_and_numbers_of_a_run(runs):
    a, b, c = runs_table(runs)
    assert list(a) == list(b) == list(c)
    assert (a["run"], a["latent"], a["epochs"], a["elbo"]) == ("a", "sphere:2", 3, -10.0)
    assert (a["topology"], b["topology"]) == ("not captured", "captured")
    assert (a["log_likelihood"], b["log_likelihood"]) == (None, -9.0)
    assert (c["run"], c["latent"], c["elbo"]) == ("c", None, None)


def test_the_file_can_be_read_by_every_spreadsheet(runs, tmp_path):
    path = write_runs_table(runs, tmp_path / "tables" / "runs.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["a", "b", "c"]
    assert float(rows[1]["log_likelihood"]) == -9.0
    assert json.loads(rows[0]["encoder_units"]) == [512, 512, 512]
    assert rows[2]["elbo"] == ""


def test_no_runs_no_table(tmp_path):
    assert runs_table(tmp_path) == []
    with pytest.raises(FileNotFoundError, match="no runs"):
        write_runs_table(tmp_path, tmp_path / "runs.csv")
