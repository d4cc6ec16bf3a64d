#!/usr/bin/env bash
# Expected: PowerSpherical says FULLY_REPARAMETERIZED, so the slope of the mean of its draws in the
#   mean direction, across it, is E cos(angle) = k / (k + n - 1): 0.6 for concentration 3 in three
#   dimensions, the same for every mean direction.
# Guess before the run: 0.6 at the second and third axis and at a direction between; at the first
#   axis 0 in both coordinates across it, without an error, a None or a NaN; just beside the first
#   axis 0.6 again.
# What happens: as guessed, but for the last: at the first axis the slope is exactly 0, and 0.01
#   beside it 0.567, off by more than that many draws would leave elsewhere.
# Why users here would meet it: power spherical posteriors are a baseline on spheres. A mean that
#   starts at the first axis, or a prior's mean there that is learned, never turns: its gradient is
#   exactly 0, and looks like that of a model which has converged.
# Source: tensorflow_probability/python/distributions/power_spherical.py and spherical_uniform.py:
#   a draw about the first axis is reflected to the mean by a Householder reflection, whose vector
#   is first axis minus mean, normalised.
# Versions: tensorflow-probability 0.25.0, tensorflow 2.21.0, tf-keras 2.21.0.
# Output seen: 0.000 at the first axis; 0.600, 0.601, 0.600 at the second, the third and between;
#   0.567 at 0.01 beside the first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow-cpu==2.21.0 tensorflow-probability==0.25.0 tf-keras==2.21.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

CONCENTRATION, DRAWS = 3.0, 200_000
EXPECTED = CONCENTRATION / (CONCENTRATION + 2.0)


def slope_across(mean):
    """Slope of E(z . v) in the mean along v, for a unit vector v across the mean."""
    mean = np.asarray(mean, "float64") / np.linalg.norm(mean)
    across = np.cross(mean, [0.3, 0.5, 0.8])
    across /= np.linalg.norm(across)
    variable = tf.constant(mean, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        law = tfp.distributions.PowerSpherical(variable, CONCENTRATION)
        assert law.reparameterization_type == tfp.distributions.FULLY_REPARAMETERIZED
        z = law.sample(DRAWS, seed=1)
        value = tf.reduce_mean(tf.linalg.matvec(z, tf.constant(across, tf.float32)))
    return float(np.dot(tape.gradient(value, variable).numpy(), across))


found = {
    "first axis": slope_across([1.0, 0.0, 0.0]),
    "second axis": slope_across([0.0, 1.0, 0.0]),
    "third axis": slope_across([0.0, 0.0, 1.0]),
    "between": slope_across([1.0, 1.0, 1.0]),
    "0.01 beside the first axis": slope_across([1.0, 0.01, 0.0]),
}
for where, slope in found.items():
    print(f"mean at {where}: {slope:.3f} (expected {EXPECTED:.3f})")
# Standard error of a slope: below 1 / sqrt(DRAWS) times a few, 0.01.
assert found["first axis"] == 0.0, found
for where in ("second axis", "third axis", "between"):
    assert abs(found[where] - EXPECTED) < 0.02, (where, found)
PYTHON
