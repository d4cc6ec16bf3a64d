"""Seconds and memory of building the tables of S^d, and of reading them back.

python benchmarks/kernel_tables.py [--before FOLDER] [--out docs/results/kernel_tables]

All tables of a kernel: log density, samples, KL. Each number is the median of rounds. A round is a
fresh process that makes those of S^3 first and then of one sphere after the other; the memory is
what the peak has risen by. With `--before`, the folder of an older checkout is measured beside it,
in turn, in the same run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

DIMENSIONS = (10, 64, 512, 1024)
BEFORE = (10, 64)  # what the tables before the contour integral reached in time
ROUNDS = 3
NEW = """
import json, resource, sys, time
from diffusion_vae.heat_kernels.radial import RadialTables
from diffusion_vae.heat_kernels.zonal import Zonal
def build(d):
    tables = RadialTables(Zonal.sphere(d))
    tables.stretch, tables._divergence, tables._correction, tables._cut_locus
"""
OLD = """
import json, resource, sys, time
from diffusion_vae.heat_kernels.radial import radial_tables
build = radial_tables.__wrapped__
"""
MEASURE = """
build(3)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, found = peak(), []
for dim in map(int, sys.argv[1:]):
    began = time.perf_counter()
    build(dim)
    found.append([time.perf_counter() - began, peak() - before])
print(json.dumps(found))
"""


def measured(code, folder, dimensions, tables):
    """Seconds and megabytes of each sphere, in a process that imports the library of a folder."""
    environment = {**os.environ, "PYTHONPATH": folder, "DIFFUSION_VAE_CACHE": tables}
    command = [sys.executable, "-c", code + MEASURE, *map(str, dimensions)]
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(finished.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before")
    parser.add_argument("--out", default="docs/results/kernel_tables")
    arguments = parser.parse_args()
    here, found = os.getcwd(), {}
    with tempfile.TemporaryDirectory() as kept:
        cases = {"built": (NEW, here, DIMENSIONS, "off"), "read": (NEW, here, DIMENSIONS, kept)}
        if arguments.before:
            cases = {"before": (OLD, arguments.before, BEFORE, "off"), **cases}
        measured(*cases["read"])  # writes what is read
        for _ in range(ROUNDS):
            for name, case in cases.items():
                for dim, values in zip(case[2], measured(*case), strict=True):
                    found.setdefault(f"S^{dim}, {name}", []).append(values)
    from reports import write_report
    from timing import about
    from verdicts import markdown_table

    rows = [
        {"what": name, "seconds": statistics.median(s for s, _ in values),
         "megabytes": statistics.median(m for _, m in values), "values": values}
        for name, values in found.items()
    ]  # fmt: skip
    report = {**about(), "rounds": ROUNDS, "rows": rows}
    table = [[r["what"], f"{r['seconds']:.3f}", f"{r['megabytes']:.0f}"] for r in rows]
    page = markdown_table(("tables", "seconds", "MB more"), table)
    heading = f"# Tables of spheres\n\n`{report['command']}`\n\n{report['processor']}; medians of"
    write_report(arguments.out, report, f"{heading} {ROUNDS} fresh processes.\n\n{page}\n")


if __name__ == "__main__":
    main()
