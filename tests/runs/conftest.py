"""Small runs, by the arguments of `compose`; the scripts of the benchmarks as modules."""

import importlib
import sys
from pathlib import Path

import pytest

from diffusion_vae.runs import compose, train

WIDTHS = {"encoder.units": (8,), "decoder.units": (8,)}
SCRIPTS = Path(__file__).parents[2] / "benchmarks"
PICTURES = {"dataset.size": 8, "dataset.train_size": 64, "dataset.test_size": 16}


def _small(settings=None, **choices):
    return compose(**{"epochs": 1, "restarts": 0, **choices}, settings={**WIDTHS, **settings})


@pytest.fixture(scope="session")
def digits():
    """A function that composes a small run on S^2 and digits, of two steps an epoch."""
    usual = {"manifold": "sphere:2", "dataset": "digits", "batch_size": 1000}
    return lambda settings=(), **choices: _small(dict(settings), **{**usual, **choices})


@pytest.fixture(scope="session")
def pictures():
    """A function that composes a small run on the flat torus and periodic pictures."""
    return lambda settings=(), **choices: _small({**PICTURES, **dict(settings)}, **choices)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory, digits):
    """A run named "run", of two epochs with a model of each, and its results folder."""
    results = tmp_path_factory.mktemp("results")
    record = digits({"fit.pictures_every": 1, "fit.checkpoint_every": 1}, epochs=2)
    return train(record, results, "run"), results


@pytest.fixture
def script(monkeypatch):
    """A function that imports a benchmark by name, as the scripts import each other."""
    monkeypatch.syspath_prepend(SCRIPTS)
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (SCRIPTS / f"{name}.py").exists():
            del sys.modules[name]
