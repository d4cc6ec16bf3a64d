"""Handwritten digits and clothes: MNIST, Fashion-MNIST, scikit-learn's digits."""

import gzip
import zlib
from pathlib import Path

import keras
import numpy as np
from sklearn import datasets as sklearn_datasets

from diffusion_vae.datasets.archives import read_archive
from diffusion_vae.datasets.pictures import binarized, split_examples
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find_or_download

_IDX_FILES = {
    "train": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}


@register("mnist", "handwritten digits, 28x28 grey (60,000 + 10,000)")
def load_mnist(binarize=None, train_size=None, test_size=None, seed=0):
    """MNIST, events `(28, 28, 1)` with values in [0, 1].

    The file `mnist.npz` is looked for in the folder of the environment variable
    `DIFFUSION_VAE_DATA`, then in Keras's cache, and downloaded last.

    Args:
        binarize: `None`, `"threshold"`, `"stochastic"` or `"dynamic"`.
        train_size: Keeps the first so many training examples.
        test_size: Keeps the first so many test examples.
        seed: Of the binarization.
    """
    source = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    path = find_or_download(
        ["mnist.npz"], keras.datasets.mnist.load_data, f"mnist.npz (from {source})"
    )
    return _clothes_or_digits("mnist", path, binarize, train_size, test_size, seed)


@register("fashion_mnist", "pieces of clothing, 28x28 grey (60,000 + 10,000)")
def load_fashion_mnist(binarize=None, train_size=None, test_size=None, seed=0):
    """Fashion-MNIST, events `(28, 28, 1)` with values in [0, 1].

    Looked for like `mnist`: `fashion_mnist.npz`, or the folder `fashion-mnist`
    with the four official `.gz` files.

    Args:
        binarize: `None`, `"threshold"`, `"stochastic"` or `"dynamic"`.
        train_size: Keeps the first so many training examples.
        test_size: Keeps the first so many test examples.
        seed: Of the binarization.
    """
    path = find_or_download(
        ["fashion_mnist.npz", "fashion-mnist"],
        keras.datasets.fashion_mnist.load_data,
        "the folder fashion-mnist with the four .gz files of "
        "https://github.com/zalandoresearch/fashion-mnist",
    )
    return _clothes_or_digits("fashion_mnist", path, binarize, train_size, test_size, seed)


@register("digits", "scikit-learn's small digits, 8x8 grey (1,797), offline")
def load_digits(binarize=None, test_fraction=0.2, seed=0):
    """Scikit-learn's digits, events `(8, 8, 1)` with values in [0, 1]; needs no file.

    Args:
        binarize: `None`, `"threshold"`, `"stochastic"` or `"dynamic"`.
        test_fraction: Share of the 1,797 examples for testing.
        seed: Of the split and of the binarization.
    """
    bunch = sklearn_datasets.load_digits()
    arrays = {"train": bunch.images / 16.0, "train_labels": bunch.target}
    split = split_examples("digits", arrays, test_fraction=test_fraction, seed=seed)
    return binarized(split, binarize, seed)


def _clothes_or_digits(name, path, binarize, train_size, test_size, seed):
    arrays = _read_idx_folder(path) if path.is_dir() else read_archive(path)
    for split in ("train", "test"):
        shape = arrays[split].shape if split in arrays else None
        if shape is None or shape[1:] != (28, 28):
            raise ValueError(
                f"Expected 28x28 pictures in x_train and x_test of {str(path)!r}. Received: "
                f"{shape} for the {split} set; this is not {name}, fetch the file again."
            )
    split = split_examples(name, arrays, train_size=train_size, test_size=test_size)
    return binarized(split, binarize, seed)


def _read_idx_folder(folder: Path):
    """The four arrays of a folder of IDX files, uint8."""
    missing = [name for name in _IDX_FILES.values() if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"Put the missing file(s) {', '.join(missing)} into {folder}.")
    return {role: _read_idx(folder / name) for role, name in _IDX_FILES.items()}


def _read_idx(path: Path):
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
