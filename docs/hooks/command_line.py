"""mkdocs hook: a line `$ diffusion-vae ... --help` in a code block is followed by its output."""

import re

from typer.testing import CliRunner

from diffusion_vae.cli import app

CALL = re.compile(r"^\$ diffusion-vae (.*--help)$", re.MULTILINE)
ENVIRONMENT = {"COLUMNS": "84", "TERMINAL_WIDTH": "84", "NO_COLOR": "1", "TERM": "dumb"}


def on_page_markdown(markdown, **_):
    return CALL.sub(lambda call: f"{call[0]}\n{help_of(call[1].split())}", markdown)


def help_of(arguments):
    """What the command prints, without its frame of spaces."""
    result = CliRunner().invoke(
        app, arguments, prog_name="diffusion-vae", env=ENVIRONMENT, catch_exceptions=False
    )
    return "\n".join(line.rstrip() for line in result.output.splitlines()).strip("\n")
