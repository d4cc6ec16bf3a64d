"""The command line: `diffusion-vae train | evaluate | plot | list | reproduce | convert`."""

import sys

import typer

from diffusion_vae.cli.convert import convert
from diffusion_vae.cli.runs import evaluate, list_everything, plot
from diffusion_vae.cli.tables import reproduce
from diffusion_vae.cli.train import train

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Variational autoencoders whose latent space is a manifold.",
)
app.command()(train)
app.command()(evaluate)
app.command()(plot)
app.command("list")(list_everything)
app.command()(reproduce)
app.command()(convert)


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
