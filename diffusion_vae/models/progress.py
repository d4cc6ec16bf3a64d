"""Keras's own bar with as many metrics as a line has room for, and word of an interruption."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras

FIRST = ("elbo", "kl_loss", "mse", "loss")  # the others follow in Keras's order
BAR = 38  # letters of the bar and its times, without the digits of "469/469"


class LineProgressBar(keras.callbacks.ProgbarLogger):
    """Keras's bar, whose line is not longer than the terminal is wide.

    A longer line is printed anew at every step instead of being replaced. All metrics reach the
    other callbacks and the `History`; `verbose=2` prints them all, once an epoch.
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, self._shown(logs))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_test_batch_end(batch, self._shown(logs))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, self._shown(logs))

    def _shown(self, logs: Mapping[str, Any] | None) -> dict[str, Any]:
        logs = dict(logs or {})
        if self.verbose == 2:
            return logs
        names = [name for name in logs if not name.startswith("val_")]
        names.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
        room = shutil.get_terminal_size().columns - BAR - 2 * len(str(self.target))
        chosen: list[str] = []
        for name in names:
            room -= len(f" - {name}: {float(logs[name]):.4f}")
            if room < 0 and chosen:
                break
            chosen.append(name)
        held_out = [f"val_{name}" for name in chosen if f"val_{name}" in logs]
        return {name: logs[name] for name in (*chosen, *held_out)}


def with_bar(callbacks: Iterable[Any], verbose: Any) -> list[Any]:
    """Callbacks with a `LineProgressBar` in place of the bar that Keras would add."""
    callbacks = list(callbacks)
    own = any(isinstance(each, keras.callbacks.ProgbarLogger) for each in callbacks)
    return callbacks if own or not verbose else [*callbacks, LineProgressBar()]


@contextlib.contextmanager
def telling_of_interruption(callbacks: Iterable[Any]) -> Iterator[None]:
    """Calls `on_interruption()` of the callbacks that have it when training breaks off.

    Keras calls no callback then: not after Ctrl-C, nor after an error.
    """
    try:
        yield
    except BaseException:
        for each in callbacks:
            if hasattr(each, "on_interruption"):
                each.on_interruption()
        raise
