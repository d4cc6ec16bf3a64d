"""Tables on disk: computed once on a machine, then read.

Every kernel's tables go through `cached`, and nothing else is needed:

    values = cached(
        "hyperbolic-2-kl",                      # name of the file
        lambda: {"kl": build()},                # arrays of numbers, by name
        sources=(__name__,),                    # modules whose text decides the numbers
        shapes={"kl": (512,)},                  # what the reader relies on
    )["kl"]

Parameters of a table belong in its name. A file is read only if the text of its `sources` is
that of the modules installed, if its arrays have these names and shapes, and if every number
is finite. Any other file, damaged or older, is built again and replaced.
"""

import contextlib
import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.files import replacing

OFF = "off"  # value of the environment variable without a cache
KEY = "sources"  # name of the fingerprint among the arrays of a file


def cache_folder() -> Path | None:
    """`$DIFFUSION_VAE_CACHE`, or `~/.cache/diffusion_vae`; `None` where that says "off"."""
    folder = os.environ.get("DIFFUSION_VAE_CACHE")
    if folder == OFF:
        return None
    return Path(folder) if folder else Path.home() / ".cache" / "diffusion_vae"


def cached(
    name: str,
    build: Callable[[], dict[str, np.ndarray]],
    *,
    sources: Sequence[str],
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> dict[str, np.ndarray]:
    """Arrays from the cache, or built and, if the folder can be written, stored there.

    Several processes may call it at once: a file appears under its name when it is complete.

    Args:
        name: Name of the file, without its ending; it holds all parameters of the tables.
        build: Function that returns a dictionary of arrays of finite numbers.
        sources: Full names of the modules from whose text the numbers follow. They are read,
            not imported.
        shapes: Names and shapes of the arrays; `None` where they are not known before.

    Returns:
        A dictionary of arrays.
    """
    folder = cache_folder()
    if folder is None:
        return build()
    path, key = folder / f"{name}.npz", fingerprint(tuple(sources))
    arrays = _read(path, key, shapes)
    if arrays is None:
        arrays = build()
        stored: dict[str, Any] = {KEY: np.array(key), **arrays}
        # Without a cache the next process builds again.
        with contextlib.suppress(OSError), replacing(path) as temporary:
            np.savez(temporary, **stored)
    return arrays


def _read(
    path: Path, key: str, shapes: Mapping[str, tuple[int, ...]] | None
) -> dict[str, np.ndarray] | None:
    """The arrays of a file, or `None` if there is none that can be trusted."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if str(file[KEY]) != key:
                return None
            arrays = {name: file[name] for name in file.files if name != KEY}
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None  # none yet, or damaged
    if shapes is not None and {k: v.shape for k, v in arrays.items()} != dict(shapes):
        return None
    sound = all(v.dtype.kind in "fi" and np.all(np.isfinite(v)) for v in arrays.values())
    return arrays if arrays and sound else None


@cache
def fingerprint(sources: tuple[str, ...]) -> str:
    """A digest of the text of some modules, which need not be imported.

    Args:
        sources: Full names of modules.

    Returns:
        64 hexadecimal digits.

    Raises:
        ModuleNotFoundError: If a module does not exist.
    """
    digest = hashlib.sha256()
    for name in sources:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"Expected the name of a module. Received: {name!r}.")
        digest.update(name.encode() + b"\0" + Path(spec.origin).read_bytes() + b"\0")
    return digest.hexdigest()
