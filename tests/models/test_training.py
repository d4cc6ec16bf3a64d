"""Training: the loss and its parts, weights, targets, guards."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder


def evaluate(model, *data, **options):
    return model.evaluate(*data, return_dict=True, verbose=0, **options)


def test_metrics_are_parts_of_one_whole(make, x):
    logs = evaluate(make(kl_weight=0.0), x, batch_size=10)
    assert logs["elbo"] == pytest.approx(-logs["reconstruction_loss"] - logs["kl_loss"], rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["reconstruction_loss"], rel=1e-5)
    assert logs["kl_loss"] > 1.0  # true nats, whatever the weight
    constant = 0.5 * 12 * np.log(2 * np.pi)
    assert logs["reconstruction_loss"] == pytest.approx(constant + 6 * logs["mse"], rel=1e-5)


def test_metrics_weigh_batches_by_their_size(make, x):
    model = make(fixed_time=1e-12)  # no noise to speak of
    whole, parts = evaluate(model, x, batch_size=24), evaluate(model, x, batch_size=10)
    for name, value in whole.items():
        assert parts[name] == pytest.approx(value, rel=1e-4), name


def test_kl_loss_is_the_kernels_kl(make, x):
    model = make(fixed_time=0.01)
    expected = -np.log(2 * np.pi * 0.01) - 1 + np.log(4 * np.pi) + 0.005
    assert evaluate(model, x)["kl_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_warm_up_raises_the_weight_linearly(make, x):
    model = make(kl_weight=2.0, kl_warmup_steps=4)
    weights = []
    for _ in range(6):
        weights.append(float(model.current_kl_weight()))
        model.fit(x, batch_size=24, epochs=1, verbose=0)
    np.testing.assert_allclose(weights, [0.0, 0.5, 1.0, 1.5, 2.0, 2.0])


def test_a_keras_schedule_is_a_weight(make, x):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.25, 4.0])
    model = make(kl_weight=schedule)
    assert float(model.current_kl_weight()) == 0.25
    model.fit(x, batch_size=12, epochs=1, verbose=0)
    assert float(model.current_kl_weight()) == 4.0
    again = dv.DiffusionVAE.from_config(model.get_config())
    assert again.kl_weight.get_config() == schedule.get_config()


@pytest.mark.slow
def test_the_first_step_is_traced_once(x):
    class Counting(dv.SphereVAE):
        traces = 0

        def train_step(self, *args):
            Counting.traces += 1
            return super().train_step(*args)

    model = Counting(2, MLPEncoder((4,)), MLPDecoder((4,), event_shape=(4, 3)))
    model.compile("adam")  # whose variables, made in a step, would have it traced again
    model.fit(x, batch_size=12, epochs=2, verbose=0)
    assert Counting.traces == 1


def test_a_regulariser_counts_once(x):
    def loss(regularizer):
        encoder = keras.Sequential(
            [
                keras.layers.Flatten(),
                keras.layers.Dense(8, kernel_initializer="ones", kernel_regularizer=regularizer),
            ]
        )
        model = dv.SphereVAE(
            2, encoder, MLPDecoder((8,), event_shape=(4, 3), seed=2), fixed_time=1e-12, seed=0
        )
        model.compile("adam", **QUICK_STEPS)
        return evaluate(model, x)["loss"]

    penalty = 0.01 * 12 * 8
    assert loss(keras.regularizers.L1(0.01)) - loss(None) == pytest.approx(penalty, rel=1e-3)


def test_sample_weights_are_honoured(make, x):
    model = make(fixed_time=1e-12)
    first = evaluate(model, x[:12])["loss"]
    weight = np.repeat([2.0, 0.0], 12).astype(np.float32)
    weighted = evaluate(model, x, x, sample_weight=weight, batch_size=24)["loss"]
    assert weighted == pytest.approx(first, rel=1e-4)


def test_targets_other_than_the_input(make, x):
    model = make()
    model.fit(x + 0.1, x, epochs=1, verbose=0)
    clean = evaluate(model, x, np.zeros_like(x))["mse"]
    assert clean == pytest.approx(np.mean(model.reconstruct(x) ** 2), rel=0.2)


def test_labels_are_refused_and_the_fix_is_named(make, x):
    with pytest.raises(ValueError, match=r"learns without labels: call `fit\(x\)`"):
        make().fit(x, np.zeros((24, 1), np.float32), verbose=0)


@pytest.mark.parametrize("argument", [{"loss": "mse"}, {"metrics": ["mae"]}])
def test_compile_brings_its_own_loss_and_metrics(make, argument):
    with pytest.raises(ValueError, match="brings its own loss and"):
        make(compiled=False).compile("adam", **argument)


@pytest.mark.slow
def test_data_may_come_as_tf_data_generator_or_pydataset(make, x):
    def batches():
        while True:
            yield (x[:8],)

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return (x[8 * index : 8 * index + 8],)

    model = make()
    pipeline = tf.data.Dataset.from_tensor_slices(x).batch(8)
    for data, steps in ((pipeline, None), (batches(), 3), (Batches(), None)):
        options = {"steps_per_epoch": steps, "epochs": 1, "shuffle": False, "verbose": 0}
        history = model.fit(data, **options).history
        assert np.isfinite(history["loss"][0])


@pytest.mark.slow
def test_one_seed_gives_the_same_run_twice(make, x):
    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        runs.append(make().fit(x, batch_size=8, epochs=2, verbose=0).history)
    assert runs[0].keys() == runs[1].keys()
    for name, values in runs[0].items():
        np.testing.assert_allclose(runs[1][name], values, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_data_are_refused_before_training(make, x, bad):
    x[3, 1, 1] = bad
    with pytest.raises(ValueError, match="Expected `x` to be finite"):
        make().fit(x, verbose=0)


def test_data_outside_the_unit_interval_are_no_bernoulli_data(make, x):
    with pytest.raises(ValueError, match=r"Expected data in \[0, 1\]"):
        make(likelihood="bernoulli").fit(2 * x, verbose=0)


def test_a_nan_loss_stops_training_and_says_at_which_step(make, x):
    class Ended(keras.callbacks.Callback):
        ended = False

        def on_train_end(self, logs=None):
            self.ended = True

    def spoiled():
        for step in range(6):
            yield (np.full_like(x, np.nan) if step == 3 else x,)

    ended = Ended()
    with pytest.raises(FloatingPointError, match=r"became nan at step 4 \(epoch 1, batch 4\)"):
        make().fit(
            spoiled(), steps_per_epoch=6, epochs=2, shuffle=False, verbose=0, callbacks=[ended]
        )
    assert ended.ended


def test_times_at_a_limit_are_warned_of_once(make, x):
    model = make(log_time_range=(-6.0, -1.0), initial_log_time=-1.001)
    with pytest.warns(UserWarning, match=r"within 1 % of a limit.*Widen `log_time_range`") as seen:
        model.fit(x, epochs=3, verbose=0)
    assert len(seen) == 1


def test_times_inside_the_limits_give_no_warning(make, x):
    make(log_time_range=(-6.0, -1.0)).fit(x, epochs=1, verbose=0)


def test_mixed_precision_keeps_geometry_in_float32(x):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder, decoder = MLPEncoder((8,), seed=1), MLPDecoder((8,), event_shape=(4, 3), seed=2)
        model = dv.SO3VAE(encoder, decoder, seed=0)
        model.compile("adam", **QUICK_STEPS)
        history = model.fit(x, epochs=2, verbose=0).history
        outputs = model(x)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"]).all()
    assert keras.backend.standardize_dtype(outputs["location"].dtype) == "float32"
    assert keras.backend.standardize_dtype(outputs["z"].dtype) == "float32"
    np.testing.assert_allclose(
        model.manifold.project(outputs["location"]), outputs["location"], atol=1e-5
    )
