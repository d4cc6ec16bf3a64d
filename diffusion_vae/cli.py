"""The command line: `diffusion-vae train | list`."""

import ast
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Variational autoencoders whose latent space is a manifold.",
)
console = Console(highlight=False)


def option(help, panel="Run", **kwargs):
    """An option of `train` in one of the panels of its help."""
    return typer.Option(help=help, rich_help_panel=panel, **kwargs)


@app.command()
def train(
    latent: Annotated[
        str, option("Latent space: [cyan]sphere:2[/], torus, so3, ..., 'sphere:2 x torus:1'.")
    ] = "torus",
    dataset: Annotated[str, option("Data set by name, or a path.")] = "periodic_pictures",
    dataset_option: Annotated[
        list[str], option("An option of the data set, repeatable.", metavar="KEY=VALUE")
    ] = [],  # noqa: B006 (Typer copies it)
    model: Annotated[str, option("Kind of model.")] = "diffusion",
    epochs: Annotated[int | None, option("Passes over the data.", show_default="20")] = None,
    batch_size: Annotated[int, option("Examples a step.")] = 128,
    learning_rate: Annotated[float, option("Of the Adam optimiser.")] = 1e-3,
    seed: Annotated[int, option("Of weights, noise and the order of the data.")] = 0,
    restarts: Annotated[
        int | None,
        option(
            "Start anew at most so often when the loss is stuck.",
            show_default="8 for periodic_pictures, else 0",
        ),
    ] = None,
    results: Annotated[Path, option("Folder of all runs.")] = Path("results"),
    run: Annotated[str | None, option("Name of this run.", show_default="the time")] = None,
    likelihood: Annotated[str, option("gaussian or bernoulli.", "Model")] = "gaussian",
    variance: Annotated[float, option("Of the Gaussian likelihood.", "Model")] = 1.0,
    encoder_units: Annotated[
        str, option("Widths of the encoder's layers.", "Model")
    ] = "512,512,512",
    decoder_units: Annotated[str, option("Widths of the decoder's layers.", "Model")] = "512,512",
    activation: Annotated[str, option("Activation of the hidden layers.", "Model")] = "relu",
    batch_norm: Annotated[bool, option("Normalise batches in both networks.", "Model")] = False,
    mode: Annotated[
        str, option("Even decoder on RP^d: average or quadratic.", "Model")
    ] = "average",
    head: Annotated[str, option("Location on RP^d: ambient or veronese.", "Model")] = "ambient",
    kernel: Annotated[str, option("Posterior: random_walk.", "Posterior")] = "random_walk",
    steps: Annotated[int, option("Steps of the random walk.", "Posterior")] = 10,
    kl: Annotated[
        str, option("KL of the walk: asymptotic, paper or monte_carlo.", "Posterior")
    ] = "asymptotic",
    kl_weight: Annotated[float, option("Weight of the KL in the loss.", "Posterior")] = 1.0,
    kl_warmup_steps: Annotated[
        int, option("Steps over which the weight rises from 0.", "Posterior")
    ] = 1000,
    log_time_range: Annotated[
        str | None,
        option("Limits on log time: LOW,HIGH.", "Posterior", show_default="by latent space"),
    ] = None,
    initial_log_time: Annotated[
        float | None, option("Log time before training.", "Posterior")
    ] = None,
    fixed_time: Annotated[
        float | None, option("A time instead of learned ones.", "Posterior")
    ] = None,
):
    """Train a model, report its numbers on held-out data, write a results folder.

    Without options: a flat torus learns the translations of a periodic picture.
    """
    settings = dict(locals())
    for name in ("results", "run", "dataset_option"):
        del settings[name]
    settings["dataset_options"] = _key_values(dataset_option)
    settings["encoder_units"] = _numbers("--encoder-units", encoder_units, int)
    settings["decoder_units"] = _numbers("--decoder-units", decoder_units, int)
    if log_time_range is not None:
        settings["log_time_range"] = _numbers("--log-time-range", log_time_range, float, count=2)

    from diffusion_vae import experiments
    from diffusion_vae.callbacks import ProgressBar
    from diffusion_vae.experiments.summary import print_summary

    config = experiments.ExperimentConfig(**settings)
    console.print(
        f"Training [bold]{config.latent}[/] on [bold]{config.dataset}[/], "
        f"{config.planned_epochs} epochs, seed {config.seed}."
    )
    trained = experiments.train(
        config,
        results,
        run,
        callbacks=lambda: [ProgressBar(console)],
        say=lambda message: console.print(f"[yellow]{message}[/]"),
    )
    print_summary(trained, console)


@app.command("list")
def list_everything():
    """Latent spaces, data sets and models that `train` knows."""
    from rich.table import Table

    from diffusion_vae import datasets
    from diffusion_vae.experiments import MODELS
    from diffusion_vae.manifolds import TEXT_FORMS

    spaces = {example: text for _, _, example, text in TEXT_FORMS.values()}
    spaces["sphere:2 x torus:1"] = "a product, factors joined by ' x '"
    for title, rows in (
        ("Latent spaces (--latent)", spaces),
        ("Data sets (--dataset)", datasets.descriptions()),
        ("Models (--model)", MODELS),
    ):
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        for name, text in rows.items():
            table.add_row(f"[cyan]{name}[/]", text)
        console.print(table)
        console.print()


def main():
    """Entry point: bad input ends in one sentence and exit code 2, not in a traceback."""
    try:
        app()
    except (ValueError, TypeError, OSError, FloatingPointError) as error:
        typer.echo(f"Error: {_sentence(error)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        sys.exit(130)


def _sentence(error):
    """The message of an error, without what TensorFlow's tracing wraps around it."""
    text = str(error).strip()
    if "in user code:" in text:
        text = text.split("ValueError: ")[-1].strip()
    return text.split("\n\n")[0] or type(error).__name__


def _key_values(pairs):
    """`key=value` texts as a dictionary; values are numbers, None, True, or text."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise ValueError(f"Expected --dataset-option KEY=VALUE. Received: {pair!r}.")
        try:
            options[key.replace("-", "_")] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key.replace("-", "_")] = value
    return options


def _numbers(name, text, kind, count=None):
    """Comma-separated numbers as a tuple."""
    try:
        values = tuple(kind(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or (count is not None and len(values) != count):
        wanted = f"{count} numbers" if count else "whole numbers"
        raise ValueError(f"Expected {name} to be {wanted} joined by commas. Received: {text!r}.")
    return values


if __name__ == "__main__":
    main()
