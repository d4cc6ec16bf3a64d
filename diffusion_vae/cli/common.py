"""What the commands share: the console, common options."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

console = Console(highlight=False)


def working(what: str) -> AbstractContextManager[Any]:
    """Says on a terminal's stderr, with a moving sign, what takes its time; nothing elsewhere."""
    errors = Console(stderr=True, highlight=False)
    return errors.status(f"{what} ...") if errors.is_terminal else nullcontext()


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
