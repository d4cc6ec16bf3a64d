"""Several trainings as one model with stacked weights: seconds of five over those of one.

python benchmarks/starts.py [--manifold sphere:2 --manifold so3 ...] [--json FILE]

The data are those of a blind trial: 6,000 examples of 50 numbers (benchmarks/blind_data.py, kind
a). One start and five train side by side in one process, block after block of 200 steps in turn,
with the networks and the batches of `compare_manifolds`; quoted are medians. A whole training
pays once for the models and the compilation, and then for 6,000 steps. The plain way is Keras's
`fit` of one of the models, in steps of 16 a call.
"""

import argparse
import statistics
from pathlib import Path

import blind_data
import keras
from timing import about, in_turn, seconds
from verdicts import Verdict, markdown_table

from diffusion_vae import manifolds
from diffusion_vae.comparison.starts import Starts
from diffusion_vae.comparison.training import Effort, model_maker
from diffusion_vae.files import write_json

COUNTS = (1, 5)
BLOCK, STEPS = 200, 6000
LARGEST_RATIO = 2.0


def compare(text, rounds):
    """Seconds of one start and of five: the first block, a block, and a whole training."""
    x, effort = blind_data.make("a", text, 3)[0], Effort()
    train, validation = x[:5000], x[5000:]
    make = model_maker(manifolds.get(text), "gaussian", effort, False)
    row, tasks = {"latent": text}, {}
    for count in COUNTS:
        made = []

        def first(count=count, made=made):
            made.append(Starts(make, range(count), train, validation, effort.batch_size))
            made[0].run(BLOCK, effort.learning_rate)

        row[f"first_block_{count}"] = seconds(first)
        tasks[count] = lambda made=made: seconds(lambda: made[0].run(BLOCK, 1e-3))
    model = make(0)
    model.compile(keras.optimizers.Adam(effort.learning_rate), steps_per_execution=16)
    examples = train[: effort.batch_size * (len(train) // effort.batch_size)]

    def fit():
        model.fit(examples, batch_size=effort.batch_size, verbose=0)

    fit()
    tasks["fit"] = lambda: seconds(fit)
    found = {name: statistics.median(times) for name, times in in_turn(tasks, rounds).items()}
    for count in COUNTS:
        row[f"block_{count}"] = found[count]
        row[f"whole_{count}"] = row[f"first_block_{count}"] + found[count] * (STEPS / BLOCK - 1)
    row["whole_fit"] = found["fit"] * STEPS / (len(examples) // effort.batch_size)
    row["ratio"] = row["whole_5"] / row["whole_1"]
    row["ratio_to_fit"] = row["whole_5"] / row["whole_fit"]
    return row


def verdicts(report):
    """The targets of a report."""
    size = f"{STEPS:,} steps, 5,000 examples, {report['backend']}"
    return [
        verdict
        for row in report["rows"]
        for verdict in (
            Verdict(f"five starts over one: {row['latent']}", size, row["ratio"], LARGEST_RATIO),
            Verdict(f"five starts over one by `fit`: {row['latent']}", size, row["ratio_to_fit"],
                    LARGEST_RATIO),
        )
    ]  # fmt: skip


def markdown(report):
    """All times as a table."""
    header = ("latent space", "first block of 1, s", "of 5", "block of 1, s", "of 5",
              "whole training of 1, s", "of 5", "of 1 by `fit`", "ratio")  # fmt: skip
    keys = ("latent", "first_block_1", "first_block_5", "block_1", "block_5", "whole_1",
            "whole_5", "whole_fit", "ratio")  # fmt: skip
    return markdown_table(header, [[row[key] for key in keys] for row in report["rows"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifold", action="append")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    spaces = arguments.manifold or ["sphere:2", "torus:2", "so3"]
    report = {**about(), "backend": keras.backend.backend(), "rounds": arguments.rounds}
    report["rows"] = [compare(text, arguments.rounds) for text in spaces]
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
