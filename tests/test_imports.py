"""What is imported when: registration with Keras, library and laboratory, a light start."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import diffusion_vae
from diffusion_vae.files import write_json

PACKAGE = Path(diffusion_vae.__file__).parent
LABORATORY = (
    "datasets", "evaluation", "plots", "callbacks", "runs", "comparison", "sklearn",
    "anndata", "cli",
)  # fmt: skip
# What the laboratory needs; the library does without.
OF_THE_LABORATORY = (
    "matplotlib", "sklearn", "joblib", "filelock", "imageio", "jinja2", "PIL", "h5py", "typer",
    "rich", "tensorboard", "tensorflow_probability", "pydantic", "yaml",
)  # fmt: skip
HEAVY = ("keras", "tensorflow", "jax", "torch", "tensorflow_probability", "matplotlib", "sklearn")


def python(code, *arguments, **environment):
    """What a program prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


# -- registration with Keras -----------------------------------------------------------------

LOAD = """
import sys
{imports}
import keras
assert type(keras.saving.load_model(sys.argv[1])).__name__ == "SphereVAE"
modules = [type(finder).__module__ for finder in sys.meta_path]
assert "diffusion_vae.registration" not in modules
"""
# What is written during training draws nothing before it is asked to. Keras itself imports
# Matplotlib and scikit-learn.
CALLBACKS = """
import diffusion_vae.callbacks
assert not [name for name in ("diffusion_vae.plots", "imageio") if name in sys.modules]
"""
# Each program in a process of its own. JAX is imported once, before Keras; TensorFlow cannot be,
# for it imports Keras.
EACH = """
import json, os, sys, traceback
import jax
sys.modules["tensorflow"] = None
assert not any(name in sys.modules for name in ("keras", "diffusion_vae"))
for name, program in json.loads(sys.argv[2]).items():
    child = os.fork()
    if child == 0:
        try:
            exec(program, {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(json.dumps([name, os.waitstatus_to_exitcode(status)]), flush=True)
"""
ORDERS = {
    "ours first": "import diffusion_vae",
    "Keras first": "import keras\nimport diffusion_vae",
    "a subpackage first": "import diffusion_vae.manifolds",
    "the laboratory first": "from diffusion_vae import datasets, runs\nruns.MODELS",
    "a module of a subpackage first": "from diffusion_vae.checks import did_you_mean\n"
    "from diffusion_vae.heat_kernels import heat_kernel",
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The file of a model."""
    path = tmp_path_factory.mktemp("model") / "vae.keras"
    networks = diffusion_vae.networks
    vae = diffusion_vae.SphereVAE(2, networks.MLPEncoder((4,)), networks.MLPDecoder((4,)), seed=0)
    vae.build((None, 3))
    vae.save(path)
    return path


@pytest.mark.slow
def test_a_stored_model_is_found_in_every_order_of_imports(stored):
    pytest.importorskip("jax")
    programs = {order: LOAD.format(imports=imports) for order, imports in ORDERS.items()}
    done = subprocess.run(
        [sys.executable, "-c", EACH, stored, json.dumps(programs)],
        capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    codes = dict(json.loads(line) for line in done.stdout.splitlines())
    assert codes == dict.fromkeys(ORDERS, 0), done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_a_stored_model_is_found_where_keras_is_imported_by_tensorflow(stored, order):
    # A process costs seconds: one of them imports the callbacks as well.
    python(LOAD.format(imports=ORDERS[order]) + CALLBACKS * (order == "ours first"), stored)


# -- the seam --------------------------------------------------------------------------------

LIBRARY_ALONE = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
import keras
import numpy as np
import diffusion_vae
from diffusion_vae.networks import MLPDecoder, MLPEncoder

x = np.random.default_rng(0).random((8, 4, 4, 1), dtype="float32")
for model in (
    diffusion_vae.SphereVAE(2, MLPEncoder((4,)), MLPDecoder((4,)), seed=0),
    diffusion_vae.InfoVAE("projective:2", MLPEncoder((4,)), MLPDecoder((4,)), seed=0),
):
    model.compile("adam", run_eagerly=True)
    model.fit(x, batch_size=4, verbose=0)
    model.save(sys.argv[1])
    again = keras.saving.load_model(sys.argv[1])
    np.testing.assert_array_equal(again.encode(x)[0], model.encode(x)[0])
    assert np.isfinite(again.log_likelihood(x, samples=3).mean)
for name in ("networks", "latents", "layers", "likelihoods", "divergences", "manifolds",
             "heat_kernels", "checks"):
    getattr(diffusion_vae, name)
loaded = [name for name in sys.modules if name.startswith("diffusion_vae.")]
print(*[name for name in loaded if name.split(".")[1] in {laboratory!r}])
"""


@pytest.mark.slow
def test_the_library_works_without_what_the_laboratory_needs(tmp_path):
    # Keras itself needs two of them; the test below holds that the library does not.
    blocked = [name for name in OF_THE_LABORATORY if name not in ("h5py", "rich")]
    code = LIBRARY_ALONE.format(blocked=blocked, laboratory=LABORATORY)
    assert python(code, tmp_path / "vae.keras").split() == []


def modules():
    """Module name -> path, of the whole package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path):
    """Names of modules that a file imports anywhere, in functions too; not for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path  # absolute imports only
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module):
    """The folder or file of the package that a module belongs to."""
    return module.removeprefix("diffusion_vae.").partition(".")[0]


def test_the_library_imports_no_module_of_the_laboratory():
    found = modules()
    assert {room(name) for name in found} >= set(LABORATORY)
    for name, path in found.items():
        if room(name) in LABORATORY or name == "diffusion_vae.__main__":
            continue
        for other in imported(path):
            if other.startswith("diffusion_vae."):
                assert room(other) not in LABORATORY, f"{name} imports {other}"
            # TFP's spheres are baselines, and the distributions are views of TFP's.
            if room(name) != "distributions" and not name.endswith("tfp_spherical"):
                assert other.split(".")[0] not in OF_THE_LABORATORY, f"{name} imports {other}"


def test_data_come_before_evaluation_plots_runs_and_the_command():
    order = LABORATORY
    for name, path in modules().items():
        if room(name) not in order:
            continue
        later = order[order.index(room(name)) + 1 :]
        for other in imported(path):
            if other.startswith("diffusion_vae."):
                assert room(other) not in later, f"{name} imports {other}"


def test_no_function_has_the_name_of_its_module():
    for stub in PACKAGE.rglob("__init__.pyi"):
        siblings = {path.stem for path in stub.parent.iterdir()}
        for node in ast.parse(stub.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = {alias.asname or alias.name for alias in node.names}
                assert not names & siblings, stub


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_does_without_tensorflow(backend):
    pytest.importorskip(backend)
    code = """
import sys
import diffusion_vae
diffusion_vae.SphereVAE
print(*[name for name in ("tensorflow", "tensorflow_probability") if name in sys.modules])
"""
    assert python(code, KERAS_BACKEND=backend).split() == []


# -- a light start ----------------------------------------------------------------------------

# Runs command lines one after another in one process; after each, what it has imported.
COMMANDS = """
import contextlib, io, json, sys
from diffusion_vae import cli
for line in json.loads(sys.argv[1]):
    sys.argv = ["diffusion-vae", *line]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            cli.main()
        except SystemExit as stopped:
            code = stopped.code
    heavy = [name for name in {heavy!r} if name in sys.modules]
    print(json.dumps([line, code or 0, output.getvalue(), heavy]))
"""


def test_commands_that_need_no_model_start_without_keras(tmp_path):
    root = tmp_path / "results"
    record = {
        "model": {"class_name": "SphereVAE", "config": {"dim": 2}}, "run": "mine",
        "dataset": {"name": "digits", "options": {}}, "fit": {"epochs": 1}, "seed": 0,
    }  # fmt: skip
    write_json(root / "parameters" / "mine" / "experiment.json", record)
    write_json(root / "parameters" / "mine" / "metrics.json", {"elbo": -1.0})
    pixels = np.random.default_rng(0).integers(0, 255, (2, 6, 6, 3), dtype=np.uint8)
    (tmp_path / "pictures").mkdir()
    for number, picture in enumerate(pixels):
        Image.fromarray(picture).save(tmp_path / "pictures" / f"{number}.png")
    results = ["--results", str(root)]
    lines = {
        ("--help",): (0, "reproduce"),
        ("--version",): (0, diffusion_vae.__version__),
        ("train", "--help"): (0, "--manifold"),
        ("list", *results): (0, "mine"),
        ("list", "--csv", str(tmp_path / "runs.csv"), *results): (0, "runs.csv"),
        ("options", "nosuch"): (2, "Expected a model"),
        ("convert", str(tmp_path / "pictures"), str(tmp_path / "pictures.h5"), "--size", "4"): (
            0, "pictures.h5"
        ),
        ("report", "nosuch", *results): (2, "no run 'nosuch'"),
        ("evaluate", "nosuch", *results): (2, "no run 'nosuch'"),
        ("plot", "nosuch", *results): (2, "no run 'nosuch'"),
        ("train", "--manifodl", "sphere:2"): (2, "--manifold"),
        ("train", "--resume", "mine", "--epochs", "3"): (2, "Expected no `--epochs`"),
        ("trian",): (2, "Did you mean 'train'"),
    }  # fmt: skip
    printed = python(COMMANDS.format(heavy=HEAVY), json.dumps(list(lines)), COLUMNS="80")
    answers = [json.loads(line) for line in printed.splitlines()]
    assert [tuple(line) for line, *_ in answers] == list(lines)
    for line, code, output, heavy in answers:
        expected, words = lines[tuple(line)]
        assert (code, heavy) == (expected, []), (line, output)
        assert words in output.replace("\n", ""), output
    assert (tmp_path / "pictures.h5").exists() and (tmp_path / "runs.csv").exists()


def test_completion_starts_without_keras():
    words = "diffusion-vae train --network conv --set encoder.fi"
    code = f"""
import contextlib, io, os, sys
os.environ.update(_DIFFUSION_VAE_COMPLETE="complete_bash", COMP_WORDS={words!r}, COMP_CWORD="5")
sys.argv = ["diffusion-vae"]
from diffusion_vae import cli
output = io.StringIO()
with contextlib.redirect_stdout(output):
    try:
        cli.main()
    except SystemExit as stopped:
        assert not stopped.code
print(output.getvalue().split())
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    answers, heavy = python(code).splitlines()[-2:]
    assert ast.literal_eval(answers) == ["encoder.filters="]
    assert ast.literal_eval(heavy) == []


def test_help_as_a_module_starts_without_keras():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "diffusion_vae", "train", "--help"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "diffusion_vae.cli" in names
    assert not names & set(HEAVY)
