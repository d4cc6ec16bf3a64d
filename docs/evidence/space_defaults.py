"""Every latent space by default, on data that live on it, beside R^(d + 1).

python docs/evidence/space_defaults.py [--spaces TEXT ...] [--ways] [--seeds N] [--json FILE]

The data are a random smooth map of uniform points of the space into R^30, with noise of 0.1;
2,400 examples train, 600 validate, 600 test. `--ways` measures both location heads and both even
decoders on the spaces that have them, `--mnist` the same on 20,000 digits.
"""

import argparse
import shlex
import sys
from pathlib import Path

import keras
import numpy as np

import diffusion_vae as dv
from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.files import write_json

SPACES = ("sphere:1", "sphere:2", "sphere:3", "torus:2", "embedded-torus", "projective:2",
          "projective:3", "so3", "o3", "sphere:2 x torus:1", "projective:2 x torus:1")  # fmt: skip
WAYS = [
    {"location_head": head, "even_decoder": even}
    for head in ("ambient", "veronese")
    for even in ("average", "quadratic")
]
SIZES = (2400, 600, 600)
COLUMNS, HIDDEN, NOISE = 30, 40, 0.1


def data_on(manifold, maps):
    """Examples `[n, 30]` of a random map that the seed `maps` gives."""
    random = np.random.default_rng(maps)
    z = manifold.prior_sample((sum(SIZES),), seed=maps)  # uniform where it is closed
    q = np.asarray(manifold.even_embedding(z))  # functions of the point, whatever its name
    q = (q - q.mean(axis=0)) / q.std()
    slopes = random.normal(size=(q.shape[1], HIDDEN)) * 1.5 / np.sqrt(q.shape[1])
    hidden = np.tanh(q @ slopes + random.normal(size=HIDDEN))
    x = hidden @ random.normal(size=(HIDDEN, COLUMNS))
    x = (x - x.mean(axis=0)) / x.std(axis=0) + NOISE * random.normal(size=x.shape)
    return np.split(x.astype("float32"), np.cumsum(SIZES)[:-1])


def network(*widths):
    layers = [keras.layers.Dense(64, "gelu"), keras.layers.Dense(64, "gelu")]
    return keras.Sequential([*layers, *(keras.layers.Dense(width) for width in widths)])


def measured(space, data, seed, **options):
    """Validation ELBO and test log-likelihood, in nats, of one training of 60 epochs."""
    train, validation, test = data
    keras.utils.set_random_seed(seed)
    likelihood = dv.likelihoods.Gaussian(scale="learned")
    model = dv.DiffusionVAE(
        space, network(), network(COLUMNS), likelihood=likelihood, seed=seed, **options
    )
    model.compile(keras.optimizers.Adam(2e-3), steps_per_execution=8)
    model.fit(train, epochs=60, batch_size=100, verbose=0)
    estimate = model.log_likelihood(test, samples=200, prior_share=0.5)
    return {"elbo": float(model.elbo(validation).mean()), "log_likelihood": estimate.mean}


def measured_on_mnist(space, seed, **options):
    """ELBO and KL of the test digits after 5 epochs of 20,000, batches of 128."""
    data = dv.datasets.load("mnist", train_size=20_000)
    keras.utils.set_random_seed(seed)
    model = dv.DiffusionVAE(space, seed=seed, **options)
    model.compile("adam", steps_per_execution=8)
    model.fit(data.train, epochs=5, batch_size=128, verbose=0)
    numbers = model.evaluate(data.test, batch_size=1000, verbose=0, return_dict=True)
    return {"elbo": numbers["elbo"], "kl_loss": numbers["kl_loss"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="*", default=SPACES)
    parser.add_argument("--ways", action="store_true")
    parser.add_argument("--mnist", action="store_true")
    parser.add_argument("--maps", type=int, nargs="*", default=[5])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report = {
        "command": shlex.join(["python", "docs/evidence/space_defaults.py", *sys.argv[1:]]),
        "versions": installed_versions(),
        "rows": [],
    }
    for text in arguments.spaces:
        manifold = dv.manifolds.get(text)
        kinds = [(text, way) for way in (WAYS if arguments.ways else [{}])]
        if not arguments.mnist:
            kinds.append((f"euclidean:{manifold.dim + 1}", {}))
        for maps in [None] if arguments.mnist else arguments.maps:
            data = None if arguments.mnist else data_on(manifold, maps)
            for space, way in kinds:
                for seed in range(arguments.seeds):
                    row = {"data": text, "maps": maps, "latent_space": space, **way, "seed": seed}
                    if arguments.mnist:
                        row |= {"data": "mnist", **measured_on_mnist(space, seed, **way)}
                    else:
                        row |= measured(space, data, seed, **way)
                    print(row, flush=True)
                    report["rows"].append(row)
                    if arguments.json:
                        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
