"""Cells of blood on a sphere, a cylinder and a plane: how likely are cells that were held out?

python benchmarks/cells.py --out docs/results/cells

Data: the 700 cells and 765 genes of scanpy's `10x_pbmc68k_reduced`, whose counts are restored from
its `raw` (`restore_counts`). The cells are divided into five parts. For each part and each
manifold, `diffusion_vae.anndata.fit` trains on the other four, with its defaults, from the seed of
the part. Log-likelihoods are of the cells of the part, given their total counts: importance
sampling from posteriors that were refined, half of the draws from the prior, two estimates of
`DRAWS` each, whose difference tells how much their mean is too small.

A manifold's standard error is over cells. Differences from the best are taken cell by cell.
Writes OUT.json after each training, where a later call goes on, and OUT.md.
"""

import argparse
import math
import time
from importlib.metadata import version
from pathlib import Path

import anndata
import numpy as np
import scanpy
from reports import write_report
from timing import about
from verdicts import markdown_table

from diffusion_vae import manifolds
from diffusion_vae.anndata import as_batches, fit, restore_counts
from diffusion_vae.files import read_json

MANIFOLDS = ("sphere:2", "sphere:1 x euclidean:2", "euclidean:2")
FOLDS = 5
DRAWS, REFINE_STEPS = 100, 20


def blood():
    """An AnnData of counts, with the kinds of cells that its authors named."""
    reduced = scanpy.datasets.pbmc68k_reduced()
    return anndata.AnnData(
        restore_counts(reduced.raw.X), reduced.obs[["bulk_labels"]].copy(), reduced.raw.var.copy()
    )


def folds(count):
    """Row numbers of each part, drawn once."""
    return np.array_split(np.random.default_rng(0).permutation(count), FOLDS)


def measure(cells, manifold, held_out, seed):
    """Trains without some cells and scores them; numbers in nats a cell."""
    began = time.perf_counter()
    train = cells[np.setdiff1d(np.arange(cells.n_obs), held_out)].copy()
    model = fit(train, manifold, layer=None, seed=seed)
    batches = as_batches(cells[held_out], model, train)
    halves = [
        model.log_likelihood(
            batches, DRAWS, prior_share=0.5, refine_steps=REFINE_STEPS, seed=seed + half
        ).per_example
        for half in (1, 2)
    ]
    return {
        "manifold": manifold,
        "seed": seed,
        "log_likelihood": np.round(np.logaddexp(*halves) - math.log(2), 3).tolist(),
        "bias": float(((halves[0] - halves[1]) ** 2).mean() / 8),
        "elbo": float(model.elbo(batches, seed=seed).mean()),
        "training_loss": float(train.uns["diffusion_vae"]["loss"][-1]),
        "epochs": int(train.uns["diffusion_vae"]["epochs"]),
        "seconds": time.perf_counter() - began,
    }


def mean_and_error(values):
    """Mean, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def table(rows):
    """One line a manifold, from those that have all parts."""
    parts = {name: [row for row in rows if row["manifold"] == name] for name in MANIFOLDS}
    scores = {
        name: np.array([row["log_likelihood"] for row in found]).ravel()
        for name, found in parts.items()
        if len(found) == FOLDS
    }
    if not scores:
        return []
    best = max(scores, key=lambda name: scores[name].mean())
    means = {name: np.reshape(values, (FOLDS, -1)).mean(axis=1) for name, values in scores.items()}
    winners = [max(scores, key=lambda name: means[name][k]) for k in range(FOLDS)]
    lines = []
    for name, values in sorted(scores.items(), key=lambda item: -item[1].mean()):
        mean, error = mean_and_error(values)
        behind, behind_error = mean_and_error(values - scores[best])
        found = parts[name]
        lines.append(
            {
                "manifold": name,
                "dim": manifolds.get(name).dim,
                "log_likelihood": mean,
                "standard_error": error,
                "behind_best": behind,
                "standard_error_of_that": behind_error,
                "elbo": float(np.mean([row["elbo"] for row in found])),
                "bias": float(np.mean([row["bias"] for row in found])),
                "best_in": winners.count(name),
                "seconds_a_training": float(np.mean([row["seconds"] for row in found])),
            }
        )
    return lines


def page(found):
    """The page of the results."""
    header = (
        "manifold", "dimension", "log-likelihood", "behind the best", "ELBO", "best in",
        "estimate too small by", "seconds",
    )  # fmt: skip
    rows = [
        (
            line["manifold"],
            line["dim"],
            f"{line['log_likelihood']:.1f} ± {line['standard_error']:.1f}",
            f"{0.0 - line['behind_best']:.1f} ± {line['standard_error_of_that']:.1f}",
            f"{line['elbo']:.1f}",
            f"{line['best_in']} of {FOLDS}",
            f"{line['bias']:.2f}",
            f"{line['seconds_a_training']:.0f}",
        )
        for line in found["table"]
    ]
    return (
        "# Cells of blood, held out\n\n`python benchmarks/cells.py --out docs/results/cells`\n\n"
        f"700 cells of `pbmc68k_reduced`, {found['counts']} counts of 765 genes; negative "
        f"binomial, {FOLDS}-fold cross-validation, seeds 0 to {FOLDS - 1}. Log-likelihoods in "
        "nats a cell, given its total count, ± a standard error over cells; differences are "
        "taken cell by cell. Seconds of a training and its scores are those of a busy machine.\n\n"
        + markdown_table(header, rows)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", default="docs/results/cells", help="without an ending")
    out = Path(parser.parse_args().out)
    stored = out.with_suffix(".json")
    cells = blood()
    rows = read_json(stored)["rows"] if stored.is_file() else []
    for number, held_out in enumerate(folds(cells.n_obs)):
        for manifold in MANIFOLDS:
            if any((row["manifold"], row["seed"]) == (manifold, number) for row in rows):
                continue
            rows.append(measure(cells, manifold, held_out, number))
            found = {
                "about": about() | {name: version(name) for name in ("anndata", "scanpy")},
                "counts": int(cells.X.sum()),
                "table": table(rows),
                "rows": rows,
            }
            write_report(out, found, page(found))
            print(manifold, number, np.mean(rows[-1]["log_likelihood"]), flush=True)


if __name__ == "__main__":
    main()
