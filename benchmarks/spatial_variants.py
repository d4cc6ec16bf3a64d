"""The four variants of the spatial VAE with one likelihood variance: numbers and five rows.

python benchmarks/spatial_variants.py --epochs 40 --out docs/results/spatial_cifar10
python benchmarks/spatial_variants.py --dataset celeba --epochs 20 --out docs/results/celeba

The networks of the original, Adam, pictures in [-1, 1]. Every variant is trained with the same
Gaussian likelihood, by default of the variance that the original's loss implies for its spatial
variants, D / (2 maps 3^2). The original's `vanilla` had nine times that variance, so a pull to
the prior nine times as strong; `--variants vanilla_original` trains it so, for comparison.

Writes OUT.json, OUT.md and OUT.png (data, vanilla, naive, mvn, low_rank) after each variant, and
OUT.npz with the pictures of the figure; variants that OUT.json holds already are not repeated.
"""

import argparse
import json
import math
import statistics
from pathlib import Path

import keras
import numpy as np
from timing import EpochSeconds, machine

import diffusion_vae as dv
from diffusion_vae import datasets, plots
from diffusion_vae.datasets import Dataset, StoredPictures
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.evaluation import parzen_window
from diffusion_vae.files import read_json, replacing, write_json
from diffusion_vae.likelihoods import Gaussian

VARIANTS = ("vanilla", "naive", "mvn", "low_rank")
ORIGINAL = "vanilla_original"  # with the variance of the original's own loss
# Name -> data set, its options, pictures in a row of the figure (as in the original's).
DATASETS = {
    "cifar10_subset": ("cifar10", {"subset": True}, 20),
    "cifar10": ("cifar10", {}, 20),
    "svhn": ("svhn", {}, 20),
    "celeba": ("celeba", {}, 10),
}


def load(arguments):
    """Data for training and testing, held-out training pictures, pictures in a row."""
    name, options, columns = DATASETS[arguments.dataset]
    if arguments.path is not None:
        options = {"path": arguments.path}
    whole = datasets.load(name, value_range=(-1, 1), **options)
    train, test = whole.train, whole.test[: arguments.test_size]
    held_out = train[len(train) - arguments.held_out :]
    kept = slice(0, min(arguments.train_size or len(train), len(train) - arguments.held_out))
    train = train.select(kept) if isinstance(train, StoredPictures) else train[kept]
    return Dataset(name=arguments.dataset, train=train, test=test), held_out, columns


def build(name, event_shape, arguments):
    variant = "vanilla" if name == ORIGINAL else name
    size = 1 if name == ORIGINAL else 3
    variance = dv.SpatialVAE.original_variance(event_shape, arguments.maps, size)
    if arguments.variance is not None and name != ORIGINAL:
        variance = arguments.variance
    return dv.SpatialVAE(
        variant=variant,
        maps=arguments.maps,
        likelihood=Gaussian(variance=variance),
        kl_warmup_steps=arguments.warmup,
        seed=arguments.seed,
    )


def run(name, dataset, held_out, columns, arguments):
    """Numbers of a trained variant, and pictures that it generates."""
    keras.utils.set_random_seed(arguments.seed)
    model = build(name, dataset.event_shape, arguments)
    model.build((None, *dataset.event_shape))
    model.compile(keras.optimizers.Adam(arguments.learning_rate))
    timer = EpochSeconds()
    batches = ShuffledBatches(dataset, arguments.batch_size, arguments.seed)
    model.fit(
        batches,
        shuffle=False,
        epochs=arguments.epochs,
        callbacks=[batches.follow(), timer],
        verbose=2,
    )
    metrics = model.evaluate(dataset.test, batch_size=500, return_dict=True, verbose=0)
    generated = model.sample(arguments.samples)
    parzen = parzen_window(generated, held_out, dataset.test)
    row = {
        "variant": name,
        "latent_values": math.prod(model.latent.point_shape),
        "variance": model.likelihood.variance,
        "parameters": model.count_params(),
        "encoder_parameters": model.encoder.count_params() + model.latent.count_params(),
        **{key: float(metrics[key]) for key in ("elbo", "kl_loss", "mse", "log_variance")},
        "seconds_per_epoch": statistics.median(timer.seconds[1:] or timer.seconds),
        "parzen": parzen.as_dict(),
    }
    return row, generated[:columns]


def references(dataset, held_out, arguments):
    """What a variant is to be held against: no latent point, and the data themselves."""
    some = dataset.train[: arguments.samples]
    variance = arguments.variance or dv.SpatialVAE.original_variance(
        dataset.event_shape, arguments.maps
    )
    error = np.square(dataset.test - some.mean(axis=0)).mean()
    size = math.prod(dataset.event_shape)
    return {
        "variance": variance,
        "best_constant_mse": float(error),
        "best_constant_elbo": float(
            -0.5 * size * (error / variance + math.log(2 * math.pi * variance))
        ),
        "training_pictures_parzen": parzen_window(some, held_out, dataset.test).as_dict(),
    }


def markdown(report):
    reference = report["references"]
    parzen = reference["training_pictures_parzen"]
    low, high = parzen["data_range"]
    centres = report["runs"][0]["parzen"]["centres"]
    lines = [
        f"`{report['command']}`",
        "",
        f"{report['data']}; {report['settings']}; {report['machine']}; Keras {report['keras']} on "
        f"{report['backend']}. ELBO and KL in nats per picture, test set; MSE per value.",
        f"Parzen windows round {centres:,} generated pictures, in nats per picture of "
        f"{parzen['dimension']:,} values in [{low:g}, {high:g}]; sigma chosen on "
        f"{parzen['held_out']:,} training pictures that no model was trained on, the same for "
        f"every sigma; {parzen['test']:,} test pictures. (Higher is better, but blur ranks too "
        "well: Theis et al. 2016.)",
        f"A constant picture, at the common variance {reference['variance']:.4g}: ELBO "
        f"{reference['best_constant_elbo']:.1f}, MSE {reference['best_constant_mse']:.4f}. "
        f"Windows round {parzen['centres']:,} training pictures instead: {parzen['mean']:.1f} +- "
        f"{parzen['standard_error']:.1f} (sigma {parzen['sigma']:.3g}).",
        "",
        "| variant | latent values | parameters (encoder) | variance | ELBO | KL | MSE "
        "| Parzen | sigma | s/epoch |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(report["runs"], key=lambda row: (*VARIANTS, ORIGINAL).index(row["variant"])):
        window = row["parzen"]
        edge = " (last tried)" if window["at_edge"] else ""
        lines.append(
            f"| {row['variant']} | {row['latent_values']} | {row['parameters']:,} "
            f"({row['encoder_parameters']:,}) | {row['variance']:.4g} | {row['elbo']:.1f} "
            f"| {row['kl_loss']:.1f} | {row['mse']:.4f} | {window['mean']:.1f} +- "
            f"{window['standard_error']:.1f} | {window['sigma']:.3g}{edge} "
            f"| {row['seconds_per_epoch']:.1f} |"
        )
    return "\n".join(lines) + "\n"


def figure(pictures, columns):
    """Data above what each variant generates."""
    names = [name for name in ("data", *VARIANTS) if name in pictures]
    rows = {name.replace("_", "-"): pictures[name] for name in names}
    return plots.picture_rows(rows, columns, limits=(-1.0, 1.0))


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10_subset")
    parser.add_argument("--path", help="its file or folder, instead of the search")
    parser.add_argument("--variants", nargs="+", choices=(*VARIANTS, ORIGINAL), default=VARIANTS)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--maps", type=int, default=64)
    parser.add_argument("--variance", type=float, help="default: D / (18 maps)")
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=500, help="steps of the KL's weight")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=10_000, help="centres of Parzen windows")
    parser.add_argument("--held-out", type=int, default=1000, help="pictures that choose sigma")
    parser.add_argument("--train-size", type=int, help="default: all but those held out")
    parser.add_argument("--test-size", type=int, default=10_000)
    parser.add_argument("--out", type=Path, required=True, help="without ending")
    return parser.parse_args(argv)


def main(argv=None):
    arguments = parse(argv)
    dataset, held_out, columns = load(arguments)
    path = f" --path {arguments.path}" if arguments.path else ""
    variance = f" --variance {arguments.variance:g}" if arguments.variance else ""
    variants = tuple(arguments.variants)
    chosen = "" if variants == VARIANTS else f" --variants {' '.join(variants)}"
    report = {
        "command": f"python benchmarks/spatial_variants.py --dataset {arguments.dataset}{path} "
        f"--epochs {arguments.epochs} --maps {arguments.maps}{variance}{chosen} "
        f"--out {arguments.out}",
        "data": f"{arguments.dataset} in [-1, 1], {len(dataset.train):,} for training",
        "settings": f"{arguments.epochs} epochs, batch {arguments.batch_size}, Adam "
        f"{arguments.learning_rate:g}, {arguments.maps} maps, KL warmed up over "
        f"{arguments.warmup} steps, seed {arguments.seed}",
        "machine": machine(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "references": None,
        "runs": [],
    }
    json_path, npz_path, markdown_path, png_path = (
        arguments.out.with_suffix(ending) for ending in (".json", ".npz", ".md", ".png")
    )
    pictures = {"data": dataset.train[:columns]}
    if json_path.exists():
        before = read_json(json_path)
        report |= {"references": before["references"], "runs": before["runs"]}
        with np.load(npz_path) as stored:
            pictures |= dict(stored)
    if report["references"] is None:
        report["references"] = references(dataset, held_out, arguments)
    done = {row["variant"] for row in report["runs"]}
    for name in arguments.variants:
        if name in done:
            continue
        print(name, flush=True)
        row, pictures[name] = run(name, dataset, held_out, columns, arguments)
        print(json.dumps(row), flush=True)
        report["runs"].append(row)
        with replacing(npz_path) as temporary:
            np.savez_compressed(
                temporary, **{key: np.float16(value) for key, value in pictures.items()}
            )
        write_json(json_path, report)
        shown = f"\n![Data, and pictures drawn from each variant]({png_path.name})\n"
        markdown_path.write_text(markdown(report) + shown)
        plots.save(figure(pictures, columns), png_path)


if __name__ == "__main__":
    main()
