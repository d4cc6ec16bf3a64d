"""Backbone angles of a protein: held-out log-likelihood of ours, a histogram and a kernel density.

pip install "diffusion-vae[molecules]" MDAnalysisTests
python benchmarks/molecules.py --out docs/results/molecules

The data are phi and psi of 212 residues in 102 frames of adenylate kinase (`DCD2` of
MDAnalysisTests). Five folds of residues, so that no residue is seen in training and in the test:
frames that follow each other are nearly the same. The number of bins of the histogram, the
concentration of the kernels and the share of an even density that is added to them are chosen by
five such folds of the training residues alone. Ours is the notebook's model; its activation, rate
and warm-up were chosen on the notebook's split. Quoted is the mean log density in nats, with a
standard error over residues. Writes OUT.json and OUT.md.
"""

import argparse
import time

import keras
import numpy as np
from reports import write_report
from scipy.special import i0e
from timing import about
from verdicts import markdown_table

from diffusion_vae import DiffusionVAE, networks
from diffusion_vae.datasets import backbone_angles
from diffusion_vae.likelihoods import VonMises

FOLDS = 5
BINS = (12, 18, 24, 30, 36, 48, 72)
KERNELS = [
    (kappa, share) for kappa in (8.0, 16.0, 32.0, 64.0, 128.0) for share in (0.0, 0.01, 0.03, 0.1)
]
SPACES = ("torus:2",)  # "euclidean:2" may stand beside it
STEPS, BATCH, RATE, WIDTH = 3000, 256, 3e-3, 64
SAMPLES = 100
GRID = 48
EVERY = 2  # frames of the test: those beside each other are alike


def read():
    """Angles `[rows, 2]`, positions of the residues and frames, `[rows]` each."""
    import MDAnalysis
    from MDAnalysisTests.datafiles import DCD2, PSF

    rows = backbone_angles(MDAnalysis.Universe(PSF, DCD2))
    return rows.angles, rows.positions, rows.frames


def folds_of(positions, seed):
    """The fold of each row, that of its residue."""
    residues = np.unique(positions)
    order = np.random.default_rng(seed).permutation(len(residues))
    return (order % FOLDS)[np.searchsorted(residues, positions)]


def histogram(train, test, bins):
    """Log density of a histogram with half a count in each bin, `[test]`."""
    edges = np.linspace(-np.pi, np.pi, bins + 1)
    counts = np.histogram2d(*train.T, bins=[edges, edges])[0] + 0.5
    density = counts / counts.sum() * (bins / (2.0 * np.pi)) ** 2
    at = np.clip((test + np.pi) / (2.0 * np.pi) * bins, 0, bins - 1).astype(int)
    return np.log(density[at[:, 0], at[:, 1]])


def kernel_density(train, test, option):
    """Log density of von Mises kernels at the training rows, and a share of even density."""
    return kernel_densities(train, test, [option])[0]


def kernel_densities(train, test, options):
    """The same for several pairs of a concentration and a share, `[options, test]`."""
    directions = np.concatenate([np.cos(train), np.sin(train)], axis=1).astype("f4")
    found = np.zeros((len(options), len(test)))
    for rows in np.array_split(np.arange(len(test)), max(1, len(test) // 200)):
        own = np.concatenate([np.cos(test[rows]), np.sin(test[rows])], axis=1).astype("f4")
        near = own @ directions.T - 2.0
        sums = {kappa: np.exp(kappa * near).mean(axis=1) for kappa, _ in options}
        for i, (kappa, share) in enumerate(options):
            kernels = sums[kappa] / (2.0 * np.pi * i0e(kappa)) ** 2
            found[i, rows] = np.log((1.0 - share) * kernels + share / (2.0 * np.pi) ** 2)
    return found


def histograms(train, test, options):
    """`histogram` for several numbers of bins, `[options, test]`."""
    return np.stack([histogram(train, test, bins) for bins in options])


def chosen(densities, options, angles, positions):
    """The option with the largest mean log density over folds of the residues that are given.

    Neighbouring frames are alike: every fourth is enough to choose.
    """
    angles, positions = angles[::4], positions[::4]
    fold = folds_of(positions, seed=1)
    means = np.mean(
        [
            densities(angles[fold != k], angles[fold == k], options).mean(axis=1)
            for k in range(FOLDS)
        ],
        axis=0,
    )
    return options[int(np.argmax(means))]


def trained(space, angles, seed, steps):
    """A model of the angles."""
    keras.utils.set_random_seed(seed)  # of the order of the examples
    vae = DiffusionVAE(
        space,
        networks.AngleEncoder((WIDTH, WIDTH)),
        networks.MLPDecoder((WIDTH, WIDTH)),
        likelihood=VonMises("predicted", initial_concentration=10.0),
        kl_warmup_steps=min(300, steps // 2),
        seed=seed,
    )
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    vae.compile(keras.optimizers.Adam(rate), steps_per_execution=16)
    vae.fit(angles, batch_size=BATCH, epochs=max(1, steps * BATCH // len(angles)), verbose=0)
    return vae


def log_density(vae, angles, samples=SAMPLES):
    """Log density of angles under the model, by importance weighting, `[rows]`."""
    return vae.log_likelihood(angles, samples, prior_share=0.5, seed=0).per_example


def grid(side=GRID):
    """Centres of cells that cover the torus, `[side^2, 2]`, and the area of a cell."""
    axis = -np.pi + (np.arange(side) + 0.5) * 2.0 * np.pi / side
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2), (
        2.0 * np.pi / side
    ) ** 2


def by_quadrature(vae, angles, side=96):
    """Log density of angles on a flat torus by a sum over latent angles, `[rows]`."""
    latent = 2.0 * np.pi * np.arange(side) / side
    u, v = (part.ravel() for part in np.meshgrid(latent, latent))
    z = vae.manifold.project(np.stack([np.cos(u), np.sin(u), np.cos(v), np.sin(v)], 1))
    outputs = vae.likelihood(vae.decoder(keras.ops.convert_to_tensor(z)))
    outputs = {name: keras.ops.expand_dims(value, 0) for name, value in outputs.items()}
    parts = [
        keras.ops.logsumexp(
            vae.likelihood.log_prob(
                keras.ops.convert_to_tensor(rows[:, None], "float32"), outputs
            ),
            axis=1,
        )
        for rows in np.array_split(angles, max(1, len(angles) // 64))
    ]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts]) - np.log(side**2)


def by_residue(values, positions):
    """Mean, and its standard error over residues, whose rows are alike."""
    residues = np.unique(positions)
    means = np.array([values[positions == residue].mean() for residue in residues])
    return {"mean": float(means.mean()), "error": float(means.std(ddof=1) / len(means) ** 0.5)}


def measure(seed, steps):
    """Everything, with seeds of the trainings from `seed` on."""
    angles, positions, frames = read()
    fold, tested = folds_of(positions, seed=0), frames % EVERY == 0
    found, options, seconds, checks = {}, {"bins": [], "kernels": []}, [], []
    for k in range(FOLDS):
        rows = (fold == k) & tested
        train, test = angles[fold != k], angles[rows]
        own = positions[fold != k]
        for name, density, densities, choices in (
            ("bins", histogram, histograms, BINS),
            ("kernels", kernel_density, kernel_densities, KERNELS),
        ):
            option = chosen(densities, choices, train, own)
            options[name].append(option)
            values = found.setdefault(density.__name__, np.zeros(len(angles)))
            values[rows] = density(train, test, option)
        for space in SPACES:
            start = time.process_time()
            vae = trained(space, train, seed + k, steps)
            seconds.append(time.process_time() - start)
            values = found.setdefault(space, np.zeros(len(angles)))
            values[rows] = log_density(vae, test)
            if space == "torus:2" and k == 0:
                cells, area = grid()
                ours, exact = log_density(vae, cells), by_quadrature(vae, cells)
                likely = exact > np.log(1e-3)
                checks = {
                    "integral": float(np.exp(ours).sum() * area),
                    "integral by quadrature": float(np.exp(exact).sum() * area),
                    "largest difference in nats where p > 0.001": float(
                        np.abs(ours - exact)[likely].max()
                    ),
                }
            print(k, space, values[rows].mean(), f"{seconds[-1]:.0f} CPU s", flush=True)
    found = {name: values[tested] for name, values in found.items()}
    ours, positions = found["torus:2"], positions[tested]
    return {
        "rows": len(angles),
        "residues": len(np.unique(positions)),
        "log density": {name: by_residue(v, positions) for name, v in found.items()},
        "torus:2 less": {
            name: by_residue(ours - v, positions) for name, v in found.items() if name != "torus:2"
        },
        "chosen": options,
        "CPU seconds of a training": float(np.median(seconds)),
        "density on a grid": checks,
    }


NAMES = {
    "torus:2": "diffusion VAE, latent torus",
    "euclidean:2": "VAE, latent plane",
    "kernel_density": "von Mises kernels",
    "histogram": "histogram",
}


def markdown(report):
    """The report as a page."""
    rows = []
    for name, label in NAMES.items():
        if name not in report["log density"]:
            continue
        density, less = report["log density"][name], report["torus:2 less"].get(name)
        rows.append([
            label,
            f"{density['mean']:.3f} ± {density['error']:.3f}",
            "–" if less is None else f"{less['mean']:+.3f} ± {less['error']:.3f}",
        ])  # fmt: skip
    checks = report["density on a grid"]
    return "\n".join([
        "# Backbone angles of adenylate kinase",
        "",
        f"`{report['about']['command']}`",
        "",
        f"{report['rows']:,} pairs (phi, psi) of {report['residues']} residues, five folds of "
        "residues. Mean log density of held-out pairs of every second frame in nats, ± its "
        "standard error over residues:",
        "",
        markdown_table(["density", "log p", "log p of the torus less this"], rows),
        f"Chosen in the folds: {report['chosen']['bins']} bins a side; concentration of the "
        f"kernels and share of even density {report['chosen']['kernels']}. A training took "
        f"{report['CPU seconds of a training']:.0f} CPU seconds.",
        "",
        f"On a grid of {GRID} x {GRID} cells the density of the first fold's torus adds up to "
        f"{checks['integral']:.4f} by importance weighting ({SAMPLES} draws) and to "
        f"{checks['integral by quadrature']:.4f} by a sum over the latent torus; where p > 0.001 "
        f"the two differ by at most "
        f"{checks['largest difference in nats where p > 0.001']:.3f} nats.",
        "",
    ])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="files to write, without an ending")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    report = {"about": about(), **measure(arguments.seed, arguments.steps)}
    write_report(arguments.out, report, markdown(report))


if __name__ == "__main__":
    main()
