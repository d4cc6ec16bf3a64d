"""Tables of the paper: which runs, that each is done once, and what the report says."""

import csv
import dataclasses

import joblib
import numpy as np
import preloaded
import pytest
from filelock import FileLock

from diffusion_vae.files import read_json, write_json
from diffusion_vae.runs import training
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.reproduce import (
    TABLES,
    JobsFailed,
    Table,
    get,
    jobs,
    report,
    run_jobs,
    write_report,
)
from diffusion_vae.runs.reproduce.plan import TWO_ESTIMATES

SMALL = Table(
    "small",
    "Digits",
    rows={"sphere:2": {"manifold": "sphere:2"}, "euclidean:2": {"manifold": "euclidean:2"}},
    published={"sphere:2": {"elbo": -70.0, "log_likelihood": -69.0, "kl_loss": 3.0, "mse": 0.05}},
    corrected={"sphere:2": {"elbo": -71.0}},
    settings={
        "dataset": "digits", "epochs": 2, "batch_size": 1000, "schedule": "cosine",
        "encoder.units": (8,), "decoder.units": (8,),
    },
    importance_samples=2,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("without_graphs")


def silent(message):
    pass


def refuse(*args, **kwargs):
    raise AssertionError("trained again")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    root = tmp_path_factory.mktemp("tables")
    planned = SMALL.jobs(runs=2)
    reports = run_jobs(planned, root / "out", root / "results", say=silent)
    return root, planned, reports


def test_jobs_are_seed_by_seed():
    planned = SMALL.jobs(runs=2, epochs=5, first_seed=3)
    assert [job.name for job in planned] == [
        "sphere-2-seed-3", "euclidean-2-seed-3", "sphere-2-seed-4", "euclidean-2-seed-4",
    ]  # fmt: skip
    assert {job.record.training.epochs for job in planned} == {5}
    (job,) = SMALL.jobs(["euclidean:2"], 1)
    assert flatten(job.record.as_dict())["manifold"] == "euclidean:2"


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match="Did you mean 'sphere:2'"):
        SMALL.jobs(["sphere:3"])
    with pytest.raises(ValueError, match="at least 1"):
        SMALL.jobs(runs=0)
    with pytest.raises(ValueError, match="Did you mean 'table1'"):
        get("tabel1")


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_every_published_row_is_trained(name):
    table = TABLES[name]
    assert set(table.corrected) <= set(table.published) <= set(table.rows)
    assert len({job.name for job in table.jobs(runs=3)}) == 3 * len(table.rows)


@pytest.mark.slow
def test_every_job_has_a_report(done):
    root, planned, reports = done
    for job, found in zip(planned, reports, strict=True):
        assert found == read_json(root / "out" / f"{job.name}.json")
        assert found["record"] == job.record.as_dict()
        assert found["log_likelihood"] > found["elbo"] - 1.0
        assert np.isfinite([found[name] for name in SMALL.metrics]).all()


def test_a_finished_job_is_not_repeated(done, monkeypatch):
    root, planned, reports = done
    monkeypatch.setattr(jobs, "train", refuse)
    assert run_jobs(planned, root / "out", root / "elsewhere", say=silent) == reports


def test_a_finished_job_with_other_settings_is_refused(done):
    root, _, _ = done
    with pytest.raises(ValueError, match=r"other fit\.epochs"):
        run_jobs(SMALL.jobs(runs=1, epochs=3), root / "out", root / "results", say=silent)
    other = dataclasses.replace(SMALL, prior_share=0.5)
    with pytest.raises(ValueError, match="other prior_share"):
        run_jobs(other.jobs(runs=1), root / "out", root / "results", say=silent)


@pytest.mark.slow
def test_with_draws_from_the_prior_the_published_estimate_stands_beside(done, tmp_path):
    root, _, reports = done
    table = dataclasses.replace(SMALL, prior_share=0.5, metrics=TWO_ESTIMATES)
    (found,) = run_jobs(table.jobs(runs=1)[:1], tmp_path, root / "results", say=silent)
    error = np.hypot(*[r["log_likelihood_standard_error"] for r in (found, reports[0])])
    expected = pytest.approx(reports[0]["log_likelihood"], abs=5 * error)  # of the same estimate
    assert found["log_likelihood_encoder"] == expected
    assert found["log_likelihood_encoder"] != found["log_likelihood"]
    write_report(table, tmp_path)
    assert "LL (encoder)" in (tmp_path / "table.md").read_text()


def test_both_estimates_stand_beside_the_published_one():
    for name in ("table1", "table3"):
        published = get(name).published["sphere:2"]
        assert published["log_likelihood_encoder"] == published["log_likelihood"]


@pytest.mark.slow
@pytest.mark.parametrize("complete", [True, False])
def test_an_interrupted_job_goes_on(done, tmp_path, monkeypatch, complete):
    _, planned, reports = done
    original = training._fit

    def interrupted(record, *args, **kwargs):
        if complete:
            shorter = dataclasses.replace(record, fit={**record.fit, "epochs": 1})
            original(shorter, *args, **kwargs)
        raise KeyboardInterrupt

    out, results = tmp_path / "out", tmp_path / "results"
    monkeypatch.setattr(training, "_fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_jobs(planned[:1], out, results, say=silent)
    (results / "parameters" / planned[0].name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(training, "_fit", original)
    if complete:
        monkeypatch.setattr(jobs, "train", refuse)
    (again,) = run_jobs(planned[:1], out, results, say=silent)
    assert again["elbo"] == pytest.approx(reports[0]["elbo"], abs=1e-3)


def test_a_job_is_trained_by_one_process_at_a_time(done, tmp_path):
    planned = SMALL.jobs(runs=1)[:1]
    locks = tmp_path / "results" / "locks"
    locks.mkdir(parents=True)
    failure = pytest.raises(JobsFailed, match="another process is training it")
    with FileLock(locks / f"{planned[0].name}.lock"), failure:
        run_jobs(planned, tmp_path / "out", tmp_path / "results", say=silent)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_failed_job_does_not_stop_the_others(tmp_path, monkeypatch):
    original = jobs.train

    def fails_on_the_sphere(record, *args):
        if flatten(record.as_dict())["manifold"] == "sphere:2":
            raise FloatingPointError("NaN at step 1")
        return original(record, *args)

    monkeypatch.setattr(jobs, "train", fails_on_the_sphere)
    with pytest.raises(JobsFailed, match=r"1 of 2 runs failed: sphere-2-seed-0.*NaN at step 1"):
        run_jobs(SMALL.jobs(runs=1), tmp_path / "out", tmp_path / "results", say=silent)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["euclidean-2-seed-0.json"]


@pytest.mark.slow
def test_jobs_spread_over_a_dask_cluster(done, tmp_path):
    distributed = pytest.importorskip("distributed")
    _, planned, reports = done
    preloaded.context()
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        found = run_jobs(
            planned[:2], tmp_path / "out", tmp_path / "results", processes=2, say=silent
        )
    for here, there in zip(found, reports[:2], strict=True):
        assert here["elbo"] == pytest.approx(there["elbo"], abs=1e-2)


def test_verdicts_are_by_two_standard_errors():
    values = [1.0, 2.0, 3.0]  # mean 2, standard error 1 / sqrt 3
    assert report.compare(values, 0.8, more_is_better=True) == "better"
    assert report.compare(values, 0.9, more_is_better=True) == "equal"
    assert report.compare(values, 0.8, more_is_better=False) == "worse"
    assert report.compare([1.0], 0.0, more_is_better=True) is None


def test_the_report_has_means_beside_the_paper(done, tmp_path):
    _, _, reports = done
    for found in reports:
        write_json(tmp_path / f"{found['job']}.json", found)
    json_path, csv_path, markdown = write_report(SMALL, tmp_path)
    sphere, plane = read_json(json_path)["rows"]
    elbos = [found["elbo"] for found in reports if found["row"] == "sphere:2"]
    assert sphere["elbo"] == pytest.approx(np.mean(elbos))
    assert sphere["elbo_std"] == pytest.approx(np.std(elbos, ddof=1))
    assert (sphere["elbo_published"], sphere["elbo_corrected"]) == (-70.0, -71.0)
    assert plane["elbo_published"] is None
    with csv_path.open(newline="") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["sphere:2", "euclidean:2"]
    text = markdown.read_text()
    assert "-70.00 (-71.00)" in text
    assert "seeds 0, 1" in text


def test_the_report_says_which_rows_have_other_settings(done, tmp_path):
    _, _, reports = done
    table = dataclasses.replace(
        SMALL, rows={**SMALL.rows, "torus": {"manifold": "torus:2", "batch_size": 256}}
    )
    other = next(found for found in reports if found["row"] == "sphere:2")
    other = {**other, "row": "torus", "job": "torus-seed-0"}
    fit = {**other["record"]["fit"], "batch_size": 256}
    other["record"] = {**other["record"], "fit": fit}
    for found in (other, *reports):
        write_json(tmp_path / f"{found['job']}.json", found)
    text = write_report(table, tmp_path)[-1].read_text()
    assert "Batch 1000 (256 on torus), Adam 0.001, schedule cosine" in text
