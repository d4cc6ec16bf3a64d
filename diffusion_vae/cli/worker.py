"""One of several processes that train together: watched, so that its end can be explained.

When another process dies, JAX ends this one from within C++ with a page of addresses. The
command therefore runs itself in a child, and prints one sentence about its end.
"""

import os
import subprocess
import sys
import tempfile

import typer

MARK = "DIFFUSION_VAE_WORKER"  # set in the child


def is_needed(hosts: str | None) -> bool:
    """Whether this process is to watch a child that does the work."""
    return hosts is not None and MARK not in os.environ


def watch(hosts: str, rank: int) -> None:
    """Runs this command once more as a child, and ends as it does.

    The child's error output is passed on, unless JAX ended it.
    """
    command = [sys.executable, "-m", "diffusion_vae", *sys.argv[1:]]
    with tempfile.TemporaryFile("w+") as errors:
        code = subprocess.call(command, env={**os.environ, MARK: "1"}, stderr=errors)
        errors.seek(0)
        said = errors.read()
    if code in (0, 2):
        typer.echo(_own_words(said), err=True, nl=False)
    elif code < 0 or "distributed service" in said or "Gloo" in said:
        typer.echo(
            f"Error: the process with rank {rank} of {len(hosts.split(','))} lost another one and "
            "stopped. Complete epochs are saved: start all of them again with `--resume RUN`.",
            err=True,
        )
        code = 1
    else:
        typer.echo(said, err=True, nl=False)
    raise typer.Exit(code)


def _own_words(said: str) -> str:
    """The lines of ours among those of JAX's log."""
    return "".join(line for line in said.splitlines(True) if line.startswith("Error:"))
