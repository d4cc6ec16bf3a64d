"""A long training with everything switched on: does anything grow, is anything left open?

python benchmarks/soak.py [--epochs 2000] [--json FILE]
KERAS_BACKEND=jax python benchmarks/soak.py ...

A small model on 64 made pictures, with validation and `ResultsFolder` (TensorBoard, the best and
the last model after each epoch) in a temporary folder. Every 50 epochs: resident memory, open
file descriptors, threads, and TensorBoard's open files, after a garbage collection. A training
of two epochs beforehand takes what is opened once a process. Resident memory is held against
time by a straight line through the second half, where caches have filled. Beside it stands what a
plain Keras model costs that is saved again and again without a `ResultsFolder`.
"""

import argparse
import gc
import tempfile
from pathlib import Path

import keras
import numpy as np
import psutil
from timing import about, seconds
from verdicts import Verdict, markdown_table, verdict_table

import diffusion_vae as dv
from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.files import write_json
from diffusion_vae.networks import MLPDecoder, MLPEncoder

SHAPE = (8, 8, 1)
EVERY = 50
LARGEST_GROWTH = 5.0  # MB in 1,000 epochs


def resources(folder):
    """What this process holds: memory in MB, descriptors, threads, TensorBoard's open files."""
    gc.collect()
    process = psutil.Process()
    opened = [file.path for file in process.open_files()]
    return {
        "megabytes": process.memory_info().rss / 1e6,
        "file_descriptors": process.num_fds(),
        "threads": process.num_threads(),
        "tensorboard_files": sum(p.startswith(f"{folder}/") and "tfevents" in p for p in opened),
    }


class Watch(keras.callbacks.Callback):
    """Notes the resources every so many epochs."""

    def __init__(self, folder, every):
        super().__init__()
        self.folder, self.every = folder, every
        self.notes = []

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            self.notes.append({"epoch": epoch + 1, **resources(self.folder)})
            print(self.notes[-1], flush=True)


def train(folder, epochs, callbacks=()):
    """A small model trained with a results folder."""
    model = dv.SphereVAE(2, MLPEncoder((16,)), MLPDecoder((16,), event_shape=SHAPE), seed=0)
    model.compile("adam")
    x = np.random.default_rng(0).random((96, *SHAPE), dtype=np.float32)
    model.fit(
        x[:64],
        validation_data=x[64:],
        batch_size=32,
        epochs=epochs,
        callbacks=[ResultsFolder(folder), *callbacks],
        verbose=0,
    )


def growth(notes):
    """MB in 1,000 epochs: slope of a line through the second half of the notes."""
    later = [note for note in notes if note["epoch"] >= notes[-1]["epoch"] / 2]
    epochs, megabytes = ([note[key] for note in later] for key in ("epoch", "megabytes"))
    return 1000.0 * float(np.polyfit(epochs, megabytes, 1)[0]) if len(later) > 1 else 0.0


def keras_growth(folder, saves=300):
    """MB that 1,000 calls of `save` of a plain Keras model leave behind."""
    x = np.ones((32, 16), "float32")
    model = keras.Sequential([keras.layers.Dense(16), keras.layers.Dense(16)])
    model.compile("adam", "mse")
    model.fit(x, x, verbose=0)

    def megabytes():
        for _ in range(saves):
            model.save(folder / "plain.keras")
        return resources(folder)["megabytes"]

    before = megabytes()
    return 1000.0 * (megabytes() - before) / saves


def verdicts(report):
    """The targets of a report."""
    where = f"{report['epochs']:,} epochs, {report['versions']['backend']}"
    handles = report["end"]["file_descriptors"] - report["start"]["file_descriptors"]
    return [
        Verdict("memory growth per 1,000 epochs, MB", where, report["growth"], LARGEST_GROWTH),
        Verdict("file descriptors more than before", where, handles, 0, digits=0),
        Verdict("TensorBoard files open after fit", where, report["end"]["tensorboard_files"], 0,
                digits=0),
    ]  # fmt: skip


def markdown(report):
    """Start, quarters and end as a table."""
    notes = report["notes"]
    quarters = [notes[i] for i in sorted({(len(notes) - 1) * i // 4 for i in range(5)})]
    named = [
        ["before", report["start"]],
        *([f"epoch {note['epoch']:,}", note] for note in quarters),
        ["after fit", report["end"]],
    ]
    keys = ("megabytes", "file_descriptors", "threads", "tensorboard_files")
    rows = [[name, *(one[key] for key in keys)] for name, one in named]
    header = ("when", "MB", "file descriptors", "threads", "TensorBoard files")
    return (
        f"{markdown_table(header, rows)}\nGrowth per 1,000 epochs in the second half: "
        f"{report['growth']:.1f} MB; 1,000 calls of `save` of a plain Keras model: "
        f"{report['keras_growth']:.1f} MB.\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2000)
    parser.add_argument("--every", type=int, default=EVERY)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder) / "before", 2)
        watch, start = Watch(folder, arguments.every), resources(folder)
        duration = seconds(lambda: train(Path(folder) / "soak", arguments.epochs, [watch]))
        keras.utils.clear_session(free_memory=True)
        report = {
            **about(),
            "epochs": arguments.epochs,
            "seconds": duration,
            "start": start,
            "notes": watch.notes,
            "growth": growth(watch.notes),
            "end": resources(folder),
            "keras_growth": keras_growth(Path(folder)),
        }
    print(markdown(report))
    print(verdict_table(verdicts(report)))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
