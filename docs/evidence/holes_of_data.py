"""Holes and dimension read from noisy data, beside those of the space they come from.

python docs/evidence/holes_of_data.py [--maps N] [--json FILE]

The data are those of space_defaults.py: a random smooth map into R^30 with noise of 0.1, 3,600
examples. A reading of a Betti number is right, unclear or wrong.
"""

import argparse
import shlex
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from space_defaults import data_on

import diffusion_vae as dv
from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.evaluation import cloud_evidence
from diffusion_vae.files import write_json

SPACES = ("sphere:1", "sphere:2", "torus:2", "projective:2", "torus:1 x euclidean:1",
          "euclidean:2", "euclidean:3", "sphere:3", "so3", "sphere:2 x torus:1")  # fmt: skip
PRIMES = (2, 3)


def readings(manifold, maps):
    """How each number of holes was read, dimension and CPU seconds, for each random map."""
    for seed in range(maps):
        x = np.concatenate(data_on(manifold, seed))
        start = time.process_time()
        found = cloud_evidence(x, primes=PRIMES)
        seconds = time.process_time() - start
        counts = Counter()
        for prime in PRIMES:
            true = (*manifold.betti_numbers(prime), 0)[:3]
            for name, read, number in zip(
                ("components", "loops", "voids"), found.homology[prime].betti_numbers, true,
                strict=True,
            ):  # fmt: skip
                verdict = "unclear" if read is None else "right" if read == number else "wrong"
                counts[f"{name} modulo {prime}: {verdict}"] += 1
        yield counts, found.dimension, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    for text in SPACES:
        manifold = dv.manifolds.get(text)
        counts, dimensions, seconds = zip(*readings(manifold, arguments.maps), strict=True)
        rows.append(
            {
                "data": text,
                **dict(sorted(sum(counts, Counter()).items())),
                "dimension": [round(min(dimensions), 2), round(max(dimensions), 2)],
                "cpu_seconds": round(max(seconds), 1),
            }
        )
        print(rows[-1], flush=True)
    if arguments.json:
        command = shlex.join(["python", "docs/evidence/holes_of_data.py", *sys.argv[1:]])
        write_json(
            arguments.json, {"command": command, "versions": installed_versions(), "rows": rows}
        )


if __name__ == "__main__":
    main()
