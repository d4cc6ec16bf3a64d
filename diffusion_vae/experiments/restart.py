"""Giving up a training run that its loss shows to be stuck."""

import keras

CHECK_AFTER = 8  # epochs
LARGEST_EXCESS = 5.0  # nats of squared error; success is under 2, failure 9 to 35


class StopIfStuck(keras.callbacks.Callback):
    """Stops training if the pictures are not reproduced after a few epochs.

    Meant for data without noise, such as the periodic pictures: there the squared
    error, D mse / 2 in nats, falls under 2 where the encoder has unfolded the
    data and stays at 9 to 35 where it has a fold or a tear. Looks at nothing but the
    training loss.

    Args:
        event_size: Number of values D of an example.
        after: Epochs before the check.
        largest: Largest squared error, in nats, that counts as success.
    """

    def __init__(self, event_size, after=CHECK_AFTER, largest=LARGEST_EXCESS):
        super().__init__()
        self.event_size = event_size
        self.after = after
        self.largest = largest
        self.stuck = False
        self.excess = None

    def on_epoch_end(self, epoch, logs=None):
        last = epoch + 1 == self.params["epochs"]
        if epoch + 1 < self.after and not last:
            return
        self.excess = 0.5 * self.event_size * float(logs["mse"])
        if self.excess > self.largest:
            self.stuck = True
            self.model.stop_training = True
