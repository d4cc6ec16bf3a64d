"""Models on disk while training goes on: at most every few seconds, and never a mixed one."""

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.files import replacing
from diffusion_vae.random import seed_states, set_seed_states

SECONDS = 5.0  # between two writes: a small model trains an epoch faster than it is written


class Checkpoints:
    """Writes the models of epochs, the same state under several names, at most every few seconds.

    In between, the state of an epoch is kept in memory: weights, optimizer, noise. A file thus
    always holds the end of an epoch, from which training continues exactly.

    Args:
        folder: Folder of the files.
        seconds: Least number of seconds between two writes; 0 writes every epoch.
    """

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        self.folder = folder
        self.seconds = seconds
        self._kept: dict[str, _State] = {}
        self._written = -float("inf")

    def keep(self, model: Any, names: list[str]) -> None:
        """Writes the model under these names, or keeps its state until it may be written.

        Args:
            model: A built model at the end of an epoch.
            names: File names in the order in which they are written. What training continues
                from comes last: what belongs to it is on disk by then.
        """
        if time.monotonic() - self._written < self.seconds:
            state = _State(model)
            self._kept |= dict.fromkeys(names, state)
            return
        for name in names:
            self._kept.pop(name, None)
        self.flush(model)
        first, *others = names
        self.save(model, first)
        for name in others:
            with replacing(self.folder / name) as temporary:
                shutil.copyfile(self.folder / first, temporary)
        self._written = time.monotonic()

    def flush(self, model: Any) -> None:
        """Writes what is kept in memory."""
        if not self._kept:
            return
        now = _State(model)
        try:
            for name, state in sorted(self._kept.items()):  # `best` before `last`
                state.give_to(model)
                self.save(model, name)
        finally:
            now.give_to(model)
        self._kept = {}

    def save(self, model: Any, name: str) -> None:
        """Writes the model now."""
        with replacing(self.folder / name) as temporary:
            model.save(temporary)


class _State:
    """All that training changes in a model."""

    def __init__(self, model: Any) -> None:
        self._values = [np.array(variable) for variable in _variables(model)]
        self._seeds = [state.copy() for state in seed_states(model)]

    def give_to(self, model: Any) -> None:
        for variable, value in zip(_variables(model), self._values, strict=True):
            variable.assign(value)
        set_seed_states(model, self._seeds)


def _variables(model: Any) -> list[Any]:
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *(optimizer.variables if optimizer is not None else ())]
