"""Processes that begin with the library imported: a fork costs nothing, an import seconds.

    process = start("print(sys.argv[1])", "argument", output="out.txt")
    process.join()

They come from a server that has imported the library once, and starts no backend: threads do not
survive a fork. What is tested about imports themselves needs a fresh interpreter instead.
"""

import multiprocessing
import os
import sys

MODULES = (
    "keras", "distributed", "diffusion_vae.comparison.compare", "diffusion_vae.runs.reproduce",
    "diffusion_vae.runs.training", "diffusion_vae.plots.model_pictures",
)  # fmt: skip


def context():
    """Makes the server, and gives the context of `multiprocessing` that starts processes there."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(list(MODULES))
    return found


def start(code, *arguments, output):
    """A process that runs a program with `sys.argv[1:]`; what it prints goes to a file."""
    process = context().Process(target=_run, args=(code, list(map(str, arguments)), str(output)))
    process.start()
    return process


def _run(code, arguments, output):
    with open(output, "w", encoding="utf-8") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    sys.argv = ["-c", *arguments]
    exec(code, {"__name__": "__main__", "sys": sys})
