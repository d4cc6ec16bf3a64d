"""Callbacks that are shown the epochs before an interruption."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras


class Replay(keras.callbacks.Callback):
    """Shows callbacks the epochs of an earlier training, when that training goes on.

    Keras's callbacks forget everything when training begins: early stopping would count its
    patience anew, and a check that fell on the last epoch before an interruption would never
    be made. Put it after the callbacks.

    Args:
        callbacks: Those that decide by the logs of all epochs.
        history: Metric name to a list of its values, one an epoch.
        epochs: Number of epochs done; what the history says of later ones is left out.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        history: Mapping[str, Any],
        epochs: int,
    ) -> None:
        super().__init__()
        self.callbacks = callbacks
        self.earlier = [
            {name: values[epoch] for name, values in history.items() if epoch < len(values)}
            for epoch in range(epochs)
        ]

    def on_train_begin(self, logs: Any = None) -> None:
        for epoch, earlier in enumerate(self.earlier):
            for callback in self.callbacks if earlier else ():  # the history may be lost
                callback.on_epoch_end(epoch, dict(earlier))

    def over(self, model: keras.Model, planned: int) -> bool:
        """Whether the epochs done were the last of the training.

        Args:
            model: The model as it was after them.
            planned: Number of epochs planned.
        """
        for callback in self.callbacks:
            callback.set_params({"epochs": planned})
            callback.set_model(model)
            callback.on_train_begin()
        self.on_train_begin()
        return model.stop_training or len(self.earlier) >= planned
