"""Running the trainings of a table: each once, whatever interrupts them."""

import contextlib
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import joblib
import keras
from filelock import FileLock, Timeout

from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.checks import require_integer
from diffusion_vae.files import read_json, write_json
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.loading import load_run
from diffusion_vae.runs.reproduce.plan import Job
from diffusion_vae.runs.reproduce.report import read_report
from diffusion_vae.runs.threads import limit_threads
from diffusion_vae.runs.training import TrainedRun, resume, train


class JobsFailed(RuntimeError):
    """Some trainings of a table ended in an error."""


def run_jobs(
    jobs: Sequence[Job],
    out: str | Path,
    results: str | Path = "results",
    processes: int = 1,
    say: Callable[[str], Any] = print,
) -> list[dict[str, Any]]:
    """Trains and evaluates what is not done yet.

    Each finished job is a JSON file `OUT/<job>.json`; a job whose file is there is not
    repeated, one that was interrupted goes on from its last complete epoch. The jobs run
    through joblib: inside `joblib.parallel_config(backend="dask")` they are spread over a
    cluster, whose machines must share both folders.

    Args:
        jobs: `Job`s.
        out: Folder of the JSON files.
        results: Folder of the runs (weights, TensorBoard, pictures).
        processes: Jobs at a time; the cores are shared among them.
        say: Called with a sentence about each job.

    Returns:
        The reports, one dictionary a job, in order.

    Raises:
        ValueError: If a finished job was made with other settings.
        JobsFailed: If jobs failed; all others are done by then.
    """
    require_integer("processes", processes, 1)
    out, results = Path(out), Path(results)
    waiting = [job for job in jobs if _finished_report(job, out) is None]
    if waiting:
        say(f"{len(jobs) - len(waiting)} of {len(jobs)} runs are done already.")
    threads = max(1, joblib.cpu_count() // processes) if processes > 1 else None
    outcomes = joblib.Parallel(n_jobs=processes, return_as="generator_unordered")(
        joblib.delayed(_run)(job, out, results, threads) for job in waiting
    )
    failed = []
    for number, (name, error, report) in enumerate(outcomes, 1):
        if error:
            failed.append(f"{name}: {error}")
            say(f"[{number}/{len(waiting)}] {name} failed: {error}")
        else:
            say(f"[{number}/{len(waiting)}] {name}: ELBO {report['elbo']:.2f}, KL "
                f"{report['kl_loss']:.2f}, MSE {report['mse']:.5f}")  # fmt: skip
    if failed:
        raise JobsFailed(f"{len(failed)} of {len(jobs)} runs failed: {'; '.join(failed)}")
    return [_finished_report(job, out) or {} for job in jobs]


def _finished_report(job: Job, out: Path) -> dict[str, Any] | None:
    """What a finished job has written, or `None`."""
    path = out / f"{job.name}.json"
    if not path.exists():
        return None
    report = read_report(path)
    asked = {"record": job.record.as_dict(), **_estimate(job)}
    # What was unknown when the report was written does not count.
    other = _differences(asked, {"prior_share": 0.0} | report)
    if other:
        raise ValueError(
            f"Expected {path} to be of the settings asked for. Received a run with other "
            f"{', '.join(other)}. Choose another output folder, or remove the file."
        )
    return report


def _differences(asked: dict[str, Any], report: dict[str, Any]) -> list[str]:
    """Names of settings that differ; those unknown when the report was written do not count."""
    wanted, known = flatten(asked["record"]), flatten(report.get("record") or {})
    names = [key for key, value in wanted.items() if key in known and known[key] != value]
    names += [key for key in asked if key != "record" and asked[key] != report.get(key)]
    return names


def _run(
    job: Job, out: Path, results: Path, threads: int | None
) -> tuple[str, str | None, dict[str, Any]]:
    """Trains and evaluates one job; returns its name, an error or none, and the report."""
    try:
        if threads is not None:
            limit_threads(threads)
        with _only_one(job, results):
            return job.name, None, _trained_report(job, out, results)
    except Exception as error:  # one failed run must not end the others
        return job.name, f"{type(error).__name__}: {error}", {}


@contextlib.contextmanager
def _only_one(job: Job, results: Path) -> Iterator[None]:
    """Keeps other processes from the job, such as workers that outlived an earlier call."""
    folder = results / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{job.name}.lock", timeout=0)
    try:
        with lock:
            yield
    except Timeout:
        raise RuntimeError(
            f"another process is training it; wait for that, or end it ({lock.lock_file})"
        ) from None


def _trained_report(job: Job, out: Path, results: Path) -> dict[str, Any]:
    keras.utils.clear_session(free_memory=True)
    trained = _train_or_resume(job, results)
    history = read_json(trained.results.folder("parameters") / "history.json")
    report = {
        "job": job.name,
        "row": job.row,
        "record": job.record.as_dict(),
        **_estimate(job),
        **trained.metrics,
        **_log_likelihood(trained, job),
        "restarts": trained.restarts,
        "training_elbo": history["elbo"][-1],
        "machine": f"{joblib.cpu_count()} CPU cores ({platform.machine()})",
        "versions": installed_versions(),
    }
    for measure in job.measures:
        report |= measure(trained)
    if trained.topology is not None:
        measured = trained.topology.as_dict()
        report["topology"] = measured
        report |= {
            name: float(measured[name])
            for name in ("captured", "largest_jump", "coverage", "distance_correlation")
        }
    write_json(out / f"{job.name}.json", report)
    return report


def _estimate(job: Job) -> dict[str, Any]:
    """How the log-likelihood of a job is estimated."""
    return {"importance_samples": job.importance_samples, "prior_share": job.prior_share}


def _log_likelihood(trained: TrainedRun, job: Job) -> dict[str, float]:
    """The estimates and their standard errors, or nothing where no samples are asked for."""
    shares = {"log_likelihood": job.prior_share}
    if job.prior_share:
        shares["log_likelihood_encoder"] = 0.0  # as the published ones are estimated
    estimates: dict[str, float] = {}
    for name, share in shares.items() if job.importance_samples else ():
        estimate = trained.model.log_likelihood(
            trained.dataset.test, job.importance_samples, prior_share=share
        )
        estimates |= {name: estimate.mean, f"{name}_standard_error": estimate.standard_error}
    return estimates


def _train_or_resume(job: Job, results: Path) -> TrainedRun:
    """Goes on with an interrupted run, or starts (again, if no epoch of it is complete)."""
    started = results / "parameters" / job.name
    if not started.exists():
        return _trained(train(job.record, results, job.name))
    if (results / "weights_folder" / job.name / "last.keras").exists():
        if load_run(results, job.name).record != job.record:
            raise ValueError(
                f"The run {job.name!r} in {results} was started with other settings. Choose "
                "another results folder, or remove the run."
            )
        return _trained(resume(job.name, results))
    ResultsFolder(results, job.name).discard()
    return _trained(train(job.record, results, job.name))


def _trained(run: TrainedRun | None) -> TrainedRun:
    """What a single process always returns."""
    if run is None:
        raise RuntimeError("This process trains with others; run a table's jobs alone.")
    return run
