"""Giving up a training run that its loss shows to be stuck."""

import keras

CHECK_AFTER = 3  # epochs
# What may be missing of the lowest frequencies at that check: success has shown 0.006 of
# them at most, failure 0.06 or more.
EARLY = 0.025
# At the end of training the posterior's width alone costs half a nat a latent dimension.
FINAL_PER_DIMENSION, FINAL = 1.0, 0.005


class StopIfStuck(keras.callbacks.Callback):
    """Stops training if the pictures are not reproduced after a few epochs.

    Meant for data without noise, such as the periodic pictures. Where the encoder has
    unfolded the data the squared error, D mse / 2 in nats, falls to about a nat; where it
    has a fold, the lowest frequencies are never reproduced, and where it has a tear, the
    pictures along it are not. Looks at nothing but the training loss.

    Args:
        energies: A function of the epoch: squared distance of an example from the mean one,
            in nats, and what of it lies in the lowest frequencies
            (`FrequencyCurriculum.energies`).
        event_size: Number of values D of an example.
        after: Epochs before the first check.
    """

    def __init__(self, energies, event_size, after=CHECK_AFTER):
        super().__init__()
        self.energies = energies
        self.event_size = event_size
        self.after = after
        self.stuck = False
        self.excess = None
        self.allowed = None

    def on_epoch_end(self, epoch, logs=None):
        last = epoch + 1 == self.params["epochs"]
        if not last and epoch + 1 != self.after:
            return
        energy, coarse = self.energies(epoch)
        if last:
            dim = getattr(getattr(self.model, "manifold", None), "dim", 0)
            self.allowed = FINAL_PER_DIMENSION * dim + FINAL * energy
        else:
            self.allowed = energy - coarse + EARLY * coarse
        self.excess = 0.5 * self.event_size * float(logs["mse"])
        if self.excess > self.allowed:
            self.stuck = True
            self.model.stop_training = True
