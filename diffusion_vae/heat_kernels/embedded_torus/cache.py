"""Tables on disk: computed once, then read."""

import contextlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.files import replacing

VERSION = 2  # of the tables; files of another version are not read


def cache_folder() -> Path:
    """`$DIFFUSION_VAE_CACHE`, or `~/.cache/diffusion_vae`."""
    folder = os.environ.get("DIFFUSION_VAE_CACHE")
    return Path(folder) if folder else Path.home() / ".cache" / "diffusion_vae"


def cached(name: str, build: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays from the cache, or built and, if the folder can be written, stored there.

    Args:
        name: Name of the file, without its ending.
        build: Function that returns a dictionary of arrays.

    Returns:
        A dictionary of arrays.
    """
    path = cache_folder() / f"{name}.npz"
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        if int(arrays.pop("version")) == VERSION and arrays:
            return arrays
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        pass  # none yet, or damaged
    arrays = build()
    stored: dict[str, Any] = {"version": VERSION, **arrays}
    # Without a cache the next process builds again.
    with contextlib.suppress(OSError), replacing(path) as temporary:
        np.savez(temporary, **stored)
    return arrays
