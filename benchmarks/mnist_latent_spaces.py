"""Every latent space trained on real MNIST: test ELBO, KL, MSE, seconds per epoch.

python benchmarks/mnist_latent_spaces.py --epochs 5 --seeds 0 --out docs/results/mnist_5_epochs
python benchmarks/mnist_latent_spaces.py --epochs 3 --seeds 0 1 2 --closed \
    --out docs/results/no_collapse

MNIST as it is (not binarised), unit-variance Gaussian likelihood, the paper's MLP, batch 128,
`compile("adam")`, all other settings the defaults. Writes OUT.json and OUT.md after each run;
runs that OUT.json holds already are not repeated.
"""

import argparse
import json
import math
import statistics
from pathlib import Path

import keras
from keras import ops
from timing import EpochSeconds, machine

import diffusion_vae as dv
from diffusion_vae import datasets, manifolds
from diffusion_vae.files import read_json, write_json

SPACES = (
    "sphere:1", "sphere:2", "sphere:3", "sphere:7", "torus:2", "embedded-torus", "projective:2",
    "projective:3", "so3", "o3", "euclidean:2", "euclidean:3", "sphere:2 x sphere:1", "ellipsoid",
)  # fmt: skip


@keras.saving.register_keras_serializable(package="examples")
def ellipsoid(x):
    """Level-set function of the ellipsoid with half axes 1, 1.5 and 2."""
    axes = ops.convert_to_tensor([1.0, 1.5, 2.0], dtype=x.dtype)
    return ops.sum(ops.square(x / axes), axis=-1) - 1.0


def latent_space(name):
    if name != "ellipsoid":
        return manifolds.get(name)
    bounds = ((-1.2, -1.7, -2.2), (1.2, 1.7, 2.2))
    return manifolds.ImplicitManifold(ellipsoid, dim=2, ambient_dim=3, bounds=bounds)


def run(name, seed, epochs, kernel, mnist):
    keras.utils.set_random_seed(seed)
    model = dv.DiffusionVAE(latent_space(name), kernel=kernel, seed=seed)
    model.compile("adam")
    timer = EpochSeconds()
    model.fit(mnist.train, batch_size=128, epochs=epochs, verbose=0, callbacks=[timer])
    metrics = model.evaluate(mnist.test, batch_size=1000, return_dict=True, verbose=0)
    later = timer.seconds[1:] or timer.seconds  # the first epoch compiles
    return {
        "latent": name,
        "seed": seed,
        **{key: float(metrics[key]) for key in ("elbo", "kl_loss", "mse", "log_time")},
        "time_at_limit": float(metrics.get("time_at_limit", 0.0)),
        "seconds_per_epoch": statistics.median(later),
    }


def best_constant_elbo(mnist):
    """Test ELBO of the best decoder that ignores z: the mean training picture, KL 0."""
    squares = ((mnist.test - mnist.train.mean(axis=0)) ** 2).reshape(len(mnist.test), -1).sum(1)
    size = math.prod(mnist.event_shape)
    return float(-0.5 * squares.mean() - 0.5 * size * math.log(2.0 * math.pi))


def markdown(report):
    lines = [
        f"`{report['command']}`",
        "",
        f"{report['data']}; {report['settings']}; {report['machine']}; Keras "
        f"{report['keras']} on {report['backend']}.",
        f"Best constant reconstruction: test ELBO {report['best_constant_elbo']:.2f}.",
        "",
        "| latent space | seed | ELBO | above constant | KL | MSE | mean log time | s/epoch |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in report["runs"]:
        lines.append(
            f"| {row['latent']} | {row['seed']} | {row['elbo']:.2f} "
            f"| {row['elbo'] - report['best_constant_elbo']:.2f} | {row['kl_loss']:.2f} "
            f"| {row['mse']:.4f} | {row['log_time']:.2f} | {row['seconds_per_epoch']:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--kernel", default="auto", help="auto, exact or random_walk")
    parser.add_argument("--closed", action="store_true", help="closed manifolds only")
    parser.add_argument("--out", type=Path, required=True, help="without ending")
    arguments = parser.parse_args()
    mnist = datasets.load("mnist")
    seeds = " ".join(map(str, arguments.seeds))
    closed = " --closed" if arguments.closed else ""
    kernel = "" if arguments.kernel == "auto" else f" --kernel {arguments.kernel}"
    report = {
        "command": f"python benchmarks/mnist_latent_spaces.py --epochs {arguments.epochs} "
        f"--seeds {seeds}{kernel}{closed} --out {arguments.out}",
        "data": "MNIST, not binarised, 60,000 + 10,000",
        "settings": f"{arguments.epochs} epochs, batch 128, Adam 1e-3, MLP 512x3 / 512x2, "
        f"kernel {arguments.kernel}",
        "machine": machine(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "best_constant_elbo": best_constant_elbo(mnist),
        "runs": [],
    }
    out = arguments.out.with_suffix(".json")
    if out.exists():
        report["runs"] = read_json(out)["runs"]
    done = {(row["latent"], row["seed"]) for row in report["runs"]}
    spaces = [s for s in SPACES if not arguments.closed or not s.startswith("euclidean")]
    for seed in arguments.seeds:
        for name in spaces:
            if (name, seed) in done:
                continue
            report["runs"].append(run(name, seed, arguments.epochs, arguments.kernel, mnist))
            print(json.dumps(report["runs"][-1]), flush=True)
            write_json(out, report)
            arguments.out.with_suffix(".md").write_text(markdown(report))


if __name__ == "__main__":
    main()
