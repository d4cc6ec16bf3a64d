"""`diffusion-vae report`: a run as one page."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_vae.cli.common import (
    DEFAULT_RESULTS,
    Imports,
    Results,
    RunName,
    Which,
    console,
    working,
)


def report(
    run: RunName,
    results: Results = DEFAULT_RESULTS,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write.", show_default="RESULTS/reports/RUN.html"),
    ] = None,
    which: Which = "last",
    imports: Imports = [],  # noqa: B006 (Typer copies it)
) -> None:
    """Parameters, numbers, curves and every picture of a finished run in one HTML file."""
    from diffusion_vae.cli.quiet import import_library, import_own
    from diffusion_vae.runs.loading import load_run
    from diffusion_vae.runs.report.page import write_report

    if load_run(results, run, which).metrics:  # else the page is refused, without Keras
        import_library()
        import_own(imports)
    with working(f"Drawing every picture of {run}, on white and on black"):
        path = write_report(results, run, out, which)
    console.print(str(path), soft_wrap=True)
