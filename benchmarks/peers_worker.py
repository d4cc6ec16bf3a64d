"""Runs DREiMac, UMAP, Isomap and PCA on data sets, in a process of its own (for `peers.py`).

python benchmarks/peers_worker.py

Writes a line of JSON with its versions. Then, for each line of JSON that it reads, `{"peer": ...,
"space": ..., "data": X.npy, "codes": Y.npy, "seed": ...}`, it writes the codes to that file and a
line of JSON with target space, seconds of wall clock and of all cores, and a note or an error. An
untimed call comes before the first of each library, so that it is compiled by then. The script
imports nothing of ours, so that it can live in another environment.

Each library is used as its documentation does: UMAP by the page "Embedding to non-Euclidean
spaces" (the gradient of the torus is written anew), DREiMac by its notebooks, with all defaults
and the numbers of landmarks of its examples. Where it refuses its default range of scales, the
range is widened as its message says.
"""

import contextlib
import functools
import json
import sys
import time
import warnings
from importlib import metadata

import numpy as np

warnings.filterwarnings("ignore")  # UMAP's, that a seed means one thread

LANDMARKS, LANDMARKS_OF_VOIDS = 200, 100
FEW = 250  # rows of the untimed first call, in which Numba compiles
PACKAGES = ("dreimac", "ripser", "umap-learn", "pynndescent", "scikit-learn", "numba", "numpy")


def pca(x, space, seed):
    from sklearn.decomposition import PCA

    columns = 2 if space == "sphere:1" else 3
    return PCA(columns, random_state=seed).fit_transform(x), f"euclidean:{columns}", None


def isomap(x, space, seed):
    from sklearn.manifold import Isomap

    columns = 2 if space == "sphere:1" else 3
    return Isomap(n_components=columns).fit_transform(x), f"euclidean:{columns}", None


def umap_plane(x, space, seed):
    from umap import UMAP

    return UMAP(random_state=seed).fit_transform(x), "euclidean:2", None


def umap_manifold(x, space, seed):
    """UMAP with an output metric of the sphere or the torus."""
    from umap import UMAP

    metric = "haversine" if space == "sphere:2" else torus_metric()
    a, b = UMAP(output_metric=metric, random_state=seed).fit_transform(x).astype(float).T
    if space == "torus:2":
        return np.stack([np.cos(a), np.sin(a), np.cos(b), np.sin(b)], axis=1), space, None
    return np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], 1), space, None


@functools.cache
def torus_metric():
    """Distance of two angles each and its gradient, as UMAP wants them."""
    import numba

    @numba.njit
    def metric(x, y):
        square, way = 0.0, np.zeros_like(x)
        for i in range(x.shape[0]):
            way[i] = np.mod(x[i] - y[i] + np.pi, 2.0 * np.pi) - np.pi
            square += way[i] ** 2
        distance = np.sqrt(square)
        return distance, way / (distance + 1e-6)

    return metric


def dreimac(x, space, seed):
    """Circular, toroidal or projective coordinates; on the sphere those of CP^1."""
    import dreimac as library

    name, landmarks, options = {
        "sphere:1": ("CircularCoords", LANDMARKS, {}),
        "torus:2": ("ToroidalCoords", LANDMARKS, {"cocycle_idxs": [0, 1]}),
        "projective:2": ("ProjectiveCoords", LANDMARKS, {"proj_dim": 2}),
        "sphere:2": ("ComplexProjectiveCoords", LANDMARKS_OF_VOIDS, {"proj_dim": 1}),
    }[space]
    coordinates = getattr(library, name)(x, n_landmarks=landmarks)
    note = None
    try:
        found = coordinates.get_coordinates(**options)
    except Exception as error:  # the library raises nothing narrower
        note = f"{name}: {error}; then with standard_range=False"
        found = coordinates.get_coordinates(**options, standard_range=False)
    if space == "sphere:2":
        return library.ProjectiveMapUtils.hopf_map(found), space, note
    if space == "projective:2":
        return found, space, note
    turns = np.reshape(found, (-1, len(x))).T
    return np.stack([np.cos(turns), np.sin(turns)], axis=-1).reshape(len(x), -1), space, note


PEERS = {
    "PCA": pca,
    "Isomap": isomap,
    "UMAP": umap_plane,
    "UMAP on the manifold": umap_manifold,
    "DREiMac": dreimac,
}


def run(task):
    """Codes of one task in its file, and what there is to say of them."""
    x = np.load(task["data"])
    warm_up(task["peer"], task["space"], x[:FEW].shape)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        codes, target, note = PEERS[task["peer"]](x, task["space"], task["seed"])
    except Exception as error:  # whatever a peer says is a result
        codes, target, note = None, None, f"{type(error).__name__}: {error}"
    told = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    if codes is not None:
        np.save(task["codes"], codes)
    return {**told, "target": target, "note": note}


@functools.cache
def warm_up(peer, space, shape):
    """Once a peer and space, on points of a noisy circle."""
    rng = np.random.default_rng(0)
    x = 0.1 * rng.standard_normal(shape)
    x[:, 0] += np.cos(np.arange(len(x)))
    x[:, 1] += np.sin(np.arange(len(x)))
    with contextlib.suppress(Exception):  # the same error will be told by the data
        PEERS[peer](x, space, 0)


def main():
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    print(json.dumps({"python": sys.version.split()[0], **versions}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
