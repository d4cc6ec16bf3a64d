"""Importance-weighted log-likelihoods on S^2 beside a quadrature over the sphere.

python docs/evidence/likelihood_estimates.py --results FOLDER --run NAME [--json FILE]

For a trained run with a unit-variance Gaussian likelihood: mean log p(x) of test examples by
draws from the posterior, by draws of which half come from the prior, and by a sum over a
Fibonacci lattice, which is exact as long as its points are close beside the diffusion times.
"""

import argparse
import math
import shlex
import sys
from pathlib import Path

import numpy as np
from scipy.special import logsumexp

from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.datasets.rotations import sphere_grid
from diffusion_vae.files import write_json
from diffusion_vae.runs import load_run

SAMPLES = (20, 100, 500, 2000)
SHARES = (0.0, 0.5)
POINTS = 20_000
BATCH = 500


def quadrature(model, x, points=POINTS):
    """log p(x) of each example as a mean of p(x | z) over the sphere, `[n]`."""
    means = model.decode(sphere_grid(points)).reshape(points, -1)  # [points, D]
    x = x.reshape(len(x), -1)
    constant = math.log(points) + 0.5 * x.shape[1] * math.log(2.0 * math.pi)
    found = []
    for start in range(0, len(x), BATCH):
        batch = x[start : start + BATCH]
        squares = (batch**2).sum(axis=1)[:, None] - 2.0 * batch @ means.T + (means**2).sum(axis=1)
        found.append(logsumexp(-0.5 * squares, axis=1) - constant)
    return np.concatenate(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    run = load_run(arguments.results, arguments.run)
    x = np.asarray(run.dataset.test[: arguments.examples])
    report = {
        "command": shlex.join(["python", "docs/evidence/likelihood_estimates.py", *sys.argv[1:]]),
        "versions": installed_versions(),
        "run": arguments.run,
        "examples": len(x),
        "rows": [],
    }
    report["quadrature"] = float(quadrature(run.model, x).mean())
    for share in SHARES:
        for samples in SAMPLES:
            estimate = run.model.log_likelihood(x, samples, prior_share=share)
            row = {"prior_share": share, "samples": samples, "mean": estimate.mean}
            print(row, flush=True)
            report["rows"].append(row)
    print("quadrature", report["quadrature"])
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
