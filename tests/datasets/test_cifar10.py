"""CIFAR-10: the official pickles, read by an unpickler that runs no code."""

import os
import pickle

import keras
import numpy as np
import pytest

from diffusion_vae.datasets import load

FILES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


def _batch(index, count=3):
    rng = np.random.default_rng(index)
    data = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
    return {b"data": data, b"labels": [int(i) % 10 for i in range(count)], b"batch_label": b"x"}


@pytest.fixture
def official(tmp_path, monkeypatch):
    """A folder in the official form, as Python 2 wrote it (pickle protocol 2)."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for index, name in enumerate(FILES):
        (folder / name).write_bytes(pickle.dumps(_batch(index), protocol=2))
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return folder


def test_the_official_folder(official):
    dataset = load("cifar10")
    assert dataset.train.shape == (15, 32, 32, 3)
    assert dataset.test.shape == (3, 32, 32, 3)
    # The file keeps one plane a colour: 1024 red values, then green, then blue.
    red, green = (_batch(5)[b"data"][2].reshape(3, 32, 32)[c] / 255 for c in (0, 1))
    np.testing.assert_allclose(dataset.test[2, :, :, 0], red, atol=1e-7)
    np.testing.assert_allclose(dataset.test[2, :, :, 1], green, atol=1e-7)
    np.testing.assert_array_equal(dataset.test_labels, [0, 1, 2])
    np.testing.assert_array_equal(load("cifar10", path=official).train, dataset.train)


def test_a_batch_as_python_2_wrote_it_is_read(official):
    # `numpy.core` is the name in the official files, `numpy._core` that of NumPy 2.
    content = pickle.dumps(_batch(0), protocol=2)
    assert b"numpy._core.multiarray" in content or b"numpy.core.multiarray" in content
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    before = load("cifar10").train
    (official / FILES[0]).write_bytes(old)
    np.testing.assert_array_equal(load("cifar10").train, before)


class _Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/diffusion_vae_was_here",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_code_is_refused(official, protocol, tmp_path):
    (official / "test_batch").write_bytes(pickle.dumps({b"data": _Evil()}, protocol=protocol))
    with pytest.raises(ValueError, match=r"asks for posix\.system, and only arrays are allowed"):
        load("cifar10")
    assert not os.path.exists("/tmp/diffusion_vae_was_here")


def test_numpy_functions_are_refused_too(official):
    evil = b"cnumpy\nload\n(S'/etc/passwd'\ntR."
    (official / "test_batch").write_bytes(evil)
    with pytest.raises(ValueError, match=r"asks for numpy\.load"):
        load("cifar10")


def test_damaged_and_missing_batches_are_named(official):
    whole = (official / FILES[2]).read_bytes()
    wrong = {b"data": np.zeros((2, 100), np.uint8), b"labels": [0, 1]}
    for broken in (whole[:100], b"", pickle.dumps(wrong, protocol=2), pickle.dumps([1])):
        (official / FILES[2]).write_bytes(broken)
        with pytest.raises(ValueError, match=r"data_batch_3.*cannot be read as a batch"):
            load("cifar10")
    (official / FILES[2]).unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_3"):
        load("cifar10")


def test_without_the_full_set_the_subset_is_offered_not_taken(tmp_path, monkeypatch):
    def no_network():
        raise Exception("URL fetch failure")

    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", no_network)
    with pytest.raises(FileNotFoundError, match=r"put the folder cifar-10-batches-py \(from http"):
        load("cifar10")
    pictures = np.zeros((4, 32, 32, 3), np.uint8)
    labels = np.zeros((4, 1), np.uint8)  # Keras's shape
    np.savez(
        tmp_path / "cifar10_subset.npz",
        x_train=pictures, y_train=labels, x_test=pictures, y_test=labels,
    )  # fmt: skip
    with pytest.raises(FileNotFoundError, match="subset=True"):
        load("cifar10")
    assert load("cifar10", subset=True).train_labels.shape == (4,)


def test_the_subset_file(data_dir):
    if not (data_dir / "cifar10_subset.npz").exists():
        pytest.skip("Put cifar10_subset.npz into DIFFUSION_VAE_DATA to run this test.")
    dataset = load("cifar10", subset=True)
    assert dataset.event_shape == (32, 32, 3)
    assert (dataset.train.min(), dataset.train.max()) == (0.0, 1.0)
    assert set(dataset.train_labels) == set(range(10))


def test_pictures_of_another_shape_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=np.zeros((4, 8, 8, 3)), x_test=np.zeros((4, 8, 8, 3)))
    with pytest.raises(ValueError, match="this is not CIFAR-10"):
        load("cifar10", path=tmp_path / "a.npz")


def test_official_files_and_npz_in_the_range_of_tanh(official, tmp_path):
    unit, signed = load("cifar10"), load("cifar10", value_range=(-1, 1))
    np.testing.assert_allclose(signed.train, 2 * unit.train - 1, atol=1e-6)
    stored = {"x_train": unit.train, "x_test": unit.test}
    arrays = {name: np.uint8(np.round(255 * array)) for name, array in stored.items()}
    np.savez(tmp_path / "a.npz", **arrays)
    again = load("cifar10", path=tmp_path / "a.npz", value_range=[-1, 1])
    np.testing.assert_allclose(again.test, signed.test, atol=1e-6)
    # The original's x / 127.5 - 1.
    np.testing.assert_allclose(again.test, arrays["x_test"] / 127.5 - 1, atol=1e-6)
