"""Bounds of several draws: what a step costs, and what likelihood they reach on MNIST.

    python benchmarks/objectives.py steps --out docs/results/objective_steps
    python benchmarks/objectives.py quality --out docs/results/objectives

`steps` times a training step of each objective in turn, round after round, and the peak memory
of each in a process of its own. `quality` trains each on dynamically binarised MNIST with the
networks of table 3 (256-128 and 128-256), and writes each training to the JSON when it is done;
trainings that are there are not repeated.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
from reports import write_report
from timing import about, in_turn, machine, made_examples, peak_megabytes, trainer
from verdicts import markdown_table

import diffusion_vae as dv
from diffusion_vae import datasets, networks
from diffusion_vae.files import read_json, write_json

BATCH = 128
SEEDS = 3
EPOCHS = 10
SAMPLES = 200  # of the log-likelihood
SPACES = ("sphere:5", "euclidean:5")
# Name in the tables: objective and draws an example.
OBJECTIVES = {
    "elbo, 1 draw": ("elbo", 1),
    "elbo, 8 draws": ("elbo", 8),
    "iwae, 8 draws": ("iwae", 8),
    "miwae, 2 x 4 draws": ("miwae", 8),
    "piwae, 2 x 4 draws": ("piwae", 8),
    "ciwae, 8 draws": ("ciwae", 8),
}
COSTLY = {"iwae, 64 draws": ("iwae", 64)}  # its steps alone


# -- steps -----------------------------------------------------------------------------


def paper_model(name):
    """The paper's networks on S^2, with an objective."""
    objective, draws = {**OBJECTIVES, **COSTLY}[name]
    return dv.SphereVAE(2, objective=objective, posterior_samples=draws, seed=0)


def memory(name):
    """Peak memory in MB of a process that trains with an objective for a block of steps."""
    trainer(paper_model(name), made_examples(BATCH), BATCH)()
    return peak_megabytes()


def steps(out, rounds):
    """Writes the table of step times and memory."""
    names = [*OBJECTIVES, *COSTLY]
    x = made_examples(BATCH)
    tasks = {name: trainer(paper_model(name), x, BATCH) for name in names}
    found = {
        name: [statistics.median(block) for block in blocks]
        for name, blocks in in_turn(tasks, rounds).items()
    }
    rows = []
    for name in names:
        child = [sys.executable, __file__, "memory", "--name", name]
        printed = subprocess.run(child, capture_output=True, text=True, check=True).stdout
        ratios = [a / b for a, b in zip(found[name], found[names[0]], strict=True)]
        rows.append(
            {
                "objective": name,
                "milliseconds": 1000.0 * statistics.median(found[name]),
                "ratio": statistics.median(ratios),
                "peak_megabytes": float(printed.split()[-1]),
            }
        )
    report = {**about(), "batch": BATCH, "rows": rows}
    header = ("objective", "step, ms", "to one draw of the ELBO", "peak memory, MB")
    cells = [
        [row["objective"], f"{row['milliseconds']:.1f}", f"{row['ratio']:.2f}",
         f"{row['peak_megabytes']:.0f}"]
        for row in rows
    ]  # fmt: skip
    text = (
        "# Steps of objectives\n\n"
        f"`{report['command']}`, S^2, the paper's networks, batch {BATCH}, "
        f"{keras.backend.backend()}, {machine()}.\n\n{markdown_table(header, cells)}\n"
    )
    write_report(out, report, text)


# -- quality ---------------------------------------------------------------------------


def train(space, name, seed, epochs):
    """Test log-likelihood and ELBO of a training."""
    keras.utils.set_random_seed(seed)
    dataset = datasets.load_mnist("dynamic", seed=seed)
    objective, draws = OBJECTIVES[name]
    vae = dv.DiffusionVAE(
        space,
        networks.MLPEncoder((256, 128), seed=seed),
        networks.MLPDecoder((128, 256), seed=seed + 100),
        likelihood="bernoulli",
        objective=objective,
        posterior_samples=draws,
        seed=seed,
    )
    count = epochs * (len(dataset.train) // BATCH)
    vae.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, count)))
    start = time.process_time()
    vae.fit(dataset.as_tf_dataset("train", BATCH, seed=seed), epochs=epochs, verbose=0)
    spent = time.process_time() - start
    evidence = vae.log_likelihood(dataset.test, samples=SAMPLES, seed=seed)
    elbo = vae.elbo(dataset.test, seed=seed)
    kl = vae.evaluate(dataset.test, batch_size=500, verbose=0, return_dict=True)["kl_loss"]
    return {
        "space": space,
        "objective": name,
        "seed": seed,
        "log_likelihood": evidence.mean,
        "elbo": float(elbo.mean()),
        "kl": float(kl),
        "cpu_seconds": spent,
    }


def quality(out, spaces, epochs, seeds):
    """Writes the table of likelihoods, a training at a time."""
    path = Path(f"{out}.json")
    done = read_json(path)["trainings"] if path.exists() else []
    known = {(each["space"], each["objective"], each["seed"]) for each in done}
    for seed in range(seeds):
        for space in spaces:
            for name in OBJECTIVES:
                if (space, name, seed) in known:
                    continue
                done.append(train(space, name, seed, epochs))
                print(json.dumps(done[-1]), flush=True)
                report = {**about(), "epochs": epochs, "trainings": done}
                write_json(path, report)
                write_report(out, report, page(report))


def page(report):
    """Means over seeds, and the difference from the ELBO of one draw, paired by seed."""
    rows = []
    for space in SPACES:
        plain = of(report, space, "elbo, 1 draw")
        for name in OBJECTIVES:
            own = of(report, space, name)
            both = sorted(set(own) & set(plain))
            if not both:
                continue
            gain = np.array([own[s]["log_likelihood"] - plain[s]["log_likelihood"] for s in both])
            error = f" ± {gain.std(ddof=1) / len(gain) ** 0.5:.2f}" if len(gain) > 1 else ""
            mean = {
                key: np.mean([own[s][key] for s in both])
                for key in ("log_likelihood", "elbo", "kl", "cpu_seconds")
            }
            rows.append([
                space, name, len(both), f"{mean['log_likelihood']:.2f}",
                "" if own is plain or name == "elbo, 1 draw" else f"{gain.mean():+.2f}{error}",
                f"{mean['elbo']:.2f}", f"{mean['kl']:.2f}", f"{mean['cpu_seconds']:.0f}",
            ])  # fmt: skip
    header = ("space", "objective", "seeds", "log p", "more than by the ELBO", "ELBO", "KL",
              "CPU s")  # fmt: skip
    return (
        f"# Objectives\n\n`{report['command']}`\n\nMNIST, dynamically binarised, "
        f"{report['epochs']} epochs of batch {BATCH}, Adam 1e-3 with a cosine, networks 256-128 "
        f"and 128-256. Mean test log-likelihood in nats by {SAMPLES} draws of the encoder; the "
        "difference is paired by seed, ± its standard error. CPU seconds are of the training, "
        f"beside other work. {report['machine']}.\n\n{markdown_table(header, rows)}\n"
    )


def of(report, space, name):
    """The trainings of a row by seed."""
    return {
        each["seed"]: each
        for each in report["trainings"]
        if (each["space"], each["objective"]) == (space, name)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("steps", "quality", "memory"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", choices=[*OBJECTIVES, *COSTLY])
    parser.add_argument("--space", action="append", choices=SPACES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    arguments = parser.parse_args()
    if arguments.what == "memory":
        print(memory(arguments.name))
    elif arguments.what == "steps":
        steps(arguments.out, arguments.rounds)
    else:
        quality(arguments.out, arguments.space or SPACES, arguments.epochs, arguments.seeds)


if __name__ == "__main__":
    main()
