"""Test ELBO against seconds of training: MNIST, S^2, the paper's MLP, three ways to train it.

python benchmarks/convergence.py [--epochs 15] --out OUT
python benchmarks/convergence.py --runs exact walk limits --seed SEED --out OUT
python benchmarks/convergence.py --epochs 2 --train-size 2000 --test-size 500 --out OUT

- `exact`: the exact kernel with the settings of table 1 (`diffusion-vae reproduce table1`), its
  schedule stretched over the epochs;
- `walk`: the random walk of 10 steps with its default limits, everything else as above;
- `limits`: the exact kernel with the walk's default limits and start (only on request);
- `paper`: the paper's settings: random walk, `kl_formula="paper"`, log t in (-8.75, -3.75),
  beginning in their middle, batch 640, Adam at 1e-3, Glorot weights, no warm-up. (The paper asks
  for (-7.5, -5); the code that made its tables doubled the width.) The paper trained 500 epochs.

MNIST is not binarised; the likelihood is a Gaussian of unit variance. The trainings take turns,
an epoch each, so that a drift of the machine's speed meets all. Seconds are those of `fit`,
tracing and compiling included, making and building the model not. After each epoch the ELBO of
the test set is taken, one draw a picture, which is not counted. It is the model's own: that of a
walk uses the short-time KL of the location and time it encodes. The table therefore also has the
last ELBO with the exact KL of the same locations and times.

Writes OUT.json, OUT.png and OUT.md.
"""

import argparse
import math
from pathlib import Path

import keras
import numpy as np
from timing import about, seconds
from verdicts import markdown_table

from diffusion_vae import datasets, plots
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.files import write_json
from diffusion_vae.heat_kernels import RandomWalk, heat_kernel
from diffusion_vae.manifolds import get
from diffusion_vae.plots.charts.frames import INK, TEXT
from diffusion_vae.plots.colours import MARKERS, PALETTE
from diffusion_vae.plots.layout import new_figure
from diffusion_vae.runs import reproduce
from diffusion_vae.runs.reproduce.plan import settings_record

MANIFOLD = "sphere:2"
OURS = {**reproduce.get("table1").settings, "manifold": MANIFOLD}
PAPER = {
    "manifold": MANIFOLD,
    "dataset": "mnist",
    "batch_size": 640,
    "kernel": "random_walk",
    "kernel.kl_formula": "paper",
    "kl_warmup_steps": 0,
    "log_time_range": (-8.75, -3.75),
    "initial_log_time": -6.25,
}
WALK = RandomWalk(get(MANIFOLD))
# Name: settings, the KL in its ELBO, words for the legend.
RUNS = {
    "exact": ({**OURS, "kernel": "exact"}, "exact", "exact kernel, our schedule"),
    "walk": ({**OURS, "kernel": "random_walk"}, "short-time, Sc/4", "random walk, our schedule"),
    "limits": (
        {
            **OURS,
            "kernel": "exact",
            "log_time_range": WALK.default_log_time_range()[0],
            "initial_log_time": WALK.default_initial_log_time()[0],
        },
        "exact",
        "exact kernel, limits of the walk",
    ),
    "paper": (PAPER, "short-time, (d + 4)/24 Sc = Sc/4 for d = 2", "the paper's settings"),
}
DEFAULT = ("exact", "walk", "paper")
SHARES = (0.25, 0.5, 1.0)
LEVELS = (-745.0, -742.0, -741.0, -740.0)


class Training:
    """One model, trained epoch by epoch.

    Attributes:
        seconds: Training seconds after each epoch, from 0 on.
        elbos: Test ELBO there.
    """

    def __init__(self, name, dataset, epochs, seed):
        settings, self.kl, self.label = RUNS[name]
        self.name, self.dataset = name, dataset
        self.record = settings_record({**settings, "epochs": epochs, "seed": seed})
        self.batch_size = self.record.training.batch_size
        keras.utils.set_random_seed(seed)
        self.model = self.record.build_model()
        steps = epochs * math.ceil(len(dataset.train) / self.batch_size)
        self.model.compile(self.record.build_optimizer(steps))
        self.model.build((None, *dataset.event_shape))
        self.seconds, self.elbos = [0.0], [self.elbo()]

    def elbo(self):
        return float(self.model.elbo(self.dataset.test).mean())

    def train(self, epoch):
        """Trains an epoch and evaluates; the batches follow from seed and epoch."""
        batches = ShuffledBatches(self.dataset, self.batch_size, self.record.seed, epoch)
        spent = seconds(lambda: self.model.fit(batches, shuffle=False, verbose=0))
        self.seconds.append(self.seconds[-1] + spent)
        self.elbos.append(self.elbo())

    def kls(self):
        """Mean KL of the test set: the model's own, and the exact one."""
        params = self.model.posterior_parameters(self.dataset.test)
        kernel = heat_kernel(self.model.manifold)
        exact = kernel.kl_to_prior(params["location"], params["time"])
        own = self.model.latent.kl(params)
        return tuple(float(keras.ops.convert_to_numpy(keras.ops.mean(kl))) for kl in (own, exact))

    def report(self):
        own, exact = self.kls()
        return {
            "run": self.name,
            "label": self.label,
            "kl_in_elbo": self.kl,
            "batch_size": self.batch_size,
            "seconds": self.seconds,
            "elbos": self.elbos,
            "kl": own,
            "elbo_with_exact_kl": self.elbos[-1] + own - exact,
            "record": self.record.as_dict(),
        }


def elbo_after(run, moment):
    """ELBO after so many seconds, linear between the ends of epochs."""
    return float(np.interp(moment, run["seconds"], run["elbos"]))


def seconds_to(run, level):
    """Seconds until the ELBO is first at a level, linear between epochs; `None`: never."""
    above = np.flatnonzero(np.asarray(run["elbos"]) >= level)
    if not len(above):
        return None
    last = max(1, int(above[0]))
    span = slice(last - 1, last + 1)
    return float(np.interp(level, run["elbos"][span], run["seconds"][span]))


def markdown(report):
    """The table: what each training reached when, and when it reached what."""
    runs = report["runs"]
    shortest = min(run["seconds"][-1] for run in runs)
    header = ["training", "KL in its ELBO"]
    header += [f"ELBO after {share * shortest:.0f} s ({share:.0%})" for share in SHARES]
    header += ["at its end", "s", "with exact KL", *(f"s to {v:g}" for v in report["levels"])]
    rows = []
    for run in runs:
        reached = [seconds_to(run, level) for level in report["levels"]]
        rows.append([
            run["label"],
            run["kl_in_elbo"],
            *(f"{elbo_after(run, share * shortest):.2f}" for share in SHARES),
            f"{run['elbos'][-1]:.2f}",
            f"{run['seconds'][-1]:.0f}",
            f"{run['elbo_with_exact_kl']:.2f}",
            *(None if moment is None else f"{moment:.0f}" for moment in reached),
        ])  # fmt: skip
    return markdown_table(header, rows)


def figure(report):
    """Test ELBO against seconds; the untrained model is left out, for the scale's sake."""
    drawn = new_figure(4.6, 3.2)
    axes = drawn.add_subplot()
    for i, run in enumerate(report["runs"]):
        style = {"color": PALETTE[i], "marker": MARKERS[i], "markersize": 4, "linewidth": 1.3}
        axes.plot(run["seconds"][1:], run["elbos"][1:], label=run["label"], **style)
    axes.set_xlim(0.0, None)
    axes.set_xlabel("seconds of training", fontsize=TEXT + 1, color=INK)
    axes.set_ylabel("test ELBO, nats", fontsize=TEXT + 1, color=INK)
    axes.tick_params(labelsize=TEXT, colors=INK, length=3, width=0.6)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set(linewidth=0.6, color=INK, visible=side in ("left", "bottom"))
    axes.legend(fontsize=TEXT, labelcolor=INK, frameon=False, loc="lower right")
    return drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="+", choices=list(RUNS), default=DEFAULT)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--train-size", type=int, help="only so many training pictures")
    parser.add_argument("--test-size", type=int, help="only so many test pictures")
    parser.add_argument("--levels", type=float, nargs="+", default=LEVELS, help="ELBOs to reach")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="without ending")
    arguments = parser.parse_args()
    sizes = {"train_size": arguments.train_size, "test_size": arguments.test_size}
    mnist = datasets.load("mnist", **{key: n for key, n in sizes.items() if n is not None})
    seed = arguments.seed
    trainings = [Training(name, mnist, arguments.epochs, seed) for name in arguments.runs]
    for epoch in range(arguments.epochs):
        for one in trainings:
            one.train(epoch)
            print(f"epoch {epoch + 1}, {one.seconds[-1]:.1f} s, {one.name}: {one.elbos[-1]:.2f}",
                  flush=True)  # fmt: skip
    report = {
        **about(),
        "epochs": arguments.epochs,
        "train_size": len(mnist.train),
        "test_size": len(mnist.test),
        "seed": seed,
        "levels": list(arguments.levels),
        "runs": [one.report() for one in trainings],
    }
    print(markdown(report))
    plots.save(figure(report), arguments.out.with_suffix(".png"), dpi=200)
    arguments.out.with_suffix(".md").write_text(f"`{report['command']}`\n\n{markdown(report)}")
    write_json(arguments.out.with_suffix(".json"), report)


if __name__ == "__main__":
    main()
