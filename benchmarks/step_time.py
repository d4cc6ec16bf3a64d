"""Step time of our models beside a plain Gaussian Keras VAE with the same networks.

python benchmarks/step_time.py [--latent sphere:2 --latent so3 ...] [--json FILE]

All models are timed in turn in one process (blocks of steps, round after round), so
that a drift of the machine's speed meets them all; quoted are medians and the median
of the ratios round by round.
"""

import argparse
import json
import platform
import statistics
import time

import keras
import numpy as np
from keras import ops

import diffusion_vae as dv
from diffusion_vae.networks import mlp_decoder, mlp_encoder

BATCH = 128
BLOCK = 10


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


def training_step(model, x):
    """A function that runs one training step of a compiled model."""
    model.compile("adam")
    model.fit(x, batch_size=BATCH, epochs=1, verbose=0)  # builds, traces, warms up
    step = model.train_function
    if keras.backend.backend() != "tensorflow":
        return lambda: model.train_on_batch(x[:BATCH])
    import tensorflow as tf

    data = iter(tf.data.Dataset.from_tensors(tf.constant(x[:BATCH])).repeat())

    def run():
        logs = step(data)
        return float(logs["loss"])

    return run


def measure(latents, steps):
    """Median step time in milliseconds and ratio to the plain VAE, by name."""
    x = np.random.default_rng(0).random((BATCH * 4, 784), dtype=np.float32)
    runs = {"plain Gaussian VAE": training_step(PlainVAE(3), x)}
    for latent in latents:
        for kernel in ("exact", "random_walk"):
            model = dv.DiffusionVAE(latent, kernel=kernel, seed=0)
            runs[f"{latent}, {kernel}"] = training_step(model, x)
    times = {name: [] for name in runs}
    for _ in range(max(1, steps // BLOCK)):
        for name, run in runs.items():
            for _ in range(BLOCK):
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    plain = times["plain Gaussian VAE"]
    rounds = range(0, len(plain), BLOCK)
    report = {}
    for name, values in times.items():
        ratios = [
            statistics.median(values[i : i + BLOCK]) / statistics.median(plain[i : i + BLOCK])
            for i in rounds
        ]
        report[name] = {
            "milliseconds": 1000.0 * statistics.median(values),
            "ratio": statistics.median(ratios),
        }
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latent", action="append", help="latent space, repeatable")
    parser.add_argument("--steps", type=int, default=200, help="steps of each model")
    parser.add_argument("--json", help="file for the numbers")
    arguments = parser.parse_args()
    report = measure(arguments.latent or ["sphere:2", "torus", "so3"], arguments.steps)
    print(f"{'model':24} {'ms/step':>8} {'ratio':>6}   (batch {BATCH}, MLP of the paper)")
    for name, row in report.items():
        print(f"{name:24} {row['milliseconds']:8.2f} {row['ratio']:6.2f}")
    if arguments.json:
        about = {
            "command": "python benchmarks/step_time.py",
            "steps": arguments.steps,
            "batch_size": BATCH,
            "backend": keras.backend.backend(),
            "keras": keras.__version__,
            "machine": f"{platform.machine()}, {platform.processor() or 'CPU'}",
        }
        with open(arguments.json, "w") as file:
            json.dump({**about, "results": report}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
