"""Ctrl-C during a run: its models are written, and who stopped it is told how to go on."""

import contextlib
from collections.abc import Iterator

from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.files import read_history


class Interrupted(KeyboardInterrupt):
    """A run was stopped by Ctrl-C.

    Attributes:
        run: Name of the run.
        epochs: Number of complete epochs, from which `resume(run)` goes on.
    """

    def __init__(self, run: str, epochs: int) -> None:
        super().__init__(run, epochs)
        self.run = run
        self.epochs = epochs


@contextlib.contextmanager
def told_of_interruption(folder: ResultsFolder) -> Iterator[None]:
    """Turns Ctrl-C into `Interrupted`; before the run has a folder it stays as it is."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if folder.run is None:
            raise
        there = (folder.folder("weights_folder") / "last.keras").is_file()
        path = folder.folder("parameters") / "history.json"
        history = read_history(path) if there and path.is_file() else {}
        raise Interrupted(folder.run, max(map(len, history.values()), default=0)) from stop
