"""Shapes of landmarks: held-out reconstructions on CP^n, on R^d and by principal components.

pip install "diffusion-vae[shapes]"
python benchmarks/shapes.py --out docs/results/shapes

Random triangles and quadrilaterals (normal landmarks, whose shapes are uniform on CP^1 and CP^2)
with noise on their features: the latent space of that shape against others of as many dimensions,
three seeds. Trilobites: 285 heads of as many species by 38 landmarks, five folds, beside principal
components of shapes laid on their mean by Procrustes. Distances are those of shapes, in radians.
Width, rate and steps were chosen on the first fold. Writes OUT.json and OUT.md.
"""

import argparse
import time

import keras
import numpy as np
from reports import write_report
from timing import about
from verdicts import markdown_table

from diffusion_vae import DiffusionVAE, networks
from diffusion_vae.datasets import load_trilobites, shape_features, shape_landmarks
from diffusion_vae.evaluation import align_landmarks, mean_shape, shape_distance
from diffusion_vae.likelihoods import Gaussian

FOLDS, SEEDS = 5, 3
WIDTH, RATE, BATCH, EPOCHS = 64, 3e-3, 57, 10
STEPS = {"random": 2000, "trilobites": 1500}
RANDOM = {
    3: ("complex-projective:1", "sphere:2", "euclidean:2"),
    4: ("complex-projective:2", "sphere:4", "euclidean:4"),
}
EXAMPLES, HELD_OUT, NOISE = 4000, 1000, 0.1
REAL = ("complex-projective:1", "euclidean:2", "complex-projective:2", "euclidean:4")


def trained(space, features, seed, steps):
    """A model of shape features, and its CPU seconds."""
    keras.utils.set_random_seed(seed)  # of the order of the examples
    vae = DiffusionVAE(
        space,
        networks.MLPEncoder((WIDTH, WIDTH)),
        networks.MLPDecoder((WIDTH, WIDTH)),
        likelihood=Gaussian("learned"),
        kl_warmup_steps=steps // 3,
        seed=seed,
    )
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    vae.compile(keras.optimizers.Adam(rate), steps_per_execution=16)
    start = time.process_time()
    # Few long epochs: the examples many times over, in random order.
    count = steps * BATCH // EPOCHS
    repeats = -(-count // len(features))
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(len(features)) for _ in range(repeats)])[:count]
    vae.fit(features[rows], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return vae, time.process_time() - start


def components(train, test, count):
    """Test shapes by principal components of shapes laid on their mean, `[n, k, 2]`."""
    mean = mean_shape(train)
    known, given = (align_landmarks(x, mean[None]).reshape(len(x), -1) for x in (train, test))
    middle = known.mean(axis=0)
    axes = np.linalg.svd(known - middle, full_matrices=False)[2][:count]
    return (middle + (given - middle) @ axes.T @ axes).reshape(test.shape)


def turned(landmarks, seed):
    """The same shapes at another place, in another rotation, of another size."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.0, 2.0 * np.pi, len(landmarks))
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], -1)
    size = 10.0 ** rng.uniform(-1.0, 1.0, (len(landmarks), 1, 1))
    return size * (landmarks @ turn.reshape(-1, 2, 2)) + rng.normal(size=(len(landmarks), 1, 2))


def effect_of_pose(vae, landmarks):
    """Largest change of a code, in the latent distance, when landmarks are moved."""
    here, there = (
        vae.encode(shape_features(x))[0] for x in (landmarks, turned(landmarks, seed=0))
    )
    return float(np.max(vae.manifold.distance(here, there)))


def agreement(vae, features, landmarks):
    """Correlation of distances of codes with those of the shapes, over random pairs."""
    z = vae.encode(features)[0]
    pairs = np.random.default_rng(0).integers(len(z), size=(2, 4000))
    codes = np.asarray(vae.manifold.distance(z[pairs[0]], z[pairs[1]]))
    shapes = shape_distance(landmarks[pairs[0]], landmarks[pairs[1]])
    return float(np.corrcoef(codes, shapes)[0, 1])


def random_shapes(seed):
    """Rows of models of random landmarks."""
    rows = []
    for k, spaces in RANDOM.items():
        for repeat in range(seed, seed + SEEDS):
            rng = np.random.default_rng([repeat, k])
            landmarks = rng.normal(size=(EXAMPLES + HELD_OUT, k, 2))
            features = shape_features(landmarks)
            features = features + NOISE * rng.normal(size=features.shape).astype("float32")
            train, test, held_out = features[:EXAMPLES], features[EXAMPLES:], landmarks[EXAMPLES:]
            for space in spaces:
                vae, seconds = trained(space, train, repeat, STEPS["random"])
                numbers = vae.evaluate(test, verbose=0, return_dict=True)
                distance = shape_distance(shape_landmarks(vae.reconstruct(test)), held_out)
                rows.append({
                    "landmarks": k, "space": space, "seed": repeat,
                    "elbo": float(numbers["elbo"]), "kl": float(numbers["kl_loss"]),
                    "distance": float(distance.mean()),
                    "correlation": agreement(vae, test, held_out),
                    "pose": effect_of_pose(vae, held_out), "seconds": seconds,
                })  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def trilobites(seed):
    """Rows of models and of principal components, by fold."""
    data = load_trilobites(seed)
    landmarks = np.concatenate([data.extras[f"{s}_landmarks"] for s in ("train", "test")])
    features = np.concatenate([data.train, data.test])
    fold = np.random.default_rng(seed).permutation(len(landmarks)) % FOLDS
    rows = []
    for k in range(FOLDS):
        train, test = landmarks[fold != k], landmarks[fold == k]
        for count in (2, 4):
            distance = shape_distance(components(train, test, count), test)
            rows.append({"space": f"components:{count}", "fold": k, "distance": distance.tolist()})
        for space in REAL:
            vae, seconds = trained(space, features[fold != k], seed + k, STEPS["trilobites"])
            held_out = features[fold == k]
            numbers = vae.evaluate(held_out, verbose=0, return_dict=True)
            distance = shape_distance(shape_landmarks(vae.reconstruct(held_out)), test)
            rows.append({
                "space": space, "fold": k, "distance": distance.tolist(),
                "elbo": float(numbers["elbo"]), "kl": float(numbers["kl_loss"]),
                "pose": effect_of_pose(vae, test), "seconds": seconds,
            })  # fmt: skip
            print(space, k, distance.mean(), numbers["elbo"], f"{seconds:.0f} CPU s", flush=True)
    return rows


def mean_and_error(values):
    values = np.asarray(values, float)
    return f"{values.mean():.4f} ± {values.std(ddof=1) / len(values) ** 0.5:.4f}"


def plain_mean(rows, key, digits):
    return f"{np.mean([row[key] for row in rows]):.{digits}f}"


def markdown(report):
    """The report as a page."""
    made, real = report["random"], report["trilobites"]
    tables = []
    for k, spaces in RANDOM.items():
        for space in spaces:
            rows = [r for r in made if (r["landmarks"], r["space"]) == (k, space)]
            elbo = [r["elbo"] for r in rows]
            tables.append([
                str(k), f"`{space}`", f"{min(elbo):.2f} to {max(elbo):.2f}",
                plain_mean(rows, "distance", 4), plain_mean(rows, "correlation", 3),
            ])  # fmt: skip
    own = {r["fold"]: r["distance"] for r in real if r["space"] == "complex-projective:2"}
    lines = []
    for space in dict.fromkeys(r["space"] for r in real):
        rows = [r for r in real if r["space"] == space]
        distance = np.concatenate([r["distance"] for r in rows])
        less = np.concatenate([np.subtract(r["distance"], own[r["fold"]]) for r in rows])
        lines.append([
            space.replace("components:", "principal components, "),
            mean_and_error(distance),
            "–" if space == "complex-projective:2" else mean_and_error(less),
            plain_mean(rows, "elbo", 1) if "elbo" in rows[0] else "–",
        ])  # fmt: skip
    pose = max(r["pose"] for r in [*made, *real] if "pose" in r)
    seconds = np.median([r["seconds"] for r in [*made, *real] if "seconds" in r])
    return "\n".join([
        "# Shapes of landmarks",
        "",
        f"`{report['about']['command']}`",
        "",
        f"Random landmarks: {EXAMPLES:,} examples, {HELD_OUT:,} held out, noise {NOISE} on "
        f"features of variance 1, {SEEDS} seeds. Held-out ELBO in nats (least and most of the "
        "seeds), mean distance of reconstructed shapes from the true ones in radians, and "
        "correlation of distances of codes with those of shapes:",
        "",
        markdown_table(["landmarks", "latent space", "ELBO", "distance", "correlation"], tables),
        "Trilobites, 285 heads by 38 landmarks, five folds. Mean distance of reconstructions of "
        "held-out shapes in radians ± its standard error over shapes, that less the distance on "
        "CP^2, and held-out ELBO (on CP^n most times end at the shortest one allowed, which sets "
        "it):",
        "",
        markdown_table(["latent space", "distance", "less that on CP^2", "ELBO"], lines),
        "Landmarks turned, moved and made up to ten times larger or smaller move a code by at "
        f"most {pose:.1e} in the latent distance: rounding. A training took {seconds:.0f} CPU "
        "seconds.",
        "",
    ])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="files to write, without an ending")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    report = {
        "about": about(),
        "random": random_shapes(arguments.seed),
        "trilobites": trilobites(arguments.seed),
    }
    write_report(arguments.out, report, markdown(report))


if __name__ == "__main__":
    main()
