"""Small models and data for the contract tests."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder


@pytest.fixture
def x():
    """Twenty-four examples `[24, 4, 3]` in [0, 1]."""
    return np.random.default_rng(0).random((24, 4, 3), dtype=np.float32)


@pytest.fixture
def make():
    """A function from a latent space to a small compiled model for examples (4, 3).

    Its steps are not traced: tests of a few steps would pay more for the graph than for the
    steps. `test_contract.py` and `test_xla.py` train as a graph.
    """

    def small(manifold="sphere:2", *, encoder=None, event_shape=(4, 3), compiled=True, **options):
        options = {"seed": 0, "kl_warmup_steps": 0, "walk_steps": 2, **options}
        model = dv.DiffusionVAE(
            manifold,
            encoder or MLPEncoder((8,), seed=1),
            MLPDecoder((8,), event_shape=event_shape, seed=2),
            **options,
        )
        if compiled:
            model.compile("adam", **QUICK_STEPS)
        return model

    return small


@pytest.fixture
def each_source():
    """A function from data to what makes each kind of source of their batches."""

    def sources(data, size):
        named = data if isinstance(data, dict) else {"x": data}
        parts = [
            {name: array[i : i + size] for name, array in named.items()}
            for i in range(0, len(named["x"]), size)
        ]
        if named is not data:
            parts = [part["x"] for part in parts]

        class Batches(keras.utils.PyDataset):
            def __len__(self):
                return len(parts)

            def __getitem__(self, index):
                return parts[index]

        pairs = [(part, part["x"] if named is data else part) for part in parts]
        yield "generator", lambda: iter_of(parts)
        yield "generator of pairs", lambda: iter_of(pairs)
        yield "PyDataset", Batches
        tf = pytest.importorskip("tensorflow")
        yield "tf.data", lambda: tf.data.Dataset.from_tensor_slices(data).batch(size)

    def iter_of(elements):
        yield from elements

    return sources
