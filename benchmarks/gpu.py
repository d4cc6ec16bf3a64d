"""Training on a GPU: epochs per second, ratio to a plain VAE, dispatch, memory.

    python benchmarks/gpu.py --out docs/results/gpu [--backend jax torch] [--quick]

Installs nothing and needs no data: 60,000 made pictures of 784 values, the paper's networks.
Each backend runs in a process of its own; one that is not installed is left out, and said. S^2 at
batch 128 is also timed on the CPU. Without a GPU everything runs on the CPU, and the page says
that no GPU was measured. `--quick` takes two spaces, one batch and few steps, to try the script.

All models train in turn, a block of steps each, by `fit` from arrays (`timing.in_turn`). Quoted
are medians and the median of the ratios to the plain VAE round by round. The share of dispatch is
the step of one example, which is hardly more than calls, over the step of the batch. Peak memory
is the backend's own count of all models together, where it has one.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

SPACES = ("sphere:2", "torus:2", "so3", "sphere:10")
BATCHES = (128, 2048)
EXAMPLES = 60_000  # an epoch of MNIST
PLAIN = "plain Gaussian VAE"
ROUNDS, QUICK_ROUNDS = 5, 1
LARGEST_RATIO = 1.10  # to the plain VAE, at batch 2,048
LEAST_SPEED_UP = 10.0  # of S^2 at batch 128 over the CPU
SECONDS = 110  # of one process, after which it is stopped: four of them take under 8 minutes


# -- one backend, in a process of its own ------------------------------------------------


def measure(spaces, batches, rounds):
    """What this process's backend takes for each model at each batch size."""
    import keras
    from plain_vae import PlainVAE
    from timing import about, in_turn, made_examples, trainer

    import diffusion_vae as dv

    def blocks(batch):
        x = made_examples(batch)
        models = {PLAIN: PlainVAE(2)} | {s: dv.DiffusionVAE(s, seed=0) for s in spaces}
        return {name: trainer(model, x, batch) for name, model in models.items()}

    def medians(batch):
        found = in_turn(blocks(batch), rounds)
        return {
            name: [statistics.median(block) for block in taken] for name, taken in found.items()
        }

    single = medians(1)
    rows = []
    for batch in batches:
        steps = medians(batch)
        for name, taken in steps.items():
            step = statistics.median(taken)
            ratios = [a / b for a, b in zip(taken, steps[PLAIN], strict=True)]
            rows.append(
                {
                    "model": name,
                    "batch": batch,
                    "milliseconds": 1000.0 * step,
                    "epochs_per_second": batch / (EXAMPLES * step),
                    "ratio": statistics.median(ratios),
                    "dispatch": min(1.0, statistics.median(single[name]) / step),
                }
            )
    device, memory = device_of(keras.backend.backend())
    return {**about(), "device": device, "peak_megabytes": memory, "rows": rows}


def device_of(backend):
    """Name of the device that trains, and the peak memory there in MB or `None`."""
    if backend == "jax":
        import jax

        device = jax.local_devices()[0]
        peak = (device.memory_stats() or {}).get("peak_bytes_in_use")
        name = "CPU" if device.platform == "cpu" else device.device_kind
        return name, None if peak is None else peak / 2**20
    import torch

    if not torch.cuda.is_available():
        return "CPU", None
    return torch.cuda.get_device_name(), torch.cuda.max_memory_allocated() / 2**20


# -- all of them ---------------------------------------------------------------------------


def child(backend, quick, on_cpu=False):
    """The report of a process of that backend, or a sentence that says why there is none."""
    if importlib.util.find_spec(backend) is None:
        return f"{backend} is not installed"
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if on_cpu:
        environment |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    words = ["--child", *(["--on-cpu"] if on_cpu else []), *(["--quick"] if quick else [])]
    try:
        done = subprocess.run(
            [sys.executable, __file__, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"{backend} took more than {SECONDS} s"
    if done.returncode:
        return f"{backend} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1]}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def speed_up(reports, cpus):
    """Epochs per second of S^2 at batch 128 over the CPU's, by backend, where both are known."""
    found = {}
    for backend, report in reports.items():
        cpu = cpus.get(backend)
        if isinstance(report, dict) and isinstance(cpu, dict) and report["device"] != "CPU":
            here, there = (step(each, "sphere:2", 128) for each in (report, cpu))
            found[backend] = there / here
    return found


def step(report, model, batch):
    """Milliseconds of a step."""
    return next(
        row["milliseconds"]
        for row in report["rows"]
        if (row["model"], row["batch"]) == (model, batch)
    )


def page(report):
    """The tables, and what was not measured."""
    lines = [
        "# GPU\n",
        f"`{report['command']}`\n",
        f"Goals: at most {LARGEST_RATIO:.2f} of the plain VAE at batch {BATCHES[-1]:,}; S^2 at "
        f"batch {BATCHES[0]} at least {LEAST_SPEED_UP:.0f} times as fast as on the CPU.\n",
    ]
    for backend, found in report["backends"].items():
        lines.append(f"## {backend}\n")
        if isinstance(found, str):
            lines.append(f"Not measured: {found}.\n")
            continue
        where = found["device"]
        if where == "CPU":
            where = f"CPU ({found['machine']}). **No GPU was measured.**"
        memory = found["peak_megabytes"]
        lines.append(
            f"{where} Peak memory: {'not known' if memory is None else f'{memory:.0f} MB'}.\n"
        )
        lines.append(
            "| model | batch | step, ms | epochs per second | to the plain VAE | dispatch |"
        )
        lines.append("|---|---|---|---|---|---|")
        for row in found["rows"]:
            lines.append(
                f"| {row['model']} | {row['batch']:,} | {row['milliseconds']:.2f} | "
                f"{row['epochs_per_second']:.2f} | {row['ratio']:.2f} | {row['dispatch']:.0%} |"
            )
        lines.append("")
        if backend in report["speed_up"]:
            times = report["speed_up"][backend]
            lines.append(f"S^2 at batch 128: {times:.1f} times the CPU's.\n")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="path of the JSON and the page")
    parser.add_argument("--backend", nargs="+", default=["jax", "torch"], choices=["jax", "torch"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--on-cpu", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    quick = arguments.quick
    if arguments.child:
        spaces = SPACES[:1] if quick or arguments.on_cpu else SPACES
        batches = BATCHES[:1] if quick or arguments.on_cpu else BATCHES
        print(json.dumps(measure(spaces, batches, QUICK_ROUNDS if quick else ROUNDS)))
        return
    reports = {backend: child(backend, quick) for backend in arguments.backend}
    cpus = {
        backend: child(backend, quick, on_cpu=True)
        for backend, found in reports.items()
        if isinstance(found, dict) and found["device"] != "CPU"
    }
    report = {
        "command": " ".join(["python", "benchmarks/gpu.py", *sys.argv[1:]]),
        "backends": reports,
        "cpu": cpus,
        "speed_up": speed_up(reports, cpus),
    }
    print(page(report))
    if arguments.out:
        from reports import write_report

        write_report(arguments.out, report, page(report))


if __name__ == "__main__":
    main()
