"""Damaged, edited and unwritable files: a clear sentence, and earlier files as they were."""

import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from diffusion_vae import cli, files
from diffusion_vae.cli.printing import print_runs
from diffusion_vae.files import read_json, replacing, write_json
from diffusion_vae.runs import evaluate_run, load_run, resume, train
from diffusion_vae.runs.reproduce import Table, run_jobs, write_report
from diffusion_vae.runs.reproduce.plan import settings_record

pytestmark = pytest.mark.usefixtures("without_graphs")
TINY = {
    "dataset": "gaussian_mixture", "dataset.train_size": 64, "dataset.test_size": 16,
    "manifold": "euclidean:1", "encoder.units": (4,), "decoder.units": (4,), "epochs": 3,
}  # fmt: skip
RECORD = settings_record(TINY)


def contents(folder):
    """Bytes of every file below a folder."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(monkeypatch, capfd, *arguments):
    """Exit code and standard error of the command."""
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code, capfd.readouterr().err


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Results folder of a finished run."""
    root = tmp_path_factory.mktemp("finished")
    keras.utils.set_random_seed(0)
    train(RECORD, root, "run")
    return root


@pytest.fixture
def root(finished, tmp_path):
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "results"))


def checkpoint(root):
    return root / "weights_folder" / "run" / "last.keras"


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path):
    path.write_bytes(b"")


def foreign(path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save(path)


def of_the_future(path):
    """The model as it were, of a class that this version does not have."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["config.json"].decode().replace("DiffusionVAE", "FutureVAE")
    parts["config.json"] = text.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def without_weights(path):
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist() if "weights" not in n}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


DAMAGES = {
    cut: "cannot be loaded",
    emptied: "cannot be loaded",
    without_weights: "cannot be loaded",
    foreign: "Expected a model of diffusion_vae",
    of_the_future: "Could not locate class 'FutureVAE'",
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_checkpoint_is_named_and_nothing_is_written(monkeypatch, capfd, root, damage):
    damage(checkpoint(root))
    before = contents(root)
    with pytest.raises(ValueError, match=DAMAGES[damage]) as caught:
        _ = load_run(root, "run").model
    assert str(checkpoint(root)) in str(caught.value)
    for words in (["evaluate", "run"], ["plot", "run"], ["train", "--resume", "run"]):
        code, written = command(monkeypatch, capfd, *words, "--results", root)
        assert (code, written.count("\n")) == (2, 1), written
        assert DAMAGES[damage] in written
    assert contents(root) == before
    assert load_run(root, "run", which="best").model is not None


def test_a_model_of_another_version_says_so(root):
    of_the_future(checkpoint(root))
    path = root / "parameters" / "run" / "experiment.json"
    values = read_json(path)
    values["versions"]["keras"] = "99.1"
    write_json(path, values)
    with pytest.raises(ValueError, match=r"written by keras 99\.1 \(here \d"):
        _ = load_run(root, "run").model


MODEL = '{"model": {"class_name": "DiffusionVAE", "config": {"manifold": "sphere:2"}}, '
DATA = MODEL + '"dataset": {"name": "digits"}, '
EDITS = {
    '{"model": ': "breaks at line 1",
    "[1, 2]": "to hold a JSON object",
    '"text"': "to hold a JSON object",
    "\ufeff{}": "breaks at line 1",
    "{}": "names no data set",
    '{"config": {"latent": "torus"}}': "names no data set",  # of an earlier version
    '{"dataset": {"name": "digits"}}': "a record with a model and a dataset",
    '{"model": 3, "dataset": {"name": "digits"}}': "`model` of a record to be a Keras config",
    MODEL + '"dataset": "digits"}': "`dataset` of a record to have a `name`",
    MODEL + '"dataset": {"name": "digits", "options": []}, "seed": "1"}': "`seed`",
    MODEL + '"dataset": {"name": "digits", "options": [1]}}': "the arguments of its loader",
    DATA + '"fit": {"epoch": 3}}': "Did you mean 'epochs'",
    DATA + '"fit": {"epochs": "3"}}': "`epochs` to be an integer",
    DATA + '"fit": {"epochs": -3}}': "`epochs` to be at least 1",
    DATA + '"fit": {"curriculum": 8}}': "`curriculum` to be a list",
    DATA
    + '"optimizer": {"class_name": "Adam", "config": {"learning_rate": NaN}}}': "`learning_rate`",
    DATA + '"seed": -1}': "`seed` to be at least 0",
    DATA + '"colour": 1}': "parts of a record",
    MODEL + '"dataset": {"name": "mnits"}}': "Did you mean 'mnist'",
}


@pytest.mark.parametrize("text", EDITS)
def test_an_edited_experiment_is_named(monkeypatch, capfd, root, text):
    path = root / "parameters" / "run" / "experiment.json"
    path.write_text(text, encoding="utf-8")
    before = contents(root)
    for call in (lambda: resume("run", root), lambda: evaluate_run(root, "run")):
        with pytest.raises((ValueError, TypeError), match=r"Expected|Unknown") as caught:
            call()
        assert EDITS[text] in str(caught.value)
    code, written = command(monkeypatch, capfd, "train", "--resume", "run", "--results", root)
    assert (code, written.count("\n")) == (2, 1), written
    assert contents(root) == before


def test_an_experiment_without_its_attempt_is_named(root):
    path = root / "parameters" / "run" / "experiment.json"
    values = read_json(path)
    del values["attempt"]
    write_json(path, values)
    with pytest.raises(ValueError, match="the number of restarts as `attempt`"):
        resume("run", root)


def test_an_experiment_that_is_no_text_is_named(root):
    (root / "parameters" / "run" / "experiment.json").write_bytes(b"\x93NUMPY\xff")
    with pytest.raises(ValueError, match="a file that is no text"):
        load_run(root, "run")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [('{"elbo": "many"}', "numbers by name. Received: 'elbo': 'many'"), ("[]", "JSON object"),
     ('{"elbo": ', "breaks at line 1")],
)  # fmt: skip
def test_edited_metrics_are_named(root, text, sentence):
    from rich.console import Console

    (root / "parameters" / "run" / "metrics.json").write_text(text)
    with pytest.raises(ValueError, match="Expected") as caught:
        print_runs(root, Console(file=sys.stderr))
    assert sentence in str(caught.value) and "metrics.json" in str(caught.value)


def test_an_edited_history_is_named_before_training_goes_on(root):
    done = root / "done"
    shutil.copytree(root, done)
    longer = read_json(done / "parameters" / "run" / "experiment.json")
    longer["fit"]["epochs"] = 5
    write_json(done / "parameters" / "run" / "experiment.json", longer)
    (done / "parameters" / "run" / "history.json").write_text('{"elbo": 3}')
    weights = contents(done / "weights_folder")
    with pytest.raises(ValueError, match=r"history\.json to hold lists of numbers by name"):
        resume("run", done)
    assert contents(done / "weights_folder") == weights


# -- reproduce ---------------------------------------------------------------------------

TABLE = Table("tiny", "Tiny", {"euclidean:1": {}}, settings=TINY, importance_samples=0)
JOB_EDITS = {
    "{": "breaks at line 1",
    "[]": "JSON object",
    "{}": "the report of a finished run",
    "row": "Received: row=None",
    "elbo": "Received: elbo=None",
    "versions": "Received: versions=None",
    "record": "Received: record=None",
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Folders of a table with one finished job."""
    folder = tmp_path_factory.mktemp("reported")
    run_jobs(TABLE.jobs(runs=1), folder / "out", folder / "results", say=lambda text: None)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("edit", JOB_EDITS)
def test_an_edited_report_of_a_job_is_named_and_kept(reported, tmp_path, edit):
    folder = Path(shutil.copytree(reported, tmp_path / "copy"))
    (path,) = (folder / "out").glob("*-seed-*.json")
    if edit in read_json(path):
        values = read_json(path)
        del values[edit]
        write_json(path, values)
    else:
        path.write_text(edit)
    before = contents(folder)
    for call in (
        lambda: run_jobs(TABLE.jobs(runs=1), folder / "out", folder / "results"),
        lambda: write_report(TABLE, folder / "out"),
    ):
        with pytest.raises(ValueError, match="Expected") as caught:
            call()
        assert JOB_EDITS[edit] in str(caught.value) and path.name in str(caught.value)
    assert contents(folder) == before


# -- places that cannot be written to -------------------------------------------------------


def fill_disk(monkeypatch, path):
    """Lets the kernel answer that the disk is full when `path` is written next."""
    monkeypatch.setattr(files.uuid, "uuid4", lambda: type("Fixed", (), {"hex": "full0000"}))
    path.with_name(f".full0000-{path.name}").symlink_to("/dev/full")


def test_json_on_a_full_disk_leaves_the_earlier_file(monkeypatch, tmp_path):
    path = write_json(tmp_path / "values.json", {"a": 1})
    fill_disk(monkeypatch, path)
    with pytest.raises(OSError, match=r"Could not write .*values\.json: the disk is full"):
        write_json(path, {"a": 2})
    assert read_json(path) == {"a": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["values.json"]


def test_a_conversion_on_a_full_disk_leaves_the_earlier_file(monkeypatch, tmp_path):
    """HDF5 gives the system's error in its text only."""
    path = tmp_path / "pictures.h5"
    path.write_bytes(b"earlier")
    with pytest.raises(OSError, match="the disk is full"), replacing(path):
        raise OSError("Can't write data (file write failed: No space left on device)")
    assert contents(tmp_path) == {Path("pictures.h5"): b"earlier"}


def test_other_errors_pass_through_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), replacing(tmp_path / "a"):
        Path(tmp_path / "elsewhere").read_text()


@pytest.mark.slow
def test_a_disk_that_fills_up_costs_one_epoch(monkeypatch, finished, tmp_path):
    path = checkpoint(tmp_path)
    seen = {}

    class FullAfterTheFirst(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen["first"] = path.read_bytes()
            fill_disk(monkeypatch, path)

    with pytest.raises(OSError, match=r"Could not write .*last\.keras: the disk is full"):
        train(RECORD, tmp_path, "run", callbacks=lambda: [FullAfterTheFirst()])
    monkeypatch.undo()
    assert path.read_bytes() == seen["first"]
    again, whole = resume("run", tmp_path), load_run(finished, "run")
    for mine, other in zip(again.model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    history = ("parameters", "run", "history.json")
    assert read_json(tmp_path.joinpath(*history)) == read_json(finished.joinpath(*history))


def test_a_results_folder_that_cannot_be_written_is_named_before_training(
    monkeypatch, capfd, tmp_path
):
    (tmp_path / "file").write_text("not a folder")
    step = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            step.append(batch)

    for place in (tmp_path / "file" / "results", Path("/sys/diffusion_vae")):
        with pytest.raises(OSError, match=f"Could not write {place}.*choose another"):
            train(RECORD, place, "run", callbacks=lambda: [Watch()])
    assert not step
    options = ["--dataset", "gaussian_mixture", "--manifold", "euclidean:1", "--epochs", "1"]
    place = tmp_path / "file" / "results"
    code, written = command(monkeypatch, capfd, "train", *options, "--results", place)
    assert (code, written.count("\n")) == (2, 1), written
    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_run_that_became_read_only_keeps_its_files(monkeypatch, root):
    before = contents(root)
    mkdir = Path.mkdir

    def refused(self, *args, **kwargs):
        if root in self.parents:
            raise PermissionError(13, "Permission denied", str(self))
        return mkdir(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(OSError, match=r"evaluation\.json: there is no permission"):
        evaluate_run(root, "run", samples=0)
    assert contents(root) == before


def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path):
    old, new, other = (
        tmp_path / name for name in (".01234567-a.json", ".89abcdef-a.json", ".01234567-b.json")
    )
    for path in (old, new, other):
        path.write_text("half a fi")
    for path in (old, other):
        os.utime(path, times=(0, time.time() - files.ABANDONED - 60))
    write_json(tmp_path / "a.json", {})
    assert not old.exists()
    assert new.exists()  # perhaps of a process that is writing now
    assert other.exists()  # of another file
