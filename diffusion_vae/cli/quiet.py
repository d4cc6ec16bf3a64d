"""A quiet import of the library: TensorFlow talks about GPUs while it is imported."""

import contextlib
import importlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from diffusion_vae.cli.common import console


def import_library() -> None:
    """Imports Keras, its backend and our models; native code's messages stay off the screen."""
    if "keras" in sys.modules:
        importlib.import_module("diffusion_vae.models")
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with console.status("Starting Keras ..."), _kept_standard_error():
        importlib.import_module("diffusion_vae.models")


def import_own(modules: Sequence[str], model: str | None = None) -> None:
    """Imports modules that the user names, which may lie in the current folder.

    A record or a `.keras` file cannot name what is imported.

    Args:
        modules: Names of modules.
        model: What was given as `--model`; its module is found in the current folder, too.

    Raises:
        ValueError: If there is no such module.
    """
    named = [*modules, *([model] if ":" in (model or "") else [])]
    if named and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    for name in modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ValueError(
                f"Expected `--import` to name a module. Received: {name!r}; there is no module "
                f"{error.name!r}."
            ) from error


@contextlib.contextmanager
def one_line_warnings() -> Iterator[None]:
    """Shows a warning as one sentence, without the place in the code that it comes from."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        print(f"Warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]
        yield


@contextlib.contextmanager
def without_collapse_warning() -> Iterator[None]:
    """Leaves out the warning of a collapsed posterior, which the summary gives instead."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The posterior has collapsed")
        yield


@contextlib.contextmanager
def _kept_standard_error() -> Iterator[None]:
    """Keeps back what is written to file descriptor 2; prints it after all if the block fails."""
    with tempfile.TemporaryFile() as kept:
        sys.stderr.flush()
        screen = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(screen, kept.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
