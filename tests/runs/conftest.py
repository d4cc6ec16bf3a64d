"""Small runs, by the arguments of `compose`."""

import pytest

from diffusion_vae.runs import compose, train

WIDTHS = {"encoder.units": (8,), "decoder.units": (8,)}
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
