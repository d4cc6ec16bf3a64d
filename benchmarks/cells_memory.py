"""Memory of a training on cells whose file stays open, beside that of the dense array.

python benchmarks/cells_memory.py --out docs/results/cells_memory

Makes a `.h5ad` file of 20,000 cells and 2,000 genes, a tenth of whose counts are not 0, in a
temporary folder. Each training is one epoch on S^2 with the defaults of
`diffusion_vae.anndata.fit`, in a process of its own: of the open file, of the sparse matrix in
memory, of the dense array. What is written down is the most memory that the process has held
(`VmHWM` of Linux), before the training and at its end.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anndata
import numpy as np
import scipy.sparse
from reports import write_report
from timing import about, peak_megabytes
from verdicts import markdown_table

CELLS, GENES, SHARE = 20_000, 2_000, 0.1
KINDS = {
    "open file": "sparse in its file, read batch by batch",
    "sparse": "sparse in memory",
    "dense": "dense in memory",
}
MIB = 2**20


def write_cells(path):
    """A file of counts: a tenth of them, of a geometric law, are not 0."""
    rng = np.random.default_rng(0)
    blocks = [
        scipy.sparse.random(
            1000, GENES, SHARE, format="csr", dtype=np.float32, random_state=rng,
            data_rvs=lambda size: rng.geometric(0.5, size),
        )
        for _ in range(CELLS // 1000)
    ]  # fmt: skip
    anndata.AnnData(scipy.sparse.vstack(blocks, format="csr")).write_h5ad(path)


def train(kind, path):
    """Trains on the file, and prints what it took."""
    from diffusion_vae.anndata import fit

    cells = anndata.read_h5ad(path, backed="r" if kind == "open file" else None)
    if kind == "dense":
        cells.X = cells.X.toarray()
    before, began = peak_megabytes(), time.perf_counter()
    fit(cells, "sphere:2", layer=None, epochs=1)
    print(
        json.dumps(
            {
                "kind": kind,
                "before": before,
                "peak": peak_megabytes(),
                "seconds": time.perf_counter() - began,
                "loss": float(cells.uns["diffusion_vae"]["loss"][0]),
            }
        )
    )


def page(found):
    """The page of the results."""
    rows = [
        (KINDS[row["kind"]], f"{row['before']:.0f}", f"{row['peak']:.0f}", f"{row['loss']:.4f}")
        for row in found["rows"]
    ]
    return (
        "# Memory of a training on cells\n\n"
        "`python benchmarks/cells_memory.py --out docs/results/cells_memory`\n\n"
        f"{CELLS:,} made cells, {GENES:,} genes, {SHARE:.0%} of the counts not 0, seed 0: "
        f"{found['file_mib']:.0f} MiB as a sparse `.h5ad`, {found['dense_mib']:.0f} MiB as a "
        "dense array of float32. The most memory that each process has held, in MiB: before the "
        "training (Python, TensorFlow, the data) and at its end. The loss of the one epoch shows "
        "that all three have trained on the same batches.\n\n"
        + markdown_table(("counts", "before", "at the end", "loss"), rows)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", default="docs/results/cells_memory", help="without an ending")
    parser.add_argument("--train", nargs=2, metavar=("KIND", "PATH"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        train(*given.train)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        write_cells(path)
        rows = []
        for kind in KINDS:
            call = [sys.executable, __file__, "--train", kind, str(path)]
            done = subprocess.run(call, capture_output=True, text=True, check=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(rows[-1], flush=True)
        found = {
            "about": about(),
            "file_mib": path.stat().st_size / MIB,
            "dense_mib": CELLS * GENES * 4 / MIB,
            "rows": rows,
        }
    out = Path(given.out)
    write_report(out, found, page(found))


if __name__ == "__main__":
    main()
