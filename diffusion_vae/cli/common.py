"""What the commands share: the console, common options."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(highlight=False)


def option(help, panel="Run", **kwargs):
    """An option of `train` in one of the panels of its help."""
    return typer.Option(help=help, rich_help_panel=panel, **kwargs)


Results = Annotated[Path, option("Folder of all runs.")]
RunName = Annotated[str, typer.Argument(help="Name of a run.", metavar="RUN")]
DEFAULT_RESULTS = Path("results")
