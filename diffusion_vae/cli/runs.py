"""`diffusion-vae evaluate | plot | list`: what one does with runs that are there."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_vae.cli.common import DEFAULT_RESULTS, Results, RunName, console


def evaluate(
    run: RunName,
    results: Results = DEFAULT_RESULTS,
    which: Annotated[str, typer.Option(help="Model: last or best.")] = "last",
    samples: Annotated[
        int, typer.Option(help="Importance samples an example for the log-likelihood; 0: none.")
    ] = 100,
):
    """Numbers of a trained run on its held-out data, log-likelihood included."""
    from diffusion_vae.runs import evaluate_run
    from diffusion_vae.runs.summary import print_numbers

    verbose = int(console.is_terminal)
    report = evaluate_run(results, run, which=which, samples=samples, verbose=verbose)
    print_numbers(report, console)


def plot(
    run: RunName,
    results: Results = DEFAULT_RESULTS,
    which: Annotated[str, typer.Option(help="Model: last or best.")] = "last",
    explore: Annotated[
        bool, typer.Option("--explore", help="Open a window: a click decodes the point there.")
    ] = False,
):
    """Draw every picture of a trained run anew, or explore its latent space."""
    if explore:
        _explore(run, results, which)
        return
    from diffusion_vae.plots import write_pictures
    from diffusion_vae.runs import load_run

    loaded = load_run(results, run, which)
    folder = results / "images" / loaded.name
    for path in write_pictures(loaded.model, loaded.dataset, folder, everything=True):
        console.print(str(path), soft_wrap=True)


def list_everything(
    results: Results = DEFAULT_RESULTS,
    csv: Annotated[
        Path | None, typer.Option(help="Write options and numbers of all runs to this file.")
    ] = None,
):
    """Latent spaces, data sets and models that `train` knows, and the runs so far."""
    if csv is not None:
        from diffusion_vae.runs import write_runs_table

        console.print(str(write_runs_table(results, csv)), soft_wrap=True)
        return
    from rich.table import Table

    from diffusion_vae import datasets
    from diffusion_vae.manifolds import TEXT_FORMS
    from diffusion_vae.runs import MODELS

    spaces = {example: text for _, _, example, text in TEXT_FORMS.values()}
    spaces["sphere:2 x torus:1"] = "a product, factors joined by ' x '"
    for title, rows in (
        ("Latent spaces (--latent)", spaces),
        ("Data sets (--dataset)", datasets.descriptions()),
        ("Models (--model)", {name: kind.description for name, kind in MODELS.items()}),
    ):
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        for name, text in rows.items():
            table.add_row(f"[cyan]{name}[/]", text)
        console.print(table)
        console.print()
    from diffusion_vae.runs.summary import print_runs

    print_runs(results, console)


def _explore(run, results, which):
    """Opens the window of `plots.explore` and waits until it is closed."""
    from matplotlib import pyplot

    from diffusion_vae import plots
    from diffusion_vae.plots.model_pictures import held_out_examples
    from diffusion_vae.runs import load_run

    if pyplot.get_backend().lower() == "agg":
        raise ValueError(
            "Expected a screen for --explore. Received: Matplotlib's backend 'agg', which opens "
            "no window. Without --explore the pictures are written to files."
        )
    loaded = load_run(results, run, which)
    if not hasattr(loaded.model, "manifold"):
        raise ValueError(
            "Expected a model on a manifold for --explore. Received: a run of "
            f"{type(loaded.model).__name__}. Without --explore its pictures are drawn."
        )
    locations = loaded.model.encode(held_out_examples(loaded.dataset)[0])[0]
    plots.explore(loaded.model, pyplot.figure(), locations=locations)
    pyplot.show()
