"""Orientations of nickel crystals from their diffraction patterns: misorientation of new ones.

pip install --no-deps kikuchipy
python benchmarks/crystals.py --out docs/results/crystals

Patterns of random orientations are simulated from the master pattern of nickel that kikuchipy
ships (a file of EMsoft's, which h5py reads; none of its code is used): a detector of 48 x 48
pixels, noise of 0.3 of the contrast, blurred and reduced to 16 x 16. The encoder learns the
orientations of the training patterns, up to the 24 rotations of a cube. Then the decoder learns to
draw the patterns, with the encoder held still; at last both train on patterns alone. One rotation
aligns the codes of training patterns with their orientations. Quoted is the misorientation of
held-out patterns modulo the 24 rotations, from the encoder's codes and from refined ones. Writes
OUT.json and OUT.md.
"""

import argparse
import time
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from keras import ops
from reports import write_report
from scipy.ndimage import gaussian_filter
from timing import about
from verdicts import markdown_table

from diffusion_vae import VariationalAutoencoder, networks
from diffusion_vae.datasets import MasterPattern, make_random_rotations
from diffusion_vae.evaluation import align_orientations, cubic_rotations, misorientation
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.manifolds import SO3

FILE = "data/emsoft_ebsd_master_pattern/ni_mc_mp_20kv_uint8_gzip_opts9.h5"
TRAIN, TEST = 4000, 200
DETECTOR, PIXELS, NOISE = 48, 16, 0.3
BLUR = 3.0  # pixels of the detector, 5 degrees
TAUGHT, DRAWN, STEPS = 1500, 1200, 1500  # of the encoder, of the decoder, of both
BATCH, RATE, WIDTH = 128, 2e-3, 256
WITHIN = 5.0  # degrees
REFINED = 50  # patterns
DEGREES = (4, 6, 8)


def make(train, test, blur=BLUR):
    """Patterns `[n, 16, 16, 1]` and orientations `[n, 9]`, of training and of test."""
    spec = find_spec("kikuchipy")
    if spec is None:
        raise SystemExit("The file of nickel is in kikuchipy: pip install --no-deps kikuchipy")
    nickel = MasterPattern.read(Path(spec.origin).parent / FILE)
    rotations = make_random_rotations(train_size=train, test_size=test)
    truth = np.concatenate([rotations.train, rotations.test])
    x = nickel.patterns(truth, DETECTOR, binning=1)[..., 0]
    x += NOISE * x.std() * np.random.default_rng(0).normal(size=x.shape)
    step = DETECTOR // PIXELS
    x = gaussian_filter(x, (0, blur, blur))[:, step // 2 :: step, step // 2 :: step, None]
    x = ((x - x[:train].mean(axis=0)) / x[:train].std()).astype("f4")
    return (x[:train], truth[:train]), (x[train:], truth[train:])


@keras.saving.register_keras_serializable("crystals")
class CubicInvariants(keras.layers.Layer):
    """Sums over the three axes of a crystal of even monomials: equal for equivalent orientations.

    The rows of a matrix are the crystal's axes as the specimen sees them; the rotations of a cube
    permute them and change signs. `[batch, 9] -> [batch, 88]`.
    """

    def call(self, z):
        rows = ops.reshape(z, (-1, 3, 3))
        powers = [ops.ones_like(rows)]
        for _ in range(max(DEGREES)):
            powers.append(powers[-1] * rows)
        sums = [
            ops.sum(powers[i][..., 0] * powers[j][..., 1] * powers[n - i - j][..., 2], axis=1)
            for n in DEGREES
            for i in range(n + 1)
            for j in range(n + 1 - i)
        ]
        return ops.stack(sums, axis=-1)


MONOMIALS = [(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)]
ENTRIES = [
    MONOMIALS.index((axes.count(0), axes.count(1), axes.count(2)))
    for axes in np.ndindex(3, 3, 3, 3)
]
# Means over all rotations: 3 E[a^4] = 3 / 5 and 3 E[a^2 b^2] = 1 / 5.
MEAN = [0.6 if 4 in m else 0.2 if m.count(2) == 2 else 0.0 for m in MONOMIALS]
SCALE = 5.0


def quartics(rotations):
    """What the encoder is taught: sums over the axes of monomials of degree 4, `[n, 15]`."""
    rows = np.asarray(rotations, float).reshape(-1, 3, 3)
    sums = [np.prod(rows**m, axis=2).sum(axis=1) for m in MONOMIALS]
    return (SCALE * (np.stack(sums, axis=1) - MEAN)).astype("f4")


@keras.saving.register_keras_serializable("crystals")
class CubicFrame(keras.layers.Layer):
    """The axes of a symmetric tensor of degree 4, `[batch, 15] -> [batch, 9]`.

    The tensor of an orientation is the sum of the fourth powers of its rows. Power iterations on
    three orthogonal vectors at once find them again, in one of the 24 equivalent orders.
    """

    def build(self, input_shape):
        start = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
        self.start = (start * np.sign(np.linalg.det(start))).astype("float32")
        self.so3 = SO3()

    def call(self, x):
        tensor = ops.take(x / SCALE + np.array(MEAN, "float32"), np.array(ENTRIES), axis=-1)
        tensor = ops.reshape(tensor, (-1, 3, 3, 9))
        rows = ops.broadcast_to(ops.convert_to_tensor(self.start), (ops.shape(x)[0], 3, 3))
        for _ in range(12):
            squares = ops.reshape(rows[:, :, :, None] * rows[:, :, None, :], (-1, 3, 9))
            twice = ops.einsum("bacm,bim->biac", tensor, squares)
            once = ops.einsum("biac,bic->bia", twice, rows)
            rows = ops.reshape(
                self.so3.project(ops.reshape(once + 0.1 * rows, (-1, 9))), (-1, 3, 3)
            )
        return ops.reshape(rows, (-1, 9))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 9)


class CubicLatent(BrownianLatent):
    """Brownian motion on SO(3) whose location is the frame of 15 numbers."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.location = keras.layers.Dense(len(MONOMIALS), name="quartics")
        self.projection = CubicFrame()


def model(seed):
    """A model of patterns on SO(3), the same for equivalent orientations."""
    z = keras.Input((9,))
    norm = keras.layers.BatchNormalization(scale=False, center=False)
    dense = networks.MLPDecoder(
        (WIDTH, WIDTH), activation="silu", event_shape=(PIXELS, PIXELS, 1), seed=seed
    )
    vae = VariationalAutoencoder(
        CubicLatent(heat_kernel(SO3()), seed=seed),
        networks.MLPEncoder((WIDTH, WIDTH), activation="silu"),
        keras.Model(z, dense(norm(CubicInvariants()(z)))),
        likelihood=Gaussian("learned"),
        kl_warmup_steps=0,
        seed=seed,
    )
    vae.build((None, PIXELS, PIXELS, 1))
    return vae


def teach(vae, x, truth, steps):
    """Trains the encoder alone, on known orientations."""
    pictures = keras.Input(x.shape[1:])
    pupil = keras.Model(pictures, vae.latent.location(vae.encoder(pictures)))
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    pupil.compile(keras.optimizers.Adam(rate), loss="mse", steps_per_execution=16)
    epochs = max(1, steps * BATCH // len(x))
    pupil.fit(x, quartics(truth), batch_size=BATCH, epochs=epochs, verbose=0)


def train(vae, x, steps, rate, still=False):
    """Trains on patterns alone; returns the last metrics.

    A decoder that starts at random would move the codes away from what the encoder was taught:
    at first the encoder is held `still`.
    """
    vae.encoder.trainable = vae.latent.location.trainable = not still
    rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    vae.compile(keras.optimizers.Adam(rate, clipnorm=50.0), steps_per_execution=16)
    epochs = max(1, steps * BATCH // len(x))
    history = vae.fit(x, batch_size=BATCH, epochs=epochs, verbose=0).history
    return {name: values[-1] for name, values in history.items()}


def degrees(codes, turn, truth):
    """Misorientations in degrees, of codes after one rotation."""
    codes = np.asarray(codes, float).reshape(-1, 3, 3)
    return np.degrees(misorientation(codes @ turn, truth, cubic_rotations()))


def summary(angles):
    """Quartiles and the share within some degrees."""
    low, median, high = (float(q) for q in np.percentile(angles, [25, 50, 75]))
    return {"median": median, "quartiles": [low, high], "within": float(np.mean(angles < WITHIN))}


def measure(vae, x, truth, test, known, refined):
    """Misorientations of held-out patterns, after one rotation fitted to training patterns."""
    codes = vae.posterior_parameters(x[:1000])["location"]
    turn = align_orientations(codes, truth[:1000], cubic_rotations())
    found = {"encoder": summary(degrees(vae.posterior_parameters(test)["location"], turn, known))}
    if refined:
        better = vae.refine(test[:REFINED], steps=15, starts=64, seed=0)["location"]
        found["refined"] = summary(degrees(better, turn, known[:REFINED]))
    return found


def markdown(report):
    """The report as a page."""
    rows = [
        [
            stage,
            who,
            f"{s['median']:.2f}",
            "{:.2f} to {:.2f}".format(*s["quartiles"]),
            f"{s['within']:.2f}",
        ]
        for stage, found in report["misorientation"].items()
        for who, s in found.items()
    ]
    return "\n".join([
        "# Orientations of nickel",
        "",
        f"`{report['about']['command']}`",
        "",
        f"Misorientation in degrees of {report['test']} held-out patterns ({REFINED} where "
        "refined) modulo the 24 rotations of a cube, after one rotation fitted to 1,000 of "
        f"{report['train']} training patterns; seed {report['seed']}, "
        f"{report['CPU seconds']:.0f} CPU seconds in all:",
        "",
        markdown_table(
            ["model", "orientation", "median", "quartiles", f"share within {WITHIN:g}°"], rows
        ),
    ])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="files to write, without an ending")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.process_time()
    (x, truth), (test, known) = make(TRAIN, TEST)
    keras.utils.set_random_seed(arguments.seed)  # of the order of the examples
    vae = model(arguments.seed)
    teach(vae, x, truth, TAUGHT)
    found = {"encoder taught": measure(vae, x, truth, test, known, False)}
    print(found, flush=True)
    train(vae, x, DRAWN, RATE, still=True)
    found["decoder trained"] = {"refined": measure(vae, x, truth, test, known, True)["refined"]}
    print(found, flush=True)
    metrics = train(vae, x, STEPS, RATE / 4)
    found["both trained on patterns"] = measure(vae, x, truth, test, known, True)
    report = {
        "about": about(),
        "seed": arguments.seed,
        "train": TRAIN,
        "test": TEST,
        "misorientation": found,
        "metrics": {name: float(value) for name, value in metrics.items()},
        "CPU seconds": time.process_time() - start,
    }
    write_report(arguments.out, report, markdown(report))


if __name__ == "__main__":
    main()
