"""Topology in the logs of the epochs, and from there in history and TensorBoard."""

import json

import keras
import pytest

import diffusion_vae as dv
from diffusion_vae import datasets
from diffusion_vae.callbacks import ResultsFolder, TopologyMonitor


def fit(manifold, dataset, tmp_path, every, epochs):
    model = dv.DiffusionVAE(
        manifold, keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)]), seed=0
    )
    model.compile("adam")
    folder = ResultsFolder(tmp_path, "run")
    monitor = TopologyMonitor(dataset, every)
    model.fit(dataset.train, batch_size=32, epochs=epochs, callbacks=[monitor, folder], verbose=0)
    return json.loads((tmp_path / "parameters" / "run" / "history.json").read_text())


@pytest.mark.slow
def test_history_and_tensorboard_have_the_topology(tmp_path):
    pictures = datasets.load("periodic_pictures", size=8, train_size=32, test_size=4)
    history = fit("torus", pictures, tmp_path, every=2, epochs=4)
    for name in ("degree", "largest_jump", "coverage", "distance_correlation"):
        assert len(history[f"topology_{name}"]) == 4
    jumps = history["topology_largest_jump"]
    assert jumps[1] == jumps[2] != jumps[3]  # measured after epochs 1, 2 and 4
    events = (tmp_path / "tensorboard" / "run" / "train").glob("events*")  # the graph's too
    assert any(b"epoch_topology_coverage" in path.read_bytes() for path in events)


@pytest.mark.slow
def test_nothing_is_added_where_nothing_is_known(tmp_path):
    digits = datasets.load("digits")
    history = fit("torus", digits, tmp_path, every=1, epochs=1)
    assert not [name for name in history if name.startswith("topology")]


def test_every_is_checked():
    with pytest.raises(ValueError, match="every"):
        TopologyMonitor(None, every=0)
