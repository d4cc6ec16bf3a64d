"""Time of the log-likelihood beside the decoder's forward passes alone.

python benchmarks/log_likelihood.py [--latent sphere:2 --latent so3 ...] [--json FILE]

10,000 made pictures of 784 values, 100 importance samples, the paper's MLP, untrained. The
decoder alone is run on as many points, in batches of the same size, as a graph; both in turn in
one process, round after round; quoted are medians and the median of the ratios.
"""

import argparse
import os
import platform
import statistics
import time
from pathlib import Path

import keras
import numpy as np

import diffusion_vae as dv
from diffusion_vae.autodiff import as_graph
from diffusion_vae.files import write_json
from diffusion_vae.models.inference import ROWS


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(latent, x, samples, rounds):
    model = dv.DiffusionVAE(latent, seed=0)
    model.build((None, x.shape[1]))
    decode = as_graph(lambda z: model.decoder(z, training=False))
    points = keras.ops.convert_to_tensor(model.latent.prior_sample(ROWS, seed=0))

    def decoder_alone():
        for _ in range(len(x) * samples // ROWS):
            keras.ops.convert_to_numpy(decode(points)[0, 0])

    def estimate():
        model.log_likelihood(x, samples=samples)

    model.log_likelihood(x[:1024], samples=samples)
    decode(points)
    pairs = [(seconds(estimate), seconds(decoder_alone)) for _ in range(rounds)]
    return {
        "latent": latent,
        "log_likelihood_seconds": statistics.median(a for a, _ in pairs),
        "decoder_seconds": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(a / b for a, b in pairs),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latent", action="append")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    x = np.random.default_rng(0).uniform(size=(arguments.examples, 784)).astype("float32")
    rows = []
    for latent in arguments.latent or ["sphere:2", "torus:2", "so3", "projective:2"]:
        rows.append(compare(latent, x, arguments.samples, arguments.rounds))
        print(
            f"{latent:14} {rows[-1]['log_likelihood_seconds']:6.1f} s, decoder alone "
            f"{rows[-1]['decoder_seconds']:6.1f} s, ratio {rows[-1]['ratio']:.2f}",
            flush=True,
        )
    if arguments.json:
        machine = f"{os.cpu_count()} CPU cores ({platform.machine()})"
        about = {"examples": arguments.examples, "samples": arguments.samples, "machine": machine}
        write_json(arguments.json, {**about, "keras": keras.__version__, "rows": rows})


if __name__ == "__main__":
    main()
