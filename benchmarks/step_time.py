"""Step time of our models beside a plain Gaussian Keras VAE, and beside the machine's limit.

python benchmarks/step_time.py [--latent sphere:2 ...] [--batch 128 640] [--xla] [--json FILE]
KERAS_BACKEND=jax python benchmarks/step_time.py ...

All models have the networks of the paper and are timed in turn in one process (blocks of
steps, round after round), so that a drift of the machine's speed meets them all; quoted are
medians, the median of the ratios round by round, and the share of the step that the matrix
products alone would take (`matrix_limit.py`), measured between the rounds.
"""

import argparse
import json
import os
import platform
import statistics
import time

import keras
import numpy as np
from keras import ops
from matrix_limit import paper_mlp_seconds

import diffusion_vae as dv
from diffusion_vae.callbacks.versions import versions
from diffusion_vae.networks import mlp_decoder, mlp_encoder

BLOCK = 10
PLAIN = "plain Gaussian VAE"
# Latent space: largest ratio to the plain VAE.
TARGETS = {
    "sphere:2": 1.05,
    "sphere:10": 1.05,
    "torus": 1.05,
    "euclidean:2": 1.05,
    "sphere:2 x torus:1": 1.10,
    "embedded-torus": 1.10,
    "so3": 1.15,
    "o3": 1.15,
    "projective:2": 1.25,
}
LEAST_SHARE = {128: 0.70, 640: 0.80}


class PlainVAE(keras.Model):
    """The Gaussian VAE one would write by hand: one Dense for mean and log variance."""

    def __init__(self, dim):
        super().__init__()
        self.encoder, self.decoder = mlp_encoder(), mlp_decoder((784,))
        self.head = keras.layers.Dense(2 * dim)
        self.seed_generator = keras.random.SeedGenerator(0)
        self.reconstruction_tracker = keras.metrics.Mean("reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean("kl_loss")

    def call(self, x):
        mean, log_variance = ops.split(self.head(self.encoder(x)), 2, axis=-1)
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        z = mean + ops.exp(0.5 * log_variance) * noise
        return mean, log_variance, self.decoder(z)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mean, log_variance, output = y_pred
        reconstruction = 0.5 * ops.sum(ops.square(x - output), axis=-1)
        kl = 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance, axis=-1)
        self.reconstruction_tracker.update_state(reconstruction)
        self.kl_tracker.update_state(kl)
        return ops.mean(reconstruction + kl)


class Steps(keras.callbacks.Callback):
    """Seconds of each training step of `fit`."""

    def on_train_batch_begin(self, batch, logs=None):
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)

    def on_train_begin(self, logs=None):
        self.seconds = []


def trainer(model, x, batch, xla):
    """A function that trains for a block of steps and returns the seconds of each."""
    model.compile("adam", jit_compile=True if xla else "auto")
    model.fit(x, batch_size=batch, epochs=1, verbose=0)  # builds, traces, warms up
    watch = Steps()

    def block():
        model.fit(x, batch_size=batch, epochs=1, verbose=0, callbacks=[watch])
        return watch.seconds[1:]  # the first waits for the input pipeline to start

    return block


def measure(latents, kernels, batch, rounds, xla):
    """Median step time in milliseconds, ratio and share of the limit, by name."""
    x = np.random.default_rng(0).random((batch * (BLOCK + 1), 784), dtype=np.float32)
    runs = {PLAIN: trainer(PlainVAE(2), x, batch, xla)}
    for latent in latents:
        for kernel in kernels:
            mode = {"mode": "quadratic"} if latent.startswith("projective") else {}
            model = dv.DiffusionVAE(latent, kernel=kernel, seed=0, **mode)
            runs[f"{latent}, {kernel}"] = trainer(model, x, batch, xla)
    blocks, limits = {name: [] for name in runs}, []
    for _ in range(rounds):
        limits.append(paper_mlp_seconds(batch))
        for name, block in runs.items():
            blocks[name].append(statistics.median(block()))
    report = {}
    for name, seconds in blocks.items():
        ratios = [a / b for a, b in zip(seconds, blocks[PLAIN], strict=True)]
        shares = [a / b for a, b in zip(limits, seconds, strict=True)]
        report[name] = {
            "batch_size": batch,
            "milliseconds": 1000.0 * statistics.median(seconds),
            "ratio": statistics.median(ratios),
            "largest_ratio": TARGETS.get(name.split(",")[0]) if ", exact" in name else None,
            "share_of_matrix_limit": statistics.median(shares),
            "least_share": LEAST_SHARE.get(batch) if name == PLAIN else None,
        }
    return report


def print_table(report):
    print(f"{'batch':>5} {'model':32} {'ms/step':>8} {'ratio':>6} {'target':>6} {'share':>6} "
          f"{'target':>6}")  # fmt: skip
    for name, row in report:
        target = "" if row["largest_ratio"] is None else f"{row['largest_ratio']:.2f}"
        least = "" if row["least_share"] is None else f"{row['least_share']:.2f}"
        print(f"{row['batch_size']:5} {name:32} {row['milliseconds']:8.2f} {row['ratio']:6.3f} "
              f"{target:>6} {row['share_of_matrix_limit']:6.2f} {least:>6}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latent", action="append", help="latent space, repeatable")
    parser.add_argument("--kernel", action="append", help="exact or random_walk, repeatable")
    parser.add_argument("--batch", type=int, nargs="+", default=[128])
    parser.add_argument("--rounds", type=int, default=15, help=f"blocks of {BLOCK} steps")
    parser.add_argument("--xla", action="store_true", help="compile on the CPU, too")
    parser.add_argument("--json", help="file for the numbers")
    arguments = parser.parse_args()
    latents, kernels = arguments.latent or list(TARGETS), arguments.kernel or ["exact"]
    report = [
        (name, row)
        for batch in arguments.batch
        for name, row in measure(latents, kernels, batch, arguments.rounds, arguments.xla).items()
    ]
    print_table(report)
    if arguments.json:
        about = {
            "command": "python benchmarks/step_time.py",
            "rounds": arguments.rounds,
            "xla": arguments.xla or keras.backend.backend() == "jax",
            "versions": versions(),
            "machine": f"{os.cpu_count()} CPU cores ({platform.machine()})",
        }
        rows = [{"model": name, **row} for name, row in report]
        with open(arguments.json, "w") as file:
            json.dump({**about, "results": rows}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
