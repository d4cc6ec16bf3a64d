#!/usr/bin/env bash
# Expected: a `.keras` file of a compiled model opens on every backend, whatever wrote it.
# Guess before the run: a file from PyTorch opens where only JAX is installed.
# What happens: on PyTorch Keras's optimizers are classes of their own, and the file names
#   `keras.src.backend.torch.optimizers.torch_adam`. Loading imports that module, and with it
#   torch: where torch is missing, `load_model` raises. `compile=False` loads the model without its
#   optimizer. A file from JAX names `keras.optimizers` and opens everywhere.
# Why users here would meet it: a model trained on a GPU machine with PyTorch is looked at on a
#   laptop with TensorFlow or JAX.
# Source: keras/src/optimizers/base_optimizer.py and keras/src/backend/torch/optimizers.
# Versions: keras 3.15.1, torch 2.13.0 (CPU), jax 0.10.2, Python 3.11.
# Output seen: "names keras.src.backend.torch.optimizers.torch_adam", "refused: ... torch ...".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in writer reader; do python3 -m venv "$work/$name"; done
"$work/writer/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 torch==2.13.0
"$work/reader/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2
cd "$work"
KERAS_BACKEND=torch "$work/writer/bin/python" - <<'PYTHON'
import json
import zipfile

import keras
import numpy as np

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
model.compile("adam", "mse")
model.fit(np.zeros((8, 3)), np.zeros((8, 2)), verbose=0)
model.save("model.keras")
config = json.loads(zipfile.ZipFile("model.keras").read("config.json"))
print("names", config["compile_config"]["optimizer"]["module"])
PYTHON
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$work/reader/bin/python" - <<'PYTHON'
import keras

assert keras.saving.load_model("model.keras", compile=False).count_params() == 8
try:
    keras.saving.load_model("model.keras")
except Exception as error:
    message = str(error)
    print("refused:", message[:200])
    assert "torch" in message, message
else:
    raise SystemExit("the file opens without torch now")
PYTHON
