"""A run that was interrupted decides as one that was not: patience, restarts, topology."""

import json

import keras
import numpy as np
import pytest

from diffusion_vae.runs import resume, train
from diffusion_vae.runs.reproduce.plan import settings_record

SMALL = {"encoder.units": (4,), "decoder.units": (4,)}
POINTS = {
    "dataset": "gaussian_mixture", "dataset.train_size": 64, "dataset.test_size": 16,
    "manifold": "euclidean:1", **SMALL,
}  # fmt: skip
PICTURES = {
    "dataset": "periodic_pictures", "dataset.size": 8, "dataset.train_size": 32,
    "dataset.test_size": 8, **SMALL,
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("without_graphs")


class Interrupted(Exception):
    """What ends a training at the end of an epoch, when its files are written."""


class InterruptAfter(keras.callbacks.Callback):
    """Ends training after an epoch, counted from 0."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.last:
            raise Interrupted


def history(trained):
    """What training reported of each epoch."""
    path = trained.results.folder("parameters") / "history.json"
    return json.loads(path.read_text())


def both(record, folder, after):
    """The run in one go, and the run interrupted after an epoch and continued."""
    whole = train(record, folder / "whole", "run")
    with pytest.raises(Interrupted):
        train(record, folder / "parts", "run", callbacks=lambda: [InterruptAfter(after)])
    return whole, resume("run", folder / "parts")


def assert_same(whole, parts):
    assert history(parts) == history(whole)
    assert (parts.metrics, parts.restarts) == (whole.metrics, whole.restarts)
    for mine, other in zip(parts.model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    for folder in ("images", "weights_folder"):
        names = [{path.name for path in run.results.folder(folder).iterdir()}
                 for run in (whole, parts)]  # fmt: skip
        assert names[0] == names[1]


@pytest.mark.slow
def test_patience_is_counted_on_across_an_interruption(tmp_path):
    """The ELBO of a model that learns nothing is noise: training stops early."""
    chosen = {"epochs": 40, "fit.patience": 3, "learning_rate": 1e-12}
    record = settings_record({**POINTS, **chosen})
    whole = train(record, tmp_path / "whole", "run")
    epochs = len(history(whole)["val_elbo"])
    assert 4 <= epochs < 40
    for number, last in enumerate((epochs - 2, epochs - 1)):  # within patience, and at its end
        folder = tmp_path / f"parts{number}"
        with pytest.raises(Interrupted):
            train(record, folder, "run", callbacks=lambda last=last: [InterruptAfter(last)])
        assert_same(whole, resume("run", folder))


@pytest.mark.slow
def test_an_interruption_after_the_last_epoch_costs_nothing(tmp_path):
    assert_same(*both(settings_record({**POINTS, "epochs": 2}), tmp_path, after=1))


@pytest.mark.slow
def test_a_stuck_loss_is_seen_though_the_run_was_interrupted_then(tmp_path):
    """Eight pixels a side and four units are stuck at the check, after the third epoch."""
    record = settings_record({**PICTURES, "epochs": 4, "restarts": 1})
    whole = train(record, tmp_path / "whole", "run")
    assert whole.restarts == 1
    with pytest.raises(Interrupted):
        train(record, tmp_path / "parts", "run", callbacks=lambda: [InterruptAfter(2)])
    said = []
    parts = resume("run", tmp_path / "parts", say=said.append)
    assert any("restart 1 of 1" in sentence for sentence in said)
    assert_same(whole, parts)


@pytest.mark.slow
def test_the_measured_topology_stands_until_the_next_measurement(tmp_path):
    chosen = {"epochs": 3, "restarts": 0, "fit.topology_every": 3}
    record = settings_record({**PICTURES, **chosen})
    assert_same(*both(record, tmp_path, after=0))
