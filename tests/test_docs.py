"""The documentation: its code runs, page by page, and no exported name is missing."""

import ast
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.plots.charts import registry

ROOT = Path(__file__).parent.parent
DOCS, PACKAGE = ROOT / "docs", ROOT / "diffusion_vae"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    str(page.relative_to(DOCS))
    for page in DOCS.rglob("*.md")
    if BLOCK.search(page.read_text(encoding="utf-8"))
)


@pytest.fixture
def small_mnist(monkeypatch):
    """Keras's MNIST as 256 + 128 pictures of noise: the code is tested, not its numbers."""
    draws = np.random.default_rng(0)

    def split(n):
        return draws.integers(256, size=(n, 28, 28)).astype("uint8"), draws.integers(10, size=n)

    data = split(256), split(128)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: data)


@pytest.fixture
def own_registrations(monkeypatch):
    """What a page registers for its own manifold is gone after it."""
    monkeypatch.setattr(registry, "_BUILDERS", dict(registry._BUILDERS))
    yield
    heat_kernel._clear_cache()


def test_pages_with_code_are_found():
    assert {"quickstart.md", "your_own_manifold.md", "index.md"} <= set(PAGES)


@pytest.mark.filterwarnings("ignore:.*of the diffusion times are within 1 %")
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, small_mnist, own_registrations):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    code = "\n".join(BLOCK.findall(text))
    code = re.sub(r"epochs=\d+", "epochs=1", code)
    exec(compile(code, page, "exec"), {"__name__": "__main__"})


def test_functions_named_like_their_module_have_an_entry_of_their_own():
    # `from x.mnist import mnist` hides the function behind the module for mkdocstrings.
    reference = "".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    hidden = [
        f"diffusion_vae.{room.relative_to(PACKAGE).as_posix().replace('/', '.')}.{name}"
        for room in (path.parent for path in PACKAGE.glob("*/**/__init__.py"))
        for name in exported(room)
        if (room / f"{name}.py").exists()
    ]
    assert "diffusion_vae.datasets.mnist" in hidden
    missing = [path for path in hidden if f"::: {path}.{path.split('.')[-1]}\n" not in reference]
    assert missing == []


def exported(room):
    """Names in `__all__` of a package, read without importing it."""
    for node in ast.parse((room / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return []
