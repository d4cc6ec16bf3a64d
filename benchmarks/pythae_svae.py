"""Step time of pythae's VAE and SVAE (PyTorch) beside ours: same networks, same machine.

python benchmarks/pythae_svae.py --torch-python PYTHON [--json FILE]

PYTHON is an interpreter with PyTorch and pythae; to make one, run `python -m venv torch_env` and
`torch_env/bin/pip install pythae torch` (on a machine without GPU with `--extra-index-url
https://download.pytorch.org/whl/cpu`, which saves gigabytes): PYTHON is `torch_env/bin/python`.
The script exits with 2 where either is missing.

All models have the paper's MLP (784-512-512-512, 512-512-784), Adam, made pictures, batch 128,
each library as its users run it (PyTorch eagerly, Keras as a graph). Each library lives in a
process of its own, and they train in turn, a block of steps each, with a pause before each block
(`timing.in_turn`); in one process the two pools of threads would fight for the cores. (PyTorch's
threads wait for each other actively: other work on the machine slows it far more than it slows
TensorFlow.) A step goes from the gathered batch to the changed weights; quoted are medians and
the median of the ratios to pythae's SVAE round by round. Posteriors: von Mises-Fisher on S^2 in
pythae's SVAE, Brownian motion on S^2 (exact kernel) in ours.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from plain_vae import PlainVAE
from step_time import ratio
from timing import BLOCK, about, in_turn, made_examples, trainer
from verdicts import markdown_table

import diffusion_vae as dv
from diffusion_vae.files import write_json

WORKER = Path(__file__).with_name("pythae_worker.py")
MISSING = 2
REFERENCE = "pythae SVAE"


class Worker:
    """The process of `pythae_worker.py`; `versions` is what it says of itself."""

    def __init__(self, python, batch):
        self.process = subprocess.Popen(
            [python, str(WORKER), str(batch), str(BLOCK)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions = self._answer()

    def block(self, name):
        """Seconds of each step of a block of that model."""
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            hint = " See the head of this script for how to install them."
            print(f"The PyTorch process ended with {code}.{hint}", file=sys.stderr)
            sys.exit(MISSING if code == MISSING else 1)
        return json.loads(line)


def measure(worker, batch, rounds):
    """Rows of the report: step time of each model, and ratio to pythae's SVAE."""
    x = made_examples(batch)
    blocks = {
        "pythae VAE": lambda: worker.block("VAE"),
        REFERENCE: lambda: worker.block("SVAE"),
        "plain Gaussian VAE in Keras": trainer(PlainVAE(2), x, batch),
        "EuclideanVAE(2)": trainer(dv.EuclideanVAE(2, seed=0), x, batch),
        "SphereVAE(2)": trainer(dv.SphereVAE(2, seed=0), x, batch),
    }
    tasks = {
        name: lambda block=block: statistics.median(block()) for name, block in blocks.items()
    }
    found = in_turn(tasks, rounds)
    return [
        {
            "model": name,
            "milliseconds": 1000.0 * statistics.median(seconds),
            "over_svae": ratio(seconds, found[REFERENCE]),
        }
        for name, seconds in found.items()
    ]


def markdown(report):
    """All step times as a table."""
    rows = [[row["model"], row["milliseconds"], row["over_svae"]] for row in report["rows"]]
    packages = ", ".join(f"{name} {version}" for name, version in report["torch"].items())
    return f"{markdown_table(('model', 'ms/step', f'over {REFERENCE}'), rows)}\n{packages}.\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter with PyTorch")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=15, help=f"blocks of {BLOCK} steps")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    worker = Worker(arguments.torch_python, arguments.batch)
    report = {
        **about(),
        "torch": worker.versions,
        "batch_size": arguments.batch,
        "rounds": arguments.rounds,
        "rows": measure(worker, arguments.batch, arguments.rounds),
    }
    report["command"] = report["command"].replace(arguments.torch_python, "PYTHON")
    worker.close()
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
