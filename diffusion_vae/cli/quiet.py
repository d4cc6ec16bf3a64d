"""A quiet import of the library: TensorFlow talks about GPUs while it is imported."""

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator


def import_library() -> None:
    """Imports Keras, its backend and our models; native code's messages stay off the screen."""
    if "keras" in sys.modules:
        importlib.import_module("diffusion_vae.models")
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _kept_standard_error():
        importlib.import_module("diffusion_vae.models")


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
