"""What `fit` refuses before the first step, and what it does not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import diffusion_vae as dv

LABELS = np.arange(24) % 10
ONE_HOT = np.eye(10, dtype="float32")[LABELS]
WITHOUT_LABELS = r"Received: .*The model learns without labels: call `fit\(x\)`"


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], ONE_HOT], ids=["1d", "2d", "one-hot"])
def test_labels_are_refused_as_labels_and_not_for_their_range(make, x, likelihood, labels):
    for built_before in (False, True):
        model = make(likelihood=likelihood)
        if built_before:
            model.build((None, 4, 3))
        with pytest.raises(ValueError, match=WITHOUT_LABELS):
            model.fit(x, labels, verbose=0)


def test_labels_in_a_pipeline_are_refused_too(make, x):
    pipeline = tf.data.Dataset.from_tensor_slices((x, LABELS)).batch(8)
    with pytest.raises(ValueError, match=WITHOUT_LABELS):
        make().fit(pipeline, shuffle=False, verbose=0)


def test_only_what_is_reconstructed_must_be_binary(make, x):
    model = make(likelihood="bernoulli")
    model.fit(5.0 * x - 2.0, x, verbose=0)  # noisy pictures in, clean ones out
    with pytest.raises(ValueError, match=r"Expected data in \[0, 1\]"):
        model.fit(x, 5.0 * x - 2.0, verbose=0)


@pytest.mark.parametrize("where", ["x", "y"])
def test_values_that_are_not_finite_are_refused_wherever_they_are(make, x, where):
    data = {"x": x, "y": x.copy()}
    data[where] = data[where].copy()
    data[where][3, 2, 1] = np.inf
    with pytest.raises(
        ValueError, match=rf"Expected `{where}` to be finite\. .* 1 NaN or infinite"
    ):
        make().fit(**data, verbose=0)


def test_validation_data_are_checked_before_training(make, x):
    bad = x.copy()
    bad[0, 0, 0] = np.nan
    model = make()
    for name, validation in (
        ("validation_data", bad),
        ("validation_data", (bad,)),
        ("y", (x, bad)),
    ):
        with pytest.raises(ValueError, match=f"Expected `{name}` to be finite"):
            model.fit(x, validation_data=validation, verbose=0)
    with pytest.raises(ValueError, match=WITHOUT_LABELS):
        model.fit(x, validation_data=(x, LABELS), verbose=0)
    assert float(model.schedule_step) == 0.0  # not one step was made
    pipeline = tf.data.Dataset.from_tensor_slices(x).batch(8)
    assert "val_elbo" in model.fit(x, validation_data=pipeline, verbose=0).history


def test_sample_weights_need_no_target(make, x):
    weight = np.repeat([1.0, 0.0], 12).astype("float32")
    model = make(fixed_time=1e-12)
    expected = model.evaluate(x[:12], verbose=0, return_dict=True)["loss"]
    weighted = model.evaluate(x, sample_weight=2 * weight, verbose=0, return_dict=True)
    assert weighted["loss"] == pytest.approx(expected, rel=1e-4)
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    history = model.fit(x, sample_weight=2 * weight, batch_size=24, verbose=0).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_the_step_of_a_nan_is_right_when_steps_run_together(make, x):
    def spoiled():
        for step in range(8):
            yield (np.full_like(x, np.nan) if step == 5 else x,)

    model = make()
    model.compile("adam", run_eagerly=True, steps_per_execution=2)
    with pytest.raises(FloatingPointError, match=r"at step 6 \(epoch 1, batch 6\)"):
        model.fit(spoiled(), steps_per_epoch=8, shuffle=False, verbose=0)


def test_the_step_of_a_nan_counts_earlier_epochs(make, x):
    def spoiled():
        for step in range(9):
            yield (np.full_like(x, np.nan) if step == 4 else x,)

    with pytest.raises(FloatingPointError, match=r"at step 5 \(epoch 2, batch 2\)"):
        make().fit(spoiled(), steps_per_epoch=3, epochs=3, shuffle=False, verbose=0)


def test_training_stops_at_the_nan(make, x):
    seen = []
    data = np.concatenate([x, x])

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                self.model.decoder.layers[0].kernel.assign(
                    np.nan * self.model.decoder.layers[0].kernel
                )

    with pytest.raises(FloatingPointError, match="at step 2"):
        make().fit(data, batch_size=8, epochs=4, verbose=0, callbacks=Watch())
    assert seen == [0, 1]


def test_what_fails_after_a_nan_does_not_hide_it(make, x):
    class Spoil(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            kernel = self.model.decoder.layers[0].kernel
            kernel.assign(np.nan * kernel)

        def on_train_end(self, logs=None):
            raise ValueError("a picture of NaN")

    with pytest.raises(FloatingPointError, match="at step 1") as raised:
        make().fit(x, verbose=0, callbacks=Spoil())
    assert "a picture of NaN" in str(raised.value.__cause__)


def test_class_weights_are_refused_as_labels_are(make, x):
    model = make()
    for call in (model.fit, model.train_on_batch):
        for target in (None, x):
            with pytest.raises(ValueError, match=r"learns without labels: weigh .*sample_weight"):
                call(x, target, class_weight={0: 1.0, 1: 2.0})
    with pytest.raises(ValueError, match="Expected no `loss_weights` in `compile`"):
        model.compile("adam", loss_weights=[1.0])


def test_a_model_that_was_not_compiled_is_reported_by_keras(make, x):
    for call in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(ValueError, match=r"You must call `compile\(\)`"):
            getattr(make(compiled=False), call)(x)


def test_a_decoder_of_another_shape_is_named(x):
    x = x[:, 0]
    for data in ({"x": x}, {"x": x, "y": x}, {"x": x, "sample_weight": np.ones(24)}):
        model = dv.SphereVAE(2, decoder=keras.Sequential([keras.layers.Dense(5)]), seed=0)
        model.compile("adam")
        with pytest.raises(ValueError, match=r"decoder.*\(3,\).*gives \(5,\)\. .*`Dense\(3\)`\."):
            model.fit(**data, verbose=0)


def test_pictures_of_whole_numbers_must_be_scaled(make, x):
    whole = (255 * x).astype("uint8")
    for data in (whole, whole.astype("int64"), (65535 * x).astype("uint16")):
        with pytest.raises(ValueError, match=r"whole numbers .* `x / 255`.*astype"):
            make().fit(data, verbose=0)
    with pytest.raises(ValueError, match="whole numbers from 0 to 2"):
        make().fit(x, validation_data=(x, whole // 100), verbose=0)
    for binary in (whole > 128, whole // 128, (whole // 128).astype("int32")):
        make().evaluate(binary, verbose=0)


def test_large_values_are_warned_of(make, x):
    with pytest.warns(UserWarning, match=r"values from .* to 25\d.*Scale them") as seen:
        make().evaluate(255 * x, verbose=0)
    assert len(seen) == 1
    counts = (90 * x[:, 0]).astype("int64")  # of features that are no pictures
    make(event_shape=(3,)).evaluate(counts, verbose=0)


def test_masked_values_are_refused(make, x):
    model, masked = make(), np.ma.masked_greater(x, 0.9)
    for call in (model.fit, model.evaluate, model.predict, model.encode):
        with pytest.raises(ValueError, match=r"without masked values.*x\.filled\(value\)"):
            call(masked)
    nothing_masked = np.ma.masked_greater(x, 2.0)
    np.testing.assert_array_equal(model.encode(nothing_masked)[0], model.encode(x)[0])
