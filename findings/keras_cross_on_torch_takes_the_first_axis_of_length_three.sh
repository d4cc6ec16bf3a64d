#!/usr/bin/env bash
# Expected: `keras.ops.cross(a, b)` without an axis is NumPy's: the last axis, on every backend.
# Guess before the run: equal to numpy.cross for any leading axes.
# What happens: on PyTorch Keras hands its missing axis to `torch.cross`, which takes the first
#   axis of length 3. A batch of two rows is right; a batch of three rows of vectors, [3, 5, 3], is
#   crossed along the batch, and the result has the right shape and wrong numbers. PyTorch warns
#   once in a process.
# Why users here would meet it: rotations, normals and determinants of 3 x 3 matrices are made of
#   cross products, and a batch of length 3 is rare in training and common in a last batch.
# Source: keras/src/backend/torch/numpy.py, cross; docs.pytorch.org, torch.cross, "dim".
# Versions: keras 3.15.1, torch 2.13.0 (CPU), Python 3.11.
# Output seen: "batch of 2: error 0.0", "batch of 3: error" over 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 torch==2.13.0
KERAS_BACKEND=torch "$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from keras import ops

random = np.random.default_rng(0)
a, b = random.normal(size=(2, 3, 5, 3)).astype("float32")


def error(a, b):
    return float(np.abs(ops.convert_to_numpy(ops.cross(a, b)) - np.cross(a, b)).max())


print("batch of 2: error", round(error(a[:2], b[:2]), 6))
print("batch of 3: error", round(error(a, b), 6))
assert error(a[:2], b[:2]) < 1e-5
assert error(a, b) > 0.5
PYTHON
