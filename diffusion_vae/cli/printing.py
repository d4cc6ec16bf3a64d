"""What the commands print of runs."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from diffusion_vae.runs.loading import LoadedRun, load_run, run_names

if TYPE_CHECKING:
    from diffusion_vae.evaluation import Topology
    from diffusion_vae.runs.training import TrainedRun


def print_summary(trained: "TrainedRun", console: Console) -> None:
    """Prints held-out numbers beside the paper's, the topology and where the files are."""
    from diffusion_vae.runs.numbers import ROWS, number_rows
    from diffusion_vae.runs.published import comparable_space

    manifold = comparable_space(trained.model, trained.dataset)
    known = [name for _, name, _, _ in ROWS]
    shown = {name: trained.metrics[name] for name in known if name in trained.metrics}
    rows, has_paper = number_rows(shown, trained.dataset, manifold)
    table = Table(title=f"Held-out examples ({len(trained.dataset.test)})", title_justify="left")
    table.add_column("")
    table.add_column("this run", justify="right")
    if has_paper:
        table.add_column("paper, 500 epochs", justify="right")
    for label, unit, ours, theirs in rows:
        if ours == "not computed":
            continue
        cells = [f"{label} ({unit})" if unit else label, ours]
        table.add_row(*cells, *([theirs] if has_paper else []))
    for name in trained.own_metrics:
        table.add_row(name.replace("_", " "), f"{trained.metrics[name]:.4g}")
    console.print(table)
    collapse = collapse_sentence(trained.model, trained.metrics)
    if collapse is not None:
        console.print(f"[yellow]{escape(collapse)}[/]", soft_wrap=True)
    if trained.topology is not None:
        _print_topology(trained.topology, console)
    images = trained.results.folder("images")
    files = sorted(path for path in images.iterdir() if not path.name.startswith("epoch_"))
    pictures = [path.name for path in files if path.suffix in (".png", ".gif")]
    if pictures:
        console.print(f"pictures: {images}/{{{','.join(pictures)}}}", soft_wrap=True)
    metrics = trained.results.folder("parameters") / "metrics.json"
    console.print(f"metrics: {metrics}", soft_wrap=True)
    console.print(f"tensorboard --logdir {trained.results.root / 'tensorboard'}", soft_wrap=True)


def collapse_sentence(model: Any, metrics: dict[str, float]) -> str | None:
    """What is to be said of a held-out KL near zero, or `None`."""
    from diffusion_vae.models.guards import STEPS_TO_COLLAPSE, CollapseWarning, NaNGuard

    warner = CollapseWarning(NaNGuard())
    warner.set_model(model)
    return warner.sentence(STEPS_TO_COLLAPSE, {"val_kl_loss": metrics.get("kl_loss", math.inf)})


def _print_topology(topology: "Topology", console: Console) -> None:
    if topology.winding is not None:
        rows = "  ".join(str(list(row)) for row in topology.winding)
        console.print(f"winding matrix of the encoder: {rows}", soft_wrap=True, markup=False)
    console.print(
        f"degree {'-' if topology.degree is None else topology.degree}, largest jump between "
        f"neighbours {topology.largest_jump:.3f} rad, coverage {topology.coverage:.1%}",
        soft_wrap=True,
        highlight=False,
    )
    console.print(f"topology: {_verdict(topology.captured)}")


def _verdict(captured: bool) -> str:
    return "captured" if captured else "not captured"


def print_numbers(report: dict[str, Any], console: Console) -> None:
    """Prints the numbers of `evaluate_run`, one a line."""
    table = Table(show_header=False)
    for name, value in report.items():
        if isinstance(value, float):
            table.add_row(name, f"{value:.5g}" if abs(value) < 100 else f"{value:.2f}")
        elif not isinstance(value, dict):
            table.add_row(name, str(value))
    console.print(table)
    if "topology" in report:
        console.print(
            f"topology: {'captured' if report['topology']['captured'] else 'not captured'}"
        )


def print_runs(root: str | Path, console: Console) -> None:
    """Prints the runs of a results folder as a table."""
    names = run_names(root)  # by time, which their records tell
    runs = sorted((load_run(root, name) for name in names), key=_started)
    if not names:
        console.print(f"No runs in {root}.")
        return
    table = Table(title=f"Runs in {root}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", no_wrap=True)
    for column in ("latent space", "data", "epochs"):
        table.add_column(column, overflow="fold")
    for column in ("ELBO", "KL", "MSE"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("topology", overflow="fold")
    for run in runs:
        table.add_row(*_run_cells(run))
    # A name is what the other commands take: wide rather than cut, and no line broken in a pipe.
    unbounded = console.options.update(max_width=10_000)
    needed = Measurement.get(console, unbounded, table)
    width = max(console.width, needed.minimum) if console.is_terminal else needed.maximum
    colours = console.is_terminal
    Console(file=console.file, width=width, force_terminal=colours, highlight=False).print(table)


def _started(run: LoadedRun) -> tuple[str, str]:
    return str(run.experiment.get("started", "")), run.name


def _run_cells(run: LoadedRun) -> tuple[str, ...]:
    metrics = run.metrics
    forms = {"elbo": "{:.2f}", "kl_loss": "{:.2f}", "mse": "{:.5f}"}
    numbers = [
        form.format(metrics[name]) if name in metrics else "" for name, form in forms.items()
    ]
    topology = metrics.get("topology")
    verdict = "" if topology is None else _verdict(topology["captured"])
    done = str(max(map(len, run.history.values()), default=0))
    planned = (run.experiment.get("fit") or {}).get("epochs")
    if not metrics and planned is not None:
        done = f"{done} of {planned}"
    return (
        run.name,
        run.space,
        run.dataset_name,
        done,
        *numbers,
        verdict if metrics else "unfinished",
    )
