"""Held-out KL of every latent space on scikit-learn's digits, under the command's recipe.

What `diffusion-vae train --manifold S --dataset digits --epochs 300` trains, without its files.
Rows of spaces that are measured again replace those in the file.
"""

import argparse
import json
from pathlib import Path

import keras

from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.files import write_json
from diffusion_vae.runs import compose

SPACES = (
    "sphere:1", "sphere:2", "sphere:3", "sphere:10", "torus:1", "torus:2", "embedded-torus",
    "projective:2", "projective:3", "so3", "o3", "euclidean:2", "euclidean:3",
    "sphere:2 x torus:1",
)  # fmt: skip
EPOCHS = (20, 300)


def measured(space: str, seed: int) -> dict[str, dict[str, float]]:
    """ELBO, KL and MSE on the test set after each of `EPOCHS`."""
    record = compose(manifold=space, dataset="digits", seed=seed)
    data, done, row = record.load_dataset(), 0, {}
    keras.utils.set_random_seed(seed)
    model = record.build_model(seed)
    batches = ShuffledBatches(data, record.training.batch_size, seed)
    # An epoch's steps in one call: the same steps, less time between them.
    model.compile(record.build_optimizer(1), steps_per_execution=len(batches))
    for epochs in EPOCHS:
        model.fit(
            batches, shuffle=False, initial_epoch=done, epochs=epochs, verbose=0,
            callbacks=[batches.follow()],
        )  # fmt: skip
        numbers = model.evaluate(data.test, return_dict=True, verbose=0)
        row[str(epochs)] = {k: round(float(numbers[k]), 5) for k in ("elbo", "kl_loss", "mse")}
        done = epochs
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spaces", nargs="*", default=SPACES, help="text forms; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    report = json.loads(options.json.read_text()) if options.json.exists() else {"rows": {}}
    report["command"] = (
        "python docs/evidence/digits_spaces.py --json docs/results/digits_spaces.json"
    )
    report["versions"] = installed_versions()
    for space in options.spaces:
        row = report["rows"][space] = {"seed": options.seed, **measured(space, options.seed)}
        write_json(options.json, report)
        print(space, row, flush=True)


if __name__ == "__main__":
    main()
