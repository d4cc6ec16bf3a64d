#!/usr/bin/env bash
# Expected: the config of a Keras optimizer holds the learning rate that it was given, as it does
#   beta_1 and epsilon, so that two runs with the same settings have the same record.
# Guess before the run: 0.001 comes back as 0.001.
# What happens: Keras keeps the rate in a float32 variable and reads it back, so that
#   `Adam(0.001).get_config()["learning_rate"]` is 0.0010000000474974513. A record that is
#   written from the config differs from the settings it was made with; reading it, making the
#   optimizer and writing again is stable. The other numbers come back as given.
# Why users here would meet it: runs are compared and repeated by the Keras configs of model and
#   optimizer, and a table of runs would show 0.0010000000474974513.
# Source: keras/src/optimizers/base_optimizer.py, get_config (reads the variable).
# Versions: keras 3.15.1 on jax 0.10.2, Python 3.11.
# Output seen: "learning_rate 0.0010000000474974513 beta_1 0.9 epsilon 1e-07".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$work/venv/bin/python" - <<'PYTHON'
import keras

config = keras.optimizers.Adam(learning_rate=0.001, beta_1=0.9, epsilon=1e-7).get_config()
print("learning_rate", config["learning_rate"], "beta_1", config["beta_1"], "epsilon", config["epsilon"])
assert config["learning_rate"] == 0.0010000000474974513, config["learning_rate"]
assert (config["beta_1"], config["epsilon"]) == (0.9, 1e-7)
again = keras.optimizers.Adam.from_config(config).get_config()
assert again == config
PYTHON
