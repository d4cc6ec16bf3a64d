"""What a learned prior brings on MNIST: held-out log-likelihood beside the uniform prior's.

    python benchmarks/priors.py --out docs/results/priors

Stochastically binarised pictures, networks of 256 and 128 units, the same schedule and seeds for
every prior. The trainings of a seed are written to the JSON when they are done and not repeated.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
from reports import write_report
from timing import machine

import diffusion_vae as dv
from diffusion_vae import datasets, networks
from diffusion_vae.files import read_json, write_json

SHARES = {"sphere:2": 0.5, "sphere:5": 0.0}  # of importance draws from the prior
# Space and steps of the KL's warm-up.
SETTINGS = (("sphere:2", 150), ("sphere:5", 150), ("sphere:5", 600))
PRIORS = ("manifold", "mixture", "vamp")
COMPONENTS = 50
TRAIN, TEST = 20_000, 2_000
BATCH, RATE = 128, 1e-3
SAMPLES = 200


def measure(
    space: str, warmup: int, prior: str, dataset: datasets.Dataset, seed: int, epochs: int
) -> dict:
    """Trains a model and estimates the log-likelihood of each test picture."""
    keras.utils.set_random_seed(seed)
    vae = dv.DiffusionVAE(
        space,
        networks.MLPEncoder((256, 128), seed=seed),
        networks.MLPDecoder((128, 256), seed=seed + 100),
        likelihood="bernoulli",
        kl_warmup_steps=warmup,
        prior=prior,
        prior_components=COMPONENTS,
        seed=seed,
    )
    vae.compile(keras.optimizers.Adam(RATE))
    start = time.process_time()
    vae.fit(dataset.train, epochs=epochs, batch_size=BATCH, verbose=0)
    seconds = time.process_time() - start
    log_p = vae.log_likelihood(dataset.test, SAMPLES, prior_share=SHARES[space], seed=0)
    return {
        "space": space,
        "warmup": warmup,
        "prior": prior,
        "seed": seed,
        "elbo": round(float(vae.elbo(dataset.test, seed=0).mean()), 3),
        "log_likelihood": log_p.per_example,
        "training_cpu_seconds": round(seconds, 1),
    }


def beside_the_first(rows: list[dict]) -> list[dict]:
    """The rows with means, and with the gain over the first row and its error over pictures."""
    base = rows[0]["log_likelihood"]
    for row in rows:
        gain = row["log_likelihood"] - base
        row["log_likelihood"] = round(float(row["log_likelihood"].mean()), 3)
        row["gain"] = round(float(gain.mean()), 3)
        row["error_over_pictures"] = round(float(gain.std(ddof=1) / np.sqrt(len(gain))), 3)
    return rows


def page(results: list[dict], epochs: int) -> str:
    """The table; differences are paired by picture and seed."""
    lines = [
        "# Learned priors",
        "",
        "`python benchmarks/priors.py --out docs/results/priors`",
        "",
        f"MNIST, stochastically binarised, {TRAIN:,} training and {TEST:,} test pictures,",
        f"{epochs} epochs in batches of {BATCH}, {len({r['seed'] for r in results})} seeds,",
        f"{COMPONENTS} components. Mean log p(x) of the test pictures in nats by {SAMPLES}",
        "importance draws, and how much it is above that with the manifold's prior, ± its",
        "standard error over pictures and seeds. CPU seconds of a training were taken while other",
        "work ran on the machine.",
        "",
        "| space | warm-up, steps | prior | log p | more than uniform | ELBO | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    for space, warmup in SETTINGS:
        for prior in PRIORS:
            wanted = (space, warmup, prior)
            rows = [r for r in results if (r["space"], r["warmup"], r["prior"]) == wanted]
            if not rows:
                continue
            gain = np.array([row["gain"] for row in rows])
            pictures = np.mean([row["error_over_pictures"] ** 2 for row in rows])  # common to all
            seeds = gain.var(ddof=1) / len(gain) if len(gain) > 1 else 0.0
            error = np.sqrt(pictures + seeds)
            beyond = "–" if prior == "manifold" else f"{gain.mean():+.2f} ± {error:.2f}"
            means = [
                np.mean([row[name] for row in rows])
                for name in ("log_likelihood", "elbo", "training_cpu_seconds")
            ]
            numbers = f"{means[0]:.2f} | {beyond} | {means[1]:.2f} | {means[2]:.0f}"
            lines.append(f"| `{space}` | {warmup} | {prior} | {numbers} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Trains what is not there yet, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/results/priors")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    file = Path(arguments.out).with_suffix(".json")
    results = read_json(file)["results"] if file.exists() else []
    done = {(r["space"], r["warmup"], r["seed"]) for r in results}
    dataset = datasets.load(
        "mnist", binarize="stochastic", train_size=TRAIN, test_size=TEST, seed=0
    )
    for space, warmup in SETTINGS:
        for seed in range(arguments.seeds):
            if (space, warmup, seed) in done:
                continue
            rows = beside_the_first(
                [
                    measure(space, warmup, prior, dataset, seed, arguments.epochs)
                    for prior in PRIORS
                ]
            )
            for row in rows:
                print(*row.values(), flush=True)
            results += rows
            write_json(
                file, {"machine": machine(), "epochs": arguments.epochs, "results": results}
            )
    write_report(arguments.out, read_json(file), page(results, arguments.epochs))


if __name__ == "__main__":
    main()
