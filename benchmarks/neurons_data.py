"""Spike counts of head-direction cells and of a module of grid cells, simulated by RatInABox.

The rat is a real one: RatInABox ships ten minutes of positions (Sargolini et al. 2006, one metre
square). Head directions were not recorded; they are the smoothed direction of movement, as
RatInABox has them. Rates are drawn as Poisson counts, since RatInABox's own spikes are at most one
a step.
"""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from ratinabox import Agent, Environment
from ratinabox.Neurons import GridCells, HeadDirectionCells

from diffusion_vae.datasets import Dataset
from diffusion_vae.manifolds import FlatTorus

STEP, BIN = 0.05, 0.1  # seconds
DURATION = 599.0  # seconds: of the 599.6 that were recorded; a longer walk begins again
SMOOTHING = 0.5  # seconds: positions are whole pixels, so that directions of movement jitter
HELD_OUT = 0.2  # share of the time, at the end, that no model sees
BACKGROUND = 0.5  # spikes a second where a cell is silent
HEAD_CELLS, HEAD_RATE = 60, 30.0  # spikes a second, at the peak; RatInABox's own is 1
HEAD_WIDTH = np.pi / 4  # radians: RatInABox's own
GRID_CELLS, GRID_RATE = 100, 20.0
GRID_SCALE, GRID_ORIENTATION = 0.4, 0.1  # metres between the wave fronts of a module, radians


@dataclass(frozen=True)
class Walk:
    """A walk, in steps of `STEP` seconds.

    Attributes:
        position: Metres, `[n, 2]`.
        heading: Unit vectors, `[n, 2]`.
        head_rates: Of the head-direction cells, spikes a second, `[n, cells]`.
    """

    position: np.ndarray
    heading: np.ndarray
    head_rates: np.ndarray


def walk(duration=DURATION, seed=0):
    """The recorded walk, with the rates of head-direction cells on the way."""
    np.random.seed(seed)  # noqa: NPY002 RatInABox draws from NumPy's global generator
    agent = Agent(
        Environment({"scale": 1.0}),
        {"dt": STEP, "head_direction_smoothing_timescale": SMOOTHING},
    )
    recorded = np.load(files("ratinabox") / "data" / "sargolini.npz")
    agent.import_trajectory(times=recorded["t"], positions=recorded["pos"])
    cells = HeadDirectionCells(agent, {"n": HEAD_CELLS, "min_fr": BACKGROUND, "max_fr": HEAD_RATE})
    steps_a_bin = round(BIN / STEP)
    for _ in range(round(duration / BIN) * steps_a_bin):
        agent.update()
        cells.update()
    history = agent.get_history_arrays()
    rates = cells.get_history_arrays()["firingrate"]
    return Walk(history["pos"], history["head_direction"], rates)


def head_rates(angles):
    """True rates at headings, spikes a second, `[n] -> [n, cells]`: von Mises curves."""
    preferred = np.linspace(0.0, 2.0 * np.pi, HEAD_CELLS, endpoint=False)
    bump = np.exp((np.cos(angles[:, None] - preferred) - 1.0) / HEAD_WIDTH**2)
    return BACKGROUND + (HEAD_RATE - BACKGROUND) * bump


def in_bins(steps):
    """Means over the steps of each bin, `[n, ...] -> [bins, ...]`."""
    return steps.reshape(-1, round(BIN / STEP), *steps.shape[1:]).mean(axis=1)


def spikes(rates, seed):
    """Poisson counts of rates at the steps, summed over bins, `[n, cells] -> [bins, cells]`."""
    return np.random.default_rng(seed).poisson(in_bins(rates) * BIN).astype(np.float32)


def split(array):
    """What is trained on, and the contiguous time at the end that is held out."""
    count = round((1 - HELD_OUT) * len(array))
    return array[:count], array[count:]


def head_direction(walked, seed):
    """Counts of head-direction cells as a `Dataset`, whose factor is the heading in radians."""
    heading = in_bins(walked.heading)
    angle = np.arctan2(heading[:, 1], heading[:, 0])[:, None]
    return _dataset("head direction", spikes(walked.head_rates, seed), angle, FlatTorus(1))


def grid_module(walked, seed):
    """Counts of one module of grid cells as a `Dataset`, whose factors are two phases in radians.

    All cells of a module share scale and orientation. Their rates are functions of two phases,
    those of the position in plane waves 60 degrees apart: a torus.
    """
    np.random.seed(seed)  # noqa: NPY002 preferred phases
    agent = Agent(Environment({"scale": 1.0}))
    shared = {"gridscale_distribution": "delta", "orientation_distribution": "delta"}
    cells = GridCells(
        agent,
        {
            "n": GRID_CELLS, "min_fr": BACKGROUND, "max_fr": GRID_RATE,
            "gridscale": GRID_SCALE, "orientation": GRID_ORIENTATION, **shared,
        },
    )  # fmt: skip
    waves = 2.0 * np.pi / GRID_SCALE * cells.w[0, :2]  # [wave, axis], radians a metre

    def rates(position):
        return cells.get_state(evaluate_at=None, pos=position).T

    def render(phases):
        """Mean counts at phases, `[n, 2] -> [n, cells]`."""
        position = np.asarray(phases, float) @ np.linalg.inv(waves).T
        return (rates(position) * BIN).astype(np.float32)

    phases = np.remainder(in_bins(walked.position) @ waves.T, 2.0 * np.pi)
    counts = spikes(rates(walked.position), seed)
    return _dataset("grid module", counts, phases, FlatTorus(2), render)


def _dataset(name, counts, factors, manifold, render=None):
    (train, test), (train_factors, test_factors) = split(counts), split(factors)
    return Dataset(
        name, train, test, train_factors, test_factors, factor_manifold=manifold, render=render
    )
