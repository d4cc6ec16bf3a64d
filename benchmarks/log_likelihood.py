"""Time of the log-likelihood beside the decoder's forward passes alone.

python benchmarks/log_likelihood.py [--manifold sphere:2 --manifold so3 ...] [--json FILE]

10,000 made pictures of 784 values, 100 importance samples, the paper's MLP, untrained. The
decoder alone is run on as many points, in batches of the same size, as a graph; both in turn in
one process, round after round; quoted are medians and the median of the ratios.
"""

import argparse
import statistics
from pathlib import Path

import keras
import numpy as np
from timing import about, in_turn, seconds
from verdicts import Verdict, markdown_table

import diffusion_vae as dv
from diffusion_vae.autodiff import as_graph
from diffusion_vae.files import write_json
from diffusion_vae.models.evidence import ROWS

LARGEST_RATIO = 1.5


def compare(manifold, x, samples, rounds):
    """Seconds of the estimate and of the decoder alone, and their ratio."""
    model = dv.DiffusionVAE(manifold, seed=0)
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
    tasks = {"estimate": lambda: seconds(estimate), "decoder": lambda: seconds(decoder_alone)}
    found = in_turn(tasks, rounds)
    return {
        "latent": manifold,
        "log_likelihood_seconds": statistics.median(found["estimate"]),
        "decoder_seconds": statistics.median(found["decoder"]),
        "ratio": statistics.median(
            a / b for a, b in zip(found["estimate"], found["decoder"], strict=True)
        ),
    }


def verdicts(report):
    """The targets of a report."""
    size = f"{report['examples']:,} images, {report['samples']} samples"
    return [
        Verdict(f"log-likelihood over the decoder alone: {row['latent']}", size, row["ratio"],
                LARGEST_RATIO)
        for row in report["rows"]
    ]  # fmt: skip


def markdown(report):
    """All times as a table."""
    header = ("latent space", "log-likelihood, s", "decoder alone, s", "ratio")
    return markdown_table(header, [list(row.values()) for row in report["rows"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifold", action="append")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    x = np.random.default_rng(0).uniform(size=(arguments.examples, 784)).astype("float32")
    sizes = {"examples": arguments.examples, "samples": arguments.samples}
    report = {**about(), **sizes, "rows": []}
    for manifold in arguments.manifold or ["sphere:2", "torus:2", "so3", "projective:2"]:
        row = compare(manifold, x, arguments.samples, arguments.rounds)
        print(row, flush=True)
        report["rows"].append(row)
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
