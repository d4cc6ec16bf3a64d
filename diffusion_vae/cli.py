"""The command line: `diffusion-vae train | evaluate | plot | list | reproduce`."""

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
# Options of `train` that are not part of the experiment.
NOT_SETTINGS = (
    "context", "results", "run", "resume", "config", "dataset_option", "model_option",
)  # fmt: skip


def option(help, panel="Run", **kwargs):
    """An option of `train` in one of the panels of its help."""
    return typer.Option(help=help, rich_help_panel=panel, **kwargs)


Results = Annotated[Path, option("Folder of all runs.")]
RunName = Annotated[str, typer.Argument(help="Name of a run.", metavar="RUN")]
DEFAULT_RESULTS = Path("results")


@app.command()
def train(
    context: typer.Context,
    latent: Annotated[
        str, option("Latent space: [cyan]sphere:2[/], torus, so3, ..., 'sphere:2 x torus:1'.")
    ] = "torus",
    dataset: Annotated[str, option("Data set by name, or a path.")] = "periodic_pictures",
    dataset_option: Annotated[
        list[str], option("An option of the data set, repeatable.", metavar="KEY=VALUE")
    ] = [],  # noqa: B006 (Typer copies it)
    model: Annotated[
        str, option("Kind of model: diffusion, ... (see [cyan]list[/]).")
    ] = "diffusion",
    model_option: Annotated[
        list[str], option("An option of the kind of model, repeatable.", metavar="KEY=VALUE")
    ] = [],  # noqa: B006 (Typer copies it)
    epochs: Annotated[int | None, option("Passes over the data.", show_default="15 or 20")] = None,
    passes: Annotated[int, option("Passes over the data in an epoch, for small data.")] = 1,
    batch_size: Annotated[int, option("Examples a step.")] = 128,
    learning_rate: Annotated[float, option("Of the Adam optimiser.")] = 1e-3,
    schedule: Annotated[
        str, option("Learning rate over the run: constant, or cosine (falls to 0).")
    ] = "constant",
    warmup_steps: Annotated[
        int, option("Steps over which the rate of the cosine schedule first rises.")
    ] = 0,
    seed: Annotated[int, option("Of weights, noise and the order of the data.")] = 0,
    restarts: Annotated[
        int | None,
        option(
            "Start anew at most so often when the loss is stuck.",
            show_default="12 for periodic_pictures, else 0",
        ),
    ] = None,
    patience: Annotated[
        int | None, option("Stop after so many epochs without a better validation ELBO.")
    ] = None,
    checkpoint_every: Annotated[
        int | None, option("Keep the model of every so many epochs.")
    ] = None,
    pictures_every: Annotated[
        int | None, option("Draw the latent space every so many epochs, and a GIF.")
    ] = None,
    results: Results = DEFAULT_RESULTS,
    run: Annotated[str | None, option("Name of this run.", show_default="the time")] = None,
    resume: Annotated[
        str | None, option("Continue this run where it was interrupted.", metavar="RUN")
    ] = None,
    config: Annotated[
        Path | None,
        option("An experiment.json to repeat; options given beside it replace its own."),
    ] = None,
    likelihood: Annotated[str, option("gaussian or bernoulli.", "Model")] = "gaussian",
    variance: Annotated[float, option("Of the Gaussian likelihood.", "Model")] = 1.0,
    scale: Annotated[
        str, option("Of the Gaussian likelihood: fixed, learned or predicted.", "Model")
    ] = "fixed",
    per_dimension: Annotated[
        bool, option("Whether values have scales of their own.", "Model")
    ] = False,
    network: Annotated[str, option("Kind of networks: mlp or conv.", "Model")] = "mlp",
    encoder_units: Annotated[
        str, option("mlp: widths of the encoder's layers.", "Model")
    ] = "512,512,512",
    decoder_units: Annotated[
        str, option("mlp: widths of the decoder's layers.", "Model")
    ] = "512,512",
    filters: Annotated[str, option("conv: filters of each convolution.", "Model")] = "64,64,64",
    kernel_sizes: Annotated[str, option("conv: 3, or one a layer: 5,3,3x1.", "Model")] = "3",
    pool_sizes: Annotated[str, option("conv: 2, or one a layer: 2x4,2,none.", "Model")] = "2",
    dense_units: Annotated[
        str,
        option("conv: widths of the encoder's dense layers; the decoder mirrors them.", "Model"),
    ] = "64",
    padding: Annotated[
        str, option("conv: same, or circular for periodic pictures.", "Model")
    ] = "same",
    activation: Annotated[str, option("Activation of the hidden layers.", "Model")] = "relu",
    initializer: Annotated[
        str, option("mlp: law of the initial weights, by Keras's name.", "Model")
    ] = "glorot_uniform",
    batch_norm: Annotated[
        bool | None,
        option("Normalise batches in both networks.", "Model", show_default="conv: yes, mlp: no"),
    ] = None,
    mode: Annotated[
        str, option("Even decoder on RP^d: average or quadratic.", "Model")
    ] = "average",
    head: Annotated[str, option("Location on RP^d: ambient or veronese.", "Model")] = "ambient",
    posterior: Annotated[
        str, option("brownian; on spheres also power_spherical, von_mises_fisher.", "Posterior")
    ] = "brownian",
    kernel: Annotated[
        str, option("auto (exact where known), exact, random_walk.", "Posterior")
    ] = "auto",
    steps: Annotated[int, option("Steps of the random walk.", "Posterior")] = 10,
    kl: Annotated[
        str, option("KL of the walk: asymptotic, paper or monte_carlo.", "Posterior")
    ] = "asymptotic",
    kl_weight: Annotated[float, option("Weight of the KL in the loss.", "Posterior")] = 1.0,
    kl_warmup_steps: Annotated[
        int, option("Steps over which the weight rises from 0.", "Posterior")
    ] = 1000,
    kl_capacity: Annotated[
        str | None,
        option("Rising target for the KL: START,END,STEPS.", "Posterior", show_default="none"),
    ] = None,
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
    settings = {name: value for name, value in locals().items() if name not in NOT_SETTINGS}
    settings["dataset_options"] = _key_values("--dataset-option", dataset_option)
    settings["model_options"] = _key_values("--model-option", model_option)
    for name in ("encoder_units", "decoder_units", "filters", "dense_units"):
        settings[name] = _numbers(f"--{name.replace('_', '-')}", settings[name], int)
    settings["kernel_sizes"] = _sizes("--kernel-sizes", kernel_sizes)
    settings["pool_sizes"] = _sizes("--pool-sizes", pool_sizes)
    if log_time_range is not None:
        settings["log_time_range"] = _numbers("--log-time-range", log_time_range, float, count=2)
    if kl_capacity is not None:
        settings["kl_capacity"] = _numbers("--kl-capacity", kl_capacity, float, count=3)

    from diffusion_vae import experiments
    from diffusion_vae.callbacks import ProgressBar
    from diffusion_vae.experiments.summary import print_summary

    watched = {
        "callbacks": lambda: [ProgressBar(console)],
        "say": lambda message: console.print(f"[yellow]{message}[/]"),
    }
    if resume is not None:
        print_summary(experiments.resume(resume, results, **watched), console)
        return
    given = {name: value for name, value in settings.items() if _is_given(context, name)}
    if config is not None:
        settings = {**experiments.read_config(config).as_dict(), **given}
    else:
        usual = experiments.recipe(model, dataset)
        options = ("dataset_options", "model_options")
        merged = {name: usual.get(name, {}) | settings[name] for name in options}
        settings |= usual | given | merged
    chosen = experiments.ExperimentConfig.from_dict(settings)
    shown = experiments.latent_name(chosen.model, chosen.latent)
    console.print(
        f"Training [bold]{shown}[/] on [bold]{chosen.dataset}[/], "
        f"{chosen.planned_epochs} epochs, seed {chosen.seed}."
    )
    print_summary(experiments.train(chosen, results, run, **watched), console)


@app.command()
def evaluate(
    run: RunName,
    results: Results = DEFAULT_RESULTS,
    which: Annotated[str, typer.Option(help="Model: last or best.")] = "last",
    samples: Annotated[
        int, typer.Option(help="Importance samples an example for the log-likelihood; 0: none.")
    ] = 100,
):
    """Numbers of a trained run on its held-out data, log-likelihood included."""
    from diffusion_vae.experiments import evaluate_run
    from diffusion_vae.experiments.summary import print_numbers

    with console.status("Evaluating"):
        report = evaluate_run(results, run, which=which, samples=samples)
    print_numbers(report, console)


@app.command()
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
    from diffusion_vae.callbacks import write_pictures
    from diffusion_vae.experiments import load_run

    loaded = load_run(results, run, which)
    folder = results / "images" / loaded.name
    for path in write_pictures(loaded.model, loaded.dataset, folder, everything=True):
        console.print(str(path), soft_wrap=True)


@app.command()
def reproduce(
    table: Annotated[
        str, typer.Argument(help="Table: table1, table2 or table3.", metavar="TABLE")
    ],
    spaces: Annotated[
        list[str], typer.Option(help="Only this row, repeatable.", show_default="all")
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
):
    """Train a published table again, and set our numbers beside those in it.

    A run that is finished is never repeated; one that was interrupted goes on.
    """
    from diffusion_vae.experiments import reproduce as tables

    chosen = tables.find_table(table)
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


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Folder or zip archive of pictures.")],
    target: Annotated[Path, typer.Argument(help="HDF5 file to write, such as celeba.h5.")],
    size: Annotated[int, typer.Option(help="Pixels a side of the pictures written.")] = 64,
    crop: Annotated[
        int | None,
        typer.Option(
            help="Pixels a side of the central square: 108 for the faces of CelebA.",
            show_default="the largest there is",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Take the first so many pictures.", show_default="all")
    ] = None,
):
    """Write pictures to one HDF5 file, from which training streams them (CelebA, LSUN)."""
    from diffusion_vae.datasets import convert_pictures

    with console.status(f"Converting {source}"):
        path = convert_pictures(source, target, size, crop, limit)
    console.print(str(path), soft_wrap=True)


@app.command("list")
def list_everything(
    results: Results = DEFAULT_RESULTS,
    csv: Annotated[
        Path | None, typer.Option(help="Write options and numbers of all runs to this file.")
    ] = None,
):
    """Latent spaces, data sets and models that `train` knows, and the runs so far."""
    if csv is not None:
        from diffusion_vae.experiments import write_runs_table

        console.print(str(write_runs_table(results, csv)), soft_wrap=True)
        return
    from rich.table import Table

    from diffusion_vae import datasets
    from diffusion_vae.experiments import MODELS
    from diffusion_vae.manifolds import TEXT_FORMS

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
    from diffusion_vae.experiments.summary import print_runs

    print_runs(results, console)


def _explore(run, results, which):
    """Opens the window of `plots.explore` and waits until it is closed."""
    from matplotlib import pyplot

    from diffusion_vae import plots
    from diffusion_vae.callbacks.pictures import held_out
    from diffusion_vae.experiments import load_run

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
    locations = loaded.model.encode(held_out(loaded.dataset)[0])[0]
    plots.explore(loaded.model, pyplot.figure(), locations=locations)
    pyplot.show()


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


def _is_given(context, name):
    """Whether an option stands on the command line."""
    option = name.removesuffix("s") if name in ("dataset_options", "model_options") else name
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def _key_values(name, pairs):
    """`key=value` texts as a dictionary; values are numbers, None, True, or text."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise ValueError(f"Expected {name} KEY=VALUE. Received: {pair!r}.")
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


def _sizes(name, text):
    """Sizes of the layers, such as `3,5x3,none`, as a tuple."""
    try:
        return tuple(None if part == "none" else _size(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"Expected {name} to be sizes such as 3 or 2x4 joined by commas. Received: {text!r}."
        ) from None


def _size(text):
    numbers = tuple(int(part) for part in text.split("x"))
    return numbers[0] if len(numbers) == 1 else numbers


if __name__ == "__main__":
    main()
