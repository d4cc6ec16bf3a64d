"""Diffusion times that fall from coarse to fine while a model trains."""

import math

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS
from keras import ops

import diffusion_vae as dv

X = np.random.default_rng(0).random((8, 6), dtype=np.float32)


def make(annealing, **options):
    model = dv.SphereVAE(
        2,
        keras.Sequential([keras.layers.Dense(5)]),
        keras.Sequential([keras.layers.Dense(6)]),
        time_annealing=annealing,
        initial_log_time=-6.0,
        seed=0,
        **options,
    )
    model.compile(keras.optimizers.SGD(0.0), **QUICK_STEPS)
    model.build((None, 6))
    return model


def times(model, training):
    return ops.convert_to_numpy(model(X, training=training)["time"])


@pytest.mark.jax
@pytest.mark.parametrize(
    ("step", "expected"), [(0, -1.0), (50, -2.0), (99, -2.98), (100, -6.0), (1000, -6.0)]
)
def test_training_times_are_raised_to_a_falling_level(step, expected):
    model = make((-1.0, -3.0, 100))
    model.schedule_step.assign(float(step))
    np.testing.assert_allclose(np.log(times(model, training=True)), expected, atol=1e-4)
    np.testing.assert_allclose(np.log(times(model, training=False)), -6.0, atol=1e-4)


def test_times_above_the_level_stay():
    model = make((-8.0, -9.0, 100))
    np.testing.assert_allclose(np.log(times(model, training=True)), -6.0, atol=1e-4)


@pytest.mark.jax
def test_fit_counts_the_steps_and_the_kl_is_that_of_the_raised_time():
    model = make((-1.0, -1.0, 4), kl_warmup_steps=0)
    history = model.fit(X, batch_size=8, epochs=6, verbose=0).history
    kernel = model.latent.kernel
    north = np.array([[0.0, 0.0, 1.0]], "float32")
    raised, free = (
        float(kernel.kl_to_prior(north, np.full((1, 1), math.exp(t), "float32"))[0])
        for t in (-1.0, -6.0)
    )
    np.testing.assert_allclose(history["kl_loss"][:4], raised, rtol=1e-4)
    np.testing.assert_allclose(history["kl_loss"][4:], free, rtol=1e-4)


def test_annealing_is_saved(tmp_path):
    model = make([-1, -3, 100])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.time_annealing == [-1.0, -3.0, 100.0]


@pytest.mark.parametrize("annealing", [(-3, -1, 10), (-1, -3), (-1, -3, 0), (math.nan, -3, 5), 3])
def test_bad_annealing_is_named(annealing):
    with pytest.raises(ValueError, match="time_annealing"):
        make(annealing)
