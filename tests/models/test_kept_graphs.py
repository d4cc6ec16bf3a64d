"""`log_likelihood` is traced once, and again when the model is another one."""

import keras
import numpy as np
import pytest

from diffusion_vae.models.graphs import KEPT

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow has graphs to keep"
)


@pytest.fixture
def traced(make, x, monkeypatch):
    """A model, and a list that grows by one whenever its weights are traced."""
    model = make(walk_steps=1, kernel="random_walk", likelihood="bernoulli")
    model.build(x.shape)
    traces, weights = [], model._log_weights

    def counted(*args):
        traces.append(args)
        return weights(*args)

    monkeypatch.setattr(model, "_log_weights", counted)
    model.log_likelihood(x[:4], samples=3)
    assert len(traces) == 1
    return model, traces


def test_further_calls_use_the_graph_and_the_weights_of_now(traced, x):
    model, traces = traced
    before = model.log_likelihood(x[:4], samples=3, seed=0).per_example
    np.testing.assert_array_equal(
        model.log_likelihood(x[:4], samples=3, seed=0).per_example, before
    )
    model.set_weights([0.5 * np.asarray(weight) for weight in model.get_weights()])
    after = model.log_likelihood(x[:4], samples=3, seed=0).per_example
    assert len(traces) == 1
    assert np.abs(after - before).max() > 1e-3
    model._graphs = None
    fresh = model.log_likelihood(x[:4], samples=3, seed=0).per_example
    np.testing.assert_allclose(fresh, after, rtol=1e-6)


CHANGES = {
    "another dtype": lambda model: setattr(model.decoder, "dtype_policy", "bfloat16"),
    "another activation": lambda model: setattr(last(model), "activation", keras.ops.abs),
    "other weights": lambda model: model.quantize("int8"),
    "compiled anew": lambda model: model.compile("sgd"),
}


def last(model):
    layers = model.decoder._flatten_layers()
    return [layer for layer in layers if isinstance(layer, keras.layers.Dense)][-1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method:UserWarning")
@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_another_model_has_another_graph(traced, x, change):
    model, traces = traced
    change(model)
    found = model.log_likelihood(x[:4], samples=3, seed=0).per_example
    assert len(traces) == 2
    model._graphs = None
    fresh = model.log_likelihood(x[:4], samples=3, seed=0).per_example
    np.testing.assert_allclose(found, fresh, rtol=1e-6)


@pytest.mark.slow
def test_the_number_of_graphs_is_bounded_and_none_is_saved(traced, x, tmp_path, monkeypatch):
    model, _ = traced
    monkeypatch.setattr("diffusion_vae.models.evidence.as_graph", lambda function, _: function)
    for samples in range(1, KEPT + 3):
        model.log_likelihood(x[:1], samples=samples)
    assert len(model._graphs) == KEPT
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras")._graphs is None
