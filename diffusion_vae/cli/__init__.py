"""`diffusion-vae train | compare | options | evaluate | plot | report | list | ...`.

Nothing here imports Keras or a backend before a command needs it.
"""

import sys
from typing import Annotated, Any

import typer

from diffusion_vae.cli.compare import compare
from diffusion_vae.cli.convert import convert
from diffusion_vae.cli.options import options
from diffusion_vae.cli.quiet import one_line_warnings
from diffusion_vae.cli.report import report
from diffusion_vae.cli.runs import evaluate, list_everything, plot
from diffusion_vae.cli.tables import reproduce
from diffusion_vae.cli.train import train

app = typer.Typer(
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Variational autoencoders whose latent space is a manifold.",
)
INTERRUPTED = 130  # exit code of Ctrl-C
# Wrong options and arguments: click's `UsageError`, which some versions of Typer bring along.
USAGE_ERRORS: tuple[Any, ...] = typer.BadParameter.__bases__

app.command()(train)
app.command()(compare)
app.command()(options)
app.command()(evaluate)
app.command()(plot)
app.command()(report)
app.command("list")(list_everything)
app.command()(reproduce)
app.command()(convert)


def _version(value: bool) -> None:
    if value:
        from diffusion_vae import __version__

        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Variational autoencoders whose latent space is a manifold."""


def main() -> None:
    """Entry point: bad input ends in one sentence and exit code 2, not in a traceback."""
    try:
        with one_line_warnings():
            code = app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
        if code == INTERRUPTED:  # some versions of Typer catch Ctrl-C themselves
            typer.echo("Interrupted.", err=True)
        sys.exit(code)
    except USAGE_ERRORS as error:
        typer.echo(f"Error: {error.format_message()}", err=True)
        sys.exit(2)
    except (ValueError, TypeError, OSError, FloatingPointError, ImportError) as error:
        typer.echo(f"Error: {_sentence(error)}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)


def _sentence(error: Exception) -> str:
    """The message of an error, without what TensorFlow's tracing wraps around it."""
    text = str(error).strip()
    if "in user code:" in text:
        text = text.split("ValueError: ")[-1].strip()
    return text.split("\n\n")[0] or type(error).__name__
