"""Seconds of the epochs of a training, for the scripts beside this one."""

import time

import keras


class EpochSeconds(keras.callbacks.Callback):
    """Remembers how long each epoch took; the first one compiles."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)
