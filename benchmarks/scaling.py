"""How the cost of a training step and of the log-likelihood grows.

python benchmarks/scaling.py [--rounds 9] [--points N] --out OUT
KERAS_BACKEND=jax python benchmarks/scaling.py --out OUT

Four panels: milliseconds of a training step against the latent dimension (exact kernels on the
sphere, the flat torus and R^d), against the batch size and against the number of pixels (both on
S^2), and seconds of the log-likelihood of 1,000 made pictures against the number of importance
samples. The networks are the paper's MLP; the points of a panel are timed in turn, round after
round, and medians are quoted. Beside each curve stand what theory expects and the local
exponent: the slope of the curve in a plot of logarithms, over its last two doublings.

Writes OUT.json, OUT.png and OUT.md. `--points` takes the first N of each curve, for a quick look.
"""

import argparse
import statistics
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator
from timing import about, in_turn, made_examples, seconds, trainer
from verdicts import markdown_table

import diffusion_vae as dv
from diffusion_vae import plots
from diffusion_vae.files import write_json
from diffusion_vae.plots.charts.frames import FAINT, INK, TEXT
from diffusion_vae.plots.colours import MARKERS, PALETTE
from diffusion_vae.plots.layout import new_figure

BATCH = 128
EXAMPLES = 1000  # of the log-likelihood
DIMENSIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LARGEST_SPHERE = 64  # up to which the tables of the exact kernel are tested
MANIFOLDS = ("sphere", "torus", "euclidean")
BATCHES = (32, 64, 128, 256, 512, 1024, 2048)
SIDES = (16, 32, 64, 128)  # pixels along a side
SAMPLES = (10, 25, 50, 100, 200, 400)


@dataclass(frozen=True)
class Panel:
    """What is varied, and what theory says of it.

    Attributes:
        x: Name of what is varied.
        y: What is measured, with its unit.
        scale: Units in a second.
        expected: Theory, in words.
        exponent: Exponent for large x that theory expects.
    """

    x: str
    y: str
    scale: float
    expected: str
    exponent: float


PANELS = {
    "dimension": Panel(
        "latent dimension", "ms per step", 1e3,
        "nearly flat: of the networks only the layers beside the latent space grow, linearly, and "
        "at first they are a fraction of a percent of the products", 0.0,
    ),
    "batch": Panel(
        "batch size", "ms per step", 1e3,
        "linear beyond a constant for the optimiser, which passes over all weights, and for what "
        "a step costs by itself", 1.0,
    ),
    "pixels": Panel(
        "pixels", "ms per step", 1e3,
        "linear in the pixels (the first and the last layer, with their optimiser) beyond a "
        "constant for the other layers", 1.0,
    ),
    "samples": Panel(
        "importance samples", "s per 1,000 pictures", 1.0,
        "linear: every sample is decoded once, beside one pass of the encoder", 1.0,
    ),
}  # fmt: skip


def step_task(model, batch=BATCH, values=784):
    """A function that gives the median seconds of a training step."""
    block = trainer(model, made_examples(batch, values), batch)
    return lambda: statistics.median(block())


def dimension_tasks(points):
    """Curve name -> x -> task, of the first panel."""
    found = {}
    for manifold in MANIFOLDS:
        largest = LARGEST_SPHERE if manifold == "sphere" else max(DIMENSIONS)
        dims = [d for d in DIMENSIONS if d <= largest][:points]
        found[manifold] = {
            d: step_task(dv.DiffusionVAE(f"{manifold}:{d}", kernel="exact", seed=0)) for d in dims
        }
    return found


def batch_tasks(points):
    sizes = BATCHES[:points]
    return {"sphere:2": {n: step_task(dv.SphereVAE(2, seed=0), batch=n) for n in sizes}}


def pixel_tasks(points):
    pixels = [side**2 for side in SIDES[:points]]
    return {"sphere:2": {n: step_task(dv.SphereVAE(2, seed=0), values=n) for n in pixels}}


def sample_tasks(points):
    model, x = dv.SphereVAE(2, seed=0), made_examples(BATCH)[:EXAMPLES]

    def task(samples):
        model.log_likelihood(x, samples=samples)  # builds and traces
        return lambda: seconds(lambda: model.log_likelihood(x, samples=samples))

    return {"sphere:2": {n: task(n) for n in SAMPLES[:points]}}


TASKS = {
    "dimension": dimension_tasks,
    "batch": batch_tasks,
    "pixels": pixel_tasks,
    "samples": sample_tasks,
}


def measure(name, points, rounds):
    """Curves of one panel: x, medians, local exponent."""
    tasks = TASKS[name](points)
    flat = {(curve, x): task for curve, own in tasks.items() for x, task in own.items()}
    found = in_turn(flat, rounds)
    curves = []
    for curve, own in tasks.items():
        x = list(own)
        y = [PANELS[name].scale * statistics.median(found[curve, one]) for one in x]
        curves.append({"panel": name, "curve": curve, "x": x, "y": y,
                       "exponent": local_exponent(x, y)})  # fmt: skip
    return curves


def local_exponent(x, y, doublings=2.0):
    """Slope of log y against log x over the last doublings; `None` for a single point."""
    x, y = np.log2(np.asarray(x, "float64")), np.log2(np.asarray(y, "float64"))
    last = x >= x[-1] - doublings - 1e-9
    last[-2:] = True
    return float(np.polyfit(x[last], y[last], 1)[0]) if len(x) > 1 else None


def figure(curves):
    """Four panels with logarithmic axes; dashed: the exponent that theory expects."""
    drawn = new_figure(6.6, 5.4)
    grid = drawn.add_gridspec(2, 2)
    for index, (name, panel) in enumerate(PANELS.items()):
        axes = drawn.add_subplot(grid[divmod(index, 2)])
        own = [one for one in curves if one["panel"] == name]
        for i, one in enumerate(own):
            style = {"color": PALETTE[i], "marker": MARKERS[i], "markersize": 4, "linewidth": 1.3}
            axes.plot(one["x"], one["y"], label=one["curve"], **style)
        if panel.exponent:
            add_guide(axes, own, panel.exponent)
        finish(axes, panel, own)
    return drawn


def add_guide(axes, curves, exponent):
    """A dashed line of the expected slope through the end of the longest curve."""
    longest = max(curves, key=lambda one: one["x"][-1])
    x = np.array(longest["x"][len(longest["x"]) // 2 :], "float64")
    y = longest["y"][-1] * (x / x[-1]) ** exponent
    axes.plot(x, y, "--", color=FAINT, linewidth=1.3, zorder=0, label=f"slope {exponent:g}")


def finish(axes, panel, curves):
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    low = min(min(one["y"]) for one in curves)
    high = max(max(one["y"]) for one in curves)
    if high < 4.0 * low:  # nothing is to be seen of a flat curve between powers of ten
        axes.set_ylim(0.5 * low, 2.0 * high)
    ticks = sorted({x for one in curves for x in one["x"]})
    axes.set_xticks(ticks, [f"{x:,}" for x in ticks], rotation=45 if len(ticks) > 7 else 0)
    axes.tick_params(which="both", labelsize=TEXT, colors=INK, length=3, width=0.6)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(panel.x, fontsize=TEXT + 1, color=INK)
    axes.set_ylabel(panel.y, fontsize=TEXT + 1, color=INK)
    axes.grid(which="major", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set(linewidth=0.6, color=INK, visible=side in ("left", "bottom"))
    axes.legend(fontsize=TEXT, labelcolor=INK, frameon=False)


def markdown(report):
    """Every curve with its ends, its exponent and what theory expects."""
    rows = []
    for one in report["curves"]:
        panel = PANELS[one["panel"]]
        first, last = (f"{one['y'][i]:.3g} at {one['x'][i]:,}" for i in (0, -1))
        slope = None if one["exponent"] is None else f"{one['exponent']:.2f}"
        rows.append([panel.x, one["curve"], panel.y, first, last, slope, f"{panel.exponent:g}",
                     panel.expected])  # fmt: skip
    header = ("against", "latent space", "what", "first", "last", "local exponent", "expected",
              "theory")  # fmt: skip
    return markdown_table(header, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--panels", nargs="+", choices=list(PANELS), default=list(PANELS))
    parser.add_argument("--points", type=int, help="only the first so many of each curve")
    parser.add_argument("--out", type=Path, required=True, help="without ending")
    arguments = parser.parse_args()
    report = {**about(), "rounds": arguments.rounds, "curves": []}
    for name in arguments.panels:
        report["curves"] += measure(name, arguments.points, arguments.rounds)
        print(markdown(report), flush=True)
    if len(arguments.panels) == len(PANELS):
        plots.save(figure(report["curves"]), arguments.out.with_suffix(".png"), dpi=200)
    arguments.out.with_suffix(".md").write_text(f"`{report['command']}`\n\n{markdown(report)}")
    write_json(arguments.out.with_suffix(".json"), report)


if __name__ == "__main__":
    main()
