"""`diffusion-vae compare`: which manifold do data live on?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from diffusion_vae.cli.common import console, option


def compare(
    dataset: Annotated[str, option("Name of a data set, or a path.", show_default=False)],
    manifold: Annotated[
        list[str],
        typer.Option(help="A candidate, such as sphere:2; repeatable.", show_default="a list"),
    ] = [],  # noqa: B006 (Typer copies it)
    likelihood: Annotated[str, option("gaussian, bernoulli, poisson, ...")] = "gaussian",
    standardize: Annotated[bool, option("Networks see columns of variance 1.")] = True,
    seeds: Annotated[int, option("Trainings that are scored, for each candidate.")] = 3,
    starts: Annotated[int, option("Trials for each of them.")] = 4,
    most_steps: Annotated[int, option("Steps of a training, at most.")] = 8000,
    homology: Annotated[bool, option("Seek holes in the data (needs ripser).")] = True,
    jobs: Annotated[int, option("Candidates at a time.")] = 1,
    seed: Annotated[int, option("Of split, weights, noise and draws.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of numbers, models, page.", show_default="results/compare/NAME"),
    ] = None,
    setting: Annotated[
        list[str],
        typer.Option("--set", help="Option of the data set, such as columns=a,b; repeatable."),
    ] = [],  # noqa: B006
) -> None:
    """Say which manifold the data live on: candidates trained alike, scored on the same examples.

    A candidate that is finished is never repeated; call it again to go on.
    """
    from diffusion_vae.cli.quiet import import_library

    import_library()
    from diffusion_vae import datasets
    from diffusion_vae.comparison import Effort, compare_manifolds
    from diffusion_vae.datasets.registry import loader
    from diffusion_vae.runs.parts import Part

    options = Part(loader(dataset))
    for each in setting:
        key, equals, value = each.partition("=")
        if not equals:
            raise ValueError(f"Expected `--set` to be key=value. Received: {each!r}.")
        options.set("dataset", key.removeprefix("dataset."), value)
    data = datasets.load(dataset, **options.given)
    folder = out or Path("results") / "compare" / (Path(dataset).stem or dataset)
    usual = Effort()
    share = min(1.0, most_steps / usual.most_steps)  # short trainings are short in every part
    parts = {
        name: max(1, round(share * getattr(usual, name)))
        for name in ("trial_steps", "patience", "decay_steps")
    }
    effort = Effort(seeds=seeds, starts=starts, most_steps=most_steps, **parts)
    try:
        result = compare_manifolds(
            data,
            manifold or None,
            likelihood=likelihood,
            standardize=standardize,
            effort=effort,
            homology=homology,
            folder=folder,
            jobs=jobs,
            seed=seed,
        )
    except KeyboardInterrupt:
        typer.echo(
            f"Stopped. Candidates that are finished stay in {folder}: the same command goes on.",
            err=True,
        )
        sys.exit(130)
    console.print(result.table(), soft_wrap=True, markup=False)
    console.print(str(result.save(folder / "comparison.html")), soft_wrap=True, markup=False)
