"""What every layer keeps, in the manner of Keras's `run_layer_test`, and the `.keras` file."""

import json
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from diffusion_vae.random import seed_generators, seed_states, set_seed_states


class LayerCase(NamedTuple):
    """A layer and how to use it.

    Attributes:
        cls: Its class.
        config: Arguments of its constructor.
        inputs: Arrays it is called on, one or a list, `[batch, ...]`.
        upstream: Maps features `[batch, 4]` to its symbolic inputs.
        trainable: Number of trainable weights.
        generators: Number of seed generators.
        full_precision: Whether it keeps float32 under a policy of half precision.
        wraps: Whether it has weights and outputs of a layer that is given, in float32.
    """

    cls: type
    config: dict
    inputs: object
    upstream: Callable
    trainable: int = 0
    generators: int = 0
    full_precision: bool = True
    wraps: bool = False


def check_layer(case, folder):
    """Runs every check; `folder` is where the model file goes."""
    check_configuration(case)
    check_shapes(case)
    check_float_types(case)
    check_counts(case)
    check_training_and_file(case, folder)


def check_configuration(case):
    layer = case.cls(**case.config, name="mine")
    config = layer.get_config()
    again = case.cls.from_config(json.loads(json.dumps(keras.tree.map_structure(_plain, config))))
    assert type(again) is case.cls
    assert again.name == "mine"
    assert _text(again.get_config()) == _text(config)
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert _text(revived.get_config()) == _text(config)
    # Everything the constructor takes is there to be read back.
    assert set(case.config) <= set(config)


def check_shapes(case):
    layer = case.cls(**case.config)
    symbols = _map(lambda a: keras.KerasTensor((None, *a.shape[1:]), "float32"), case.inputs)
    symbolic = layer(symbols)
    shapes = layer.compute_output_shape(_map(lambda a: a.shape, case.inputs))
    for batch in (1, 2):
        outputs = layer(_map(lambda a, b=batch: ops.convert_to_tensor(a[:b]), case.inputs))
        flat = zip(_flatten(outputs), _flatten(symbolic), _flat_shapes(shapes), strict=True)
        for value, symbol, shape in flat:
            assert symbol.shape == (None, *value.shape[1:])
            assert tuple(shape[1:]) == tuple(value.shape[1:])
            assert value.shape[0] == batch
            assert symbol.dtype == keras.backend.standardize_dtype(value.dtype) == "float32"


def check_float_types(case):
    check_float_type(case, "mixed_bfloat16", computed="bfloat16", kept="float32")
    check_float_type(case, "bfloat16", computed="bfloat16", kept="bfloat16")
    if keras.backend.backend() != "jax":  # which has float64 where a user turned it on
        check_float_type(case, "float64", computed="float64", kept="float64")


def check_float_type(case, policy, computed, kept):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        layer = case.cls(**case.config)
        outputs = layer(_map(ops.convert_to_tensor, case.inputs))
    finally:
        keras.config.set_dtype_policy(previous)
    if case.wraps or (case.full_precision and policy != "float64"):
        computed = kept = "float32"
    for value in _flatten(outputs):
        assert keras.backend.standardize_dtype(value.dtype) == computed
        assert np.isfinite(ops.convert_to_numpy(ops.cast(value, "float32"))).all()
    assert all(weight.dtype == kept for weight in layer.weights)


def check_counts(case):
    layer = case.cls(**case.config)
    layer(_map(ops.convert_to_tensor, case.inputs))
    assert len(layer.trainable_weights) == case.trainable
    assert len(layer.non_trainable_weights) == 0
    assert len(seed_generators(layer)) == case.generators


def check_training_and_file(case, folder):
    features = keras.Input((4,))
    outputs = _flatten(case.cls(**case.config)(case.upstream(features)))
    model = keras.Model(features, outputs)
    eager = keras.backend.backend() == "tensorflow"  # elsewhere it is the slow way
    model.compile("sgd", loss=["mse"] * len(outputs), run_eagerly=eager)
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    targets = [np.zeros((6, *output.shape[1:]), "float32") + 0.3 for output in outputs]
    before = [np.array(weight) for weight in model.trainable_weights]
    loss = model.train_on_batch(x, targets)
    assert np.isfinite(loss).all()
    moved = [
        np.abs(np.array(weight) - old).max()
        for weight, old in zip(model.trainable_weights, before, strict=True)
    ]
    assert max(moved) > 0
    assert np.isfinite(moved).all()

    path = folder / "layer.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    set_seed_states(loaded, seed_states(model))  # Keras does not restore them
    for mine, other in zip(_flatten(loaded(x)), _flatten(model(x)), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(mine), ops.convert_to_numpy(other))


def _map(function, arrays):
    if isinstance(arrays, list):
        return [function(array) for array in arrays]
    return function(arrays)


def _flatten(outputs):
    if isinstance(outputs, dict):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _flat_shapes(shapes):
    if isinstance(shapes, dict):
        return list(shapes.values())
    return shapes if isinstance(shapes, list) else [shapes]


def _plain(value):
    return value.get_config() if hasattr(value, "get_config") else value


def _text(config):
    return json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True)
