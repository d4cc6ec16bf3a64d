"""Runs every benchmark in a process of its own and writes one table of targets.

python benchmarks/all.py --out docs/results/benchmarks
python benchmarks/all.py --out docs/results/benchmarks --again soak   # repeats one
python benchmarks/all.py --out /tmp/benchmarks --quick         # to try the scripts

Writes OUT/NAME.json for every benchmark (some also NAME.png and NAME.md), and OUT.md: every
target beside what was measured, then the tables that have no target. A benchmark whose JSON is
there is not repeated. With `--quick` the folder is OUT-quick, so that quick numbers never stand
for real ones. pythae is only compared with `--torch-python` (see `pythae_svae.py`). Nothing else
should run on the machine meanwhile. Ends with 1 if a benchmark failed, whatever the targets.
"""

import argparse
import importlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from verdicts import verdict_table

from diffusion_vae.files import read_json

SCRIPTS = Path(__file__).parent
KERNELS = ("--kernel", "exact", "--kernel", "random_walk")
STEPS = (*KERNELS, "--batch", "128", "640")
# On PyTorch every operation is a call: what is asked is what they cost together.
SHORT_STEPS = ("--manifold", "sphere:2", "--batch", "128")
QUICK_STEPS = ("--rounds", "2", "--manifold", "sphere:2")


@dataclass(frozen=True)
class Job:
    """A benchmark.

    Attributes:
        name: Name of its JSON.
        script: The script, a module that offers `markdown(report)` and maybe `verdicts(report)`.
        title: Heading of its table.
        options: Command-line options.
        quick: Further options of a quick run.
        backend: Keras backend.
        out: Option that takes the JSON's path; `"--out"` takes it without its ending.
    """

    name: str
    script: str
    title: str
    options: tuple = ()
    quick: tuple = ()
    backend: str = "tensorflow"
    out: str = "--json"

    def command(self, folder, quick):
        """Command line that writes the JSON into a folder."""
        path = folder / self.name if self.out == "--out" else self.path(folder)
        script = SCRIPTS / f"{self.script}.py"
        extra = self.quick if quick else ()
        return [sys.executable, str(script), *self.options, *extra, self.out, str(path)]

    def path(self, folder):
        return folder / f"{self.name}.json"


JOBS = (
    Job("step_time", "step_time", "Step time, TensorFlow", STEPS, QUICK_STEPS),
    Job("step_time_xla", "step_time", "Step time, TensorFlow with XLA", (*STEPS, "--xla"),
        QUICK_STEPS),
    Job("step_time_jax", "step_time", "Step time, JAX", STEPS, QUICK_STEPS, "jax"),
    Job("step_time_torch", "step_time", "Step time, PyTorch", SHORT_STEPS, QUICK_STEPS, "torch"),
    Job("log_likelihood", "log_likelihood", "Log-likelihood", (),
        ("--examples", "1000", "--samples", "10", "--rounds", "1", "--manifold", "sphere:2")),
    Job("starts", "starts", "Several trainings at once", (),
        ("--rounds", "2", "--manifold", "sphere:1")),
    Job("comparison", "comparison", "A comparison of manifolds", (),
        ("--jobs", "1", "--manifold", "sphere:1")),
    Job("startup", "startup", "Start and memory, TensorFlow", (), ("--rounds", "1")),
    Job("startup_jax", "startup", "Start and memory, JAX", (), ("--rounds", "1"), "jax"),
    Job("scaling", "scaling", "How the cost grows", (), ("--rounds", "1", "--points", "2"),
        out="--out"),
    Job("precision", "precision", "Mixed precision", (),
        ("--steps", "16", "--manifold", "sphere:2")),
    Job("convergence", "convergence", "Convergence on MNIST, S^2", (),
        ("--epochs", "2", "--train-size", "2000", "--test-size", "500"), out="--out"),
    Job("soak", "soak", "2,000 epochs, TensorFlow", (), ("--epochs", "40", "--every", "10")),
    Job("soak_jax", "soak", "2,000 epochs, JAX", (), ("--epochs", "40", "--every", "10"), "jax"),
)  # fmt: skip
PYTHAE = Job("pythae", "pythae_svae", "Beside pythae (PyTorch)", (), ("--rounds", "2"))


def run(job, folder, quick):
    """Runs a benchmark whose JSON is missing; returns whether the JSON is there."""
    if not job.path(folder).exists():
        print(f"== {job.name}", flush=True)
        # Its output has the backend's own lines, too; the tables are in OUT.md.
        environment = {**os.environ, "KERAS_BACKEND": job.backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run(job.command(folder, quick), env=environment, check=False)
    return job.path(folder).exists()


def markdown(jobs, folder, command):
    """The page: targets of all reports, then a section for each of them."""
    reports = [(job, importlib.import_module(job.script), read_json(job.path(folder)))
               for job in jobs if job.path(folder).exists()]  # fmt: skip
    verdicts = [
        verdict
        for _, module, report in reports
        if hasattr(module, "verdicts")
        for verdict in module.verdicts(report)
    ]
    held = sum(verdict.held for verdict in verdicts)
    parts = [
        "# Benchmarks\n",
        f"`{command}`\n",
        *(f"{line}\n" for line in dict.fromkeys(setting(report) for _, _, report in reports)),
        f"## Targets\n\n{held} of {len(verdicts)} are held.\n",
        verdict_table(verdicts),
    ]
    for job, module, report in reports:
        parts.append(f"## {job.title}\n\n`{report['command']}`\n")
        parts.append(module.markdown(report))
        picture = job.path(folder).with_suffix(".png")
        if picture.exists():
            parts.append(f"![{job.title}]({folder.name}/{picture.name})\n")
    return "\n".join(parts)


def setting(report):
    """Machine and versions of a report in a line."""
    versions = report["versions"]
    names = ("python", "keras", "tensorflow", "jax", "torch", "numpy")
    listed = ", ".join(f"{name} {versions[name]}" for name in names if name in versions)
    return f"{report['machine']}, {report['processor']}; {listed}."


def parse(argv):
    names = [job.name for job in (*JOBS, PYTHAE)]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the JSONs")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--again", nargs="+", choices=names, default=[], help="repeat these")
    parser.add_argument("--quick", action="store_true", help="tiny runs, to try the scripts")
    parser.add_argument("--torch-python", help="interpreter with PyTorch and pythae")
    return parser.parse_args(argv)


def main(argv=None):
    arguments = parse(argv)
    out = arguments.out
    folder = out.with_name(f"{out.name}-quick") if arguments.quick else out
    folder.mkdir(parents=True, exist_ok=True)
    for job in (*JOBS, PYTHAE):
        if job.name in arguments.again:
            job.path(folder).unlink(missing_ok=True)
    failed = []
    for job in (*JOBS, PYTHAE):
        if job.name not in arguments.only or (job is PYTHAE and not arguments.torch_python):
            continue
        if job is PYTHAE:
            job = with_torch(arguments.torch_python)
        if not run(job, folder, arguments.quick):
            failed.append(job.name)
        command = f"python benchmarks/all.py --out {out}{' --quick' * arguments.quick}"
        page = markdown((*JOBS, PYTHAE), folder, command)
        folder.with_name(f"{folder.name}.md").write_text(page, encoding="utf-8")
    if failed:
        sys.exit(f"These failed: {', '.join(failed)}.")


def with_torch(python):
    """The comparison with pythae, in that interpreter."""
    return Job(PYTHAE.name, PYTHAE.script, PYTHAE.title, ("--torch-python", python), PYTHAE.quick)


if __name__ == "__main__":
    main()
