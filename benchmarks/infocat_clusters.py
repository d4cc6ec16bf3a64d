"""How well InfoCatVAE sorts MNIST without labels: settings, seeds, a table.

python benchmarks/infocat_clusters.py --seeds 0 1 2 3 4 --out docs/results/infocat
python benchmarks/infocat_clusters.py --settings annealed conv --seeds 0 --out docs/results/infocat
python benchmarks/infocat_clusters.py --settings consistent_informed --starts 3 --out ...
python benchmarks/infocat_clusters.py --list

Every run writes OUT/SETTING-SEED.json and OUT/SETTING-SEED.png (draws of each cluster); a run
whose file is there is not repeated. OUT.md holds the table of all runs in OUT. Settings are
compared on TRAINING pictures; the test columns are for the one that is chosen. Each JSON also
holds the loss and its parts on 10,000 training pictures, which need no labels: with --starts N,
the table also has the run of highest I(x; c) among seeds 0 to N - 1, among the next N, and so on.
"""

import argparse
import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
from timing import machine, seconds

import diffusion_vae as dv
from diffusion_vae import datasets, plots
from diffusion_vae.evaluation import (
    cluster_scores,
    consistency_ceiling,
    live_clusters,
    self_consistency,
)
from diffusion_vae.files import read_json, write_json
from diffusion_vae.networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder

FILTERS = (16, 32)
CONV = {"filters": FILTERS, "dense_units": (256,), "batch_norm": False}


@dataclass(frozen=True)
class Ramp:
    """A weight that goes linearly from `start` to `end` over a share of the training."""

    start: float
    end: float
    share: float = 0.5

    def schedule(self, steps):
        count = max(1, int(self.share * steps))
        return keras.optimizers.schedules.PolynomialDecay(self.start, count, self.end)


@dataclass(frozen=True)
class Setting:
    """One serious attempt: what is tried, and why.

    Attributes:
        why: The thought behind it.
        options: Arguments of `InfoCatVAE`; a `Ramp` becomes a schedule.
        encoder: `"mlp"` (400), `"dropout"` (the same, noise of 0.25 before and after it),
            `"deep"` (512, 512) or `"conv"`.
        decoder: `"mlp"` (400), `"deep"` (512, 512) or `"conv"`.
        epochs: Passes over the 60,000 pictures.
        batch_size: Examples a step.
        learning_rate: Of Adam; falls to 0 along a cosine.
    """

    why: str
    options: dict = field(default_factory=dict)
    encoder: str = "mlp"
    decoder: str = "mlp"
    epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 1e-3


# Weights in nats per example; the published information weight is 100/128 = 0.78.
ANNEALED = {
    "information_weight": 8.0,
    "mutual_information_weight": 15.0,
    "beta": Ramp(10.0, 2.0),
}
CONSISTENT = {
    **ANNEALED,
    "beta": Ramp(10.0, 1.0),
    "consistency_weight": 20.0,
    "augmentation": "affine",
}
SETTINGS = {
    "published": Setting("the paper's weights (beta 1, information 100/128)"),
    "catvae": Setting("without the information term", {"information_weight": 0.0}),
    "legacy": Setting("the released code's double softmax", {"legacy_double_softmax": True}),
    "strong": Setting(
        "best of the calibration: beta 5, information weight x 10",
        {"beta": 5.0, "information_weight": 8.0},
    ),
    "warmup": Setting(
        "beta 5 after a warm-up of 5 epochs: z first, clusters later",
        {"beta": 5.0, "information_weight": 8.0, "kl_warmup_steps": 5 * 469,
         "mutual_information_weight": 10.0},
    ),
    "certain": Setting(
        "I(x; c) rewarded: a certain q(c | x) is no longer punished, dead clusters are",
        {"beta": 5.0, "information_weight": 8.0, "mutual_information_weight": 10.0},
    ),
    "annealed": Setting(
        "beta falls from 10 to 2: the cluster is learned while z can say little, then z "
        "takes over the style",
        ANNEALED,
    ),
    "annealed_low": Setting(
        "beta falls from 10 to 1, I(x; c) rewarded", {**ANNEALED, "beta": Ramp(10.0, 1.0)}
    ),
    "annealed_slow": Setting(
        "the same over nine tenths of the training", {**ANNEALED, "beta": Ramp(10.0, 2.0, 0.9)},
        epochs=60,
    ),
    "certain_more": Setting(
        "I(x; c) twice as heavy", {**ANNEALED, "mutual_information_weight": 30.0}
    ),
    "late_certainty": Setting(
        "I(x; c) from 0 to 20 while beta falls: soft assignments first",
        {**ANNEALED, "mutual_information_weight": Ramp(0.0, 20.0, 0.5)},
    ),
    "information_fades": Setting(
        "information weight from 30 to 4: generated pictures lead at first",
        {**ANNEALED, "information_weight": Ramp(30.0, 4.0)},
    ),
    "annealed_marginal": Setting(
        "the exact sum over clusters, a true bound", {**ANNEALED, "estimator": "marginal"}
    ),
    "annealed_gumbel": Setting(
        "Gumbel-softmax at temperature 0.67",
        {**ANNEALED, "estimator": "gumbel", "temperature": 0.67},
    ),
    "tempered": Setting(
        "deterministic annealing: the sum over clusters, q(c | x) kept soft by beta 30 to 2, "
        "no I(x; c)",
        {"estimator": "marginal", "beta": Ramp(30.0, 2.0, 0.8), "information_weight": 8.0},
    ),
    "separation_3": Setting("clusters farther apart", {**ANNEALED, "separation": 3.0}),
    "separation_3_low": Setting(
        "clusters farther apart, beta down to 1",
        {**ANNEALED, "beta": Ramp(10.0, 1.0), "separation": 3.0},
    ),
    "dropout_low": Setting(
        "the paper's dropout of 0.25 (and of pixels) in the encoder, beta down to 1",
        {**ANNEALED, "beta": Ramp(10.0, 1.0)}, "dropout",
    ),
    "cluster_dim_4": Setting("more room for the style", {**ANNEALED, "cluster_dim": 4}),
    "consistent": Setting(
        "the same cluster asked of slightly turned, shifted and zoomed copies (Hu et al. 2017), "
        "beta down to 1", CONSISTENT,
    ),
    "consistent_more": Setting(
        "the same, three times as heavy", {**CONSISTENT, "consistency_weight": 60.0}
    ),
    "consistent_certain": Setting(
        "and I(x; c) twice as heavy",
        {**CONSISTENT, "consistency_weight": 60.0, "mutual_information_weight": 30.0},
    ),
    "deep_consistent": Setting(
        "and two layers of 512 in the encoder",
        {**CONSISTENT, "consistency_weight": 60.0, "mutual_information_weight": 30.0}, "deep",
    ),
    "conv_consistent": Setting(
        "and a convolutional encoder",
        {**CONSISTENT, "consistency_weight": 60.0, "mutual_information_weight": 30.0}, "conv",
    ),
    "consistent_first": Setting(
        "consistency and certainty decide at first, and yield to the pictures",
        {
            **CONSISTENT,
            "consistency_weight": Ramp(300.0, 60.0),
            "mutual_information_weight": Ramp(120.0, 24.0),
        },
        epochs=15,
    ),
    "consistent_informed": Setting(
        "`consistent_first`, and the information term twice as heavy",
        {
            **CONSISTENT,
            "consistency_weight": Ramp(300.0, 60.0),
            "mutual_information_weight": Ramp(120.0, 24.0),
            "information_weight": 16.0,
        },
        epochs=15,
    ),
    "consistent_late": Setting(
        "`consistent_first`, and the information term twice as heavy once clusters are found",
        {
            **CONSISTENT,
            "consistency_weight": Ramp(300.0, 60.0),
            "mutual_information_weight": Ramp(120.0, 24.0),
            "information_weight": Ramp(8.0, 16.0),
        },
        epochs=15,
    ),
    "consistent_strong": Setting(
        "`consistent_late`, and consistency and certainty three times as heavy at first",
        {
            **CONSISTENT,
            "consistency_weight": Ramp(1000.0, 60.0),
            "mutual_information_weight": Ramp(400.0, 24.0),
            "information_weight": Ramp(8.0, 16.0),
        },
        epochs=15,
    ),
    "consistent_soft": Setting(
        "consistency ten times as heavy as I(x; c) at first: assignments stay soft for longer",
        {
            **CONSISTENT,
            "consistency_weight": Ramp(300.0, 60.0),
            "mutual_information_weight": Ramp(40.0, 24.0),
        },
        epochs=15,
    ),
    "small_batch": Setting("twice the steps", ANNEALED, batch_size=64),
    "deep": Setting("two layers of 512 on each side", ANNEALED, "deep", "deep"),
    "conv": Setting("convolutional encoder, MLP decoder", ANNEALED, "conv"),
    "conv_low": Setting(
        "convolutional encoder, beta down to 1", {**ANNEALED, "beta": Ramp(10.0, 1.0)}, "conv"
    ),
    "conv_separation_3": Setting(
        "convolutional encoder, clusters farther apart", {**ANNEALED, "separation": 3.0}, "conv"
    ),
    "conv_marginal": Setting(
        "convolutional encoder, the exact sum over clusters",
        {**ANNEALED, "estimator": "marginal"}, "conv",
    ),
    "sphere_9": Setting(
        "`consistent_late` with clusters anchored on S^9 (experimental)",
        {
            **CONSISTENT,
            "consistency_weight": Ramp(300.0, 60.0),
            "mutual_information_weight": Ramp(120.0, 24.0),
            "information_weight": Ramp(8.0, 16.0),
            "manifold": "sphere:9",
            "separation": 4.0,
        },
        epochs=15,
    ),
    "conv_both": Setting("convolutions on both sides", ANNEALED, "conv", "conv"),
}  # fmt: skip


def networks(setting, event_shape, seed):
    encoders = {
        "mlp": lambda: MLPEncoder((400,), seed=seed),
        "dropout": lambda: keras.Sequential(
            [
                keras.layers.Dropout(0.25, seed=seed),
                MLPEncoder((400,), seed=seed),
                keras.layers.Dropout(0.25, seed=seed + 2),
            ],
            name="encoder",
        ),
        "deep": lambda: MLPEncoder((512, 512), seed=seed),
        "conv": lambda: ConvEncoder(seed=seed, **CONV),
    }
    decoders = {
        "mlp": lambda: MLPDecoder((400,), event_shape=event_shape, seed=seed + 1),
        "deep": lambda: MLPDecoder((512, 512), event_shape=event_shape, seed=seed + 1),
        "conv": lambda: ConvDecoder(event_shape=event_shape, seed=seed + 1, **CONV),
    }
    return encoders[setting.encoder](), decoders[setting.decoder]()


def run(name, seed, mnist, epochs=None):
    """Trains one setting; returns its numbers and the model."""
    setting = SETTINGS[name]
    epochs = epochs or setting.epochs
    steps = epochs * -(-len(mnist.train) // setting.batch_size)
    options = {
        key: value.schedule(steps) if isinstance(value, Ramp) else value
        for key, value in setting.options.items()
    }
    keras.utils.set_random_seed(seed)
    encoder, decoder = networks(setting, mnist.event_shape, seed)
    model = dv.InfoCatVAE(encoder=encoder, decoder=decoder, seed=seed, **options)
    rate = keras.optimizers.schedules.CosineDecay(setting.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate))
    settings = {"batch_size": setting.batch_size, "epochs": epochs, "verbose": 0}
    duration = seconds(lambda: model.fit(mnist.train, **settings))
    numbers = model.evaluate(mnist.test, batch_size=200, return_dict=True, verbose=0)
    row = {
        "setting": name,
        "seed": seed,
        "epochs": epochs,
        "train_examples": len(mnist.train),
        "seconds": duration,
        "self_consistency": self_consistency(model, draws=500),
        "consistency_ceiling": consistency_ceiling(model.latent),
        **{key: float(numbers[key]) for key in ("elbo", "kl_loss", "mse", "information_loss")},
        "train_objective": model.evaluate(
            mnist.train[:10_000], batch_size=200, return_dict=True, verbose=0
        ),
        "machine": machine(),
        "keras": keras.__version__,
        "settings": asdict(setting),
    }
    for part, x, labels in (
        ("train", mnist.train, mnist.train_labels),
        ("test", mnist.test, mnist.test_labels),
    ):
        clusters = model.predict_cluster(x)
        row[part] = {
            **cluster_scores(labels, clusters).as_dict(),
            "live_clusters": live_clusters(clusters, model.latent.clusters),
        }
    return row, model


def read_runs(out):
    rows = [read_json(path) for path in sorted(out.glob("*.json"))]
    order = list(SETTINGS)
    return sorted(rows, key=lambda row: (order.index(row["setting"]), row["seed"]))


def mean_and_spread(values, digits=3):
    text = f"{statistics.mean(values):.{digits}f}"
    return text + (f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else "")


SCORES = (
    ("Hungarian", "hungarian_accuracy"),
    ("majority", "majority_accuracy"),
    ("ARI", "adjusted_rand_index"),
    ("NMI", "normalized_mutual_information"),
)


def chosen_starts(rows, count):
    """The run of highest I(x; c) in training among every `count` seeds, where all have run."""
    starts = {}
    for row in rows:
        starts.setdefault(row["seed"] // count, []).append(row)
    whole = [group for group in starts.values() if len(group) == count]
    return [
        max(group, key=lambda row: row["train_objective"]["mutual_information"]) for group in whole
    ]


def markdown(rows, command, starts=1):
    """The table of all runs, best mean Hungarian accuracy on training pictures first."""
    groups = {}
    for row in rows:
        group = (row["setting"], row["epochs"], row["train_examples"], 1)
        groups.setdefault(group, []).append(row)
    if starts > 1:
        best = {(*key[:3], starts): chosen_starts(group, starts) for key, group in groups.items()}
        groups |= {key: group for key, group in best.items() if len(group) > 1}
    ranked = sorted(
        groups.items(),
        key=lambda item: -statistics.mean(r["train"]["hungarian_accuracy"] for r in item[1]),
    )
    heads = ["setting", "epochs", "runs", "train Hungarian"]
    heads += [f"test {label}" for label, _ in SCORES]
    heads += ["self-consistency", "ceiling", "fewest live clusters", "ELBO", "s/run"]
    lines = [
        f"`{command}`",
        "",
        "MNIST, not binarised; means over seeds ± standard deviation. Settings are ranked by "
        "their accuracy on the training pictures. Accuracy, ARI and NMI are of argmax q(c | x); "
        "a cluster with less than a tenth of an equal share is not alive; ELBO in nats, by the "
        "sum over clusters.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---|" * len(heads),
    ]
    for (name, epochs, examples, count), group in ranked:
        live = min(min(r["train"]["live_clusters"], r["test"]["live_clusters"]) for r in group)
        cells = [
            f"{name}"
            + ("" if examples == 60_000 else f" ({examples} pictures)")
            + ("" if count == 1 else f", highest I(x; c) of {count} starts"),
            str(epochs),
            str(len(group)),
            mean_and_spread([r["train"]["hungarian_accuracy"] for r in group]),
            *[mean_and_spread([r["test"][key] for r in group]) for _, key in SCORES],
            mean_and_spread([r["self_consistency"] for r in group]),
            f"{group[0]['consistency_ceiling']:.3f}",
            str(live),
            mean_and_spread([r["elbo"] for r in group], 2),
            f"{count * statistics.mean(r['seconds'] for r in group):.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        *[f"- `{n}`: {SETTINGS[n].why}." for n in dict.fromkeys(key[0] for key, _ in ranked)],
    ]
    machines = sorted({f"{row['machine']}, Keras {row['keras']}" for row in rows})
    return "\n".join([*lines, "", "; ".join(machines) + "."]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--starts", type=int, default=1, help="trainings a seed, one is chosen")
    parser.add_argument("--epochs", type=int, help="instead of each setting's own")
    parser.add_argument("--train-size", type=int, help="only so many training pictures")
    parser.add_argument("--models", action="store_true", help="keep the trained models too")
    parser.add_argument("--list", action="store_true", help="say what the settings are")
    parser.add_argument("--out", type=Path, help="folder of the runs")
    arguments = parser.parse_args()
    if arguments.list:
        for name, setting in SETTINGS.items():
            print(f"{name:18}{setting.why}")
        return
    if arguments.out is None:
        parser.error("Expected --out, the folder of the runs.")
    size = {} if arguments.train_size is None else {"train_size": arguments.train_size}
    mnist = datasets.load("mnist", **size)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    seeds = " ".join(map(str, arguments.seeds))
    chosen = arguments.settings
    command = "python benchmarks/infocat_clusters.py"
    command += "" if chosen == list(SETTINGS) else f" --settings {' '.join(chosen)}"
    command += f" --seeds {seeds}"
    command += f" --starts {arguments.starts}" if arguments.starts > 1 else ""
    for option in ("epochs", "train_size"):
        if getattr(arguments, option):
            command += f" --{option.replace('_', '-')} {getattr(arguments, option)}"
    command += f" --out {out}"
    starts = range(arguments.starts)
    all_seeds = [seed * arguments.starts + k for seed in arguments.seeds for k in starts]
    for name in chosen:
        for seed in all_seeds:
            path = out / f"{name}-{seed}.json"
            if not path.exists():
                row, model = run(name, seed, mnist, arguments.epochs)
                plots.save(plots.cluster_samples(model), path.with_suffix(".png"))
                if arguments.models:
                    model.save(path.with_suffix(".keras"))
                write_json(path, row)  # last: the run is done
                told = ("setting", "seed", "elbo", "self_consistency", "train", "test")
                print(json.dumps({key: row[key] for key in told}), flush=True)
            out.with_suffix(".md").write_text(markdown(read_runs(out), command, arguments.starts))


if __name__ == "__main__":
    main()
