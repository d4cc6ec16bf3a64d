"""Spheres of high dimension: the random walk's bias, and TensorFlow Probability's laws.

python benchmarks/high_dimension.py [--out docs/results/high_dimension]

- Means over the paper's walk of 10 steps less those over Brownian motion, with standard errors, at
  times of order 1/d: the angle from the start, and the exact log density (0 for the exact law).
  Beside them the bias of the mean cosine as theory has it, d (d - 3) t^2 / (4 N) exp(-d t / 2).
- KL to the uniform law, and its slope in the concentration, of `VonMisesFisher` and
  `PowerSpherical` of TensorFlow Probability, beside the same with 60 digits by mpmath.
"""

import argparse
import math

import mpmath as mp
import numpy as np
from reports import write_report
from verdicts import markdown_table

DIMENSIONS = (64, 128, 512)
LAW_DIMENSIONS = (128, 512)
SCALED_TIMES = (0.1, 0.3, 1.0)  # d t
STEPS, DRAWS = 10, 20_000
CONCENTRATIONS = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)


def walk_rows():
    """Bias of the walk on S^d at d t, one row each."""
    from diffusion_vae.heat_kernels import walk_bias
    from diffusion_vae.manifolds import Sphere

    rows = []
    for d in DIMENSIONS:
        for scaled in SCALED_TIMES:
            t = scaled / d
            bias = walk_bias(Sphere(d), t, steps=STEPS, draws=DRAWS, seed=0)
            theory = d * (d - 3) * t**2 / (4.0 * STEPS) * math.exp(-0.5 * scaled)
            rows.append(
                {"dim": d, "scaled_time": scaled, "cosine_theory": theory, **bias._asdict()}
            )
    return rows


def law_rows():
    """KL and slope of TFP's laws and of mpmath, one row each."""
    rows = []
    for d in LAW_DIMENSIONS:
        for concentration in CONCENTRATIONS:
            for name, exact in (("VonMisesFisher", von_mises_fisher), ("PowerSpherical", power)):
                with mp.workdps(60):
                    kl, slope = (float(x) for x in exact(d + 1, mp.mpf(concentration)))
                row = {"law": name, "dim": d, "concentration": concentration}
                row |= {"kl": kl, "slope": slope}
                for dtype in ("float32", "float64"):
                    row[dtype] = of_tfp(name, d + 1, concentration, dtype)
                rows.append(row)
    return rows


def of_tfp(name, size, concentration, dtype):
    """KL and slope by TensorFlow Probability, or the error that it raises."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    mean = np.eye(size, dtype=dtype)[0]
    kappa = tf.constant(concentration, dtype)
    try:
        with tf.GradientTape() as tape:
            tape.watch(kappa)
            law = getattr(tfp.distributions, name)(mean, kappa)
            uniform = tfp.distributions.SphericalUniform(size, dtype=dtype)
            kl = tfp.distributions.kl_divergence(law, uniform)
        slope = tape.gradient(kl, kappa)
    except Exception as error:  # whatever it raises is the finding
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    return {"kl": float(kl), "slope": float(slope)}


def von_mises_fisher(size, kappa):
    """KL to the uniform law on the unit sphere of R^size, and its slope in kappa."""
    order = mp.mpf(size) / 2 - 1
    bessel, after = mp.besseli(order, kappa), mp.besseli(order + 1, kappa)
    mean = after / bessel  # cosine
    log_c = order * mp.log(kappa) - (order + 1) * mp.log(2 * mp.pi) - mp.log(bessel)
    kl = kappa * mean + log_c + log_area(size)
    return kl, kappa * (1 - mean**2 - (size - 1) * mean / kappa)


def power(size, kappa):
    """The same of the power spherical law (De Cao and Aziz 2020)."""

    def kl(kappa):
        b = mp.mpf(size - 1) / 2
        a = b + kappa
        log_norm = (a + b) * mp.log(2) + b * mp.log(mp.pi) + mp.loggamma(a) - mp.loggamma(a + b)
        return kappa * (mp.log(2) + mp.psi(0, a) - mp.psi(0, a + b)) - log_norm + log_area(size)

    return kl(kappa), mp.diff(kl, kappa)


def log_area(size):
    half = mp.mpf(size) / 2
    return mp.log(2) + half * mp.log(mp.pi) - mp.loggamma(half)


def page(report):
    walk = [
        [r["dim"], r["scaled_time"], f"{r['distance']:+.4f} ± {r['distance_error']:.4f}",
         f"{r['log_density']:+.2f} ± {r['log_density_error']:.2f}", f"{r['cosine_theory']:.1e}"]
        for r in report["walk"]
    ]  # fmt: skip
    laws = [
        [r["law"], r["dim"], f"{r['concentration']:,.0f}",
         f"{r['kl']:.6g}", shown(r, "kl", "float32"), shown(r, "kl", "float64"),
         f"{r['slope']:.4g}", shown(r, "slope", "float32"), shown(r, "slope", "float64")]
        for r in report["laws"]
    ]  # fmt: skip
    versions = f"TensorFlow Probability {report['tfp']}, mpmath {mp.__version__}"
    return "\n".join([
        "# Spheres of high dimension", "", f"`{report['command']}`", "",
        f"{report['processor']}; {versions}.", "",
        f"## The random walk of {STEPS} steps less Brownian motion", "",
        markdown_table(("d", "d t", "angle", "log density", "mean cosine, theory"), walk), "",
        "## Laws of TensorFlow Probability beside mpmath", "",
        markdown_table(("law", "d", "concentration", "KL", "KL, float32", "KL, float64",
                        "slope", "slope, float32", "slope, float64"), laws), "",
    ])  # fmt: skip


def shown(row, key, dtype):
    found = row[dtype]
    return found["error"].split(":")[0] if "error" in found else f"{found[key]:.6g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="docs/results/high_dimension")
    arguments = parser.parse_args()
    import tensorflow_probability as tfp
    from timing import about

    report = {**about(), "seed": 0, "tfp": tfp.__version__}
    report |= {"laws": law_rows(), "walk": walk_rows()}
    write_report(arguments.out, report, page(report))


if __name__ == "__main__":
    main()
