"""Tables on disk: computed once, then read."""

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

VERSION = 2  # of the tables; files of another version are not read


def cache_folder():
    """`$DIFFUSION_VAE_CACHE`, or `~/.cache/diffusion_vae`."""
    folder = os.environ.get("DIFFUSION_VAE_CACHE")
    return Path(folder) if folder else Path.home() / ".cache" / "diffusion_vae"


def cached(name, build):
    """Arrays from the cache, or built and, if the folder can be written, stored there.

    Args:
        name: Name of the file, without its ending.
        build: Function that gives a dictionary of arrays.

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
    _store(path, arrays)
    return arrays


def _store(path, arrays):
    """Writes a file beside its place and moves it there, so that no reader sees half of it."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, version=VERSION, **arrays)
        os.replace(temporary, path)
    except OSError:
        # No cache, then; the next process builds again.
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
