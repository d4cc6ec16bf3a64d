"""Step time of our models beside a plain Gaussian Keras VAE, and beside the machine's limit.

python benchmarks/step_time.py [--manifold sphere:2 ...] [--batch 128 640] [--xla] [--json FILE]
KERAS_BACKEND=jax python benchmarks/step_time.py ...  # or torch

All models have the networks of the paper and are timed in turn in one process (blocks of
steps, round after round), so that a drift of the machine's speed meets them all; quoted are
medians, the median of the ratios round by round, and the share of the step that the matrix
products alone would take (`matrix_limit.py`), measured between the rounds. With both kernels
(`--kernel exact --kernel random_walk`) also the ratio of the exact kernel to the walk.
"""

import argparse
import statistics
from pathlib import Path

import keras
from matrix_limit import paper_mlp_seconds
from plain_vae import PlainVAE
from timing import BLOCK, about, in_turn, made_examples, trainer
from verdicts import Verdict, markdown_table

import diffusion_vae as dv
from diffusion_vae.files import write_json

PLAIN = "plain Gaussian VAE"
LIMIT = "matrix products"
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
    "complex-projective:2": 1.10,
    "hyperbolic:2": 1.10,
    "hyperbolic:2 x sphere:2 x euclidean:2": 1.10,
}
LEAST_SHARE = {128: 0.70, 640: 0.80}  # of the matrix products, by batch size
SHARED = (PLAIN, "sphere:2, exact")  # models that the least share is asked of
LARGEST_TO_WALK = 1.0


def model_on(manifold, kernel="exact"):
    """Our model on a manifold, as the targets mean it."""
    even = {"even_decoder": "quadratic"} if manifold.startswith("projective") else {}
    return dv.DiffusionVAE(manifold, kernel=kernel, seed=0, **even)


def measure(manifolds, kernels, batch, rounds, xla):
    """Rows of the report: step time, ratio and share of the limit of every model."""
    x = made_examples(batch)
    blocks = {PLAIN: trainer(PlainVAE(2), x, batch, xla)}
    for manifold in manifolds:
        for kernel in kernels:
            model = model_on(manifold, kernel)
            blocks[f"{manifold}, {kernel}"] = trainer(model, x, batch, xla)
    tasks = {
        name: lambda block=block: statistics.median(block()) for name, block in blocks.items()
    }
    seconds = in_turn({LIMIT: lambda: paper_mlp_seconds(batch), **tasks}, rounds)
    limits = seconds.pop(LIMIT)
    return [row(name, batch, seconds, limits) for name in seconds]


def row(name, batch, seconds, limits):
    """Numbers of one model, from the seconds of all models round by round."""
    manifold, _, kernel = name.partition(", ")
    walk = f"{manifold}, random_walk"
    # On R^d both kernels are the same.
    beside_walk = kernel == "exact" and walk in seconds and not manifold.startswith("euclidean")
    return {
        "model": name,
        "batch_size": batch,
        "milliseconds": 1000.0 * statistics.median(seconds[name]),
        "ratio": ratio(seconds[name], seconds[PLAIN]),
        "largest_ratio": TARGETS.get(manifold) if kernel == "exact" else None,
        "ratio_to_walk": ratio(seconds[name], seconds[walk]) if beside_walk else None,
        "share_of_matrix_limit": ratio(limits, seconds[name]),
        "least_share": LEAST_SHARE.get(batch) if name in SHARED else None,
    }


def ratio(seconds, others):
    """Median of the ratios round by round."""
    return statistics.median(a / b for a, b in zip(seconds, others, strict=True))


def verdicts(report):
    """The targets of a report."""
    found = []
    for one in report["results"]:
        name, where = one["model"], f"batch {one['batch_size']}, {setting(report)}"
        if one["largest_ratio"] is not None:
            what = f"step time over the plain VAE's: {name}"
            found.append(Verdict(what, where, one["ratio"], one["largest_ratio"]))
        if one["ratio_to_walk"] is not None:
            what = f"step time over the 10-step walk's: {name}"
            found.append(Verdict(what, where, one["ratio_to_walk"], LARGEST_TO_WALK))
        if one["least_share"] is not None:
            what = f"share of the matrix products in the step: {name}"
            share = one["share_of_matrix_limit"]
            found.append(Verdict(what, where, share, one["least_share"], at_least=True))
    return found


def setting(report):
    """Backend and compilation in words."""
    backend = report["versions"]["backend"]
    return f"{backend} with XLA" if report["xla"] and backend == "tensorflow" else backend


def markdown(report):
    """All step times as a table."""
    keys = ("batch_size", "model", "milliseconds", "ratio", "ratio_to_walk",
            "share_of_matrix_limit")  # fmt: skip
    header = ("batch", "model", "ms/step", "over plain", "over walk", "share of matrix products")
    return markdown_table(header, [[one[key] for key in keys] for one in report["results"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifold", action="append", help="latent space, repeatable")
    parser.add_argument("--kernel", action="append", help="exact or random_walk, repeatable")
    parser.add_argument("--batch", type=int, nargs="+", default=[128])
    parser.add_argument("--rounds", type=int, default=15, help=f"blocks of {BLOCK} steps")
    parser.add_argument("--xla", action="store_true", help="compile on the CPU, too")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()
    manifolds, kernels = arguments.manifold or list(TARGETS), arguments.kernel or ["exact"]
    report = {
        **about(),
        "rounds": arguments.rounds,
        "xla": arguments.xla or keras.backend.backend() == "jax",
        "results": [],
    }
    for batch in arguments.batch:
        report["results"] += measure(manifolds, kernels, batch, arguments.rounds, arguments.xla)
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
