"""Training in mixed precision: every latent space, beside float32.

python benchmarks/precision.py [--steps 200] [--manifold sphere:2 ...] [--json FILE]

Every latent space of `step_time.py` is trained under the policies `float32` and `mixed_bfloat16`
on made pictures like MNIST's (28x28, one to three soft strokes each), the paper's MLP, batch
128, exact kernels, KL warmed up over a quarter of the steps. Checked: every loss is finite, the
networks compute in bfloat16, and location, time, latent point and weights are float32. Quoted:
the loss on the training pictures after the last step under both policies, and seconds of
training (on a processor without bfloat16 arithmetic the mixed policy is slower).
"""

import argparse
import math
from pathlib import Path

import keras
import numpy as np
from step_time import TARGETS, model_on
from timing import about, seconds
from verdicts import Verdict, markdown_table

from diffusion_vae.files import write_json

BATCH = 128
EXAMPLES = 2048
POLICIES = ("float32", "mixed_bfloat16")
GEOMETRY = ("location", "time", "z", "reconstruction")


def strokes(count, size=28, seed=0):
    """Made pictures `[count, size, size, 1]` in [0, 1]: one to three soft strokes each."""
    rng = np.random.default_rng(seed)
    place = np.stack(np.meshgrid(*[np.linspace(-1.0, 1.0, size)] * 2, indexing="ij"), axis=-1)
    pictures = np.zeros((count, size, size), "float32")
    for picture in pictures:
        for _ in range(rng.integers(1, 4)):
            ends = rng.uniform(-0.7, 0.7, size=(2, 2))
            np.maximum(picture, stroke(place, *ends), out=picture)
    return pictures[..., None]


def stroke(place, start, end, width=0.12):
    """A soft line between two points, `[size, size]`."""
    along = end - start
    share = np.clip((place - start) @ along / max(along @ along, 1e-9), 0.0, 1.0)
    distance = np.linalg.norm(place - start - share[..., None] * along, axis=-1)
    return np.exp(-((distance / width) ** 2))


def run(manifold, policy, x, steps):
    """Loss after training, seconds, and whether each float type is what it should be."""
    keras.config.set_dtype_policy(policy)
    try:
        keras.utils.set_random_seed(0)
        model = model_on(manifold)
        model.kl_warmup_steps = steps // 4
        model.compile("adam")
        epochs = math.ceil(steps * BATCH / len(x))
        duration = seconds(lambda: model.fit(x, batch_size=BATCH, epochs=epochs, verbose=0))
        outputs = model(x[:2])
        loss = model.evaluate(x, batch_size=BATCH, return_dict=True, verbose=0)["loss"]
        found = {keras.backend.standardize_dtype(outputs[name].dtype) for name in GEOMETRY}
        found |= {weight.dtype for weight in model.trainable_weights}
        return {
            "loss": float(loss),
            "seconds": duration,
            "compute_dtype": model.encoder.compute_dtype,
            "geometry_float32": found == {"float32"},
        }
    finally:
        keras.config.set_dtype_policy("float32")


def attempt(manifold, policy, x, steps):
    """As `run`; a loss that became NaN is a result, too."""
    try:
        return run(manifold, policy, x, steps)
    except FloatingPointError as error:
        return {"loss": math.nan, "error": str(error), "geometry_float32": False}


def verdicts(report):
    """The targets of a report: how many latent spaces fail."""
    mixed = [row["mixed_bfloat16"] for row in report["rows"]]
    where = f"{report['steps']} steps, {len(mixed)} latent spaces"
    bad = sum(not math.isfinite(one["loss"]) for one in mixed)
    wrong = sum(not one["geometry_float32"] for one in mixed)
    return [
        Verdict("latent spaces with NaN under mixed_bfloat16", where, bad, 0, digits=0),
        Verdict("latent spaces with geometry not in float32", where, wrong, 0, digits=0),
    ]


def markdown(report):
    """Losses and seconds of both policies as a table."""
    header = ("latent space", "loss, float32", "loss, mixed_bfloat16", "s, float32",
              "s, mixed_bfloat16")  # fmt: skip
    rows = [
        [row["latent"], *(row[p]["loss"] for p in POLICIES),
         *(row[p].get("seconds") for p in POLICIES)]
        for row in report["rows"]
    ]  # fmt: skip
    return markdown_table(header, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifold", action="append", help="latent space, repeatable")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    x = strokes(EXAMPLES)
    report = {**about(), "steps": arguments.steps, "rows": []}
    for manifold in arguments.manifold or TARGETS:
        results = {policy: attempt(manifold, policy, x, arguments.steps) for policy in POLICIES}
        report["rows"].append({"latent": manifold, **results})
        print(manifold, results, flush=True)
    print(markdown(report))
    if arguments.json:
        write_json(arguments.json, report)


if __name__ == "__main__":
    main()
