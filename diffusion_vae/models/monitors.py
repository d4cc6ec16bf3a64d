"""Which way is up: the direction of a metric, for callbacks that choose by one."""

from collections.abc import Iterable
from typing import Any

import keras

RISING = ("elbo", "objective", "mutual_information")
FALLING = ("mse", "divergence", "category_kl")  # and every `..._loss`


def give_directions(callbacks: Iterable[keras.callbacks.Callback], metrics: Iterable[str]) -> None:
    """Sets the `mode` of callbacks that monitor one of the model's own metrics in mode `"auto"`.

    `EarlyStopping`, `ModelCheckpoint` and `ReduceLROnPlateau` infer the direction of metrics
    that were given to `compile` alone. They look for it after the first epoch.

    Args:
        callbacks: Callbacks of a training.
        metrics: Names of the model's own metrics.

    Raises:
        ValueError: If a metric has no better side.
    """
    own = set(metrics)
    for callback in callbacks:
        monitor: Any = getattr(callback, "monitor", None)
        if not isinstance(monitor, str) or getattr(callback, "mode", None) != "auto":
            continue
        name = monitor.removeprefix("val_")
        if name not in own:
            continue  # `loss`, or a metric that another callback computes
        if name in RISING:
            callback.mode = "max"
        elif name in FALLING or name.endswith("_loss"):
            callback.mode = "min"
        elif getattr(callback, "save_best_only", True):
            raise ValueError(
                f'Expected mode="max" or mode="min" of {type(callback).__name__} with '
                f'monitor={monitor!r}, which is better neither high nor low. Received: "auto".'
            )
