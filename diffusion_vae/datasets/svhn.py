"""SVHN: photographs of house numbers."""

from pathlib import Path

import numpy as np

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.pictures import split_examples
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find_local

SOURCE = "http://ufldl.stanford.edu/housenumbers"
FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}


@register("svhn", "photographs of house numbers, 32x32 colour; local files only")
def load_svhn(
    path: str | Path | None = None, train_size: int | None = None, test_size: int | None = None
) -> Dataset:
    """SVHN, cropped digits (Netzer et al. 2011), events `(32, 32, 3)` in [0, 1].

    The folder with `train_32x32.mat` and `test_32x32.mat` (73,257 and 26,032 pictures) is
    looked for like `mnist`, under the name `svhn`, and so are the files themselves; they
    are not downloaded. Labels are the digits 0 to 9; the files call the digit 0 "10".

    Args:
        path: The folder; `None` searches for it.
        train_size: Number of training pictures to keep; `None` keeps all.
        test_size: Number of test pictures to keep; `None` keeps all.
    """
    folder = Path(path).expanduser() if path is not None else _find()
    arrays = {}
    for split, name in FILES.items():
        arrays[split], arrays[f"{split}_labels"] = _read(folder / name)
    return split_examples("svhn", arrays, train_size=train_size, test_size=test_size)


def _find() -> Path:
    advice = f"the folder svhn with {' and '.join(FILES.values())} (from {SOURCE})"
    place = find_local(["svhn", FILES["train"]], advice)
    return place if place.is_dir() else place.parent


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 `[N, 32, 32, 3]` and labels `[N]` of one file."""
    from scipy.io import loadmat

    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}; it is one of {SOURCE}.")
    try:
        content = loadmat(path)
    except Exception as error:  # a damaged file can raise almost any error
        raise ValueError(
            f"{str(path)!r} cannot be read as a file of SVHN: it seems damaged or incomplete "
            f"({error}); fetch it again."
        ) from error
    pictures, labels = content.get("X"), content.get("y")
    if pictures is None or labels is None or pictures.shape[:3] != (32, 32, 3):
        shape = None if pictures is None else pictures.shape
        raise ValueError(
            f"Expected pictures X [32, 32, 3, N] and labels y in {str(path)!r}. "
            f"Received: X of shape {shape}; use the cropped digits (format 2)."
        )
    return np.moveaxis(pictures, -1, 0), labels.reshape(-1) % 10
