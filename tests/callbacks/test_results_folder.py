"""The results layout: what is written, that it is complete, and that it can be read back."""

import json

import keras
import numpy as np
import pytest

from diffusion_vae.callbacks import ResultsFolder


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random((24, 4, 4), dtype=np.float32)


def train(model, x, root):
    folder = ResultsFolder(root, dataset=x, experiment={"note": "test"})
    model.fit(x, validation_data=x, batch_size=8, epochs=2, verbose=0, callbacks=[folder])
    return model, folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory, x, small_model):
    return train(small_model(), x, tmp_path_factory.mktemp("results"))


@pytest.mark.slow
def test_layout(trained):
    _, folder = trained
    found = {
        kind: {p.name for p in folder.folder(kind).iterdir()}
        for kind in ("images", "weights_folder", "parameters", "tensorboard")
    }
    assert found["images"] == {"latent.png", "reconstruction_grid.png", "reconstruction_pairs.png"}
    assert found["weights_folder"] == {"best.keras", "last.keras"}
    names = {"encoder", "decoder", "vae", "experiment", "history"}
    assert found["parameters"] == {f"{name}.json" for name in names}
    events = {name for name in found["tensorboard"] if name.startswith("events.")}
    assert found["tensorboard"] - events == {"pictures", "train", "validation"}
    assert len(events) == 1  # the settings


def test_tensorboard_holds_every_metric_of_both_splits_and_the_graph(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model, folder = trained
    for split in ("train", "validation"):
        events = EventAccumulator(str(folder.folder("tensorboard") / split))
        events.Reload()
        tags = set(events.Tags()["tensors"])
        assert {f"epoch_{name}" for name in model.metrics_names} <= tags
        if split == "train":
            nodes = [node.name for node in events.Graph().node]
            assert any("encoder" in name for name in nodes)
            assert any("decoder" in name for name in nodes)


def test_parameters_rebuild_the_model_and_the_experiment(trained, x):
    model, folder = trained
    parameters = {p.stem: json.loads(p.read_text()) for p in folder.folder("parameters").iterdir()}
    rebuilt = keras.saving.deserialize_keras_object(parameters["vae"])
    assert rebuilt.manifold == model.manifold
    rebuilt.build((None, 4, 4))
    assert [w.shape for w in rebuilt.weights] == [w.shape for w in model.weights]
    assert keras.saving.deserialize_keras_object(parameters["encoder"]).name == "encoder"
    experiment = parameters["experiment"]
    assert experiment["note"] == "test"
    assert experiment["seed"] == 0
    assert experiment["fit"] == {"epochs": 2, "steps_per_epoch": 3}
    assert experiment["model"] == parameters["vae"]
    optimizer = keras.saving.deserialize_keras_object(experiment["optimizer"])
    assert optimizer.get_config() == model.optimizer.get_config()
    assert {"keras", "python", "diffusion-vae"} <= set(experiment["versions"])
    assert len(parameters["history"]["val_elbo"]) == 2


@pytest.mark.slow
def test_entries_of_the_caller_replace_those_of_the_record(tmp_path, x, small_model):
    entries = {"fit": {"epochs": 7}, "dataset": {"name": "mine", "options": {}}, "seed": 5}
    folder = ResultsFolder(tmp_path, experiment=entries)
    small_model().fit(x, epochs=1, verbose=0, callbacks=[folder])
    record = json.loads((folder.folder("parameters") / "experiment.json").read_text())
    assert {name: record[name] for name in entries} == entries
    assert list(record)[:4] == ["run", "started", "model", "optimizer"]


def test_last_weights_are_those_of_the_trained_model(trained, x):
    model, folder = trained
    last = keras.saving.load_model(folder.folder("weights_folder") / "last.keras")
    np.testing.assert_array_equal(last.reconstruct(x), model.reconstruct(x))


def test_best_weights_have_the_best_validation_elbo(trained):
    _, folder = trained
    history = json.loads((folder.folder("parameters") / "history.json").read_text())
    best = keras.saving.load_model(folder.folder("weights_folder") / "best.keras")
    assert int(best.optimizer.iterations) == 3 * (1 + int(np.argmax(history["val_elbo"])))


def test_runs_of_the_same_second_get_names_of_their_own(tmp_path, small_model):
    folders = [ResultsFolder(tmp_path) for _ in range(3)]
    for folder in folders:
        folder.set_model(small_model())
        folder.set_params({"epochs": 1, "steps": 1})
        folder.on_train_begin()
        folder._tensorboard.on_train_end()
    assert len({folder.run for folder in folders}) == 3


@pytest.mark.slow
def test_an_existing_run_is_not_overwritten(tmp_path, x, small_model):
    small_model().fit(x, epochs=1, verbose=0, callbacks=[ResultsFolder(tmp_path, run="mine")])
    with pytest.raises(ValueError, match=r"Expected a new run name\. Received: 'mine'"):
        small_model().fit(x, epochs=1, verbose=0, callbacks=[ResultsFolder(tmp_path, run="mine")])


@pytest.mark.parametrize("run", ["", "..", "a/b", "/tmp/x", "a\\b"])
def test_run_names_cannot_leave_the_folder(run):
    with pytest.raises(ValueError, match="plain folder name"):
        ResultsFolder(run=run)


def test_nothing_is_written_before_training(tmp_path):
    ResultsFolder(tmp_path / "results")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_discard_removes_the_run_and_nothing_else(x, small_model, tmp_path):
    _, folder = train(small_model(), x, tmp_path)
    other = tmp_path / "parameters" / "other"
    other.mkdir()
    folder.discard()
    assert [p.name for p in (tmp_path / "parameters").iterdir()] == ["other"]


def test_an_interrupted_write_leaves_the_old_file(trained, monkeypatch):
    model, folder = trained
    last = folder.folder("weights_folder") / "last.keras"
    before = last.read_bytes()

    def broken(path, *args, **kwargs):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(model, "save", broken)
    with pytest.raises(OSError, match="the disk is full"):
        folder._checkpoints.save(model, "last.keras")
    assert last.read_bytes() == before
    assert {p.name for p in last.parent.iterdir()} == {"best.keras", "last.keras"}


def test_once_there_is_held_out_data_epochs_without_it_are_no_candidates(
    tmp_path, small_model, monkeypatch
):
    folder, kept = ResultsFolder(tmp_path, run="run"), []
    folder.set_model(small_model())
    folder.set_params({"epochs": 4, "steps": 1})
    folder.on_train_begin()
    monkeypatch.setattr(folder._checkpoints, "keep", lambda model, names: kept.append(names[0]))
    for epoch, logs in enumerate(  # as `validation_freq=2` gives them
        ({"elbo": -9.0}, {"elbo": -8.0, "val_elbo": -20.0}, {"elbo": -1.0}, {"val_elbo": -19.0})
    ):
        folder.on_epoch_end(epoch, logs)
    folder._tensorboard.on_train_end()
    assert kept == ["best.keras", "best.keras", "last.keras", "best.keras"]
