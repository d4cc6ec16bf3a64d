"""CIFAR-10: small colour photographs of ten classes."""

import codecs
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.datasets.archives import read_archive
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.pictures import split_examples
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find, find_or_download

SUBSET = "cifar10_subset.npz"
_TRAIN_FILES = tuple(f"data_batch_{i}" for i in range(1, 6))
_TEST_FILE = "test_batch"


@register("cifar10", "photographs of ten classes, 32x32 colour (50,000 + 10,000)")
def load_cifar10(
    path: str | Path | None = None,
    subset: bool = False,
    train_size: int | None = None,
    test_size: int | None = None,
) -> Dataset:
    """CIFAR-10, events `(32, 32, 3)` with values in [0, 1].

    Looked for like `mnist`: the official folder `cifar-10-batches-py`, or
    `cifar10.npz` with x_train, y_train, x_test, y_test.

    Args:
        path: The folder or the `.npz` file; `None` searches for it.
        subset: Whether to read the smaller file `cifar10_subset.npz` instead.
        train_size: Number of training examples to keep; `None` keeps all.
        test_size: Number of test examples to keep; `None` keeps all.
    """
    if path is not None:
        place = Path(path).expanduser()
    elif subset:
        place = find_or_download([SUBSET], lambda: None, SUBSET)
    else:
        advice = (
            "the folder cifar-10-batches-py (from "
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz)"
        )
        if find([SUBSET]) is not None:
            advice = f"(unless `subset=True` will do: {SUBSET} is there) {advice}"
        folder = "cifar-10-batches-py"
        names = [folder, f"{folder}-target/{folder}", "cifar10.npz"]
        place = find_or_download(names, _download, advice)
    arrays = _read_folder(place) if place.is_dir() else read_archive(place)
    for split in ("train", "test"):
        shape = arrays[split].shape if split in arrays else None
        if shape is None or shape[1:] != (32, 32, 3):
            raise ValueError(
                f"Expected pictures [N, 32, 32, 3] in x_train and x_test of {str(place)!r}. "
                f"Received: {shape} for the {split} set; this is not CIFAR-10."
            )
    return split_examples("cifar10", arrays, train_size=train_size, test_size=test_size)


def _download() -> None:
    import keras

    keras.datasets.cifar10.load_data()


def _read_folder(folder: Path) -> dict[str, np.ndarray]:
    train = [_read_batch(folder / name) for name in _TRAIN_FILES]
    test, test_labels = _read_batch(folder / _TEST_FILE)
    return {
        "train": np.concatenate([pictures for pictures, _ in train]),
        "train_labels": np.concatenate([labels for _, labels in train]),
        "test": test,
        "test_labels": test_labels,
    }


def _read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 `[N, 32, 32, 3]` and labels `[N]` of one official file."""
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {str(path)!r}; the official folder has {', '.join(_TRAIN_FILES)} "
            f"and {_TEST_FILE}."
        )
    try:
        with path.open("rb") as file:
            content = _ArrayUnpickler(file, encoding="bytes").load()
        pictures = np.asarray(content[b"data"], np.uint8)  # [N, 3 * 32 * 32], channel first
        pictures = pictures.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return pictures, np.asarray(content[b"labels"], np.int64)
    except Exception as error:  # a damaged pickle can raise almost any error
        raise ValueError(
            f"{str(path)!r} cannot be read as a batch of CIFAR-10: it seems damaged or is another "
            f"file ({error}); fetch it again."
        ) from error


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that builds NumPy arrays and plain containers, and calls nothing else."""

    _MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")

    def find_class(self, module: str, name: str) -> Any:
        # `_reconstruct` moved within NumPy; an array's own reduction knows where it is now.
        if module in self._MODULES and name in ("ndarray", "dtype", "_reconstruct"):
            here = {"ndarray": np.ndarray, "dtype": np.dtype}
            return here.get(name) or np.empty(0).__reduce__()[0]
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes for Python 2
            return _encode_latin1
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only arrays are allowed")


def _encode_latin1(text: str, encoding: str) -> bytes:
    return codecs.latin_1_encode(text)[0]
