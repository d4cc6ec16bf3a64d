"""Callbacks of every `fit` of a model: they report a loss of NaN and times at a limit."""

import math
import warnings
from typing import Any

import keras

SHARE_TO_WARN = 0.9


class NaNGuard(keras.callbacks.Callback):
    """Stops training at the first loss that is not a finite number.

    `message` is then a sentence with the step, the epoch and the batch. `fit` raises it after
    the other callbacks have closed their files.
    """

    def __init__(self) -> None:
        super().__init__()
        self.message: str | None = None
        self._epoch = 0
        self._earlier = 0  # steps of earlier epochs
        self._step = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch
        self._earlier = self._step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # Called once for several batches under `steps_per_execution`.
        self._step = self._earlier + batch + 1
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(float(loss)) or self.message:
            return
        self.message = (
            f"Training stopped: the loss became {float(loss)} at step {self._step} "
            f"(epoch {self._epoch + 1}, batch {batch + 1}). Look for NaN or very large "
            "values in the data, or lower the learning rate."
        )
        self.model.stop_training = True


class TimeLimitWarning(keras.callbacks.Callback):
    """Warns once when most diffusion times end an epoch at a limit."""

    def __init__(self) -> None:
        super().__init__()
        self._warned = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        share = (logs or {}).get("time_at_limit", 0.0)
        if self._warned or share <= SHARE_TO_WARN:
            return
        self._warned = True
        warnings.warn(
            f"{100 * share:.0f} % of the diffusion times are within 1 % of a limit at the "
            f"end of epoch {epoch + 1} (mean log time {logs['log_time']:.2f}): the limits "
            "set the KL now, not the data. Widen `log_time_range`.",
            UserWarning,
            stacklevel=2,
        )
