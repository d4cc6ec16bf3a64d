"""What it costs to begin: imports, the first training step, peak memory.

python benchmarks/startup.py [--rounds 5] [--json FILE]
KERAS_BACKEND=jax python benchmarks/startup.py ...

Every number comes from a fresh process: seconds of `import diffusion_vae`, which imports Keras and
its backend, and of `import keras` alone; seconds from the start of the process to the end of the
first training step of `SphereVAE(2)` and of a plain Gaussian Keras VAE, and the most memory
either held by the end of an epoch of 10,000 made pictures (`first_step.py`). The cases run in
turn, round after round, after one round that only fills the disk's cache; quoted are medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from verdicts import markdown_table

FIRST_STEP = Path(__file__).with_name("first_step.py")
PACKAGES = ("keras", "diffusion_vae")
MODELS = ("plain Gaussian VAE", "SphereVAE(2)")


def import_seconds(package):
    """Seconds that one import takes in a fresh process."""
    code = (
        f"import time; t = time.perf_counter(); import {package}; print(time.perf_counter() - t)"
    )
    return float(fresh("-c", code))


def training(model):
    """What `first_step.py` reports of a model."""
    return json.loads(fresh(str(FIRST_STEP), model, repr(time.time())))


def fresh(*arguments):
    """The last line that a fresh Python process prints."""
    finished = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True
    )
    return finished.stdout.splitlines()[-1]


def measure(rounds):
    """Rows of the report: what, unit, median, all values."""
    cases = {f"import {package}": lambda p=package: import_seconds(p) for package in PACKAGES}
    cases |= {model: lambda m=model: training(m) for model in MODELS}
    found = {name: [] for name in cases}
    for _ in range(1 + rounds):
        for name, case in cases.items():
            found[name].append(case())
    found = {name: values[1:] for name, values in found.items()}
    rows = [row(name, "s", found[name]) for name in cases if name not in MODELS]
    for key, what, unit in (
        ("first_step", "process start to end of first step", "s"),
        ("first_step_after_imports", "end of imports to end of first step", "s"),
        ("peak_megabytes", "peak memory after an epoch", "MB"),
    ):
        rows += [
            row(f"{model}: {what}", unit, [one[key] for one in found[model]]) for model in MODELS
        ]
    return rows


def row(what, unit, values):
    return {"what": what, "unit": unit, "median": statistics.median(values), "values": values}


def markdown(report):
    """All medians as a table."""
    rows = [
        [one["what"], one["unit"], f"{one['median']:.2f}", f"{min(one['values']):.2f}",
         f"{max(one['values']):.2f}"]
        for one in report["rows"]
    ]  # fmt: skip
    return markdown_table(("what", "unit", "median", "least", "most"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    # Only now: Linux counts what a process held before it became another program, so that a
    # large parent would show as the peak of its children.
    from timing import about

    from diffusion_vae.files import write_json

    report = {**about(), "rounds": arguments.rounds, "rows": rows}
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
