"""Training progress in the terminal: one bar, the numbers that matter."""

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressBar(keras.callbacks.Callback):
    """A bar over all epochs, with the metrics of the last epoch beside it.

    Args:
        console: A `rich` console.
    """

    def __init__(self, console=None):
        super().__init__()
        self.console = console or Console()
        self._progress = None

    def on_train_begin(self, logs=None):
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

    def on_epoch_begin(self, epoch, logs=None):
        self._progress.update(self._task, epoch=epoch + 1)

    def on_train_batch_end(self, batch, logs=None):
        self._progress.advance(self._task)

    def on_epoch_end(self, epoch, logs=None):
        shown = {name: logs[name] for name in ("elbo", "kl_loss", "mse") if name in (logs or {})}
        numbers = "  ".join(f"{name} {value:.5g}" for name, value in shown.items())
        self._progress.update(self._task, numbers=numbers)

    def on_train_end(self, logs=None):
        self._progress.stop()
