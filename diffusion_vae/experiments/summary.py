"""What a run says on screen when it is done."""

from rich.table import Table

from diffusion_vae.experiments.published import published

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
    paper = published(trained.dataset, trained.model.manifold)
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
    rows = "  ".join(str(list(row)) for row in topology.winding)
    console.print(
        f"winding matrix of the encoder: {rows}, determinant {topology.determinant}; "
        f"largest jump between neighbours {topology.largest_jump:.3f} rad",
        soft_wrap=True,
        markup=False,
    )
    console.print(f"topology: {'captured' if topology.captured else 'not captured'}")
