"""Folders of this machine that hold the files of well-known data sets."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

DATA_VARIABLE = "DIFFUSION_VAE_DATA"


def data_folders() -> list[Path]:
    """Folders to search: the one in `DIFFUSION_VAE_DATA`, then Keras's cache."""
    folders = []
    if os.environ.get(DATA_VARIABLE):
        folder = Path(os.environ[DATA_VARIABLE]).expanduser()
        if not folder.is_dir():
            raise FileNotFoundError(
                f"Expected the environment variable {DATA_VARIABLE} to name a folder. "
                f"Received: {str(folder)!r}, which is not one; correct or unset it."
            )
        folders.append(folder)
    keras_home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    folders.append(Path(keras_home).expanduser() / "datasets")
    return folders


def find_or_download(names: Sequence[str], download: Callable[[], object], advice: str) -> Path:
    """First existing file or folder of these names, downloaded where there is none.

    Args:
        names: Names of files or folders, the preferred one first.
        download: Called when nothing is found; fills Keras's cache.
        advice: The files to fetch by hand when there is no network, a part of the error.

    Returns:
        The path found.

    Raises:
        FileNotFoundError: If nothing is found and the download fails.
    """
    path = find(names)
    if path is not None:
        return path
    cause: Exception | None = None
    try:
        download()
        path = find(names)
    except Exception as error:  # Keras raises a bare Exception when a download fails
        cause = error
    if path is None:
        raise FileNotFoundError(
            f"{names[0]} is not in {' or '.join(map(str, data_folders()))}, and could "
            f"not be downloaded; put {advice} into one of these folders, or name another "
            f"folder in the environment variable {DATA_VARIABLE}."
        ) from cause
    return path


def find_local(names: Sequence[str], advice: str) -> Path:
    """First existing file or folder of these names; nothing is downloaded.

    Args:
        names: Names of files or folders, the preferred one first.
        advice: The files to fetch by hand, a part of the error.

    Returns:
        The path found.

    Raises:
        FileNotFoundError: If nothing is found.
    """
    path = find(names)
    if path is None:
        raise FileNotFoundError(
            f"{names[0]} is not in {' or '.join(map(str, data_folders()))}; put {advice} into one "
            f"of these folders, pass its `path`, or name another folder in the environment "
            f"variable {DATA_VARIABLE}."
        )
    return path


def find(names: Sequence[str]) -> Path | None:
    """First existing file or folder of these names in the data folders, or `None`."""
    for folder in data_folders():
        for name in names:
            if (folder / name).exists():
                return folder / name
    return None
