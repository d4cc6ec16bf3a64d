"""Which space a tree likes: held-out log-likelihood on H^2, R^2 and S^2.

    python benchmarks/trees.py --out docs/results/trees

The data set is `branching_tree`; every space has the same networks, schedule and seeds.
"""

import argparse
import time

import keras
import numpy as np
from reports import write_report
from timing import machine

import diffusion_vae as dv
from diffusion_vae import datasets, networks

SPACES = ("hyperbolic:2", "hyperbolic:2,-1,8", "euclidean:2", "sphere:2")
SEEDS = 2
EPOCHS = 40
BATCH = 128
NODES = 254


def train(space: str, dataset: datasets.Dataset, seed: int, epochs: int) -> dv.DiffusionVAE:
    """A model of the data on a space."""
    keras.utils.set_random_seed(seed)
    vae = dv.DiffusionVAE(
        space,
        networks.MLPEncoder((128, 128), seed=seed),
        networks.MLPDecoder((128, 128), seed=seed + 100),
        likelihood=dv.likelihoods.Gaussian(scale="learned"),
        seed=seed,
    )
    steps = epochs * (len(dataset.train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, steps)
    vae.compile(keras.optimizers.Adam(rate))
    vae.fit(dataset.train, epochs=epochs, batch_size=BATCH, verbose=0)
    return vae


def measure(space: str, dataset: datasets.Dataset, seed: int, epochs: int) -> dict:
    """Log-likelihood of the test examples, each, and how the levels lie in the space."""
    start = time.process_time()
    vae = train(space, dataset, seed, epochs)
    log_p = vae.log_likelihood(dataset.test, samples=256).per_example
    log_p = log_p.reshape(NODES, -1).mean(axis=-1)  # examples stand node by node
    location = vae.encode(dataset.test)[0]
    centre = vae.manifold.project(np.mean(location, axis=0, keepdims=True))
    distance = np.asarray(vae.manifold.distance(centre, location))
    level = dataset.test_factors[:, 0]
    means = [round(float(distance[level == each].mean()), 3) for each in np.unique(level)]
    return {
        "space": space,
        "seed": seed,
        "log_likelihood_by_node": [round(float(value), 4) for value in log_p],
        "mean_distance_by_level": means,
        "cpu_seconds": round(time.process_time() - start, 1),
    }


def page(results: list[dict], epochs: int) -> str:
    """The table, against the Euclidean training of each seed."""
    lines = [
        "# Trees",
        "",
        "`python benchmarks/trees.py --out docs/results/trees`",
        "",
        f"Data `branching_tree`: {NODES} nodes on 7 levels in R^50, {epochs} epochs, "
        f"{len({r['seed'] for r in results})} seeds.",
        "Mean log-likelihood of the test examples in nats, and its difference from that on R^2,",
        "paired by node and seed, ± its standard error over nodes and seeds:",
        "",
        "| space | log p | more than on R^2 | distance from the centre, level 1 to 7 |",
        "|---|---|---|---|",
    ]
    flat = mean_by_node(results, "euclidean:2")
    for space in SPACES:
        own = mean_by_node(results, space)
        gain = own - flat  # [seeds, nodes]
        error = np.sqrt(
            np.var(gain.mean(axis=0), ddof=1) / gain.shape[1]
            + np.var(gain.mean(axis=1), ddof=1) / len(gain)
        )
        beyond = "–" if space == "euclidean:2" else f"{gain.mean():+.2f} ± {error:.2f}"
        levels = np.mean(
            [r["mean_distance_by_level"] for r in results if r["space"] == space], axis=0
        )
        shown = ", ".join(f"{value:.2f}" for value in levels)
        lines.append(f"| `{space}` | {own.mean():.2f} | {beyond} | {shown} |")
    return "\n".join(lines) + "\n"


def mean_by_node(results: list[dict], space: str) -> np.ndarray:
    """Mean log-likelihood of each node's test examples, `[seeds, nodes]`."""
    return np.array([r["log_likelihood_by_node"] for r in results if r["space"] == space])


def main() -> None:
    """Trains, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/results/trees")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    arguments = parser.parse_args()
    dataset = datasets.load("branching_tree")
    results = []
    for seed in range(arguments.seeds):
        for space in SPACES:
            results.append(measure(space, dataset, seed, arguments.epochs))
            mean = float(np.mean(results[-1]["log_likelihood_by_node"]))
            levels = results[-1]["mean_distance_by_level"]
            print(space, seed, round(mean, 3), levels, flush=True)
    write_report(
        arguments.out,
        {"machine": machine(), "epochs": arguments.epochs, "results": results},
        page(results, arguments.epochs),
    )


if __name__ == "__main__":
    main()
