"""Seeds: generators found once, states put back, integers derived."""

import keras
import numpy as np
import pytest

from diffusion_vae.random import (
    SeedGenerator,
    layer_seeds,
    seed_generators,
    seed_states,
    set_seed_states,
)


def nested():
    """Three generators at three depths, one of them shared by two layers."""
    shared = keras.layers.Dropout(0.5, seed=1)
    inner = keras.Sequential([shared, keras.layers.Dropout(0.5, seed=2)])
    model = keras.Sequential([keras.Input((4,)), inner, shared, keras.layers.GaussianNoise(1.0)])
    return model, shared, inner


@pytest.mark.jax
@pytest.mark.torch
def test_generators_below_a_layer_are_found_once_each():
    model, shared, inner = nested()
    found = seed_generators(model)
    assert len(found) == 3
    assert found.count(shared.seed_generator) == 1
    assert seed_generators(inner) == [shared.seed_generator, inner.layers[1].seed_generator]
    assert seed_generators(keras.layers.Dense(2)) == []
    assert seed_generators(shared) == [shared.seed_generator]


@pytest.mark.jax
@pytest.mark.torch
def test_states_put_back_repeat_the_noise():
    model, _, _ = nested()
    x = np.ones((3, 4), "float32")
    model(x, training=True)
    states = seed_states(model)
    assert all(state.shape == (2,) for state in states)
    first = np.asarray(model(x, training=True))
    assert not np.array_equal(first, model(x, training=True))
    set_seed_states(model, states)
    np.testing.assert_array_equal(model(x, training=True), first)


def test_states_are_copies():
    model, _, _ = nested()
    states = seed_states(model)
    before = [state.copy() for state in states]
    model(np.ones((3, 4), "float32"), training=True)
    np.testing.assert_array_equal(states, before)
    assert not np.array_equal(seed_states(model), before)


def test_states_of_another_model_are_refused():
    model, _, inner = nested()
    with pytest.raises(ValueError, match=r"Expected 3 seed states.*Received: 2.*another model"):
        set_seed_states(model, seed_states(inner))


def test_layer_seeds():
    assert layer_seeds(None, 3) == [None, None, None]
    seeds = layer_seeds(0, 4)
    assert seeds == layer_seeds(0, 4)
    assert len(set(seeds)) == 4
    assert all(type(seed) is int and 0 <= seed < 2**31 for seed in seeds)
    assert not set(seeds) & set(layer_seeds(1, 4))
    assert layer_seeds(0, 2) == seeds[:2]
    assert layer_seeds(0, 0) == []


@pytest.mark.jax
@pytest.mark.torch
def test_on_one_device_it_is_keras_own_generator():
    ours, keras_own = SeedGenerator(5), keras.random.SeedGenerator(5)
    for _ in range(3):
        np.testing.assert_array_equal(
            keras.random.normal((4,), seed=ours), keras.random.normal((4,), seed=keras_own)
        )
    np.testing.assert_array_equal(ours.state, keras_own.state)


def test_inside_a_function_the_state_moves_on():
    import tensorflow as tf

    generator, eager = SeedGenerator(5), SeedGenerator(5)
    draw = tf.function(lambda: keras.random.normal((4,), seed=generator))
    expected = [keras.random.normal((4,), seed=eager) for _ in range(3)]
    np.testing.assert_allclose([draw() for _ in range(3)], expected, rtol=1e-6)


def test_the_replica_is_folded_into_the_seed(monkeypatch):
    import tensorflow as tf

    class Replica:
        num_replicas_in_sync = 2

        def __init__(self, index):
            self.replica_id_in_sync_group = tf.constant(index)

    draws = []
    for index in (0, 1):
        monkeypatch.setattr(tf.distribute, "get_replica_context", lambda i=index: Replica(i))
        generator = SeedGenerator(5)
        draws.append(np.asarray(keras.random.normal((4,), seed=generator)))
    plain = keras.random.normal((4,), seed=keras.random.SeedGenerator(5))
    np.testing.assert_array_equal(draws[0], plain)
    assert np.abs(draws[0] - draws[1]).max() > 1e-2
