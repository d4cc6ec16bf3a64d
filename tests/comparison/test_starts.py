"""Trainings of several starts at once: what each would be by itself."""

import keras
import numpy as np
import pytest
from keras import ops

from diffusion_vae import DiffusionVAE
from diffusion_vae.comparison.starts import Starts
from diffusion_vae.manifolds import Sphere
from diffusion_vae.networks import MLPDecoder, MLPEncoder

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
TRAIN, VALIDATION = X[:40], X[40:]
STEPS, RATE, BATCH = 4, 1e-2, 16
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}  # of float32, whose sums are ordered otherwise


def make_model(seed):
    return DiffusionVAE(
        Sphere(1), MLPEncoder((5,)), MLPDecoder((5,)), walk_steps=2, kl_warmup_steps=6, seed=seed
    )


def make_starts(seeds, make=make_model, **options):
    return Starts(make, seeds, TRAIN, VALIDATION, BATCH, **options)


def weights_of(starts, s):
    return [value[s] for value in starts.weights()]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


@pytest.fixture(scope="module")
def trained():
    """Three starts after two calls, with their losses."""
    starts = make_starts([3, 1, 2], fused=False)
    losses = [starts.run(STEPS, RATE) for _ in range(2)]
    return starts, losses


@pytest.mark.jax
@pytest.mark.torch
def test_a_start_in_a_stack_is_what_it_is_alone():
    stack, alone = make_starts([3, 1], fused=False), make_starts([1], fused=False)
    for _ in range(2):
        together, single = stack.run(STEPS, RATE), alone.run(STEPS, RATE)
        for one, other in zip(together, single, strict=True):
            np.testing.assert_allclose(one[1], other[0], **TOLERANCE)
    assert_same(weights_of(stack, 1), weights_of(alone, 0))


def test_a_start_is_a_plain_loop_with_the_loss_of_the_model(trained):
    tf = pytest.importorskip("tensorflow")
    starts, losses = trained
    model = make_model(1)
    model.build(TRAIN.shape)
    optimizer = keras.optimizers.Adam(RATE)
    rng = np.random.default_rng(1)
    found = []
    for call in range(2):
        total = 0.0
        for step in range(STEPS * call, STEPS * (call + 1)):
            if step % 2 == 0:  # 40 examples hold two batches of 16
                order = rng.permutation(40)
            rows = order[16 * (step % 2) : 16 * (step % 2 + 1)]
            x = tf.constant(TRAIN[rows])
            with tf.GradientTape() as tape:
                loss = model.compute_loss(x=x, y_pred=model(x, training=True), training=True)
            slopes = tape.gradient(loss, [v.value for v in model.trainable_variables])
            optimizer.apply(slopes, model.trainable_variables)
            total += float(loss)
        x = tf.constant(VALIDATION)
        judged = model.compute_loss(x=x, y_pred=model(x, training=False), training=False)
        found.append((total / STEPS, float(judged)))
    np.testing.assert_allclose(
        found, [(loss[1], validation[1]) for loss, validation in losses], **TOLERANCE
    )
    assert_same(model.trainable_variables, weights_of(starts, 1))
    assert int(model.schedule_step) == 2 * STEPS


@pytest.mark.slow
def test_what_is_kept_goes_on_as_if_nothing_had_ended():
    whole, kept = make_starts([3, 1, 2], fused=False), make_starts([3, 1, 2], fused=False)
    for each in (whole, kept):
        each.run(STEPS, RATE)
    kept.keep([2, 0])
    assert kept.seeds == [2, 3] and len(kept) == 2
    one, other = whole.run(STEPS, RATE), kept.run(STEPS, RATE)  # weights, moments, noise, order
    for first, second in zip(one, other, strict=True):
        np.testing.assert_allclose(first[[2, 0]], second, **TOLERANCE)
    assert_same(weights_of(whole, 2), weights_of(kept, 0))
    assert_same(weights_of(whole, 0), weights_of(kept, 1))


def test_a_given_model_has_the_weights_and_the_state_of_its_start(trained):
    starts, _ = trained
    for s in (2, 0):
        model = starts.give(s)
        assert_same(model.trainable_variables, weights_of(starts, s))
        assert int(model.schedule_step) == 2 * STEPS
    again = make_starts([3, 1, 2], fused=False)
    weights = starts.weights()
    again.set_weights(weights)
    assert_same(again.weights(), weights)
    np.testing.assert_allclose(again.give(1).decode(np.eye(2)), starts.give(1).decode(np.eye(2)))


def test_a_start_that_is_not_a_number_leaves_the_others_alone(trained):
    starts = make_starts([3, 1, 2], fused=False)
    weights = starts.weights()
    for value in weights:
        value[0] = np.nan
    starts.set_weights(weights)
    losses = [starts.run(STEPS, RATE) for _ in range(2)]
    assert np.isnan([part[0] for pair in losses for part in pair]).all()
    for found, expected in zip(losses, trained[1], strict=True):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one[1:], other[1:], **TOLERANCE)
    assert_same(weights_of(starts, 2), weights_of(trained[0], 2))


@pytest.mark.slow
def test_a_start_in_a_compiled_stack_is_what_it_is_alone(trained):
    # Compiled and plain steps draw other noise, from the same seeds.
    stack, alone = make_starts([3, 1], fused=True), make_starts([1], fused=True)
    together, single = stack.run(STEPS, RATE), alone.run(STEPS, RATE)
    for one, other in zip(together, single, strict=True):
        np.testing.assert_allclose(one[1], other[0], **TOLERANCE)
    assert_same(weights_of(stack, 1), weights_of(alone, 0))
    plain, _ = trained[1][0]
    np.testing.assert_allclose(together[0], plain[:2], rtol=0.1)


@pytest.mark.slow
def test_a_network_that_cannot_be_compiled_trains_all_the_same():
    tf = pytest.importorskip("tensorflow")

    class InPython(keras.layers.Layer):
        """Its operation runs in Python, which XLA cannot compile."""

        def call(self, x):
            @tf.custom_gradient
            def same(x):
                y = tf.numpy_function(lambda value: value, [x], x.dtype)
                return tf.ensure_shape(y, x.shape), lambda slope: slope

            return same(x)

        def compute_output_shape(self, shape):
            return shape

    def make(seed):
        features = keras.initializers.GlorotUniform(seed)
        encoder = keras.Sequential(
            [InPython(), keras.layers.Dense(5, "tanh", kernel_initializer=features)]
        )
        return DiffusionVAE(Sphere(1), encoder, MLPDecoder((5,)), walk_steps=2, seed=seed)

    starts = make_starts([0, 1], make, fused=True)
    before = starts.weights()
    loss, validation = starts.run(2, RATE)
    assert np.isfinite([loss, validation]).all()
    assert any((one != other).any() for one, other in zip(before, starts.weights(), strict=True))


def test_each_row_comes_once_in_a_pass():
    starts = make_starts([0], fused=False)
    (order,) = starts._orders
    rows = np.concatenate([next(order) for _ in range(2)])
    assert len(set(rows.tolist())) == 32 and ops.shape(rows) == (32,)
