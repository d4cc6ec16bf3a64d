"""What the benchmarks share: seconds of a function, of training steps and epochs; the machine."""

import platform
import re
import shlex
import sys
import time
from pathlib import Path

import joblib
import keras
import numpy as np

from diffusion_vae.callbacks.versions import installed_versions

BLOCK = 10  # training steps that are timed in one go
PAUSE = 0.3  # seconds before each task, in which the threads of the one before fall asleep


class EpochSeconds(keras.callbacks.Callback):
    """Remembers how long each epoch took; the first one compiles."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)


class StepSeconds(keras.callbacks.Callback):
    """Remembers how long each training step of the last `fit` took.

    Keras hands its callbacks the metrics as numbers, and so has waited for the step, on JAX too.
    """

    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)


def seconds(function):
    """Seconds that one call of `function` takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def made_examples(batch, values=784):
    """Uniform noise for a block of steps and the one before them, `[examples, values]`."""
    rng = np.random.default_rng(0)
    return rng.random((batch * (BLOCK + 1), values), dtype=np.float32)


def trainer(model, x, batch, xla=False):
    """A function that trains a model for a block of steps and returns the seconds of each."""
    model.compile("adam", jit_compile=True if xla else "auto")
    model.fit(x, batch_size=batch, epochs=1, verbose=0)  # builds, traces, warms up
    watch = StepSeconds()

    def block():
        model.fit(x, batch_size=batch, epochs=1, verbose=0, callbacks=[watch])
        return watch.seconds[1:]  # the first waits for the input pipeline to start

    return block


def in_turn(tasks, rounds):
    """What each task returns, round after round: a drift of the machine's speed meets all alike.

    The threads of a library wait actively for a moment after their work, NumPy's among them,
    and would slow whatever comes next: so each task has a pause before it.

    Args:
        tasks: Name to a function without arguments.
        rounds: How often each is called.

    Returns:
        Name to a list with what each call returned.
    """
    found = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            time.sleep(PAUSE)
            found[name].append(task())
    return found


def peak_megabytes():
    """The most memory that this process has held so far, in MiB; Linux alone knows it.

    `ru_maxrss` would count what the process held that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


def machine():
    """The machine in words; of its cores those that this process may use."""
    return f"{joblib.cpu_count()} CPU cores ({platform.machine()})"


def processor():
    """Name of the processor, where Linux knows it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def command():
    """The command line of the running script, as one would type it in the repository."""
    backend = keras.backend.backend()
    variable = "" if backend == "tensorflow" else f"KERAS_BACKEND={backend} "
    script = f"benchmarks/{Path(sys.argv[0]).name}"
    return variable + shlex.join(["python", script, *sys.argv[1:]])


def about():
    """What a JSON of measured numbers begins with: command, machine, versions."""
    return {
        "command": command(),
        "machine": machine(),
        "processor": processor(),
        "versions": installed_versions(),
    }
