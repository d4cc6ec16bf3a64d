"""DREiMac, UMAP, Isomap and PCA beside `ManifoldEmbedding`: is the hidden factor recovered?

python benchmarks/peers.py --out docs/results/peers
python benchmarks/peers.py --out docs/results/peers --python PYTHON   # with the peers installed

The peers live in a process and an environment of their own (`peers_worker.py`): one that the
script makes in a temporary folder, or that of PYTHON. Data: 2,400 examples of the blind data of
random smooth maps (`a`) and pictures (`c`), and 300 of such maps without noise (`small`). Each
method is told the space it is to find, where it has it, and nothing else. Writes OUT.json after
each data set, where a later call goes on, and OUT.md.

What is measured is the map from the hidden points to the codes, on the examples themselves:

- degree: on tori the determinant of the windings, else `measure_degree`, modulo 2 on RP^2; of
  the map that takes a place to the code of the example nearest to it;
- tears: `measure_tears` of five hidden neighbours, of few examples two; folds: the same of the
  inverse, of neighbours among the codes;
- trustworthiness and continuity of 10 neighbours, of 1,000 examples.

Recovered means a homeomorphism onto the space: degree ±1, no example torn and none folded; where
the codes are plain coordinates, which have no degree, no example torn and none folded.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import blind_data
import numpy as np
from blind_spaces import SPACES as MAKERS
from reports import write_report
from scipy.spatial import cKDTree
from timing import about
from verdicts import markdown_table

from diffusion_vae import manifolds
from diffusion_vae.evaluation.topology import (
    measure_degree,
    measure_tears,
    neighbour_preservation,
    winding_matrix,
)
from diffusion_vae.evaluation.topology.factors import factors_on
from diffusion_vae.evaluation.topology.geometry import embedded
from diffusion_vae.evaluation.topology.winding import is_torus
from diffusion_vae.files import read_json
from diffusion_vae.sklearn import ManifoldEmbedding

WORKER = Path(__file__).with_name("peers_worker.py")
PACKAGES = ("dreimac==0.3.2", "umap-learn==0.5.12", "scikit-learn==1.9.1")
OURS = "ManifoldEmbedding"
PLAIN = ("PCA", "Isomap", "UMAP")
METHODS = {  # space: who is tried
    "sphere:1": (*PLAIN, "DREiMac", OURS),
    "torus:2": (*PLAIN, "UMAP on the manifold", "DREiMac", OURS),
    "sphere:2": (*PLAIN, "UMAP on the manifold", "DREiMac", OURS),
    "projective:2": ("DREiMac", OURS),
}
GROUPS = {
    "a": "Random smooth maps into R^50, noise of 0.1, 2,400 examples",
    "c": "Pictures of 16x16, noise of 0.05, 2,400 examples",
    "small": "Random smooth maps into R^50, no noise, 300 examples",
}
EXAMPLES, FEW = 2400, 300
STARTS, BATCH, BATCH_OF_FEW = 4, 64, 16  # of ours, whose other arguments are the defaults
NEIGHBOURS, NEIGHBOURS_OF_FEW = 5, 2  # of tears and folds: few examples lie far apart
LOOPS, STEPS = 8, 200  # of which windings are counted
COMPARED = 1000  # examples of which all pairs are compared


def data_of(group, space, index):
    """Examples `[n, columns]` and the hidden points `[n, ambient]`."""
    if group == "small":
        random = blind_data.generator(group, space, index)
        z, x, _ = blind_data.kept_map("a", space, FEW, random)
    else:
        x, z = blind_data.make(group, space, index)
    return x.reshape(len(x), -1)[:EXAMPLES].astype(np.float32), z[:EXAMPLES].astype(np.float32)


def measure(space, z, codes, target):
    """What the map from hidden points of `space` to codes in `target` does."""
    source, goal = manifolds.get(space), manifolds.get(target)
    q = MAKERS[space].embed(z)  # in which all names of a point are one
    neighbours = NEIGHBOURS_OF_FEW if len(z) <= FEW else NEIGHBOURS
    tears = measure_tears(q, codes, goal, neighbours)
    folds = measure_tears(embedded(goal, codes), z, source, neighbours)
    kept = neighbour_preservation(q[:COMPARED], codes[:COMPARED], goal)
    found = {
        "degree": degree_of(space, source, q, codes, goal) if target == space else None,
        "largest_tear": None if tears is None else tears.largest,
        "torn": None if tears is None else tears.share,
        "largest_fold": folds.largest,
        "folded": folds.share,
        "trustworthiness": kept.trustworthiness,
        "continuity": kept.continuity,
    }
    return {**found, "recovered": recovered(found, needs_degree=target == space)}


def degree_of(space, source, q, codes, goal):
    """Degree of the map that takes a place to the code of the nearest example; `None` where the
    count is no integer."""
    tree = cKDTree(q)

    def nearest(points):
        flat = np.reshape(points, (-1, np.shape(points)[-1]))
        codes_there = codes[tree.query(MAKERS[space].embed(flat))[1]]
        return codes_there.reshape(*np.shape(points)[:-1], -1)

    if not is_torus(source):
        return measure_degree(nearest, source, goal).integer
    factors = factors_on(source)
    loops = factors.points(factors.loops(LOOPS, STEPS, np.random.default_rng(0)))
    return round(float(np.linalg.det(winding_matrix(goal, nearest(loops)))))


def recovered(found, needs_degree):
    """Whether what was measured is that of a homeomorphism onto the image."""
    if needs_degree and (found["degree"] is None or abs(found["degree"]) != 1):
        return False
    return found["torn"] == 0.0 and found["folded"] == 0.0


def ours(x, space, seed):
    """Codes of `ManifoldEmbedding`, and seconds of wall clock and of all cores."""
    wall, cpu = time.perf_counter(), time.process_time()
    batch = BATCH_OF_FEW if len(x) == FEW else BATCH
    embedding = ManifoldEmbedding(space, batch_size=batch, n_init=STARTS, random_state=seed)
    codes = embedding.fit_transform(x)
    seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return codes, {**seconds, "target": space, "note": None}


class Peers:
    """The process of `peers_worker.py`; `versions` is what it says of itself."""

    def __init__(self, python, folder):
        self.folder = Path(folder)
        self.process = subprocess.Popen(
            [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions = json.loads(self.process.stdout.readline())

    def run(self, peer, x, space, seed):
        """Codes, `None` where the peer raised, and what the process says beside them."""
        data, codes = self.folder / "data.npy", self.folder / "codes.npy"
        np.save(data, x)
        task = {"peer": peer, "space": space, "data": str(data), "codes": str(codes), "seed": seed}
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        return (None if told["target"] is None else np.load(codes)), told


def install(folder):
    """Interpreter of a new environment with the peers; a package that cannot be had is told on
    stderr, and its rows say so."""
    venv.create(folder, with_pip=True)
    python = Path(folder) / "bin" / "python"
    for package in PACKAGES:
        subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=False)
    return python


def rows_of(group, space, index, peers):
    """A row of numbers for each method that is tried on a data set."""
    x, z = data_of(group, space, index)
    for method in METHODS[space]:
        codes, told = (
            ours(x, space, index) if method == OURS else peers.run(method, x, space, index)
        )
        lost = 0 if codes is None else int((~np.isfinite(codes).all(axis=1)).sum())
        if lost:
            told["note"] = f"{lost} of {len(codes)} codes are NaN or infinite"
        found = (
            {"recovered": False}
            if codes is None or lost
            else measure(space, z, codes, told["target"])
        )
        yield {"group": group, "space": space, "index": index, "method": method, **told, **found}


def markdown(report):
    """A table for each kind of data, a row for each space and method."""
    parts = ["# Other embeddings on data whose factor is known\n", f"`{report['command']}`\n"]
    for group, title in GROUPS.items():
        rows = [row for row in report["rows"] if row["group"] == group]
        cells = [
            summary([row for row in rows if (row["space"], row["method"]) == (space, method)])
            for space, methods in METHODS.items()
            for method in methods
        ]
        parts += [f"## {title}\n", markdown_table(HEADER, [cell for cell in cells if cell])]
    versions = ", ".join(f"{name} {version}" for name, version in report["peers"].items())
    parts.append(f"{report['machine']}; {versions}.\n")
    return "\n".join(parts)


HEADER = (
    "space", "method", "codes in", "recovered", "degrees", "largest tears", "torn, %",
    "largest folds", "folded, %", "trust", "continuity", "seconds", "CPU seconds",
)  # fmt: skip


def summary(rows):
    """The cells of one space and method: all data sets in order, means of shares and seconds."""
    if not rows:
        return None
    done = [row for row in rows if row.get("largest_fold") is not None]
    first = rows[0]
    target = next((row["target"] for row in done), first["note"])
    notes = sum(row.get("largest_fold") is None for row in rows)
    target = f"{target} ({notes} without numbers)" if done and notes else target
    plain = all(row["target"] != row["space"] for row in done)
    return [
        first["space"],
        first["method"],
        target,
        f"{sum(row['recovered'] for row in rows)} of {len(rows)}",
        "–" if plain else each(row.get("degree") for row in rows),
        each(row.get("largest_tear") for row in rows),
        mean(done, "torn", 100.0),
        each(row.get("largest_fold") for row in rows),
        mean(done, "folded", 100.0),
        mean(done, "trustworthiness", digits=3),
        mean(done, "continuity", digits=3),
        mean(rows, "seconds"),
        mean(rows, "cpu_seconds"),
    ]


def each(values):
    """Numbers beside each other; `none` where there is none."""
    texts = (
        "none" if v is None else f"{v:.2f}" if isinstance(v, float) else f"{v}" for v in values
    )
    return ", ".join(texts)


def mean(rows, key, scale=1.0, digits=1):
    values = [row[key] for row in rows if row.get(key) is not None]
    return f"{scale * statistics.mean(values):.{digits}f}" if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--index", type=int, nargs="+", default=[0, 1, 2], help="data sets")
    parser.add_argument("--python", help="interpreter with the peers; default: a new environment")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    path = arguments.out.with_suffix(".json")
    with tempfile.TemporaryDirectory() as folder:
        python = arguments.python or install(Path(folder) / "environment")
        peers = Peers(str(python), folder)
        ours_has = {"n_init": STARTS, "batch_size": BATCH, "batch_size_of_few": BATCH_OF_FEW}
        report = {**about(), "peers": peers.versions, OURS: ours_has, "seeds": "the index"}
        if arguments.python:
            report["command"] = report["command"].replace(arguments.python, "PYTHON")
        report["rows"] = read_json(path)["rows"] if path.exists() else []
        done = {(row["group"], row["space"], row["index"]) for row in report["rows"]}
        tasks = [(g, s, i) for i in arguments.index for g in arguments.group for s in METHODS]
        for task in tasks:
            if task in done:
                continue
            for row in rows_of(*task, peers):
                report["rows"].append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
            write_report(path, report, markdown(report))
        write_report(path, report, markdown(report))


if __name__ == "__main__":
    main()
