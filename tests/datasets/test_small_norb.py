"""Small NORB from local files: the matrix format, and which picture is which toy and side."""

import gzip
import itertools
import math

import numpy as np
import pytest

from diffusion_vae.datasets import load
from diffusion_vae.datasets.small_norb import read_matrix
from diffusion_vae.manifolds import FlatTorus

MAGIC = {"u1": 0x1E3D4C55, "<i4": 0x1E3D4C54}
TOYS = {"training": (4, 6), "testing": (0,)}
NAMES = {
    "training": "smallnorb-5x46789x9x18x6x2x96x96-training-{}.mat",
    "testing": "smallnorb-5x01235x9x18x6x2x96x96-testing-{}.mat",
}


def matrix(array, kind):
    """Bytes of the format: magic number, rank, at least three sizes, values."""
    sizes = [*array.shape, 1, 1][: max(array.ndim, 3)]
    return (
        np.array([MAGIC[kind], array.ndim, *sizes], "<i4").tobytes() + array.astype(kind).tobytes()
    )


@pytest.fixture
def norb(tmp_path, monkeypatch):
    """Both sets; pixel 0 tells the row, pixel 1 the camera."""
    folder = tmp_path / "small_norb"
    folder.mkdir()
    for part, toys in TOYS.items():
        rows = list(itertools.product(range(5), toys, (0, 8), (0, 18, 34), (0, 5)))
        dat = np.zeros((len(rows), 2, 4, 4))
        dat[:, :, 0, 0] = np.arange(len(rows))[:, None]
        dat[:, 1, 0, 1] = 255
        table = np.array(rows)
        for name, array, kind in (
            ("dat", dat, "u1"), ("cat", table[:, 0], "<i4"), ("info", table[:, 1:], "<i4"),
        ):  # fmt: skip
            (folder / NAMES[part].format(name)).write_bytes(matrix(array, kind))
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return folder


@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4, 5)])
def test_matrices_of_every_rank_plain_and_gzipped(tmp_path, shape):
    array = np.arange(math.prod(shape)).reshape(shape)
    (tmp_path / "a.mat").write_bytes(matrix(array, "<i4"))
    (tmp_path / "a.mat.gz").write_bytes(gzip.compress(matrix(array, "<i4")))
    for name in ("a.mat", "a.mat.gz"):
        np.testing.assert_array_equal(read_matrix(tmp_path / name), array)


def test_factors_labels_and_pictures_belong_together(norb):
    dataset = load("small_norb", size=None)
    assert dataset.event_shape == (4, 4, 1)
    assert dataset.factor_manifold == FlatTorus(1)
    assert (len(dataset.train), len(dataset.test)) == (120, 60)
    rows = list(itertools.product(range(5), TOYS["training"], (0, 8), (0, 18, 34), (0, 5)))
    category, toy, elevation, azimuth, lighting = np.array(rows).T
    np.testing.assert_array_equal(np.round(dataset.train[:, 0, 0, 0] * 255), np.arange(120))
    np.testing.assert_allclose(dataset.train_factors[:, 0], np.radians(10 * azimuth), rtol=1e-6)
    np.testing.assert_array_equal(dataset.train_labels, category)
    for name, values in (("toy", toy), ("elevation", elevation), ("lighting", lighting)):
        np.testing.assert_array_equal(dataset.extras[f"train_{name}"], values)


def test_one_kind_of_toy_from_one_camera_and_height(norb):
    options = {"category": "plane", "elevation": 8, "lighting": 5, "size": None}
    left, right = (load("small_norb", camera=camera, **options) for camera in (0, 1))
    assert (len(left.train), len(left.test)) == (6, 3)
    np.testing.assert_array_equal(left.train_labels, np.repeat(TOYS["training"], 3))
    assert np.all(left.train[:, 0, 1, 0] == 0) and np.all(right.train[:, 0, 1, 0] == 1)
    assert load("small_norb", category="plane", size=2).event_shape == (2, 2, 1)
    with pytest.raises(ValueError, match="none in the training set; change `category`"):
        load("small_norb", elevation=3)
    with pytest.raises(ValueError, match="Expected `category`"):
        load("small_norb", category="boat")


def test_missing_and_damaged_files_are_named(norb, tmp_path, monkeypatch):
    info = norb / NAMES["testing"].format("info")
    for broken in (info.read_bytes()[:-8], b"\x55", b"", bytes(40)):
        info.write_bytes(broken)
        with pytest.raises(ValueError, match=r"testing-info\.mat.*damaged"):
            load("small_norb")
    info.write_bytes(matrix(np.zeros(3), "<i4"))
    with pytest.raises(ValueError, match=r"an array \[N, 4\]\. Received: shape \(3,\)"):
        load("small_norb")
    info.unlink()
    with pytest.raises(FileNotFoundError, match=r"smallnorb-\*-testing-info\.mat \(or \.gz\)"):
        load("small_norb", path=norb)
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(norb))
    with pytest.raises(FileNotFoundError, match="put the six files"):
        load("small_norb")
