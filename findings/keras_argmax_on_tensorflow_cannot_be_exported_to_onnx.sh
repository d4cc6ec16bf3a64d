#!/usr/bin/env bash
# Expected: a Keras model with `ops.argmax` exports to ONNX; ONNX has ArgMax.
# Guess before the run: the exported file gives the index of the largest value.
# What happens: on TensorFlow Keras 3.15 tells -0 from 0 before it asks for the argmax, by bit
#   operations on the float's bits. `model.export(format="onnx")` writes the file without an
#   error, and ONNX Runtime refuses to load it (a Bitcast node that ONNX does not have).
# Why users here would meet it: encoders that choose a cluster or a leading column end in an
#   argmax; a functional model with `keras.ops.argmax` looks as exportable as any other.
# Source: keras/src/backend/tensorflow/numpy.py, argmax; keras.io/api/models/model_saving_apis/export.
# Versions: keras 3.15.1, tensorflow 2.21.0, tf2onnx 1.17.0, onnx 1.23.2, onnxruntime 1.32.0,
#   Python 3.11.
# Output seen: "file written", then "refused: INVALID_GRAPH ... Bitcast".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 "$work/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
import onnxruntime

inputs = keras.Input((5,))
model = keras.Model(inputs, keras.ops.argmax(inputs, axis=-1))
assert int(model(np.array([[1, 5, 2, 0, 3]], "float32"))[0]) == 1
model.export("argmax.onnx", format="onnx", verbose=False)
print("file written")
try:
    onnxruntime.InferenceSession("argmax.onnx")
except Exception as error:
    message = str(error)
    print("refused:", message[:120])
    assert "Bitcast" in message, message
else:
    raise SystemExit("ONNX Runtime takes the file now")
PYTHON
