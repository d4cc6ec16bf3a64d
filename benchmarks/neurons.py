"""Head direction and grid cells: decoded angles, the torus of a module, and which manifold it is.

python benchmarks/neurons.py --out docs/results/neurons
python benchmarks/neurons.py --out docs/results/neurons --python PYTHON  # that has CEBRA

Spike counts are simulated by RatInABox (`neurons_data.py`): 60 head-direction cells, and a module
of 100 grid cells, in bins of 0.1 s, of a recorded walk of ten minutes. The last two minutes are
held out. For each seed (of preferred phases, spikes, weights and noise):

- `compare_manifolds` with a Poisson likelihood, which sees counts and nothing else;
- median error of the heading that the model on the circle decodes in the held-out time, after the
  one rotation and reflection that fits the other time best;
- whether the model on the torus captures the torus of the phases (`measure_topology`);
- beside them the decoder of the textbooks, which is given the headings: tuning curves by
  histograms, and the most likely heading of each bin (`tuning_curves`); one that knows the true
  curves (`true_curves`); and CEBRA on the same counts (`neurons_cebra.py`).

CEBRA lives in a process and an environment of its own: one that the script makes in a temporary
folder, or that of PYTHON. Writes OUT.json after each stage of a seed, where a later call goes on,
and OUT.md. Trained candidates are kept in the folder RUNS.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path

import keras
import neurons_data
import numpy as np
from reports import write_report
from timing import about
from verdicts import markdown_table

from diffusion_vae import compare_manifolds
from diffusion_vae.comparison import Effort
from diffusion_vae.evaluation import align_angles, measure_topology
from diffusion_vae.files import read_json

WORKER = Path(__file__).with_name("neurons_cebra.py")
PACKAGES = ("cebra==0.6.1", "torch==2.13.0")
EFFORT = Effort(
    seeds=1, starts=8, spare=1, trial_steps=800, most_steps=1600, patience=800, decay_steps=800,
    units=(64, 64),
)  # fmt: skip
# Of a torus most starts tear, and the validation loss of the trials tells: many are tried.
EFFORTS = {"head direction": EFFORT, "grid module": replace(EFFORT, starts=32)}
CANDIDATES = {
    "head direction": ("sphere:1", "euclidean:1", "euclidean:2"),
    "grid module": ("torus:2", "sphere:2", "euclidean:3", "euclidean:2"),
}  # the true one first
# What is done for all seeds before the next: the number of candidates, or CEBRA.
STAGES = (
    ("head direction", 1), ("grid module", 1), ("head direction", 2), ("grid module", 2),
    ("cebra", 0), ("grid module", 3), ("head direction", 3), ("grid module", 4),
)  # fmt: skip
ANGLES = 360  # at which tuning curves are looked up
CURVE_BINS = 36  # of a tuning curve


def errors(decoded, true):
    """Absolute differences of angles in radians."""
    return np.abs(np.angle(np.exp(1j * (decoded - true))))


def median_error(decoded, true):
    """Median over bins, a number an angle."""
    return np.median(errors(decoded, true), axis=0).tolist()


def compared(data, seed, count, runs):
    """The comparison of the first candidates, and the model on the first, the true manifold.

    Candidates are kept in the folder `runs`, so that none trains twice.
    """
    names = CANDIDATES[data.name][:count]
    folder = runs / f"{data.name.replace(' ', '_')}_{seed}"
    found = compare_manifolds(
        data, names, likelihood="poisson", standardize=False, effort=EFFORTS[data.name],
        homology=False,
        folder=folder, seed=seed, verbose=0,
    )  # fmt: skip
    rows = found.rows()
    wanted = (
        "manifold", "log_likelihood", "standard_error", "behind", "behind_error", "elbo", "torn",
        "seconds",
    )  # fmt: skip
    return keras.saving.load_model(folder / f"{names[0].replace(':', '_')}.keras"), {
        "first": rows[0]["manifold"] == names[0],
        "named": found.best,
        "decided": found.decided,
        "verdict": str(found.verdict),
        "rows": [{key: row[key] for key in wanted} for row in rows],
    }


def decoded_angles(model, data):
    """Angles of the held-out bins, after the alignment of the others; and that alignment."""
    align = align_angles(model.encode(data.train)[0], data.train_factors)
    return align(model.encode(data.test)[0]), align


def head_direction(walked, seed, model):
    """Median errors of the decoded heading: by the model, and by those who know more."""
    data = neurons_data.head_direction(walked, seed)
    decoded, _ = decoded_angles(model, data)
    return {
        "median_error": median_error(decoded, data.test_factors)[0],
        "tuning_curves": median_error(most_likely(data), data.test_factors[:, 0]),
        "true_curves": median_error(most_likely(data, true=True), data.test_factors[:, 0]),
    }


def most_likely(data, true=False):
    """The most likely heading of held-out bins under independent Poisson counts, `[bins]`."""
    angles = np.linspace(-np.pi, np.pi, ANGLES, endpoint=False)
    if true:
        means = neurons_data.head_rates(angles) * neurons_data.BIN
    else:  # smoothed histograms of the time that is not held out
        heading, edges = data.train_factors[:, 0], np.linspace(-np.pi, np.pi, CURVE_BINS + 1)
        inside = np.digitize(heading, edges[1:-1])
        curves = np.stack([data.train[inside == k].mean(axis=0) for k in range(CURVE_BINS)])
        centres = 0.5 * (edges[1:] + edges[:-1])
        means = np.stack(
            [np.interp(angles, centres, curve, period=2.0 * np.pi) for curve in curves.T], axis=1
        )
        means = np.maximum(means, 1e-3)
    scores = data.test @ np.log(means.T) - means.sum(axis=1)
    return angles[scores.argmax(axis=1)]


def grid_module(walked, seed, model):
    """Whether the model captures the torus of the phases, and how well it decodes them."""
    data = neurons_data.grid_module(walked, seed)
    topology = measure_topology(model, data, seed=seed)
    decoded, align = decoded_angles(model, data)
    return {
        "topology": topology.as_dict(),
        "captured": topology.captured,
        "median_error": median_error(decoded, data.test_factors),
        "agreement": align.agreement.tolist(),
    }


PARTS = {"head direction": head_direction, "grid module": grid_module}


def with_cebra(walked, seed, python):
    """Median errors of each way of CEBRA, with what its process tells."""
    data = neurons_data.head_direction(walked, seed)
    known, held_out = data.train_factors[:, 0], data.test_factors[:, 0]
    heading = np.stack([np.cos(known), np.sin(known)], axis=1).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("data.npz", "codes.npz")]
        np.savez(files[0], train=data.train, test=data.test, heading=heading)
        told = subprocess.run(
            [python, str(WORKER), *files, "--seed", str(seed)],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        codes = dict(np.load(files[1]))
    align = align_angles(codes.pop("circle_train"), known)
    decoded = {
        way: align(z) if way == "circle" else np.arctan2(z[:, 1], z[:, 0])
        for way, z in codes.items()
    }
    found = {way: median_error(angles, held_out) for way, angles in decoded.items()}
    return {"median_error": found, **json.loads(told.stdout.splitlines()[-1])}


def install(folder):
    """Interpreter of a new environment with CEBRA."""
    venv.create(folder, with_pip=True)
    python = Path(folder) / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def markdown(report):
    """What was found, over all seeds."""
    seeds = [report["seeds"][seed] for seed in sorted(report["seeds"], key=int)]
    head = [each["head direction"] for each in seeds if each.get("head direction")]
    grid = [each["grid module"] for each in seeds if each.get("grid module")]
    cebra = [each["cebra"] for each in seeds if each.get("cebra")]
    parts = [
        "# Neurons\n",
        f"`{report['command']}`; seeds {', '.join(sorted(report['seeds'], key=int))}.\n",
        "Spike counts by RatInABox in bins of 0.1 s along a recorded walk of ten minutes, of "
        "which two, the last ones, are held out. How to do it with data of your own: "
        "[Neurons](../neurons.md).\n",
        "## Head direction, 60 cells: median error of the decoded angle in held-out time\n",
        markdown_table(
            ("decoder", "is given headings for", "median error, rad, each seed", "mean"),
            list(error_rows(head, cebra)),
        ),
        "## One module of 100 grid cells on a torus\n",
        markdown_table(
            ("seed", "degree", "largest jump, rad", "coverage", "captured", "median errors, rad"),
            [
                [
                    number, one["topology"]["degree"], one["topology"]["largest_jump"],
                    one["topology"]["coverage"], "yes" if one["captured"] else "**no**",
                    texts(one["median_error"]),
                ]
                for number, one in enumerate(grid)
            ],
        ),
        "## Which manifold? Held-out log-likelihood behind the true one, nats a bin\n",
        markdown_table(
            ("data", "manifold", "behind by, each seed", "behind", "surely", "torn, %"),
            [*which_rows("head direction", head), *which_rows("grid module", grid)],
        ),
        "Behind surely: by more than two standard errors of the paired differences. Torn: the "
        "share of bins that have a neighbour in the data which is far away in the latent space; "
        "counts are noisy, so that neighbours in the data are none always.\n",
    ]  # fmt: skip
    versions = {**report["packages"], **(cebra[0]["versions"] if cebra else {})}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts.append(f"{report['machine']}, {report['processor']}, shared with other work; {told}.\n")
    return "\n".join(parts)


def error_rows(head, cebra):
    """A row a decoder, the ones that know least first."""
    ways = {
        "circle": ("CEBRA-Time, two dimensions, one bin", "a rotation and a reflection"),
        "time": ("CEBRA-Time, quick start, KNN", "the decoder"),
        "behaviour": ("CEBRA-Behavior, quick start, KNN", "the model and the decoder"),
    }
    circle = [one["median_error"] for one in head]
    rows = [("diffusion VAE on the circle", "a rotation and a reflection", circle)]
    rows += [(*names, [one["median_error"][way] for one in cebra]) for way, names in ways.items()]
    curves, true = ([one[key] for one in head] for key in ("tuning_curves", "true_curves"))
    rows.append(("most likely heading by tuning curves", "the tuning curves", curves))
    rows.append(("most likely heading by the true curves", "the truth", true))
    for name, known, values in rows:
        if values:
            yield [name, known, texts(values), f"{statistics.mean(values):.3f}"]


def which_rows(name, found):
    """A row for each candidate, the true one first."""
    true = CANDIDATES[name][0]
    tables = [{row["manifold"]: row for row in one["rows"]} for one in found]
    for candidate in CANDIDATES[name]:
        pairs = [(table[true], table[candidate]) for table in tables if candidate in table]
        torn = texts([100.0 * row["torn"] for _, row in pairs], 1)
        if candidate == true:
            yield [name, f"**{true}**", None, None, None, torn]
            continue
        gaps = [best["log_likelihood"] - row["log_likelihood"] for best, row in pairs]
        # Errors are of the difference to the leader, which is the true one where it counts.
        sure = [
            best["behind"] == 0 and row["behind"] > 2.0 * row["behind_error"]
            for best, row in pairs
        ]
        if pairs:
            behind = f"{sum(gap > 0 for gap in gaps)} of {len(gaps)}"
            yield [name, candidate, texts(gaps), behind, f"{sum(sure)} of {len(sure)}", torn]


def texts(values, digits=3):
    return ", ".join(f"{value:.{digits}f}" for value in values)


def advance(found, name, count, seed, walked, runs, python):
    """Does one stage of one seed; returns whether there was anything to do.

    Args:
        found: What is known of the seed, to which the stage is added.
        name: Of the data, or `"cebra"`.
        count: Number of candidates.
        seed: Of preferred phases, spikes, weights and noise.
        walked: The walk.
        runs: Folder of the candidates.
        python: Interpreter with CEBRA.
    """
    known = found.setdefault(name, {})
    if name == "cebra":
        if known:
            return False
        known.update(with_cebra(walked, seed, python))
        return True
    if len(known.get("rows", [])) >= count:
        return False
    data = getattr(neurons_data, name.replace(" ", "_"))(walked, seed)
    model, comparison = compared(data, seed, count, runs)
    if "median_error" not in known:
        known.update(PARTS[name](walked, seed, model))
    known.update(comparison)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--python", help="interpreter with CEBRA; default: a new environment")
    parser.add_argument("--runs", type=Path, default=Path("results/neurons"), help="models")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    path = arguments.out.with_suffix(".json")
    with tempfile.TemporaryDirectory() as folder:
        python = str(arguments.python or install(Path(folder) / "environment"))
        report = {**about(), "packages": {"ratinabox": metadata.version("ratinabox")}}
        if arguments.python:
            report["command"] = report["command"].replace(arguments.python, "PYTHON")
        report["effort"] = {name: asdict(effort) for name, effort in EFFORTS.items()}
        report["seeds"] = read_json(path)["seeds"] if path.exists() else {}
        walked = neurons_data.walk()
        for name, count in STAGES:
            for seed in arguments.seeds:
                found = report["seeds"].setdefault(str(seed), {})
                if advance(found, name, count, seed, walked, arguments.runs, python):
                    print(seed, json.dumps({name: found[name]}), file=sys.stderr, flush=True)
                    write_report(path, report, markdown(report))
        write_report(path, report, markdown(report))


if __name__ == "__main__":
    main()
