"""`diffusion-vae train`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from diffusion_vae.cli import worker
from diffusion_vae.cli.common import DEFAULT_RESULTS, Imports, Results, console, option
from diffusion_vae.cli.completion import complete_setting


def train(
    manifold: Annotated[
        str | None,
        option(
            "Latent space: [cyan]sphere:2[/], so3, ..., 'sphere:2 x torus:1'.",
            show_default="torus:2",
        ),
    ] = None,
    dataset: Annotated[
        str | None, option("Data set by name, or a path.", show_default="periodic_pictures")
    ] = None,
    model: Annotated[
        str | None,
        option(
            "Kind of model (see [cyan]list[/]), or package.module:Class.", show_default="diffusion"
        ),
    ] = None,
    network: Annotated[
        str | None, option("Kind of networks: mlp, conv, spatial.", show_default="the model's")
    ] = None,
    epochs: Annotated[
        int | None, option("Passes over the data.", show_default="20, or by data set")
    ] = None,
    batch_size: Annotated[int | None, option("Examples a step.", show_default="128")] = None,
    learning_rate: Annotated[
        float | None, option("Of the optimizer, Adam.", show_default="0.001")
    ] = None,
    schedule: Annotated[
        str | None,
        option(
            "Learning rate over the run: constant, or cosine (falls to 0).",
            show_default="constant",
        ),
    ] = None,
    seed: Annotated[
        int | None, option("Of weights, noise and the order of the data.", show_default="0")
    ] = None,
    restarts: Annotated[
        int | None,
        option(
            "Most times to start anew when the loss is stuck.", show_default="0, or by data set"
        ),
    ] = None,
    settings: Annotated[
        list[str],
        option(
            "Any further argument, repeatable: walk_steps=20, encoder.units=256,128, "
            "dataset.train_size=1000, fit.patience=5. [cyan]options[/] lists them.",
            "--set",
            metavar="KEY=VALUE",
            autocompletion=complete_setting,
        ),
    ] = [],  # noqa: B006 (Typer copies it)
    config: Annotated[
        Path | None,
        option("A record to repeat, JSON or YAML; options beside it replace its own."),
    ] = None,
    results: Results = DEFAULT_RESULTS,
    run: Annotated[str | None, option("Name of this run.", show_default="the time")] = None,
    resume: Annotated[
        str | None, option("Continue this run after its last epoch.", metavar="RUN")
    ] = None,
    imports: Imports = [],  # noqa: B006 (Typer copies it)
    hosts: Annotated[
        str | None,
        option("Machines that train together (JAX): HOST:PORT,HOST,..., the same for each."),
    ] = None,
    rank: Annotated[int, option("Place of this machine among the hosts, from 0.")] = 0,
) -> None:
    """Train a model, report its numbers on held-out data, write a results folder.

    Without options: a flat torus learns the translations of a periodic picture.
    """
    if hosts is not None and worker.is_needed(hosts):
        worker.watch(hosts, rank)
    choices = {
        "model": model, "manifold": manifold, "dataset": dataset, "network": network,
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "schedule": schedule, "seed": seed, "restarts": restarts,
    }  # fmt: skip
    given = read_settings(settings)
    if resume is not None:
        chosen = [name for name, value in choices.items() if value is not None]
        chosen += ["set"] if given else []
        chosen += ["config"] if config is not None else []
        if chosen:
            raise ValueError(
                f"Expected no `--{chosen[0].replace('_', '-')}` with `--resume`, which continues "
                "a run as it was begun. Leave it out, or start a new run with `--config`."
            )
    from diffusion_vae.cli.printing import print_summary
    from diffusion_vae.cli.quiet import import_library, import_own, without_collapse_warning
    from diffusion_vae.runs.loading import load_run

    if resume is not None:
        load_run(results, resume)  # an unknown run is known without Keras
    import_library()
    import_own(imports, model)
    from diffusion_vae.callbacks import ProgressBar
    from diffusion_vae.runs.cluster import ALONE, join
    from diffusion_vae.runs.composing import compose
    from diffusion_vae.runs.interruption import Interrupted
    from diffusion_vae.runs.record import read_record
    from diffusion_vae.runs.training import resume as resume_run
    from diffusion_vae.runs.training import train as train_run

    cluster = ALONE if hosts is None else join(hosts.split(","), rank)
    preparing = console.status("Reading the data, building the model ...")

    def say(message: str) -> None:
        preparing.stop()
        console.print(message, soft_wrap=True, markup=False)

    watched: dict[str, Any] = {
        "cluster": cluster, "callbacks": lambda: [ProgressBar(console)], "say": say
    }  # fmt: skip
    try:
        with preparing, without_collapse_warning():  # the summary has that sentence
            if resume is not None:
                trained = resume_run(resume, results, **watched)
            else:
                base = None if config is None else read_record(config)
                record = compose(**choices, settings=given, base=base)  # type: ignore[arg-type]
                trained = train_run(record, results, run, **watched, announce=say)
    except Interrupted as stop:
        typer.echo(_how_to_go_on(stop.run, stop.epochs, results), err=True)
        sys.exit(130)
    if trained is not None:
        print_summary(trained, console)


def _how_to_go_on(run: str, epochs: int, results: Path) -> str:
    """The sentence after Ctrl-C."""
    if epochs == 0:
        return f"Stopped in the first epoch of {run!r}. There is nothing to go on from."
    where = "" if results == DEFAULT_RESULTS else f" --results {shlex.quote(str(results))}"
    return (
        f"Stopped after epoch {epochs}. Go on: diffusion-vae train --resume {shlex.quote(run)}"
        f"{where}"
    )


def read_settings(pairs: list[str]) -> dict[str, str]:
    """`KEY=VALUE` texts as a dictionary.

    Raises:
        ValueError: If a text has no key or no equals sign.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise ValueError(f"Expected --set KEY=VALUE. Received: {pair!r}.")
        settings[key.replace("-", "_")] = value
    return settings
