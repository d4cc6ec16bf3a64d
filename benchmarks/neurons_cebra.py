"""Runs CEBRA on spike counts, in a process and an environment of its own (for `neurons.py`).

python benchmarks/neurons_cebra.py DATA.npz CODES.npz --seed 0

DATA.npz holds `train` and `test`, counts `[bins, cells]`, and `heading`, cosine and sine of the
training bins. CODES.npz gets what each way of CEBRA gives for the held-out bins, `[bins, 2]`. A
line of JSON tells versions and seconds. The script imports nothing of ours.

The settings are those of the quick start of CEBRA's documentation (the README says no more than
where that is): `offset10-model`, batches of 512, a rate of 1e-4, temperature 0.1, 10 time offsets,
8 dimensions, and `KNNDecoder`. Cosine and sine are decoded, not the angle: the decoder averages
its neighbours linearly. The quick start names 500 to 10,000 iterations, depending on the size of
the data.

- time: CEBRA-Time, which sees no headings; the decoder does.
- behaviour: CEBRA-Behavior, which is trained on the headings, and so is its decoder.
- circle: CEBRA-Time of a single bin (`offset1-model`) in two dimensions. Its codes are points of a
  circle already, and nothing is left but a rotation and a reflection.
"""

import argparse
import json
import time
from importlib import metadata

import cebra
import numpy as np
import torch

QUICK_START = {
    "model_architecture": "offset10-model", "batch_size": 512, "learning_rate": 1e-4,
    "temperature_mode": "constant", "temperature": 0.1, "time_offsets": 10,
    "output_dimension": 8, "device": "cpu", "verbose": False,
}  # fmt: skip
WAYS = {
    "time": {"conditional": "time"},
    "behaviour": {"conditional": "time_delta"},
    "circle": {
        "conditional": "time", "model_architecture": "offset1-model", "output_dimension": 2,
    },
}  # fmt: skip
ITERATIONS = 500
NEIGHBOURS = 25  # of the decoder: the best of those that its `iter_hyperparams` tries
PACKAGES = ("cebra", "torch", "scikit-learn", "numpy")


def decoded(way, data, seed):
    """Cosine and sine of the held-out bins, or codes on a circle, `[bins, 2]`; and both parts."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 CEBRA's own draws
    model = cebra.CEBRA(**QUICK_START | WAYS[way], max_iterations=ITERATIONS)
    if way == "behaviour":
        model.fit(data["train"], data["heading"])
    else:
        model.fit(data["train"])
    train, test = model.transform(data["train"]), model.transform(data["test"])
    if way == "circle":
        return test, train
    decoder = cebra.KNNDecoder(n_neighbors=NEIGHBOURS).fit(train, data["heading"])
    return decoder.predict(test), train


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("codes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    data = dict(np.load(arguments.data))
    codes, seconds = {}, {}
    for way in WAYS:
        wall, cpu = time.perf_counter(), time.process_time()
        codes[way], train = decoded(way, data, arguments.seed)
        seconds[way] = {
            "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu
        }  # fmt: skip
        if way == "circle":
            codes["circle_train"] = train
    np.savez(arguments.codes, **codes)
    versions = {name: metadata.version(name) for name in PACKAGES}
    settings = {"iterations": ITERATIONS, "neighbours": NEIGHBOURS, **QUICK_START, "ways": WAYS}
    print(json.dumps({"versions": versions, "seconds": seconds, "settings": settings}))


if __name__ == "__main__":
    main()
