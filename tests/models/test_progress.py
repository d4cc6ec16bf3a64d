"""Keras's bar in a terminal of 80 columns, and word of an interruption."""

import re
import time

import keras
import numpy as np
import pytest

import diffusion_vae as dv

X = np.random.default_rng(0).random((8, 4, 4), dtype=np.float32)


@pytest.fixture(scope="module")
def model():
    layers = keras.layers
    encoder = keras.Sequential([layers.Flatten(), layers.Dense(4)])
    model = dv.SphereVAE(2, encoder, seed=0)
    model.compile("adam", jit_compile=False)
    return model


def lines(text):
    """Lines as a terminal shows them: without colours, each state of the bar on its own."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\x08", "")
    return [line.rstrip() for line in re.split(r"[\r\n]", plain) if "step -" in line]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The training ended during")
def test_a_step_fits_in_a_line(model, capsys, monkeypatch):
    """A longer line is not replaced but printed anew: 940 lines an epoch of MNIST."""
    monkeypatch.setenv("COLUMNS", "80")
    wait = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.06))
    history = model.fit(
        X, validation_data=X, batch_size=1, epochs=2, verbose=1, callbacks=[wait]
    ).history
    shown = lines(capsys.readouterr().out)
    steps = [line for line in shown if "val_" not in line]
    # Keras draws a step if 0.05 s have passed since the last one.
    assert len(steps) > 2 and max(map(len, steps)) <= 80
    assert all("elbo:" in line and "time_at_limit" not in line for line in shown)
    assert "val_elbo:" in shown[-1]
    assert {"time_at_limit", "log_time", "val_mse", "loss"} <= set(history)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The training ended during")
def test_a_wide_terminal_and_verbose_2_have_all(model, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    model.fit(X, batch_size=4, verbose=1)
    assert "time_at_limit:" in lines(capsys.readouterr().out)[-1]
    monkeypatch.setenv("COLUMNS", "80")
    model.fit(X, batch_size=4, verbose=2)
    assert "time_at_limit:" in capsys.readouterr().out
    model.evaluate(X, batch_size=4)
    assert "time_at_limit:" in lines(capsys.readouterr().out)[-1]  # the result, once
    model.evaluate(X, batch_size=4, verbose=0)
    model.fit(X, batch_size=4, verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("full")])
def test_callbacks_are_told_of_an_interruption(model, error):
    class Told(keras.callbacks.Callback):
        told = 0

        def on_train_batch_end(self, batch, logs=None):
            raise error

        def on_interruption(self):
            self.told += 1

    told = Told()
    with pytest.raises(type(error)):
        model.fit(X, verbose=0, callbacks=[told])
    assert told.told == 1
