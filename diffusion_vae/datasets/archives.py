"""Arrays in `.npz` and `.h5` files, by the names that are usual for them."""

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import h5py

# Names of the four arrays of a data set that is already split.
SPLIT_KEYS = {
    "train": ("x_train", "train", "train_images"),
    "test": ("x_test", "test", "test_images"),
    "train_labels": ("y_train", "train_labels"),
    "test_labels": ("y_test", "test_labels"),
}
# Names of the arrays of a data set that is not split; `imgs` and `latents_values` as in dSprites.
WHOLE_KEYS = {
    "train": ("data", "images", "imgs", "x", "X"),
    "train_labels": ("labels", "y", "target", "factors", "latents_values"),
}
HDF5_SUFFIXES = (".h5", ".hdf5")


def read_archive(
    path: Path, limit: int | None = None, key: str | None = None
) -> dict[str, np.ndarray]:
    """Reads the arrays of a data set from an `.npz` or `.h5` file.

    Args:
        path: The file.
        limit: Number of rows to read of each array; `None` reads all.
        key: Name of the one array that holds all examples.

    Returns:
        A dict with `train` and, where the file has them, `test`, `train_labels`
        and `test_labels`: arrays as they stand in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or has no arrays of a known name.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}; check the path.")
    read = _read_hdf5 if path.suffix in HDF5_SUFFIXES else _read_npz
    try:
        return read(path, limit, key)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as {path.suffix}: it seems damaged or incomplete "
            f"({error}); fetch it again."
        ) from error


def _read_npz(path: Path, limit: int | None, key: str | None) -> dict[str, np.ndarray]:
    with path.open("rb") as file:  # NumPy leaves a file open that it cannot read
        if not zipfile.is_zipfile(file):
            raise zipfile.BadZipFile("it is not a zip archive")
        file.seek(0)
        archive = np.load(file, allow_pickle=False)
        names = chosen_names(path, list(archive), key)
        try:
            return {role: archive[name][:limit] for role, name in names.items()}
        except ValueError as error:
            raise ValueError(
                f"{str(path)!r} holds an array that is no plain array of numbers ({error})."
            ) from error


def _read_hdf5(path: Path, limit: int | None, key: str | None) -> dict[str, np.ndarray]:
    import h5py

    with h5py.File(path, "r") as archive:
        names = chosen_names(path, hdf5_arrays(archive), key)
        return {role: archive[name][:limit] for role, name in names.items()}


def stored_names(path: Path, key: str | None = None) -> dict[str, str]:
    """The name in an HDF5 file of each array of the data set, as `read_archive` finds them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or has no arrays of a known name.
    """
    import h5py

    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}; check the path.")
    try:
        with h5py.File(path, "r") as archive:
            return chosen_names(path, hdf5_arrays(archive), key)
    except OSError as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as HDF5: it seems damaged or incomplete ({error}); "
            "fetch or convert it again."
        ) from error


def hdf5_arrays(archive: "h5py.File") -> list[str]:
    """Names of the arrays of an HDF5 file."""
    import h5py

    return [name for name in archive if isinstance(archive[name], h5py.Dataset)]


def chosen_names(path: Path, present: list[str], key: str | None) -> dict[str, str]:
    """The name in the file of each array of the data set, in memory or streamed.

    Args:
        path: The file, for the error.
        present: Names of its arrays.
        key: Name of the one array that holds all examples, or `None` for the usual names.

    Raises:
        ValueError: If none has the name, or a usual one.
    """
    if key is not None:
        if key not in present:
            raise ValueError(
                f"{str(path)!r} has no array {key!r}. Its arrays: {', '.join(present) or 'none'}."
            )
        return {"train": key}
    for table in (SPLIT_KEYS, WHOLE_KEYS):
        names = {
            role: next(name for name in candidates if name in present)
            for role, candidates in table.items()
            if set(candidates) & set(present)
        }
        if "train" in names:
            return names
    if len(present) == 1:
        return {"train": present[0]}
    raise ValueError(
        f"Expected {str(path)!r} to hold `x_train` (and `x_test`, `y_train`, `y_test`), or one of "
        f"{', '.join(WHOLE_KEYS['train'])} (and `labels`). Received: "
        f"{', '.join(present) or 'no arrays'}; rename them or name one with `key=`."
    )
