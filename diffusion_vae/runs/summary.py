"""What a run says on screen when it is done."""

from rich.table import Table

from diffusion_vae.runs.kinds import latent_name
from diffusion_vae.runs.loading import load_run, run_names
from diffusion_vae.runs.published import published

ROWS = (
    ("ELBO", "elbo", "nats", "{:.2f}"),
    ("KL", "kl_loss", "nats", "{:.2f}"),
    ("MSE", "mse", "per value", "{:.5f}"),
    ("mean log time", "log_time", "", "{:.2f}"),
)


def print_summary(trained, console):
    """Prints held-out numbers beside the paper's, the topology and where the files are.

    Args:
        trained: A `TrainedRun`.
        console: A `rich` console.
    """
    paper = published(trained.dataset, getattr(trained.model, "manifold", None))
    table = Table(title=f"Held-out examples ({len(trained.dataset.test)})", title_justify="left")
    table.add_column("")
    table.add_column("this run", justify="right")
    if paper:
        table.add_column("paper", justify="right")
    for label, name, unit, form in ROWS:
        if name not in trained.metrics:
            continue
        cells = [f"{label} ({unit})" if unit else label, form.format(trained.metrics[name])]
        if paper:
            cells.append(form.format(paper[name]) if name in paper else "")
        table.add_row(*cells)
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


def _print_topology(topology, console):
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


def _verdict(captured):
    return "captured" if captured else "not captured"


def print_numbers(report, console):
    """Prints what `evaluate_run` returned, a number a line."""
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


def print_runs(root, console):
    """Prints the runs of a results folder as a table."""
    names = run_names(root)
    if not names:
        console.print(f"No runs in {root}.")
        return
    table = Table(title=f"Runs in {root}", title_justify="left")
    for column in ("run", "latent space", "data", "epochs"):
        table.add_column(column)
    for column in ("ELBO", "KL", "MSE"):
        table.add_column(column, justify="right")
    table.add_column("topology")
    for name in names:
        table.add_row(*_run_cells(load_run(root, name)))
    console.print(table)


def _run_cells(run):
    settings, metrics = run.experiment.get("config", {}), run.metrics
    numbers = [
        form.format(metrics[name]) if name in metrics else "" for _, name, _, form in ROWS[:3]
    ]
    topology = metrics.get("topology")
    verdict = "" if topology is None else _verdict(topology["captured"])
    return (
        run.name,
        latent_name(settings["model"], settings["latent"]) if "model" in settings else "",
        settings.get("dataset", ""),
        str(run.experiment.get("epochs", "")),
        *numbers,
        verdict if metrics else "unfinished",
    )
