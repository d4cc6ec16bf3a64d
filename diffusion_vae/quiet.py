"""A quiet start of the command line: TensorFlow talks about GPUs while it is imported."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

COMMAND = "diffusion-vae"


@contextlib.contextmanager
def quiet_start():
    """Keeps what native code prints to standard error off a terminal user's screen.

    Only when this process is the `diffusion-vae` command; anywhere else nothing is
    touched. If the block fails, what was kept back is printed after all.
    """
    if not sys.argv or Path(sys.argv[0]).stem != COMMAND:
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
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
