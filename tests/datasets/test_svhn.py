"""SVHN's MATLAB files: order of the axes, the digit 0, damaged files."""

import numpy as np
import pytest
from scipy.io import savemat

from diffusion_vae.datasets import load

COUNTS = {"train": 7, "test": 4}


def content(split):
    rng = np.random.default_rng(len(split))
    count = COUNTS[split]
    labels = (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]
    labels[-1] = 10  # how the files call the digit 0
    return {"X": rng.integers(0, 256, (32, 32, 3, count), dtype=np.uint8), "y": labels}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    target = tmp_path / "svhn"
    target.mkdir()
    for split in COUNTS:
        savemat(target / f"{split}_32x32.mat", content(split), do_compression=True)
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return target


def test_pictures_and_labels_are_those_of_the_files(folder):
    dataset = load("svhn")
    for split, count in COUNTS.items():
        stored = content(split)
        examples = dataset.examples(split)
        assert examples.shape == (count, 32, 32, 3)
        assert examples.dtype == np.float32
        np.testing.assert_allclose(examples[2], stored["X"][:, :, :, 2] / 255, atol=1e-7)
        expected = [*stored["y"][:-1, 0], 0]
        np.testing.assert_array_equal(getattr(dataset, f"{split}_labels"), expected)
    assert dataset.colouring == "labels"


def test_files_are_found_in_the_folder_or_beside_it(folder):
    by_path = load("svhn", path=folder)
    np.testing.assert_array_equal(by_path.test, load("svhn").test)
    for path in folder.iterdir():
        path.rename(folder.parent / path.name)
    folder.rmdir()
    np.testing.assert_array_equal(by_path.test, load("svhn").test)


def test_sizes_and_range_are_options(folder):
    dataset = load("svhn", train_size=3, test_size=2, value_range=(-1, 1))
    assert (len(dataset.train), len(dataset.test)) == (3, 2)
    np.testing.assert_allclose(dataset.train, 2 * load("svhn").train[:3] - 1, atol=1e-6)
    again = load(dataset.name, **dataset.options)
    np.testing.assert_array_equal(again.train, dataset.train)


def test_missing_and_damaged_files_are_named(folder):
    test = folder / "test_32x32.mat"
    whole = test.read_bytes()
    for broken in (b"", whole[:60], whole[: len(whole) // 2], b"text" * 100):
        test.write_bytes(broken)
        with pytest.raises(ValueError, match=r"test_32x32\.mat' cannot be read as a file of SVHN"):
            load("svhn")
    test.unlink()
    with pytest.raises(FileNotFoundError, match=r"no file .*test_32x32\.mat"):
        load("svhn")


def test_other_contents_are_named(folder):
    savemat(folder / "test_32x32.mat", {"X": np.zeros((48, 48, 3, 2), np.uint8), "y": [1, 2]})
    with pytest.raises(ValueError, match=r"Received: X of shape \(48, 48, 3, 2\)"):
        load("svhn")
    savemat(folder / "test_32x32.mat", {"digitStruct": np.zeros(3)})
    with pytest.raises(ValueError, match="Received: X of shape None"):
        load("svhn")


def test_without_files_the_source_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(
        FileNotFoundError, match=r"train_32x32\.mat and test_32x32\.mat \(from http"
    ):
        load("svhn")
