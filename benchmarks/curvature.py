"""Learned curvature: is that of the data found?

    python benchmarks/curvature.py --out docs/results/curvature

Points of H^2 of a known curvature, drawn from the prior at time 1, are seen by their places in the
Poincare disc, turned into R^5, with noise. The model starts at curvature -1; its decoder knows
that map, its encoder nothing. With a decoder that is free the curvature means nothing: whatever
the prior is, the decoder can undo it.
"""

import argparse
import time

import keras
import numpy as np
from keras import ops
from reports import write_report
from timing import about
from verdicts import markdown_table

import diffusion_vae as dv
from diffusion_vae import networks
from diffusion_vae.manifolds import Hyperbolic

CURVATURES = (-0.3, -1.0, -2.0)
OBJECTIVES = (("elbo", 1), ("iwae", 16))
POINTS, NOISE = 4000, 0.03
EPOCHS, BATCH, RATE = 60, 250, 1e-2


class PoincareDisc(keras.layers.Layer):
    """Places in the disc, from what a decoder is shown of a point of H^2 of curvature -1."""

    def call(self, features):
        velocity = features * Hyperbolic(2)._spread  # at the origin, towards the point
        r = ops.sqrt(ops.sum(ops.square(velocity), axis=-1, keepdims=True) + 1e-12)
        return ops.tanh(0.5 * r) * velocity / r

    def compute_output_shape(self, input_shape):
        return input_shape


def data(curvature, seed):
    """Examples `[POINTS, 5]`, and the turn `[2, 5]`."""
    plane, rng = Hyperbolic(2, curvature), np.random.default_rng(seed)
    velocity = ops.convert_to_numpy(
        plane.even_embedding(plane.prior_sample((POINTS,), seed=seed)) / plane.radius
    )
    r = np.linalg.norm(velocity, axis=-1, keepdims=True)
    turn = np.linalg.qr(rng.normal(size=(5, 2)))[0].T
    x = np.tanh(0.5 * r) * velocity / r @ turn + NOISE * rng.normal(size=(POINTS, 5))
    return x.astype("float32"), turn.astype("float32")


def found(curvature, objective, draws, seed, epochs=EPOCHS):
    """The curvature that a model learns."""
    x, turn = data(curvature, seed)
    decoder = keras.Sequential([PoincareDisc(), keras.layers.Dense(5)])
    model = dv.HyperbolicVAE(
        2,
        networks.MLPEncoder((32, 32), seed=seed),
        decoder,
        curvature="learned",
        likelihood=dv.likelihoods.Gaussian(variance=NOISE**2),
        objective=objective,
        posterior_samples=draws,
        kl_warmup_steps=0,
        seed=seed,
    )
    model.build((None, 5))
    decoder.layers[1].set_weights([turn, np.zeros(5)])
    decoder.trainable = False
    steps = epochs * (POINTS // BATCH)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)))
    model.fit(x, epochs=epochs, batch_size=BATCH, verbose=0)
    return model.learned_curvature()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    rows = []
    for curvature in CURVATURES:
        for objective, draws in OBJECTIVES:
            start = time.process_time()
            values = [found(curvature, objective, draws, s) for s in range(arguments.seeds)]
            rows.append(
                {
                    "curvature": curvature,
                    "objective": objective,
                    "draws": draws,
                    "learned": values,
                    "cpu_seconds": time.process_time() - start,
                }
            )
            print(rows[-1], flush=True)
    report = {**about(), "points": POINTS, "noise": NOISE, "epochs": EPOCHS, "rows": rows}
    table = markdown_table(
        ("curvature of the data", "objective", "draws", "learned", "off by"),
        [
            [row["curvature"], row["objective"], row["draws"],
             ", ".join(f"{value:.3f}" for value in row["learned"]),
             ", ".join(f"{value / row['curvature'] - 1:+.0%}" for value in row["learned"])]
            for row in rows
        ],
    )  # fmt: skip
    page = (
        f"# Learned curvature\n\n`{report['command']}`\n\n{POINTS:,} points of H^2 in the "
        f"Poincare disc, noise {NOISE}, {EPOCHS} epochs, a seed each; the decoder is known, "
        f"the model starts at -1. {report['machine']}.\n\n{table}\n"
    )
    if arguments.out:
        write_report(arguments.out, report, page)


if __name__ == "__main__":
    main()
