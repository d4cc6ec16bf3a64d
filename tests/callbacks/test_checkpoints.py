"""Models on disk: seldom written, and always the end of an epoch."""

import keras
import numpy as np
import pytest

from diffusion_vae.callbacks import ResultsFolder

STEPS, EPOCHS = 3, 4  # of a training


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random((24, 4, 4), dtype=np.float32)


def fit(model, x, *callbacks, first=0):
    """Trains without shuffling: only the model's own noise is random."""
    options = {"batch_size": len(x) // STEPS, "validation_batch_size": len(x), "verbose": 0}
    model.fit(
        x, validation_data=x, epochs=EPOCHS, initial_epoch=first, callbacks=[*callbacks],
        shuffle=False, **options,
    )  # fmt: skip
    return model


@pytest.fixture(scope="module")
def uninterrupted(small_model, x):
    return fit(small_model(), x)


class Break(keras.callbacks.Callback):
    """Ends the training in the middle of an epoch, as Ctrl-C or an error does."""

    def __init__(self, epoch, error):
        super().__init__()
        self.step, self.error = epoch * STEPS + 2, error

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.schedule_step) == self.step:
            raise self.error


def saved(folder, name="last.keras"):
    return keras.saving.load_model(folder.folder("weights_folder") / name)


@pytest.mark.slow
def test_epochs_in_between_are_not_written_and_the_last_one_is(
    tmp_path, x, small_model, monkeypatch, uninterrupted
):
    folder = ResultsFolder(tmp_path, run="run", seconds_between_saves=1000)
    model, names = small_model(), []
    save = model.save
    monkeypatch.setattr(
        model,
        "save",
        lambda path: names.append((path.name[10:], int(model.schedule_step))) or save(path),
    )
    fit(model, x, folder)
    assert names[0] == ("best.keras", STEPS)  # the first epoch; `last.keras` is a copy
    assert names[1:] == [("best.keras", STEPS * EPOCHS), ("last.keras", STEPS * EPOCHS)]
    for mine, theirs in zip(model.weights, uninterrupted.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)  # keeping states changes nothing


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("out of memory")])
def test_an_interrupted_training_is_written_as_it_was_after_its_last_epoch(
    tmp_path, x, small_model, uninterrupted, error
):
    folder = ResultsFolder(tmp_path, run="run", seconds_between_saves=1000)
    with pytest.raises(type(error)):
        fit(small_model(), x, folder, Break(2, error))
    last = saved(folder)
    assert int(last.schedule_step) == int(last.optimizer.iterations) == 2 * STEPS
    fit(last, x, first=2)
    for mine, theirs in zip(last.variables, uninterrupted.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_a_killed_training_goes_on_from_the_last_epoch_written(
    tmp_path, x, small_model, uninterrupted
):
    """Nothing is called when a process is killed: the files are those of the first epoch."""
    folder = ResultsFolder(tmp_path, run="run", seconds_between_saves=1000)
    folder.on_interruption = lambda: None
    with pytest.raises(KeyboardInterrupt):
        fit(small_model(), x, folder, Break(2, KeyboardInterrupt()))
    last = saved(folder)
    assert int(last.schedule_step) == STEPS
    again = ResultsFolder(tmp_path, run="run", resume=True)
    fit(last, x, again, first=1)
    for mine, theirs in zip(last.weights, uninterrupted.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(again._history["val_elbo"]) == EPOCHS


@pytest.mark.slow
def test_the_best_model_is_kept_while_worse_ones_follow(tmp_path, x, small_model):
    """The state of the best epoch is written, not that of the epoch at which it is written."""

    class Worse(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_elbo"] = -float(abs(epoch - 1))

    folder = ResultsFolder(tmp_path, run="run", seconds_between_saves=1000)
    fit(small_model(), x, Worse(), folder)
    assert int(saved(folder, "best.keras").schedule_step) == 2 * STEPS
    assert int(saved(folder).schedule_step) == EPOCHS * STEPS


@pytest.mark.slow
def test_the_duration_of_all_sessions_is_recorded(tmp_path, x, small_model):
    folder = ResultsFolder(tmp_path, run="run")
    folder.set_model(model := small_model())
    fit(model, x, folder)
    times = [folder.training_seconds]
    fit(model, x, ResultsFolder(tmp_path, run="run", resume=True), first=EPOCHS - 1)
    times.append(folder.training_seconds)
    assert 0 < times[0] < times[1]


def test_a_negative_time_is_refused():
    with pytest.raises(ValueError, match="seconds_between_saves"):
        ResultsFolder(seconds_between_saves=-1.0)
