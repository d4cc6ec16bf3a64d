"""Time of a comparison of six manifolds.

python benchmarks/comparison.py [--manifold sphere:1 ...] [--jobs 2] [--json FILE]

5,000 examples of 50 numbers whose manifold is a torus (benchmarks/blind_data.py, kind a), with
the defaults of `compare_manifolds`, two candidates at a time.
"""

import argparse
from pathlib import Path

import blind_data
from timing import about, seconds
from verdicts import Verdict, markdown_table

from diffusion_vae import compare_manifolds
from diffusion_vae.files import write_json

SPACES = ("sphere:1", "torus:2", "sphere:2", "projective:2", "so3", "euclidean:2")
EXAMPLES = 5000
MOST_SECONDS = 600.0


def verdicts(report):
    """The target of a report."""
    size = (
        f"{len(report['rows'])} manifolds, {EXAMPLES:,} x 50 numbers, {report['jobs']} processes"
    )
    return [Verdict("seconds of a comparison", size, report["seconds"], MOST_SECONDS)]


def markdown(report):
    """What each candidate took, as a table."""
    header = ("latent space", "log-likelihood, nats", "steps", "seconds")
    rows = [
        [row["manifold"], row["log_likelihood"], row["steps"], row["seconds"]]
        for row in report["rows"]
    ]
    return f"{markdown_table(header, rows)}\n\n{report['verdict']}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifold", action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    x = blind_data.make("a", "torus:2", 3)[0][:EXAMPLES]
    found = []
    taken = seconds(
        lambda: found.append(
            compare_manifolds(x, arguments.manifold or list(SPACES), jobs=arguments.jobs)
        )
    )
    report = {
        **about(),
        "jobs": arguments.jobs,
        "seconds": taken,
        "verdict": str(found[0].verdict),
        "rows": [each.numbers() for each in found[0].candidates],
    }
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
