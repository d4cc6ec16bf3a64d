"""What the commands print of runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from diffusion_vae.runs.loading import LoadedRun, load_run, run_names

if TYPE_CHECKING:
    from diffusion_vae.evaluation import Topology
    from diffusion_vae.runs.training import TrainedRun


def print_summary(trained: "TrainedRun", console: Console) -> None:
    """Prints held-out numbers beside the paper's, the topology and where the files are."""
    from diffusion_vae.runs.numbers import ROWS, number_rows

    manifold = getattr(trained.model, "manifold", None)
    known = [name for _, name, _, _ in ROWS]
    shown = {name: trained.metrics[name] for name in known if name in trained.metrics}
    rows, has_paper = number_rows(shown, trained.dataset, manifold)
    table = Table(title=f"Held-out examples ({len(trained.dataset.test)})", title_justify="left")
    table.add_column("")
    table.add_column("this run", justify="right")
    if has_paper:
        table.add_column("paper", justify="right")
    for label, unit, ours, theirs in rows:
        if ours == "not computed":
            continue
        cells = [f"{label} ({unit})" if unit else label, ours]
        table.add_row(*cells, *([theirs] if has_paper else []))
    for name in trained.own_metrics:
        table.add_row(name.replace("_", " "), f"{trained.metrics[name]:.4g}")
    console.print(table)
    if trained.topology is not None:
        _print_topology(trained.topology, console)
    images = trained.results.folder("images")
    pictures = sorted(path.name for path in images.glob("*.png"))
    console.print(f"pictures: {images}/{{{', '.join(pictures)}}}", soft_wrap=True)
    metrics = trained.results.folder("parameters") / "metrics.json"
    console.print(f"metrics: {metrics}", soft_wrap=True)
    console.print(f"tensorboard --logdir {trained.results.root / 'tensorboard'}", soft_wrap=True)


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
    names = run_names(root)
    if not names:
        console.print(f"No runs in {root}.")
        return
    table = Table(title=f"Runs in {root}", title_justify="left")
    table.add_column("run", no_wrap=True, overflow="fold")
    for column in ("latent space", "data", "epochs"):
        table.add_column(column)
    for column in ("ELBO", "KL", "MSE"):
        table.add_column(column, justify="right")
    table.add_column("topology")
    for name in names:
        table.add_row(*_run_cells(load_run(root, name)))
    console.print(table)


def _run_cells(run: LoadedRun) -> tuple[str, ...]:
    metrics = run.metrics
    forms = {"elbo": "{:.2f}", "kl_loss": "{:.2f}", "mse": "{:.5f}"}
    numbers = [
        form.format(metrics[name]) if name in metrics else "" for name, form in forms.items()
    ]
    topology = metrics.get("topology")
    verdict = "" if topology is None else _verdict(topology["captured"])
    done = max(map(len, run.history.values()), default=0)
    return (
        run.name,
        run.space,
        run.dataset_name,
        str(done),
        *numbers,
        verdict if metrics else "unfinished",
    )
