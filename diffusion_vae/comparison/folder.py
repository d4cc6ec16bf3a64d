"""The folder of a comparison: candidates as they are finished, each complete or not there."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.comparison.candidate import Candidate
from diffusion_vae.comparison.examples import Split
from diffusion_vae.files import read_object, replacing, write_json
from diffusion_vae.models import DiffusionVAE


def keep(
    folder: Path, candidate: Candidate, model: DiffusionVAE, settings: dict[str, Any]
) -> None:
    """Writes a finished candidate: arrays and model first, then the numbers, which mean done."""
    stem = folder / file_name(candidate.manifold)
    with replacing(stem.with_name(f"{stem.name}.keras")) as path:
        model.save(path)
    with replacing(stem.with_name(f"{stem.name}.npz")) as path:
        np.savez(path, scores=candidate.scores, codes=candidate.codes)
    write_json(stem.with_name(f"{stem.name}.json"), {"settings": settings, **candidate.numbers()})


def kept(folder: Path, name: str, settings: dict[str, Any]) -> Candidate | None:
    """A candidate that was finished earlier, or `None`.

    Raises:
        ValueError: If it was made of other data or settings.
    """
    path = folder / f"{file_name(name)}.json"
    arrays_path = path.with_suffix(".npz")
    if not (path.exists() and arrays_path.exists()):
        return None
    numbers = read_object(path)
    made_with = numbers.pop("settings", {})
    other = sorted(key for key in settings if made_with.get(key) != settings[key])
    if other:
        raise ValueError(
            f"Expected {path} to be of the data and settings asked for. Received one with "
            f"other {', '.join(other)}. Choose another folder, or remove the file."
        )
    for derived in ("log_likelihood", "standard_error"):
        numbers.pop(derived, None)
    with np.load(arrays_path) as arrays:
        return Candidate(**numbers, scores=arrays["scores"], codes=arrays["codes"])


def file_name(name: str) -> str:
    """A short name of a candidate's files, another for each."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_")
    return plain if len(plain) <= 60 else f"{plain[:50]}_{_digest(name.encode())[:8]}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def fingerprint(split: Split) -> str:
    """What tells examples from others, hexadecimal."""
    digest = hashlib.sha256()
    for part in (split.train, split.validation, split.test):
        digest.update(repr(part.shape).encode())
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
