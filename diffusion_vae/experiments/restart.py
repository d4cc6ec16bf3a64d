"""Giving up a training run that its loss shows to be stuck."""

import keras

CHECK_AFTER = 3  # epochs
# Nats of squared error. At that check success has shown at most 2 and failure at least 35;
# at the end of training success is under 2 and failure 9 or more.
LARGEST_EARLY, LARGEST_FINAL = 12.0, 5.0


class StopIfStuck(keras.callbacks.Callback):
    """Stops training if the pictures are not reproduced after a few epochs.

    Meant for data without noise, such as the periodic pictures: there the squared
    error, D mse / 2 in nats, falls under 2 where the encoder has unfolded the
    data and stays at 9 to 35 where it has a fold or a tear. Looks at nothing but the
    training loss.

    Args:
        event_size: Number of values D of an example.
        after: Epochs before the first check.
        early: Largest squared error, in nats, that may go on at the first check.
        final: Largest squared error, in nats, that counts as success at the end.
    """

    def __init__(self, event_size, after=CHECK_AFTER, early=LARGEST_EARLY, final=LARGEST_FINAL):
        super().__init__()
        self.event_size = event_size
        self.after = after
        self.early = early
        self.final = final
        self.stuck = False
        self.excess = None

    def on_epoch_end(self, epoch, logs=None):
        last = epoch + 1 == self.params["epochs"]
        if not last and epoch + 1 != self.after:
            return
        self.excess = 0.5 * self.event_size * float(logs["mse"])
        if self.excess > (self.final if last else self.early):
            self.stuck = True
            self.model.stop_training = True
