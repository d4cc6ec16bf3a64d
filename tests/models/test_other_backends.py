"""Files written by one backend open on the others, with the same numbers, and train on."""

import os
import subprocess
import sys

import keras
import portable_models
import pytest

from diffusion_vae.runs import compose, load_run, train


class Stopped(Exception):
    """What ends a training in the middle of an epoch, in this test."""


class StopInTheSecondEpoch(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise Stopped


def child(backend, *folders):
    """Output of `portable_models.py` on a backend."""
    pytest.importorskip(backend)
    process = subprocess.run(
        [sys.executable, portable_models.__file__, *map(str, folders)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout


@pytest.mark.slow
def test_files_go_from_tensorflow_to_torch_to_jax_and_back(tmp_path):
    folders = [tmp_path / name for name in ("tensorflow", "torch", "jax")]
    for folder in folders:
        folder.mkdir()
    portable_models.write(folders[0], portable_models.models())
    settings = {"encoder.units": (8,), "decoder.units": (8,)}
    record = compose(
        manifold="so3", dataset="digits", batch_size=1000, epochs=2, restarts=0, settings=settings
    )
    with pytest.raises(Stopped):
        train(record, folders[0] / "results", "run", callbacks=lambda: [StopInTheSecondEpoch()])
    resumed = child("torch", *folders[:2])
    child("jax", *folders[1:])
    for folder in folders[1:]:
        assert set(portable_models.read(folder)) == set(portable_models.models())
    run = load_run(folders[0] / "results", "run")
    assert len(run.history["val_elbo"]) == 2
    assert run.metrics["elbo"] == pytest.approx(float(resumed.split()[-1]), rel=1e-6)
