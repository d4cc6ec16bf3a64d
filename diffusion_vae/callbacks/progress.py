"""Training progress in the terminal: one bar, and the most important metrics."""

from typing import Any

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SHOWN = ("elbo", "kl_loss", "mse")


class ProgressBar(keras.callbacks.Callback):
    """A bar over all epochs, with the metrics of the last epoch beside it.

    Args:
        console: A `rich` console; `None` makes one.

    Example:
        >>> from diffusion_vae.callbacks import ProgressBar
        >>> bar = ProgressBar()
        >>> model.fit(x, epochs=20, verbose=0, callbacks=[bar])  # doctest: +SKIP
    """

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self.console = console or Console()
        self._progress = Progress(console=self.console)
        self._task = TaskID(0)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]:>3}/{task.fields[epochs]}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[numbers]}"),
            console=self.console,
        )
        epochs, steps = self.params["epochs"], self.params["steps"] or 1
        self._task = self._progress.add_task(
            "", total=epochs * steps, epoch=1, epochs=epochs, numbers=""
        )
        self._progress.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._progress.update(self._task, epoch=epoch + 1)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._progress.advance(self._task)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        numbers = [f"{name} {logs[name]:.5g}" for name in SHOWN if name in logs] if logs else []
        self._progress.update(self._task, numbers="  ".join(numbers))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._progress.stop()
