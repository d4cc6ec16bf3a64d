"""`diffusion-vae evaluate | plot | list`: commands about runs that are there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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

if TYPE_CHECKING:
    from diffusion_vae.runs.loading import LoadedRun


def evaluate(
    run: RunName,
    results: Results = DEFAULT_RESULTS,
    which: Which = "last",
    samples: Annotated[
        int, typer.Option(help="Importance samples an example for the log-likelihood; 0: none.")
    ] = 100,
    imports: Imports = [],  # noqa: B006 (Typer copies it)
) -> None:
    """Numbers of a trained run on its held-out data, log-likelihood included."""
    from diffusion_vae.cli.printing import print_numbers
    from diffusion_vae.cli.quiet import import_library, import_own
    from diffusion_vae.runs.loading import load_run

    load_run(results, run, which)  # an unknown run is known without Keras
    import_library()
    import_own(imports)
    from diffusion_vae.runs.evaluation import evaluate_run

    verbose = int(console.is_terminal)
    report = evaluate_run(results, run, which=which, samples=samples, verbose=verbose)
    print_numbers(report, console)


def plot(
    run: RunName,
    results: Results = DEFAULT_RESULTS,
    which: Which = "last",
    explore: Annotated[
        bool, typer.Option("--explore", help="Open a window: a click decodes the point there.")
    ] = False,
    file_format: Annotated[
        Literal["png", "svg", "pdf"], typer.Option("--format", help="Format of still pictures.")
    ] = "png",
    dark: Annotated[bool, typer.Option("--dark", help="Still pictures white on black.")] = False,
    imports: Imports = [],  # noqa: B006 (Typer copies it)
) -> None:
    """Draw every picture of a trained run anew, or explore its latent space."""
    from diffusion_vae.cli.quiet import import_library, import_own
    from diffusion_vae.runs.loading import load_run

    loaded = load_run(results, run, which)
    import_library()
    import_own(imports)
    if explore:
        _explore(loaded)
        return
    from diffusion_vae.plots import write_pictures

    folder = results / "images" / loaded.name
    with working(f"Drawing every picture of {loaded.name}"):
        written = write_pictures(
            loaded.model,
            loaded.dataset,
            folder,
            everything=True,
            note=loaded.picture_note,
            file_format=file_format,
            dark=dark,
        )
    for path in written:
        console.print(str(path), soft_wrap=True)


def list_everything(
    results: Results = DEFAULT_RESULTS,
    runs: Annotated[bool, typer.Option("--runs", help="Only the runs so far.")] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write options and numbers of all runs to this file.")
    ] = None,
) -> None:
    """Latent spaces, data sets and models that `train` knows, and the runs so far."""
    if csv is not None:
        from diffusion_vae.runs.table import write_runs_table

        console.print(str(write_runs_table(results, csv)), soft_wrap=True)
        return
    from rich.table import Table

    from diffusion_vae.cli.printing import print_runs

    if runs:
        print_runs(results, console)
        return
    from diffusion_vae.datasets import descriptions
    from diffusion_vae.runs.kinds import MODELS
    from diffusion_vae.text_forms import TEXT_FORMS

    spaces = {form.example: form.description for form in TEXT_FORMS.values()}
    spaces["sphere:2 x torus:1"] = "a product, factors joined by ' x '"
    for title, rows in (
        ("Latent spaces (--manifold)", spaces),
        ("Data sets (--dataset)", descriptions()),
        ("Models (--model)", {name: kind.description for name, kind in MODELS.items()}),
    ):
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        for name, text in rows.items():
            table.add_row(f"[cyan]{name}[/]", text)
        console.print(table)
        console.print()
    print_runs(results, console)


def _explore(loaded: "LoadedRun") -> None:
    """Opens the window of `plots.explore` and waits until it is closed."""
    from matplotlib import pyplot

    from diffusion_vae import plots
    from diffusion_vae.plots.images import value_range
    from diffusion_vae.plots.model_pictures import held_out_examples

    if pyplot.get_backend().lower() == "agg":
        raise ValueError(
            "Expected a screen for --explore. Received: Matplotlib's backend 'agg', which opens "
            "no window. Without --explore the pictures are written to files."
        )
    if not hasattr(loaded.model, "manifold"):
        raise ValueError(
            "Expected a model on a manifold for --explore. Received: a run of "
            f"{type(loaded.model).__name__}. Without --explore its pictures are drawn."
        )
    x = held_out_examples(loaded.dataset)[0]
    limits = value_range(x)  # of the data: that of decoded pictures is a guess
    locations = loaded.model.encode(x)[0]
    figure = pyplot.figure()
    try:
        plots.explore(loaded.model, figure, locations=locations, limits=limits)
        pyplot.show()
    finally:
        pyplot.close(figure)
