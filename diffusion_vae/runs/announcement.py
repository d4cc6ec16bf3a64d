"""The first line of a run: what is trained, under which name, and where."""

from collections.abc import Callable
from typing import Any

import keras

from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.runs.record import Record
from diffusion_vae.text_forms import space_of


class Announcement(keras.callbacks.Callback):
    """Says what is trained, under which name and where, once the results folder has a name."""

    def __init__(
        self, record: Record, folder: ResultsFolder, announce: Callable[[str], Any]
    ) -> None:
        super().__init__()
        self.record, self.folder, self.announce = record, folder, announce

    def on_train_begin(self, logs: Any = None) -> None:
        record, epochs = self.record, self.record.training.epochs
        shown = space_of(record.model) or record.model["class_name"]
        self.announce(
            f"Training {shown} on {record.dataset['name']}, {epochs} "
            f"{'epoch' if epochs == 1 else 'epochs'}, seed {record.seed}. "
            f"Run {self.folder.run}, {keras.backend.backend()} on {_device()}."
        )


def _device() -> str:
    """What the backend computes on, such as `CPU` or `2 GPUs`."""
    if keras.backend.backend() == "torch":  # which Keras puts on one device
        kind = keras.ops.zeros(()).device.type.upper()
        return "GPU" if kind == "CUDA" else kind
    # Not `list_devices("gpu")`: without a GPU JAX raises an error.
    every = [str(device) for device in keras.distribution.list_devices()]
    devices = [device for device in every if not device.lower().startswith("cpu")] or every
    kind = devices[0].partition(":")[0].upper() if devices else "CPU"
    return kind if len(devices) < 2 or kind == "CPU" else f"{len(devices)} {kind}s"
