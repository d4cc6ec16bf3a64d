"""Two processes on this machine train as one does (JAX), and a lost one is explained."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from diffusion_vae.runs import Cluster, join

pytest.importorskip("jax")

TINY = [
    "--set", "dataset.size=8", "--set", "dataset.train_size=96", "--set", "dataset.test_size=32",
    "--set", "encoder.units=8", "--set", "decoder.units=8",
    "--batch-size", "32", "--restarts", "0", "--run", "r", "--manifold", "sphere:2",
]  # fmt: skip
SECONDS = 240


def command(folder, *options):
    return [sys.executable, "-m", "diffusion_vae", "train", "--results", str(folder), *options]


def environment():
    return {**os.environ, "KERAS_BACKEND": "jax", "NPROC": "1"}


def begin(epochs):
    """Options of a new run."""
    return ["--epochs", str(epochs), *TINY]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_both(folder, *options):
    hosts = f"127.0.0.1:{free_port()},127.0.0.1"
    return [
        subprocess.Popen(
            command(folder, "--hosts", hosts, "--rank", str(rank), *options),
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )
        for rank in range(2)
    ]  # fmt: skip


def history(folder):
    return json.loads((folder / "parameters" / "r" / "history.json").read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run of one process."""
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run(command(folder, *begin(3)), env=environment(), check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """A run of two processes that lose one in the middle, and go on for two epochs.

    It comes with the exit code and the errors of the first process, and the number of epochs
    that were complete.
    """
    folder = tmp_path_factory.mktemp("together")
    first, second = start_both(folder, *begin(2000))
    saved = folder / "weights_folder" / "r" / "last.keras"
    start = time.monotonic()
    while not saved.exists() and first.poll() is None and time.monotonic() < start + SECONDS:
        time.sleep(0.2)
    lost = saved.exists() and first.poll() is None  # not by an error of its own
    os.killpg(second.pid, signal.SIGKILL)
    _, errors = first.communicate(timeout=SECONDS)
    second.communicate(timeout=SECONDS)
    assert lost, errors
    done = len(history(folder)["loss"])
    experiment = folder / "parameters" / "r" / "experiment.json"
    record = json.loads(experiment.read_text())
    record["fit"]["epochs"] = done + 2  # not all of the 2,000
    experiment.write_text(json.dumps(record))
    for process in start_both(folder, "--resume", "r"):
        _, last_errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, last_errors
    return folder, first.returncode, errors, done


@pytest.mark.slow
def test_two_processes_train_as_one(alone, together):
    folder, *_ = together
    found, expected = history(folder), history(alone)
    for name in ("loss", "kl_loss", "mse"):
        assert len(expected[name]) == 3
        np.testing.assert_allclose(found[name][:3], expected[name], rtol=2e-4, err_msg=name)
    metrics = json.loads((folder / "parameters" / "r" / "metrics.json").read_text())
    assert np.isfinite(metrics["elbo"])
    assert list((folder / "images" / "r").glob("*.png"))


@pytest.mark.slow
def test_two_processes_end_together(alone, tmp_path):
    for process in start_both(tmp_path, *begin(3)):
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, errors
    found, expected = history(tmp_path), history(alone)
    for name in ("loss", "kl_loss", "mse"):
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-4, err_msg=name)
    metrics = json.loads((tmp_path / "parameters" / "r" / "metrics.json").read_text())
    assert np.isfinite(metrics["elbo"])
    assert list((tmp_path / "images" / "r").glob("*.png"))


@pytest.mark.slow
def test_a_lost_process_is_explained_and_the_run_goes_on(together):
    folder, code, errors, done = together
    assert code == 1
    assert errors.startswith("Error: the process with rank 0 of 2 lost another one")
    assert errors.count("\n") == 1
    assert done > 0 and len(history(folder)["loss"]) == done + 2


def test_shares_are_equal_and_in_order():
    rows = np.arange(11)
    shares = [Cluster(3, rank).share(rows) for rank in range(3)]
    np.testing.assert_array_equal(np.concatenate(shares), np.arange(9))
    np.testing.assert_array_equal(Cluster().share(rows), rows)


@pytest.mark.parametrize(
    ("hosts", "rank", "sentence"),
    [(["a", "b"], 0, "KERAS_BACKEND=jax"), (["a"], 0, "KERAS_BACKEND|two hosts")],
)
def test_bad_clusters_are_refused(hosts, rank, sentence):
    with pytest.raises(ValueError, match=sentence):
        join(hosts, rank)
