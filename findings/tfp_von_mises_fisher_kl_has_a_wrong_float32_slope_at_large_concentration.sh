#!/usr/bin/env bash
# Expected: the derivative of KL(von Mises-Fisher || uniform) by the concentration is positive and
#   falls as (d - 1) / 2 / concentration; in float32 right to a percent, as PowerSpherical's is.
# Guess before the run: right in float64; in float32 wrong by more than a tenth from a
#   concentration of 1e4 on, and negative for some, in 128 dimensions.
# What happens: as guessed: float64 is right to six digits; float32 is a fifth too small at 1e4,
#   negative at 1e5 and nearly a thousand times too large at 1e6, without a warning.
# Why users here would meet it: von Mises-Fisher posteriors on spheres of many dimensions are the
#   baseline of S-VAE, and training concentrates them; a slope of the wrong sign blurs them.
# Source: tensorflow_probability/python/distributions/von_mises_fisher.py (_kl_von_mises_fisher_
#   spherical_uniform) and python/math/bessel.py: a difference of large terms in float32.
# Versions: tensorflow-probability 0.25.0, tensorflow 2.21.0, tf-keras 2.21.0, mpmath 1.3.0.
# Output seen: float32 0.296, 0.00507, -0.00596, 0.0596 at concentrations 1e2, 1e4, 1e5, 1e6;
#   exact 0.295712, 0.00631031, 0.000634603, 6.3496e-05.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorflow-cpu==2.21.0 tensorflow-probability==0.25.0 tf-keras==2.21.0 mpmath==1.3.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - <<'PYTHON'
import mpmath
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

N = 128  # coordinates


def exact(concentration):
    """d KL / d concentration = concentration A'(concentration), A = I_(n/2) / I_(n/2 - 1)."""
    with mpmath.workdps(60):
        k = mpmath.mpf(concentration)
        a = mpmath.besseli(N / 2, k) / mpmath.besseli(N / 2 - 1, k)
        return float(k * (1 - a**2 - (N - 1) / k * a))


def slope(concentration, dtype):
    mean = tf.one_hot(0, N, dtype=dtype)
    k = tf.constant(concentration, dtype)
    with tf.GradientTape() as tape:
        tape.watch(k)
        law = tfp.distributions.VonMisesFisher(mean, k)
        kl = tfp.distributions.kl_divergence(law, tfp.distributions.SphericalUniform(N, dtype=dtype))
    return float(tape.gradient(kl, k))


found = {}
for concentration in (1e2, 1e4, 1e5, 1e6):
    found[concentration] = slope(concentration, tf.float32), slope(concentration, tf.float64)
    print(f"concentration {concentration:.0e}: float32 {found[concentration][0]:.3g}, "
          f"float64 {found[concentration][1]:.6g}, exact {exact(concentration):.6g}")
for concentration, (single, double) in found.items():
    assert abs(double / exact(concentration) - 1.0) < 1e-3, concentration
assert abs(found[1e2][0] / exact(1e2) - 1.0) < 0.01, found
assert abs(found[1e4][0] / exact(1e4) - 1.0) > 0.1, found
assert found[1e5][0] < 0.0 and found[1e6][0] > 100.0 * exact(1e6), found
PYTHON
