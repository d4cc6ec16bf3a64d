"""Models in files that go from backend to backend, and the numbers they must keep.

python portable_models.py FOLDER NEXT_FOLDER, under any `KERAS_BACKEND`: reads the models of a
folder, compares their numbers with those stored beside them, trains on, and writes both to the
next folder. A run "run" in the folder `FOLDER/results` is resumed.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder

SHAPE = (6, 6, 1)
X = np.random.default_rng(0).random((16, *SHAPE), dtype=np.float32)


def mlp():
    """Small networks, as arguments."""
    return {"encoder": MLPEncoder((8,)), "decoder": MLPDecoder((8,))}


def models():
    """Small models that between them have every kind of network and projection, by name."""
    conv = {
        "encoder": ConvEncoder((3, 3), padding="circular", pool_sizes=2),
        "decoder": ConvDecoder((3, 3), padding="circular", pool_sizes=2),
    }
    return {
        "sphere": dv.DiffusionVAE("sphere:2", **mlp(), kl_warmup_steps=3, seed=0),
        "rotations": dv.DiffusionVAE("so3", **mlp(), seed=0),
        "projective": dv.DiffusionVAE(
            "projective:2 x euclidean:1", **mlp(), likelihood="bernoulli", seed=0
        ),
        "torus": dv.DiffusionVAE("torus:2", **conv, seed=0),
    }


def numbers(model):
    """What a file must keep on every backend: arrays by name."""
    location, time = model.encode(X)
    params = {"location": location, "time": time}
    z = np.roll(location, 1, axis=0)
    laws = {"log_density": model.latent.log_density(z, params), "kl": model.latent.kl(params)}
    weights = {f"weight_{i}": weight for i, weight in enumerate(model.get_weights())}
    optimizer = {f"optimizer_{i}": v for i, v in enumerate(model.optimizer.variables)}
    arrays = {**params, "decoded": model.decode(location), **laws, **weights, **optimizer}
    return {name: keras.ops.convert_to_numpy(array) for name, array in arrays.items()}


def write(folder, named):
    """Trains models for an epoch of two steps, and writes them and their numbers."""
    for name, model in named.items():
        if not model.compiled:
            model.compile("adam", **QUICK_STEPS)
        model.run_eagerly = QUICK_STEPS["run_eagerly"]  # not that of the writer
        model.fit(X, batch_size=8, verbose=0)
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.npz", **numbers(model))


def read(folder):
    """The models of a folder, whose numbers are compared with those stored beside them."""
    found = {}
    for path in sorted(folder.glob("*.keras")):
        found[path.stem] = model = keras.saving.load_model(path)
        with np.load(path.with_suffix(".npz")) as expected:
            for name, array in numbers(model).items():
                np.testing.assert_allclose(
                    array, expected[name], rtol=1e-5, atol=1e-5, err_msg=f"{path.stem}: {name}"
                )
    return found


if __name__ == "__main__":
    here, there = map(Path, sys.argv[1:])
    write(there, read(here))
    if (here / "results").is_dir():
        from diffusion_vae.runs import resume

        print(resume("run", here / "results").metrics["elbo"])
