"""`diffusion-vae reproduce`: tables of many runs."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_vae.cli.common import DEFAULT_RESULTS, Results, console


def reproduce(
    table: Annotated[
        str,
        typer.Argument(
            help="table1, table2, table3, settings, topology, coverage, spaces, no_collapse, "
            "spatial or infocat.",
            metavar="TABLE",
        ),
    ],
    spaces: Annotated[
        list[str], typer.Option(help="A row to make; repeatable.", show_default="all")
    ] = [],  # noqa: B006 (Typer copies it)
    runs: Annotated[int, typer.Option(help="Trainings a row, each with its own seed.")] = 10,
    first_seed: Annotated[int, typer.Option(help="Seed of the first of them.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data.", show_default="the table's")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Trainings at a time.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of numbers and report.", show_default="results/TABLE"),
    ] = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Train a published table again, and set our numbers beside those in it.

    A run that is finished is never repeated; one that was interrupted goes on.
    """
    from diffusion_vae.cli.quiet import import_library

    import_library()
    from diffusion_vae.runs import reproduce as tables

    chosen = tables.get(table)
    out = out or results / table
    planned = chosen.jobs(spaces or None, runs, epochs, first_seed)
    failure = None
    try:
        tables.run_jobs(planned, out, results, jobs, say=console.print)
    except tables.JobsFailed as error:
        failure = error
    for path in tables.write_report(chosen, out):
        console.print(str(path), soft_wrap=True)
    if failure is not None:
        typer.echo(f"Error: {failure}", err=True)
        raise typer.Exit(1)
