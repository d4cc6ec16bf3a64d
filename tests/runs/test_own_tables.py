"""Our own tables: every latent space, the spatial VAE's variants, InfoCatVAE's settings."""

import dataclasses
import functools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from diffusion_vae.datasets import Dataset, StoredPictures, convert_pictures
from diffusion_vae.evaluation import parzen_window
from diffusion_vae.files import read_json, write_json
from diffusion_vae.likelihoods import Bernoulli, Gaussian
from diffusion_vae.models import SpatialVAE
from diffusion_vae.runs.record import Record
from diffusion_vae.runs.reproduce import TABLES, measures, report, run_jobs, write_report

OWN = ("spaces", "no_collapse", "spatial", "infocat")


def silent(message):
    pass


@functools.cache
def jobs(name):
    """A run of each row of a table."""
    return TABLES[name].jobs(runs=1)


@pytest.fixture
def faces(tmp_path):
    """A converted file of 40 faces: ovals of several colours on several grounds."""
    folder = tmp_path / "img_align_celeba"
    folder.mkdir()
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:109, :89]
    oval = ((y - 54) / 30) ** 2 + ((x - 44) / 20) ** 2 < 1
    for index in range(40):
        picture = np.empty((109, 89, 3), np.uint8)
        picture[:] = rng.integers(0, 256, 3)
        picture[oval] = rng.integers(0, 256, 3)
        Image.fromarray(picture).save(folder / f"{index:06d}.jpg")
    return convert_pictures(folder, tmp_path / "celeba.h5", crop=80)


@pytest.mark.slow
@pytest.mark.parametrize("name", OWN)
def test_the_records_of_a_table_come_back_from_json(name):
    for job in jobs(name):
        assert Record.from_dict(json.loads(json.dumps(job.record.as_dict()))) == job.record


@pytest.mark.slow
@pytest.mark.parametrize("name", ["table1", "table2", "table3", "topology", "coverage"])
def test_what_is_finished_stays_valid(name, tmp_path):
    """A default that changes must not make the finished runs of a table those of another one."""
    folder = Path(__file__).parents[2] / "docs" / "results" / name
    if not folder.is_dir():
        pytest.skip("The results stand in the repository only.")
    reports = set(folder.glob("*-seed-*.json"))
    finished = [j for j in TABLES[name].jobs(runs=10) if folder / f"{j.name}.json" in reports]
    assert len(finished) == len(reports) > 0
    # One of other settings is refused, and a missing one would be trained.
    found = run_jobs(finished, folder, tmp_path, say=lambda sentence: pytest.fail(sentence))
    assert len(found) == len(reports)


def test_a_record_does_not_depend_on_the_models_before_it():
    # Keras numbers models without a name; a resumed table would not know its runs again.
    for name in ("spatial", "infocat"):
        assert TABLES[name].jobs(runs=1) == jobs(name)


def test_every_kind_of_latent_space_is_there():
    spaces = TABLES["spaces"].rows
    assert len(spaces) == 17
    assert set(TABLES["no_collapse"].rows) == set(spaces) - {"euclidean:2", "euclidean:3"}
    model = next(j for j in jobs("spaces") if j.row == "ellipsoid").record.build_model()
    assert (model.kernel, model.walk_steps, model.manifold.dim) == ("random_walk", 10, 2)
    points = np.array([[1.0, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, 0.0, -2.0]], "float32")
    np.testing.assert_allclose(model.manifold.project(points), points, atol=1e-5)


@pytest.mark.slow
def test_a_run_on_the_ellipsoid_is_read_by_another_process(tmp_path):
    record = next(j for j in jobs("no_collapse") if j.row == "ellipsoid").record
    model = record.build_model()
    model.build((None, 4))
    model.save(tmp_path / "model.keras")
    script = (
        "from diffusion_vae.runs.loading import load_checkpoint\n"
        f"print(load_checkpoint({str(tmp_path / 'model.keras')!r}).manifold)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "ellipsoid_level" in done.stdout, done.stderr[-1000:]


def test_the_original_vanilla_had_nine_times_the_variance():
    variances = {job.row: job.record.build_model().likelihood.variance for job in jobs("spatial")}
    original = variances.pop("vanilla, the original's variance")
    assert set(variances.values()) == {SpatialVAE.original_variance((32, 32, 3))}
    assert variances["naive"] == pytest.approx(2.667, abs=1e-3)
    assert original == pytest.approx(9 * variances["naive"])
    assert original == SpatialVAE.original_variance((32, 32, 3), map_size=1)


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_the_spatial_table_is_made_of_streamed_faces(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(measures, "MANY", 12)
    variance = 64 * 64 * 3 / 36
    small = {"maps": 2, "likelihood.variance": variance}
    table = dataclasses.replace(
        TABLES["spatial"],
        rows={
            name: {**TABLES["spatial"].rows[name], **small} for name in ("vanilla", "low_rank")
        },
        settings={
            "model": "spatial", "dataset": str(faces), "dataset.stream": True, "epochs": 1,
            "dataset.value_range": (-1, 1), "batch_size": 8,
        },
    )  # fmt: skip
    planned = table.jobs(["low_rank"], 1)
    assert isinstance(planned[0].record.load_dataset().train, StoredPictures)
    (row,) = run_jobs(planned, tmp_path / "out", tmp_path / "results", say=silent)
    assert (row["row"], row["latent_values"]) == ("low_rank", 18)
    assert np.isfinite([row[name] for name in table.metrics]).all()
    assert row["above_constant"] == pytest.approx(row["elbo"] - row["constant_elbo"])
    found = row["parzen_estimate"]
    test = planned[0].record.load_dataset().test
    assert (found["centres"], found["held_out"], found["test"]) == (
        12, len(test) // 2, len(test) - len(test) // 2
    )  # fmt: skip
    assert found["dimension"] == 64 * 64 * 3
    assert -1 <= found["data_range"][0] < -0.5 < 0.5 < found["data_range"][1] <= 1
    assert (row["parzen"], row["parzen_sigma"]) == (found["mean"], found["sigma"])

    both = run_jobs(table.jobs(runs=1), tmp_path / "out", tmp_path / "results", say=silent)
    assert both[1] == row  # not trained again
    assert both[0]["record"]["model"]["config"]["likelihood"]["config"]["variance"] == variance
    lines = write_report(table, tmp_path / "out")[-1].read_text().splitlines()
    cells = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    assert cells[1:] == ["vanilla", "low_rank"]
    assert "kernel" not in "".join(lines)


def test_pictures_that_choose_the_width_are_not_tested():
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(2, 40, 3)).astype("float32")
    drawn = rng.normal(size=(50, 3)).astype("float32")
    run = SimpleNamespace(
        model=SimpleNamespace(sample=lambda count: drawn),
        dataset=Dataset(name="made", train=pictures[0], test=pictures[1]),
    )
    expected = parzen_window(drawn, pictures[1][:20], pictures[1][20:])
    assert measures.parzen(run)["parzen"] == expected.mean


def test_the_best_constant_picture_is_the_mean():
    rng = np.random.default_rng(0)
    dataset = Dataset(name="made", train=rng.random((30, 4)), test=rng.random((20, 4)))
    mean = dataset.train.mean(axis=0)
    density = -0.5 * (dataset.test - mean) ** 2 / 0.3 - 0.5 * np.log(2 * np.pi * 0.3)
    assert measures.constant_elbo(dataset, 0.3) == pytest.approx(density.sum(axis=1).mean())
    run = SimpleNamespace(
        model=SimpleNamespace(likelihood=Gaussian(variance=0.3)),
        dataset=dataset,
        metrics={"elbo": -1.0},
    )
    above = measures.above_constant(run)["above_constant"]
    assert above == pytest.approx(-1.0 - density.sum(axis=1).mean())
    run.model.likelihood = Bernoulli()
    with pytest.raises(ValueError, match="Gaussian likelihood of a given variance"):
        measures.above_constant(run)


def test_the_start_of_most_certain_clusters_is_chosen(tmp_path):
    found = {0: 2.0, 1: 2.2, 2: 2.1, 3: 1.9, 4: 1.7, 5: 2.0, 6: 2.3}  # 6: not all have run
    metric = TABLES["infocat"].start_metric
    rows = [
        {
            "row": "published", "record": {"seed": seed, "fit": {"epochs": 15}}, "elbo": -seed,
            metric: value, "machine": "2 CPU cores", "versions": {"backend": "jax"},
        }
        for seed, value in found.items()
    ]  # fmt: skip
    chosen = report.chosen_starts(rows, 3, metric)
    assert [row["record"]["seed"] for row in chosen] == [1, 5]
    for row in rows:
        write_json(tmp_path / f"published-seed-{row['record']['seed']}.json", row)
    written = read_json(write_report(TABLES["infocat"], tmp_path)[0])["rows"]
    assert [row["row"] for row in written] == ["published", "published, best of 3 starts"]
    assert [row["seeds"] for row in written] == [[0, 1, 2, 3, 4, 5, 6], [1, 5]]
    assert written[1]["elbo"] == -3.0


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_infocat_is_scored_on_training_pictures(tmp_path):
    table = dataclasses.replace(
        TABLES["infocat"],
        settings={
            **TABLES["infocat"].settings,
            "dataset": "digits",
            "epochs": 1,
            "batch_size": 1000,
        },
    )
    (row,) = run_jobs(
        table.jobs(["consistent, informed late"], 1), tmp_path / "out", tmp_path / "r", say=silent
    )
    assert np.isfinite([row[name] for name in table.metrics]).all()
    assert 0.0 <= row["training_hungarian_accuracy"] <= 1.0
    assert 0.0 <= row[table.start_metric] <= np.log(10) + 1e-6
