"""JAX: a trained model keeps its weights, whatever ends a call, and reads the right bytes.

The same holds on the other backends, where these tests run as well.
"""

import keras
import numpy as np
import pytest

from diffusion_vae import SphereVAE
from diffusion_vae.networks import MLPDecoder, MLPEncoder

pytestmark = pytest.mark.jax
X = np.random.default_rng(0).random((32, 6), dtype=np.float32)
SWAPPED = X.astype(X.dtype.newbyteorder())


def made(**options):
    networks = MLPEncoder((4,), seed=1), MLPDecoder((4,), event_shape=(6,), seed=2)
    model = SphereVAE(2, *networks, seed=0, kl_warmup_steps=0, fixed_time=1e-8)
    model.compile(keras.optimizers.Adam(1e-2, **options))
    return model


@pytest.fixture(scope="module")
def model():
    model = made()
    model.fit(X, batch_size=16, verbose=0)
    return model


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C at one of Keras's hooks."""

    def __init__(self, hook):
        super().__init__()

        def stop(*args, **kwargs):
            raise KeyboardInterrupt

        setattr(self, hook, stop)


class Broken(keras.utils.PyDataset):
    """Two batches, of which one cannot be read once Keras is at work."""

    def __init__(self, index):
        super().__init__()
        self.index, self.reads = index, 0

    def __len__(self):
        return 2

    def __getitem__(self, index):
        self.reads += 1
        if index == self.index and self.reads > 1:
            raise OSError("the disk is gone")
        return (X[:16],)


FAILURES = {
    "Ctrl-C in predict": lambda m: m.predict(X, callbacks=[Interrupt("on_predict_batch_end")]),
    "Ctrl-C in evaluate": lambda m: m.evaluate(X, callbacks=[Interrupt("on_test_batch_end")]),
    "an error in predict": lambda m: m.predict(Broken(1)),
    "an error in evaluate": lambda m: m.evaluate(Broken(1)),
    "an error in the first batch of predict": lambda m: m.predict(Broken(0)),
    "an error in the first batch of fit": lambda m: m.fit(Broken(0), shuffle=False),
    "Ctrl-C in the first batch of fit": lambda m: m.fit(
        X, callbacks=[Interrupt("on_train_batch_begin")]
    ),
}


def values(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [keras.ops.convert_to_numpy(variable).copy() for variable in variables]


@pytest.mark.parametrize("kind", FAILURES)
def test_the_weights_are_those_of_before_whatever_ends_the_call(model, kind):
    before = model.get_weights(), values(model)
    with pytest.raises((KeyboardInterrupt, OSError)):
        FAILURES[kind](model)
    for kept, weight in zip(before[0], model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, kept)
    assert all(np.isfinite(value).all() for value in values(model))
    assert len(before[1]) == len(values(model))


def test_ctrl_c_in_a_step_leaves_the_weights_of_the_epoch_before(model):
    before, step = model.get_weights(), model.train_function

    def interrupted(*arguments):
        step(*arguments)  # JAX has overwritten the old values, and the new ones are lost
        raise KeyboardInterrupt

    model.train_function = interrupted
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, verbose=0)
    finally:
        model.train_function = step
    if keras.backend.backend() == "jax":
        for kept, weight in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, kept)
    assert np.isfinite(model.evaluate(X, verbose=0)[0])


@pytest.mark.slow
def test_moving_averages_of_weights_outlive_the_first_training():
    model = made(use_ema=True)
    losses = [model.fit(X, batch_size=16, verbose=0).history["loss"][0] for _ in range(2)]
    model.evaluate(X, verbose=0)
    losses.append(model.train_on_batch(X)[0])
    assert np.isfinite(losses).all() and np.isfinite(np.concatenate(values(model), None)).all()


def test_arrays_of_the_other_byte_order_have_the_same_values(model):
    expected = model.predict(X, verbose=0)["location"]
    for found in (
        model.predict(SWAPPED, verbose=0)["location"],
        model.predict_on_batch(SWAPPED)["location"],
        model.encode(SWAPPED)[0],
    ):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    ones = np.ones(32, SWAPPED.dtype)
    loss = model.evaluate(X, verbose=0)[0]
    for found in (
        model.evaluate(SWAPPED, verbose=0)[0],
        model.evaluate(SWAPPED, SWAPPED, sample_weight=ones, verbose=0)[0],
        model.test_on_batch(SWAPPED)[0],
        model.test_on_batch(SWAPPED, SWAPPED, ones)[0],
    ):
        assert found == pytest.approx(loss, rel=1e-4)


@pytest.mark.slow
def test_training_reads_arrays_of_the_other_byte_order():
    ones = np.ones(32, SWAPPED.dtype)
    native, swapped = made(), made()
    options = {"batch_size": 16, "shuffle": False, "verbose": 0}
    expected = native.fit(X, validation_data=X, **options).history
    validation = (SWAPPED, SWAPPED, ones)
    found = swapped.fit(
        SWAPPED, SWAPPED, sample_weight=ones, validation_data=validation, **options
    ).history
    for name in ("loss", "val_loss", "mse", "val_mse"):
        assert found[name] == pytest.approx(expected[name], rel=1e-4), name
    again, other = native.train_on_batch(X)[0], swapped.train_on_batch(SWAPPED)[0]
    assert again == pytest.approx(other, rel=1e-3)


def test_manifolds_and_kernels_read_arrays_of_the_other_byte_order(model):
    points = model.encode(X)[0]
    swapped, times = points.astype(SWAPPED.dtype), np.full((32, 1), 0.1)
    manifold, kernel = model.manifold, model.latent.kernel
    for function, arguments, others in (
        (manifold.project, [points], [swapped]),
        (manifold.distance, [points, points[::-1]], [swapped, swapped[::-1]]),
        (manifold.exp, [points, 0.1 * points], [swapped, (0.1 * points).astype(SWAPPED.dtype)]),
        (
            kernel.log_density,
            [points, points[::-1], times.astype("float32")],
            [swapped, swapped[::-1], times.astype(SWAPPED.dtype)],
        ),
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(function(*others)),
            keras.ops.convert_to_numpy(function(*arguments)),
        )
