"""What the commands share: the console, common options."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

console = Console(highlight=False)


def option(help: str, *names: str, **kwargs: Any) -> Any:
    """An option of a command, named after its parameter or as given."""
    return typer.Option(*names, help=help, **kwargs)


Results = Annotated[Path, option("Folder of all runs.")]
Which = Annotated[str, option("Model: last or best.")]
RunName = Annotated[str, typer.Argument(help="Name of a run.", metavar="RUN")]
Imports = Annotated[
    list[str],
    option("Module with classes of your own, repeatable.", "--import", metavar="MODULE"),
]
DEFAULT_RESULTS = Path("results")
