"""How long a comparison takes."""

import itertools
import time

import numpy as np

from diffusion_vae.comparison.examples import Split
from diffusion_vae.comparison.training import Effort

STARTING = 20.0  # seconds a candidate to compile, score and describe


def forecast(count: int, split: Split, effort: Effort, jobs: int) -> str:
    """A sentence about how long it will take, from the speed of this machine."""
    square = np.ones((512, 512), "float32")
    times = []
    for _ in range(10):
        began = time.perf_counter()
        np.matmul(square, square)
        times.append(time.perf_counter() - began)
    speed = 2 * 512**3 / min(times)  # operations a second
    values = int(np.prod(split.train.shape[1:]))
    widths = [values, *effort.units, *effort.units[::-1], values]
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    passes = effort.seeds * (effort.starts * effort.trial_steps + effort.most_steps / 2)
    # A step takes three times the work of the forward pass, and as long again for the rest.
    training = 12 * weights * effort.batch_size * passes / speed
    processes = min(jobs, count)
    seconds = count / processes * (STARTING + training * min(1.0, processes))
    return f"Comparing {count} manifolds takes about {duration(seconds)}."


def duration(seconds: float) -> str:
    """Seconds, or whole minutes from 90 on."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
