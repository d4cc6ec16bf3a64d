"""What a training says of itself: its warm-up, a collapse, which way a metric goes."""

import warnings

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS
from keras.ops import convert_to_numpy

from diffusion_vae import InfoCatVAE, InfoVAE, SphereVAE
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.models.guards import CollapseWarning, NaNGuard, WarmupWarning
from diffusion_vae.networks import MLPDecoder, MLPEncoder


def number(value):
    return float(convert_to_numpy(value))


@pytest.mark.slow
def test_a_warm_up_that_has_not_ended_is_warned_of_once(make, x):
    model = make(kl_warmup_steps=50)
    with pytest.warns(UserWarning, match="during the warm-up") as seen:
        model.fit(x, batch_size=8, epochs=4, verbose=0)
    assert len(seen) == 1
    assert "12 of kl_warmup_steps=50 steps" in str(seen[0].message)
    assert "reached 0.24 of its full value" in str(seen[0].message)


@pytest.mark.slow
def test_of_a_loop_of_short_trainings_the_warm_up_is_warned_of_once(make, x):
    model, messages = make(kl_warmup_steps=50), []
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(4):  # 6 steps each: trials, but for those before them
            model.fit(x, batch_size=4, epochs=1, verbose=0)
            messages.append([str(w.message) for w in seen if "warm-up" in str(w.message)])
    assert [len(told) for told in messages] == [0, 1, 1, 1]
    assert "after 12 of kl_warmup_steps=50 steps" in messages[-1][0]
    assert "said once" in messages[-1][0]


def test_a_long_training_after_short_ones_is_warned_of_again(make):
    def sentence(model, epochs, first, last):
        callback = WarmupWarning(NaNGuard())
        callback.set_model(model)
        model.schedule_step.assign(last)
        for epoch in range(epochs):
            callback.on_epoch_end(epoch)
        return callback.sentence(last - first, {})

    model = make(kl_warmup_steps=1000)
    assert "said once" in sentence(model, 1, 0, 300)  # `fit(x)`
    assert sentence(model, 1, 300, 600) is None
    assert sentence(model, 2, 600, 610) is None
    assert "0.80 of its full value" in sentence(model, 2, 610, 800)


def test_other_trainings_are_not_warned_of(make):
    def sentence(first, last, **options):
        model, callback = make(**{"kl_warmup_steps": 50, **options}), WarmupWarning(NaNGuard())
        callback.set_model(model)
        model.schedule_step.assign(last)
        return callback.sentence(last - first, {})

    assert "weight in the loss reached 0.40" in sentence(0, 20)
    assert sentence(0, 9) is None  # a trial
    assert sentence(0, 50) is None  # it has ended
    assert sentence(0, 20, kl_weight=0.0) is None
    assert sentence(0, 99, kl_warmup_steps=1000) is None
    assert "reached 0.10" in sentence(0, 100, kl_warmup_steps=1000)
    assert sentence(0, 20, kl_warmup_steps=0) is None


@pytest.mark.slow
def test_the_loss_of_held_out_data_has_the_full_weight_during_the_warm_up(x):
    for kind in (SphereVAE, InfoVAE):
        networks = MLPEncoder((8,), seed=1), MLPDecoder((8,), event_shape=(4, 3), seed=2)
        options = {"alpha": 0.0, "lambda_": 1.0} if kind is InfoVAE else {}
        model = kind(None if kind is InfoVAE else 2, *networks, seed=0, **options)
        model.compile("adam", **QUICK_STEPS)
        history = model.fit(x, validation_data=x, verbose=0).history
        assert history["val_loss"][0] == pytest.approx(-history["val_elbo"][0], rel=1e-5)
        assert history["loss"][0] == pytest.approx(history["reconstruction_loss"][0], rel=1e-3)
        assert number(model.current_kl_weight()) == pytest.approx(1e-3)


@pytest.mark.parametrize("policy", ["float32", "bfloat16"])
def test_steps_are_counted_beyond_the_whole_numbers_of_a_float(policy, x):
    networks = MLPEncoder((4,), seed=1), MLPDecoder((4,), event_shape=(4, 3), seed=2)
    model = SphereVAE(2, *networks, kl_warmup_steps=2**25, dtype=policy)
    model.compile("adam", **QUICK_STEPS)
    model.build((None, 4, 3))
    model.schedule_step.assign(2**24)  # whose successor no float32 can hold
    model.train_on_batch(x)
    assert int(model.schedule_step) == 2**24 + 1
    assert number(model.current_kl_weight()) == pytest.approx(0.5)


def test_a_file_whose_steps_were_counted_in_floats_is_read(make, x):
    model = make()
    model.build((None, 4, 3))
    model.schedule_step.assign(np.float32(7.0))
    assert int(model.schedule_step) == 7


CALLBACKS = {
    "early stopping": lambda path: keras.callbacks.EarlyStopping("val_elbo", patience=1),
    "checkpoint": lambda path: keras.callbacks.ModelCheckpoint(
        path / "best.keras", "val_elbo", save_best_only=True
    ),
    "learning rate": lambda path: keras.callbacks.ReduceLROnPlateau("elbo"),
}


@pytest.mark.parametrize("kind", CALLBACKS)
def test_callbacks_know_that_the_bound_is_to_rise(make, x, tmp_path, kind):
    callback = CALLBACKS[kind](tmp_path)
    make().fit(x, validation_data=x, epochs=2, verbose=0, callbacks=callback)
    assert callback.mode == "max"
    assert bool(convert_to_numpy(callback.monitor_op(2.0, 1.0)))  # more is better


def test_callbacks_know_that_errors_are_to_fall_and_times_have_no_better_side(make, x):
    model, stop = make(), keras.callbacks.EarlyStopping("mse")
    model.fit(x, verbose=0, callbacks=stop)
    assert stop.mode == "min"
    with pytest.raises(ValueError, match=r'mode="max" or mode="min" of EarlyStopping.*log_time'):
        model.fit(x, verbose=0, callbacks=keras.callbacks.EarlyStopping("val_log_time"))
    assert int(model.schedule_step) == 1  # of the first training alone


def warned(model, logs, steps):
    """The sentence about a collapse after so many steps, or `None`."""
    callback = CollapseWarning(NaNGuard())
    callback.set_model(model)
    return callback.sentence(steps, logs)


def test_a_collapse_is_warned_of_with_its_cure(make):
    model = make()
    sentence = warned(model, {"kl_loss": 5.0, "val_kl_loss": 0.001}, 1000)
    assert "collapsed" in sentence and "held-out KL is 0.001 nats" in sentence
    assert 'Gaussian(scale="learned")' in sentence and "kl_warmup_steps" in sentence
    assert "held-out" not in warned(model, {"kl_loss": 0.05}, 1000)
    assert "fixed_time" in warned(make(fixed_time=9.0), {"kl_loss": 0.0}, 1000)
    learned = warned(make(likelihood=Gaussian("learned")), {"kl_loss": 0.0}, 1000)
    assert learned is not None and "scale" not in learned
    clusters = warned(InfoCatVAE(2), {"kl_loss": 0.0}, 1000)
    assert "`beta`" in clusters and "kl_weight" not in clusters


def test_no_collapse_is_warned_of_where_there_is_none(make):
    assert warned(make(), {"kl_loss": 0.0}, 3) is None  # a few steps
    assert warned(make(), {"val_kl_loss": 0.2, "kl_loss": 0.0}, 1000) is None
    assert warned(make(), {}, 1000) is None
    assert warned(make(kl_weight=0.0), {"kl_loss": 0.0}, 1000) is None
    assert warned(make(kl_capacity=(0.0, 5.0, 1000)), {"kl_loss": 0.0}, 1000) is None


@pytest.mark.slow
def test_a_training_that_collapses_says_so(make, x):
    model = make()
    model.compile(keras.optimizers.Adam(0.1), jit_compile=False)  # 60 steps: a graph pays
    with pytest.warns(UserWarning, match="The posterior has collapsed to the prior: the KL"):
        model.fit(np.full_like(x, 0.5), batch_size=4, epochs=10, verbose=0)
