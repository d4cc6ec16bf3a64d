"""MNIST, Fashion-MNIST and digits: where the files are found, what they become."""

import gzip
import struct

import keras
import numpy as np
import pytest

from diffusion_vae.datasets import load


def _arrays(train=6, test=4):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "y_train": np.arange(train, dtype=np.uint8),
        "x_test": rng.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "y_test": np.arange(test, dtype=np.uint8),
    }


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """An empty data folder, an empty Keras cache, and no network."""
    data, cache = tmp_path / "data", tmp_path / "keras"
    data.mkdir()
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(data))
    monkeypatch.setenv("KERAS_HOME", str(cache))

    def no_network():
        raise Exception("URL fetch failure")

    for name in ("mnist", "fashion_mnist", "cifar10"):
        monkeypatch.setattr(getattr(keras.datasets, name), "load_data", no_network)
    return data, cache / "datasets"


def _write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    path.write_bytes(gzip.compress(header + array.tobytes()))


def _write_idx_folder(folder, arrays):
    folder.mkdir(parents=True)
    _write_idx(folder / "train-images-idx3-ubyte.gz", arrays["x_train"])
    _write_idx(folder / "train-labels-idx1-ubyte.gz", arrays["y_train"])
    _write_idx(folder / "t10k-images-idx3-ubyte.gz", arrays["x_test"])
    _write_idx(folder / "t10k-labels-idx1-ubyte.gz", arrays["y_test"])


def test_the_real_mnist(data_dir):
    dataset = load("mnist")
    assert dataset.train.shape == (60_000, 28, 28, 1)
    assert dataset.test.shape == (10_000, 28, 28, 1)
    assert dataset.train.dtype == np.float32
    assert (dataset.train.min(), dataset.train.max()) == (0.0, 1.0)
    assert dataset.train.mean() == pytest.approx(0.1307, abs=1e-4)  # the well-known mean
    assert dataset.colouring == "labels"
    np.testing.assert_array_equal(np.bincount(dataset.test_labels)[:3], [980, 1135, 1032])


def test_the_data_folder_comes_before_the_cache(folders):
    data, cache = folders
    cache.mkdir(parents=True)
    np.savez(cache / "mnist.npz", **_arrays(train=5))
    assert len(load("mnist").train) == 5
    np.savez(data / "mnist.npz", **_arrays(train=6))
    assert len(load("mnist").train) == 6


def test_a_missing_file_is_downloaded_by_keras(folders, monkeypatch):
    _, cache = folders

    def download():
        cache.mkdir(parents=True)
        np.savez(cache / "mnist.npz", **_arrays())

    monkeypatch.setattr(keras.datasets.mnist, "load_data", download)
    assert len(load("mnist").train) == 6


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_without_network_one_sentence_says_which_file_to_put_where(folders, name):
    data, cache = folders
    with pytest.raises(FileNotFoundError) as error:
        load(name)
    sentence = str(error.value)
    assert "could not be downloaded; put" in sentence
    for part in (f"{name}.npz", "http", str(data), str(cache), "DIFFUSION_VAE_DATA"):
        assert part in sentence
    assert "\n" not in sentence


def test_a_wrong_data_variable_is_named(folders, monkeypatch):
    monkeypatch.setenv("DIFFUSION_VAE_DATA", "/nowhere")
    with pytest.raises(FileNotFoundError, match="DIFFUSION_VAE_DATA to name a folder"):
        load("mnist")


def test_fashion_mnist_from_idx_files_and_from_npz(folders):
    data, _ = folders
    arrays = _arrays()
    _write_idx_folder(data / "fashion-mnist", arrays)
    from_idx = load("fashion_mnist")
    np.savez(data / "fashion_mnist.npz", **arrays)
    from_npz = load("fashion_mnist")
    for dataset in (from_idx, from_npz):
        np.testing.assert_allclose(dataset.train[..., 0], arrays["x_train"] / 255, atol=1e-7)
        np.testing.assert_array_equal(dataset.test_labels, arrays["y_test"])


def test_damaged_idx_files_are_named(folders):
    folder = folders[0] / "fashion-mnist"
    _write_idx_folder(folder, _arrays())
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    whole = labels.read_bytes()
    for broken in (whole[:12], b"no gzip", gzip.compress(b"\x01\x02"), gzip.compress(b"abcd" * 9)):
        labels.write_bytes(broken)
        with pytest.raises(ValueError, match=r"t10k-labels.*damaged or incomplete"):
            load("fashion_mnist")
    labels.unlink()
    with pytest.raises(FileNotFoundError, match="missing file"):
        load("fashion_mnist")


def test_damaged_and_foreign_npz_files_are_named(folders):
    path = folders[0] / "mnist.npz"
    np.savez(path, **_arrays())
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"<html>not found</html>"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"mnist.npz.*damaged or incomplete"):
            load("mnist")
    np.savez(path, other=np.zeros(3), another=np.zeros(3))
    with pytest.raises(ValueError, match=r"Expected .* to hold `x_train`"):
        load("mnist")
    np.savez(path, **{**_arrays(), "x_train": np.zeros((6, 8, 8))})
    with pytest.raises(ValueError, match="Expected 28x28 pictures"):
        load("mnist")
    np.savez(path, **{**_arrays(), "y_train": np.zeros(3)})
    with pytest.raises(ValueError, match="one label for each of the 6 examples"):
        load("mnist")


def test_sizes_keep_the_first_examples(folders):
    np.savez(folders[0] / "mnist.npz", **_arrays())
    dataset = load("mnist", train_size=3, test_size=2)
    np.testing.assert_array_equal(dataset.train_labels, [0, 1, 2])
    assert len(dataset.test) == 2
    with pytest.raises(ValueError, match="`train_size` to be at most 6"):
        load("mnist", train_size=7)
    with pytest.raises(TypeError, match="`train_size` to be an integer"):
        load("mnist", train_size=2.5)


def test_digits_need_no_file_and_split_every_example_once(folders):
    dataset = load("digits")
    assert dataset.event_shape == (8, 8, 1)
    assert (len(dataset.train), len(dataset.test)) == (1438, 359)
    assert (dataset.train.min(), dataset.train.max()) == (0.0, 1.0)
    counts = np.bincount(dataset.train_labels) + np.bincount(dataset.test_labels)
    everything = load("digits", seed=1, test_fraction=0.0)
    np.testing.assert_array_equal(counts, np.bincount(everything.train_labels))
    assert not np.array_equal(load("digits", seed=1).test, dataset.test)
