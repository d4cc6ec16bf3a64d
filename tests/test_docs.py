"""README and documentation: code runs, commands parse, and what they name exists."""

import ast
import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import typer

from diffusion_vae import cli, runs
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.plots.charts import registry

ROOT = Path(__file__).parent.parent
DOCS, PACKAGE, README = ROOT / "docs", ROOT / "diffusion_vae", ROOT / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Code that a test cannot run, because it needs a cluster; its imports are run.
SKETCH = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A block, and what it prints where that is shown.
SHOWN = re.compile(
    r"^```python\n((?:(?!^```).)*)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
RECORD = re.compile(r"^```yaml\n(model:.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
PROGRAM = "diffusion-vae"
# What stands for a value in a command.
PLACEHOLDERS = {"SEED": "0", "RUNS": "1", "S": "sphere:2", "...": "sphere:2"}
CHOICES = (
    "model", "manifold", "dataset", "network", "epochs", "batch_size", "learning_rate", "schedule",
    "seed", "restarts",
)  # fmt: skip

TEXTS = [
    README,
    *(ROOT / name for name in ("CONTRIBUTING.md", "results/README.md")),
    *sorted(DOCS.rglob("*.md")),
]


def read(path):
    return path.read_text(encoding="utf-8")


PAGES = sorted(
    str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if BLOCK.search(read(page))
)


@pytest.fixture
def small_mnist(monkeypatch, tmp_path_factory):
    """MNIST as 256 + 128 pictures of noise: the code is tested, not its numbers."""
    draws = np.random.default_rng(0)

    def split(n):
        return draws.integers(256, size=(n, 28, 28)).astype("uint8"), draws.integers(10, size=n)

    data = split(256), split(128)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: data)
    (x_train, y_train), (x_test, y_test) = data
    folder = tmp_path_factory.mktemp("data")
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    np.savez(folder / "mnist.npz", **arrays)
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(folder))


@pytest.fixture
def own_registrations(monkeypatch):
    """What a page registers for its own manifold is gone after it."""
    monkeypatch.setattr(registry, "_BUILDERS", dict(registry._BUILDERS))
    yield
    heat_kernel._clear_cache()


def run_quickly(code, name):
    """Runs a text of Python in a namespace of its own, one epoch a training."""
    code = re.sub(r"epochs=\d+", "epochs=1", re.sub(r"restarts=\d+", "restarts=0", code))
    exec(compile(code, name, "exec"), {"__name__": "__main__"})


# Python


def test_pages_with_code_are_found():
    assert {"quickstart.md", "your_own_manifold.md", "index.md"} <= set(PAGES)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*of the diffusion times are within 1 %")
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, small_mnist, own_registrations):
    monkeypatch.chdir(tmp_path)
    run_quickly("\n".join(BLOCK.findall(read(DOCS / page))), page)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*of the diffusion times are within 1 %")
@pytest.mark.parametrize(("code", "printed"), SHOWN.findall(read(README)))
def test_each_block_of_the_readme_runs_alone_and_prints_what_is_shown(
    code, printed, tmp_path, monkeypatch, small_mnist, capsys
):
    monkeypatch.chdir(tmp_path)
    if "restarts" in code:  # what it prints takes a whole training, whoever starts it
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, printed), done.stderr
        return
    run_quickly(code, "README.md")
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("page", [page for page in TEXTS if SKETCH.search(read(page))], ids=str)
def test_sketches_import_what_there_is(page):
    for code in SKETCH.findall(read(page)):
        tree = ast.parse(code)
        tree.body = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        exec(compile(tree, str(page), "exec"), {})


# Commands


def commands(text):
    """`diffusion-vae ...` commands of a text, from code blocks and from code in lines."""
    blocks = "\n".join(FENCE.findall(text)).replace("\\\n", " ").splitlines()
    spans = [" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text))]
    for line in [*blocks, *spans]:
        for part in re.split(r"&&|\||;", line.partition(" #")[0]):
            words = [word for word in part.split() if not re.match(r"^[A-Z_]+=", word)]
            if words[:1] == ["$"]:
                words = words[1:]
            if words[:1] == [PROGRAM] and len(words) > 1:
                yield " ".join(shlex.quote(word) for word in shlex.split(" ".join(words)))


def texts_of(path):
    """The Markdown of a file; of a notebook, that of its cells."""
    if path.suffix != ".ipynb":
        return read(path)
    cells = json.loads(read(path))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


ALL_COMMANDS = sorted(
    {
        (str(path.relative_to(ROOT)), command)
        for path in [*TEXTS, *sorted((ROOT / "notebooks").glob("*.ipynb"))]
        for command in commands(texts_of(path))
    }
)


def parsed(command):
    """Options of a command by their long names, as they are read; nothing is run."""
    _, name, *arguments = (PLACEHOLDERS.get(word, word) for word in shlex.split(command))
    group = typer.main.get_command(cli.app)
    context = group.make_context(PROGRAM, [name])
    chosen = group.get_command(context, name)
    assert chosen is not None, f"no command {name}"
    try:
        values = chosen.make_context(name, list(arguments), parent=context).params
        return {max(each.opts, key=len): values.get(each.name) for each in chosen.params}
    except typer.Exit as end:
        assert (end.exit_code, "--help" in arguments) == (0, True)
        return {}


def test_commands_are_found():
    assert len(ALL_COMMANDS) > 60
    assert {path for path, _ in ALL_COMMANDS} >= {"README.md", "docs/results/README.md"}


@pytest.mark.parametrize(("path", "command"), ALL_COMMANDS)
def test_every_command_is_one_that_diffusion_vae_takes(path, command):
    parsed(command)


TRAININGS = [
    command
    for _, command in ALL_COMMANDS
    if command.startswith(f"{PROGRAM} train") and not re.search(r"--help|my_package", command)
]


@pytest.mark.parametrize("command", sorted(set(TRAININGS)))
def test_every_setting_is_an_argument_of_what_it_is_set_on(command):
    options = parsed(command)
    settings = dict(pair.split("=", 1) for pair in options["--set"])
    chosen = {name: options[f"--{name.replace('_', '-')}"] for name in CHOICES}
    runs.compose(**chosen, settings=settings)


def test_the_record_that_is_shown_can_be_read(tmp_path):
    found = [text for page in DOCS.rglob("*.md") for text in RECORD.findall(read(page))]
    assert len(found) == 1
    path = tmp_path / "experiment.yaml"
    path.write_text(found[0], encoding="utf-8")
    record = runs.read_record(path)
    assert (record.dataset["name"], record.seed) == ("digits", 1)
    assert type(record.build_model().encoder).__name__ == "ConvEncoder"


def test_an_unknown_option_does_not_pass():
    with pytest.raises(Exception, match="--latent"):
        parsed("diffusion-vae train --latent sphere:2")


def test_scripts_that_are_named_exist():
    named = {(t, n) for t in TEXTS for n in re.findall(r"python ((?:\w+/)+\w+\.py)", read(t))}
    assert len(named) > 10
    missing = [(str(text), name) for text, name in named if not (ROOT / name).is_file()]
    assert missing == []


def test_files_of_python_that_are_named_exist():
    named = {
        (str(text.relative_to(ROOT)), span)
        for text in TEXTS
        for span in SPAN.findall(FENCE.sub("", read(text)))
        if re.fullmatch(r"(\w+/)+\w+\.py", span)
    }
    assert len(named) > 10
    places = (ROOT, PACKAGE, ROOT / "tests")
    assert [item for item in named if not any((p / item[1]).is_file() for p in places)] == []


# The front page


def test_the_readme_has_at_most_750_words():
    assert len(read(README).split()) <= 750


def folders_of_the_readme():
    tree = next(block for block in FENCE.findall(read(README)) if "diffusion_vae/\n" in block)
    return re.findall(r"^  (\w+)/", tree, re.MULTILINE)


def test_the_folders_of_the_readme_are_those_of_the_checkout():
    there = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    assert sorted(folders_of_the_readme()) == there


def test_a_folder_imports_only_from_those_above_it_in_the_readme():
    order = folders_of_the_readme()
    upward = []
    for path in PACKAGE.glob("*/**/*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(read(path))):
            if not isinstance(node, ast.ImportFrom):
                continue
            package, *inner = (node.module or "").split(".")
            if package != PACKAGE.name:
                continue
            taken = inner[:1] or [each.name for each in node.names]
            late = [each for each in taken if each in order[order.index(room) + 1 :]]
            upward += [f"{path.relative_to(ROOT)}:{node.lineno} takes {each}" for each in late]
    assert upward == []


# The reference


def test_no_exported_function_has_the_name_of_its_module():
    # `from x.mnist import mnist` hides the function behind the module.
    hidden = []
    for room in sorted(path.parent for path in PACKAGE.glob("*/**/__init__.py")):
        name = room.relative_to(ROOT).as_posix().replace("/", ".")
        exported = getattr(importlib.import_module(name), "__all__", [])
        hidden += [f"{name}.{each}" for each in exported if (room / f"{each}.py").exists()]
    assert hidden == []
