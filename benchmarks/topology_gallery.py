"""Latent spaces of a topology table's runs side by side: captured, folded, torn.

python benchmarks/topology_gallery.py --table docs/results/topology --results results \
    --out docs/results/topology_gallery.png [--row "cos + cos: plain" ...] [--columns 4]

Each panel is the latent space of one run of `diffusion-vae reproduce topology`, its points
the encoded test examples in the colours of their known factors (the paper's Figs. 5, 7 and 8).
Below it: the row of the table, the seed, and what was measured. Where the data wrap around the
latent space once, each colour is seen once.
"""

import argparse
import math
from pathlib import Path

from diffusion_vae import plots
from diffusion_vae.experiments import load_run
from diffusion_vae.files import read_json
from diffusion_vae.plots.layout import new_figure

PANEL = 2.1  # inches
CAPTION = 0.62  # inches, of four lines below it


def verdict(measured):
    """What `evaluation.topology` found, in a few short lines."""
    degree = measured.get("degree")
    lines = ["captured" if measured["captured"] else "not captured"]
    if degree is not None:
        lines[0] += f", degree {degree}"
    jump, coverage = measured.get("largest_jump"), measured.get("coverage")
    if jump is not None and coverage is not None:
        lines.append(f"jump {jump:.2f} rad, coverage {coverage:.0%}")
    return lines


def panel(report, results):
    """The latent space of one run as pixels, and the lines below it."""
    run = load_run(results, report["job"])
    locations = run.model.encode(run.dataset.test)[0]
    figure = plots.latent_scatter(
        run.model.manifold, locations, factors=run.dataset.test_factors, point_size=4.0
    )
    lines = [report["row"], f"seed {report['config']['seed']}", *verdict(report["topology"])]
    return plots.to_array(figure, dpi=200), lines


def gallery(panels, columns):
    """Panels in rows of `columns`, captions below them."""
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(columns * PANEL, rows * (PANEL + CAPTION))
    for axes, (pixels, lines) in zip(
        figure.subplots(rows, columns, squeeze=False).flat, panels, strict=False
    ):
        axes.imshow(pixels)
        axes.set_title("\n".join(lines), fontsize=6, y=-0.02, va="top")
    for axes in figure.axes:
        axes.axis("off")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, required=True, help="folder of the runs' JSON files")
    parser.add_argument("--results", default="results", help="results folder of the runs")
    parser.add_argument("--row", action="append", help="rows of the table; default: all")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    reports = [read_json(path) for path in sorted(arguments.table.glob("*-seed-*.json"))]
    chosen = [r for r in reports if arguments.row is None or r["row"] in arguments.row]
    if not chosen:
        parser.error(f"Expected finished runs of these rows in {arguments.table}.")
    panels = [panel(report, arguments.results) for report in chosen]
    print(plots.save(gallery(panels, arguments.columns), arguments.out, dpi=200))


if __name__ == "__main__":
    main()
