"""Files that were made to do harm: nothing in them is run, and nothing leaves its folder."""

import io
import json
import pickle
import sys
import tarfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import diffusion_vae
from diffusion_vae import datasets
from diffusion_vae.datasets.archives import read_archive
from diffusion_vae.datasets.cifar10 import _ArrayUnpickler
from diffusion_vae.files import write_json
from diffusion_vae.runs import compose, load_run, read_record, resume

TRACE = "the file was run"


class Harm:
    """What a hostile pickle holds: it leaves a trace when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, TRACE)


@pytest.fixture
def trace(tmp_path):
    """A path at which no file may appear."""
    path = tmp_path / "trace"
    yield path
    assert not path.exists()


def test_the_hostile_pickle_of_these_tests_does_harm(tmp_path):
    pickle.loads(pickle.dumps(Harm(tmp_path / "harm")))
    assert (tmp_path / "harm").read_text() == TRACE


@pytest.mark.parametrize("where", ["whole", "data"])
def test_a_pickle_in_place_of_a_cifar_batch_is_not_run(tmp_path, trace, where):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    content = Harm(trace) if where == "whole" else {b"data": Harm(trace), b"labels": [1]}
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(ValueError, match=r"asks for \S+, and only arrays are allowed"):
        datasets.load_cifar10(path=folder)


@pytest.mark.parametrize(
    "name",
    [("os", "system"), ("builtins", "eval"), ("numpy", "load"), ("numpy", "__builtins__"),
     ("numpy.core.multiarray", "scalar"), ("numpy", "ndarray.tofile"), ("_codecs", "lookup")],
)  # fmt: skip
def test_only_arrays_are_unpickled_whatever_is_asked_for(name):
    module, attribute = name
    asked = b"\x80\x04" + pickle.SHORT_BINUNICODE + bytes([len(module)]) + module.encode()
    asked += pickle.SHORT_BINUNICODE + bytes([len(attribute)]) + attribute.encode()
    asked += pickle.STACK_GLOBAL + b"."
    with pytest.raises(pickle.UnpicklingError, match="only arrays are allowed"):
        _ArrayUnpickler(io.BytesIO(asked)).load()


def test_a_batch_of_object_arrays_is_refused(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    content = {b"data": np.array([{}], dtype=object), b"labels": [1]}
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(ValueError, match="cannot be read as a batch of CIFAR-10"):
        datasets.load_cifar10(path=folder)


def test_an_array_of_objects_is_not_unpickled(tmp_path, trace):
    path = tmp_path / "hostile.npz"
    np.savez(path, x_train=np.array([Harm(trace)], dtype=object))
    with pytest.raises(ValueError, match="no plain array of numbers"):
        datasets.load(path)


def test_a_pickle_named_npz_is_not_run(tmp_path, trace):
    path = tmp_path / "hostile.npz"
    path.write_bytes(pickle.dumps(Harm(trace)))
    with pytest.raises(ValueError, match="not a zip archive"):
        read_archive(path)


def test_a_bare_npy_of_objects_runs_nothing(tmp_path, trace):
    path = tmp_path / "hostile.npy"
    np.save(path, np.array([Harm(trace)], dtype=object))
    with pytest.raises(ValueError, match="cannot be read as an array of numbers"):
        datasets.load(path)


def picture():
    """Bytes of a small picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name", ["../escaped.png", "/tmp/diffusion_vae_escaped.png", "a/../../b.png"]
)
def test_members_of_a_zip_stay_in_it(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "hostile.zip", "w") as archive:
        archive.writestr(name, picture())
    before = set(tmp_path.rglob("*"))
    target = datasets.convert_pictures(folder / "hostile.zip", folder / "out.h5", size=8)
    assert set(tmp_path.rglob("*")) - before == {target}
    assert len(datasets.HDF5Pictures(target)) == 1
    assert not (tmp_path / "escaped.png").exists()


@pytest.mark.parametrize("kind", ["absolute", "symlink", "above"])
def test_a_tar_is_no_source_of_pictures(tmp_path, kind):
    path = tmp_path / "hostile.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo(
            {"absolute": "/tmp/x.png", "above": "../x.png"}.get(kind, "x.png")
        )
        if kind == "symlink":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
        else:
            member.size = len(picture())
            archive.addfile(member, io.BytesIO(picture()))
    before = set(tmp_path.rglob("*"))
    for read in (lambda: datasets.convert_pictures(path, tmp_path / "out.h5"),
                 lambda: datasets.load(path)):  # fmt: skip
        with pytest.raises(ValueError, match=r"Expected .*folder of (pictures|images)"):
            read()
    assert set(tmp_path.rglob("*")) == before


@pytest.fixture
def run(tmp_path):
    """A results folder with a run whose model is yet to be written."""
    record = compose(dataset="gaussian_mixture", manifold="euclidean:1")
    write_json(
        tmp_path / "parameters" / "run" / "experiment.json", {**record.as_dict(), "attempt": 0}
    )
    (tmp_path / "weights_folder" / "run").mkdir(parents=True)
    return tmp_path


def model_path(root):
    return root / "weights_folder" / "run" / "last.keras"


def test_a_lambda_in_a_model_is_not_run(run, trace):
    path = str(trace)

    def harm(x):
        from pathlib import Path

        Path(path).write_text("the file was run")
        return x

    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: harm(x))])
    trace.unlink()  # written while the layer was called for its shape
    model.save(model_path(run))
    with pytest.raises(ValueError, match=r"cannot be loaded: .*[Ll]ambda"):
        _ = load_run(run, "run").model


def test_a_pickle_in_place_of_a_model_is_not_run(run, trace):
    model_path(run).write_bytes(pickle.dumps(Harm(trace)))
    with pytest.raises(ValueError, match=r"last\.keras"):
        _ = load_run(run, "run").model


@pytest.mark.parametrize(
    "config",
    [
        {"module": "os", "class_name": "system", "config": {"command": "true"}},
        {"module": "builtins", "class_name": "function", "config": "eval",
         "registered_name": "function"},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
    ],
)  # fmt: skip
def test_a_model_names_no_code_outside_keras(run, config):
    with zipfile.ZipFile(model_path(run), "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": keras.__version__}))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises((ValueError, TypeError), match=r"last\.keras"):
        _ = load_run(run, "run").model


FOREIGN = [
    {"class_name": "Popen", "module": "subprocess", "config": {"args": ["true"]}},
    {"class_name": "Popen", "module": "subprocess", "registered_name": None,
     "config": {"args": ["true"]}},
    {"class_name": "function", "module": "builtins", "config": "eval",
     "registered_name": "function"},
    {"class_name": "system", "module": "os", "config": {"command": "true"}},
    {"class_name": "get_file", "module": "keras.utils", "registered_name": None,
     "config": {"fname": "x", "origin": "file:///etc/passwd"}},
    {"class_name": "Tester", "module": "hostile_module", "config": {}},
]  # fmt: skip


@pytest.mark.parametrize("part", ["model", "manifold", "encoder", "kernel", "optimizer"])
@pytest.mark.parametrize("config", FOREIGN, ids=lambda config: config["module"])
def test_experiment_json_names_no_code(run, tmp_path, monkeypatch, trace, part, config):
    (tmp_path / "hostile_module.py").write_text(
        f"from pathlib import Path; Path({str(trace)!r}).write_text('run'); class Tester: pass"
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = run / "parameters" / "run" / "experiment.json"
    values = json.loads(path.read_text())
    room = values if part in ("model", "optimizer") else values["model"]["config"]
    room[part] = config
    write_json(path, values)
    with pytest.raises((TypeError, ValueError), match=r"Expected|Received"):
        record = read_record(path)
        record.build_model()
        record.build_optimizer(1)
    with pytest.raises((TypeError, ValueError, FileNotFoundError)):
        resume("run", run)
    assert "hostile_module" not in sys.modules


def test_a_lambda_in_an_experiment_is_not_run(run, trace):
    path = str(trace)

    def harm(x):
        from pathlib import Path

        Path(path).write_text("the file was run")
        return x

    layer = keras.saving.serialize_keras_object(keras.layers.Lambda(lambda x: harm(x)))
    experiment = run / "parameters" / "run" / "experiment.json"
    values = json.loads(experiment.read_text())
    values["model"]["config"]["encoder"] = layer
    write_json(experiment, values)
    with pytest.raises((TypeError, ValueError), match=r"[Ll]ambda"):
        read_record(experiment).build_model()


def test_a_yaml_file_makes_no_objects(tmp_path, trace):
    path = tmp_path / "experiment.yaml"
    path.write_text(
        f"model: !!python/object/apply:pathlib.Path.write_text [{str(trace)!r}, 'run']\n"
    )
    with pytest.raises(ValueError, match=r"Expected valid YAML in .*experiment\.yaml"):
        read_record(path)


def test_a_setting_makes_no_objects(trace):
    text = f"!!python/object/apply:os.system ['touch {trace}']"
    with pytest.raises(TypeError, match=r"to be an integer\. Received: .!!python"):
        compose(settings={"walk_steps": text})


def test_nothing_unpickles_but_the_restricted_unpickler():
    """The library has no `pickle.load`, no `allow_pickle=True`, no `safe_mode=False`."""
    forbidden = ("pickle.load", "allow_pickle=True", "safe_mode=False", "joblib.load",
                 "enable_unsafe_deserialization", "extractall", "yaml.load(")  # fmt: skip
    for path in Path(diffusion_vae.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert not [word for word in forbidden if word in text], path
