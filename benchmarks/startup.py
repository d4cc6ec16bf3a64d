"""What it costs to begin: imports, the first training step, peak memory.

python benchmarks/startup.py [--rounds 5] [--json FILE]
KERAS_BACKEND=jax python benchmarks/startup.py ...

Every number comes from a fresh process:

- CPU seconds (user and system) of commands that need no model, and of `python -c "import keras"`
  beside them; their ratio is to be at most 0.10;
- seconds of `import keras` and of importing the models of this package;
- seconds from the start of the process to the end of the first training step of a plain Gaussian
  Keras VAE, of `SphereVAE(2)` with the kernel's tables on disk, and of the same without them; the
  ratio of the latter two to the first is to be at most 1.05 and 1.15 (in CPU seconds too, which
  other work on the machine disturbs less). Beside it the most memory
  each held by the end of an epoch of 10,000 made pictures (`first_step.py`).

The cases run in turn, round after round, after one round that only fills the disk's cache;
quoted are medians. `--commands` measures the commands alone, `--first-step` the first step alone.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from verdicts import markdown_table

FIRST_STEP = Path(__file__).with_name("first_step.py")
PACKAGES = ("keras", "diffusion_vae.models")
LIMIT = 0.10  # of the CPU time of `import keras`
IMPORT_KERAS = "import keras"
PLAIN, SPHERE, NO_TABLES = "plain Gaussian VAE", "SphereVAE(2)", "SphereVAE(2), no tables yet"
MODELS = (PLAIN, SPHERE, NO_TABLES)
RATIO_LIMITS = {SPHERE: 1.05, NO_TABLES: 1.15}  # of the time to the end of the first step


def commands(folder):
    """Commands that need no model: name to arguments and environment."""
    module = [sys.executable, "-m", "diffusion_vae"]
    typed = {"_DIFFUSION_VAE_COMPLETE": "complete_bash", "COMP_CWORD": "3"}
    typed["COMP_WORDS"] = "diffusion-vae train --set"
    pictures, target = str(folder / "pictures"), str(folder / "pictures.h5")
    results = ["--results", str(folder / "results")]
    return {
        IMPORT_KERAS: ([sys.executable, "-c", "import keras"], {}),
        "--help": ([*module, "--help"], {}),
        "train --help": ([*module, "train", "--help"], {}),
        "list": ([*module, "list", *results], {}),
        "convert (8 pictures)": ([*module, "convert", pictures, target], {}),
        "report of no run": ([*module, "report", "none", *results], {}),
        "a misspelt option": ([*module, "train", "--epoch", "3"], {}),
        "completion of --set": (["diffusion-vae"], {**typed, "COMP_CWORD": "3"}),
    }


def cpu_seconds(command, environment):
    """CPU seconds of a command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_commands(rounds):
    """Rows of the report: CPU seconds of each command, and its ratio to `import keras`."""
    import imageio.v3 as imageio
    import numpy as np

    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        (folder / "pictures").mkdir()
        for index in range(8):
            picture = np.full((64, 64, 3), index, np.uint8)
            imageio.imwrite(folder / "pictures" / f"{index}.png", picture)
        cases = commands(folder)
        seconds = {name: [] for name in cases}
        for _ in range(1 + rounds):
            for name, (command, environment) in cases.items():
                seconds[name].append(cpu_seconds(command, environment))
    seconds = {name: values[1:] for name, values in seconds.items()}
    rows = [row(f"{name}: CPU", "s", values) for name, values in seconds.items()]
    for name, values in seconds.items():
        pairs = zip(values, seconds[IMPORT_KERAS], strict=True)
        if name != IMPORT_KERAS:
            ratios = [ours / theirs for ours, theirs in pairs]
            rows.append(row(f"{name}: ratio to import keras", f"<= {LIMIT}", ratios))
    return rows


def import_seconds(package):
    """Seconds that one import takes in a fresh process."""
    code = (
        f"import time; t = time.perf_counter(); import {package}; print(time.perf_counter() - t)"
    )
    return float(fresh("-c", code))


def training(model, folder):
    """What `first_step.py` reports of a model, its tables in a folder or in none that lasts."""
    if model != NO_TABLES:
        return _first_step(model, folder)
    with tempfile.TemporaryDirectory() as empty:
        return _first_step(SPHERE, empty)


def _first_step(model, folder):
    tables = {"DIFFUSION_VAE_CACHE": str(folder)}
    return json.loads(fresh(str(FIRST_STEP), model, repr(time.time()), environment=tables))


def fresh(*arguments, environment=None):
    """The last line that a fresh Python process prints."""
    finished = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    return finished.stdout.splitlines()[-1]


def measure_imports(rounds):
    """Rows of the report: seconds of imports."""
    cases = {f"import {package}": lambda p=package: import_seconds(p) for package in PACKAGES}
    found = in_turn(cases, rounds)
    return [row(name, "s", values) for name, values in found.items()]


def measure_first_step(rounds):
    """Rows of the report: the first training step and its memory, and the ratios to `PLAIN`."""
    with tempfile.TemporaryDirectory() as folder:
        cases = {model: lambda m=model: training(m, folder) for model in MODELS}
        found = in_turn(cases, rounds)
    rows = []
    for key, what, unit in (
        ("first_step", "process start to end of first step", "s"),
        ("first_step_after_imports", "end of imports to end of first step", "s"),
        ("first_step_cpu", "CPU to end of first step", "s"),
        ("peak_megabytes", "peak memory after an epoch", "MB"),
    ):
        rows += [
            row(f"{model}: {what}", unit, [one[key] for one in found[model]]) for model in MODELS
        ]
    for key, what in (("first_step", "first step"), ("first_step_cpu", "CPU to first step")):
        for model, limit in RATIO_LIMITS.items():
            pairs = zip(found[model], found[PLAIN], strict=True)
            ratios = [ours[key] / theirs[key] for ours, theirs in pairs]
            rows.append(row(f"{model}: {what}, ratio to the plain one", f"<= {limit}", ratios))
    return rows


def in_turn(cases, rounds):
    """What each case gives, round after round, without the first: `{name: [...]}`."""
    found = {name: [] for name in cases}
    for _ in range(1 + rounds):
        for name, case in cases.items():
            found[name].append(case())
    return {name: values[1:] for name, values in found.items()}


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
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--commands", action="store_true", help="measure the commands alone")
    only.add_argument("--first-step", action="store_true", help="measure the first step alone")
    arguments = parser.parse_args()
    parts = [measure_commands, measure_imports, measure_first_step]
    if arguments.commands or arguments.first_step:
        parts = [measure_commands if arguments.commands else measure_first_step]
    rows = [one for part in parts for one in part(arguments.rounds)]
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
