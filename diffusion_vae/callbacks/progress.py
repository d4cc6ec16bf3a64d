"""Training progress in the terminal: one bar, and the most important metrics."""

from typing import Any

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

SHOWN = {"elbo": "elbo", "kl_loss": "kl", "mse": "mse"}  # metric to label, the first first
WIDTH_OF_TIME, WIDEST_BAR, NARROWEST_BAR = 7, 24, 4
LONGEST = "elbo -1234  kl 1.234e-05  mse 1.234e-05"


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
        self._begun = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        epochs, steps = self.params["epochs"], self.params["steps"] or 1
        self._begun = False
        self._progress = Progress(*self._columns(epochs), console=self.console)
        self._task = self._progress.add_task(
            "", total=epochs * steps, epoch=1, epochs=epochs, numbers=""
        )
        self._progress.start()

    def _columns(self, epochs: int) -> list[ProgressColumn]:
        """Columns that fit the console: numbers come first, then times, then the bar."""
        fixed = Column(no_wrap=True)
        elapsed = TimeElapsedColumn(Column(no_wrap=True, min_width=WIDTH_OF_TIME))
        left = TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=WIDTH_OF_TIME))
        count = TextColumn(
            f"epoch {{task.fields[epoch]:>{len(str(epochs))}}}/{{task.fields[epochs]}}",
            table_column=fixed,
        )
        numbers = TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True))
        rest = self.console.width - len(f"epoch {epochs}/{epochs} ") - len(LONGEST) - 1
        columns: list[ProgressColumn] = [count]
        room = rest - len("left ") - WIDTH_OF_TIME - 1
        if room >= 0:
            columns += [TextColumn("left", table_column=Column(no_wrap=True)), left]
            rest = room
        if rest >= WIDTH_OF_TIME + 1 + NARROWEST_BAR + 1:
            columns.insert(1, elapsed)
            rest -= WIDTH_OF_TIME + 1
        if rest > NARROWEST_BAR:
            columns.insert(1, BarColumn(bar_width=min(WIDEST_BAR, rest - 1)))
        return [*columns, numbers]

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._begun:  # a training that goes on has only the rest before it
            self._begun = True
            rest = self.params["epochs"] - epoch
            self._progress.update(self._task, total=rest * (self.params["steps"] or 1))
        self._progress.update(self._task, epoch=epoch + 1)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._progress.advance(self._task)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        shown = [(label, (logs or {}).get(name)) for name, label in SHOWN.items()]
        numbers = [f"{label} {value:.4g}" for label, value in shown if value is not None]
        self._progress.update(self._task, numbers="  ".join(numbers))

    def on_interruption(self) -> None:
        """Leaves the bar as it is, so that what is said of the interruption stands below it."""
        self._progress.stop()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._progress.stop()
