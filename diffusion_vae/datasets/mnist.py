"""Handwritten digits and clothes: MNIST, Fashion-MNIST, scikit-learn's digits."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from diffusion_vae.datasets.archives import read_archive
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.pictures import Binarization, binarized, split_examples
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find_or_download

_IDX_FILES = {
    "train": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}


@register("mnist", "handwritten digits, 28x28 grey (60,000 + 10,000)")
def load_mnist(
    binarize: Binarization | None = None,
    train_size: int | None = None,
    test_size: int | None = None,
    seed: int = 0,
) -> Dataset:
    """MNIST, events `(28, 28, 1)` with values in [0, 1].

    The file `mnist.npz` is looked for in the folder of the environment variable
    `DIFFUSION_VAE_DATA`, then in Keras's cache, and downloaded last.

    Args:
        binarize: `"threshold"`, `"stochastic"`, `"dynamic"`, or `None` for grey values.
        train_size: Number of training examples to keep; `None` keeps all.
        test_size: Number of test examples to keep; `None` keeps all.
        seed: Seed of the binarization.
    """
    source = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    path = find_or_download(["mnist.npz"], _download_mnist, f"mnist.npz (from {source})")
    return _clothes_or_digits("mnist", path, binarize, train_size, test_size, seed)


@register("fashion_mnist", "pieces of clothing, 28x28 grey (60,000 + 10,000)")
def load_fashion_mnist(
    binarize: Binarization | None = None,
    train_size: int | None = None,
    test_size: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Fashion-MNIST, events `(28, 28, 1)` with values in [0, 1].

    Looked for like `mnist`: `fashion_mnist.npz`, or the folder `fashion-mnist`
    with the four official `.gz` files.

    Args:
        binarize: `"threshold"`, `"stochastic"`, `"dynamic"`, or `None` for grey values.
        train_size: Number of training examples to keep; `None` keeps all.
        test_size: Number of test examples to keep; `None` keeps all.
        seed: Seed of the binarization.
    """
    path = find_or_download(
        ["fashion_mnist.npz", "fashion-mnist"],
        _download_fashion_mnist,
        "the folder fashion-mnist with the four .gz files of "
        "https://github.com/zalandoresearch/fashion-mnist",
    )
    return _clothes_or_digits("fashion_mnist", path, binarize, train_size, test_size, seed)


@register("digits", "scikit-learn's small digits, 8x8 grey (1,797), offline")
def load_digits(
    binarize: Binarization | None = None, test_fraction: float = 0.2, seed: int = 0
) -> Dataset:
    """Scikit-learn's digits, events `(8, 8, 1)` with values in [0, 1]; needs no file.

    Args:
        binarize: `"threshold"`, `"stochastic"`, `"dynamic"`, or `None` for grey values.
        test_fraction: Share of the 1,797 examples for testing.
        seed: Seed of the split and of the binarization.
    """
    from sklearn import datasets as sklearn_datasets

    bunch = sklearn_datasets.load_digits()
    arrays = {"train": bunch.images / 16.0, "train_labels": bunch.target}
    dataset = split_examples("digits", arrays, test_fraction=test_fraction, seed=seed)
    return binarized(dataset, binarize, seed)


def _download_mnist() -> None:
    import keras

    keras.datasets.mnist.load_data()


def _download_fashion_mnist() -> None:
    import keras

    keras.datasets.fashion_mnist.load_data()


def _clothes_or_digits(
    name: str,
    path: Path,
    binarize: Binarization | None,
    train_size: int | None,
    test_size: int | None,
    seed: int,
) -> Dataset:
    arrays = _read_idx_folder(path) if path.is_dir() else read_archive(path)
    for split in ("train", "test"):
        shape = arrays[split].shape if split in arrays else None
        if shape is None or shape[1:] != (28, 28):
            raise ValueError(
                f"Expected 28x28 pictures in x_train and x_test of {str(path)!r}. Received: "
                f"{shape} for the {split} set; this is not {name}, fetch the file again."
            )
    dataset = split_examples(name, arrays, train_size=train_size, test_size=test_size)
    return binarized(dataset, binarize, seed)


def _read_idx_folder(folder: Path) -> dict[str, np.ndarray]:
    """The four arrays of a folder of IDX files, uint8."""
    missing = [name for name in _IDX_FILES.values() if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"Put the missing file(s) {', '.join(missing)} into {folder}.")
    return {role: _read_idx(folder / name) for role, name in _IDX_FILES.items()}


def _read_idx(path: Path) -> np.ndarray:
    """Array of one gzipped IDX file of bytes: magic 0 0 8 rank, sizes, then the values."""
    try:
        with gzip.open(path, "rb") as file:
            content = file.read()
        rank = content[3]
        shape = np.frombuffer(content, ">u4", count=rank, offset=4).astype(int)
        if content[:3] != b"\x00\x00\x08":
            raise ValueError("it does not start as an IDX file of bytes")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, zlib.error, IndexError, ValueError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read: it seems damaged or incomplete ({error}); "
            f"fetch it again."
        ) from error
