"""Latent spaces of a topology table's runs side by side: captured, folded, torn.

python docs/evidence/topology_gallery.py --table docs/results/topology --results results \
    --out docs/results/topology_gallery.png [--run cos-cos-plain-seed-0 ...] [--columns 4]

Each panel is the latent space of one run of `diffusion-vae reproduce topology`, its points
the encoded test examples in the colours of their known factors (the paper's Figs. 5, 7 and 8).
Below it: the row of the table, the seed, and what was measured. Where the data wrap around the
latent space once, each colour is seen once.
"""

import argparse
import math
from pathlib import Path

from panels import latent_panel

from diffusion_vae import plots
from diffusion_vae.files import read_json
from diffusion_vae.plots.layout import new_figure
from diffusion_vae.runs import load_run

PANEL = (2.1, 1.65)  # inches
CAPTION = 0.5  # inches, of four lines below it


def verdict(measured):
    """What `evaluation.measure_topology` found, in a few short lines."""
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
    lines = [report["row"], f"seed {report['record']['seed']}", *verdict(report["topology"])]
    return latent_panel(run, point_size=8.0), lines


def gallery(panels, columns):
    """Panels in rows of `columns`, captions below them."""
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    width, height = PANEL
    figure = new_figure(columns * width, rows * (height + CAPTION))
    for axes, (pixels, lines) in zip(
        figure.subplots(rows, columns, squeeze=False).flat, panels, strict=False
    ):
        axes.imshow(pixels)
        axes.set_title("\n".join(lines), fontsize=5, y=-0.06, va="top")
    for axes in figure.axes:
        axes.axis("off")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, required=True, help="folder of the runs' JSON files")
    parser.add_argument("--results", default="results", help="results folder of the runs")
    parser.add_argument("--run", nargs="+", help="runs of the table, in order; default: all")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    found = {path.stem: path for path in sorted(arguments.table.glob("*-seed-*.json"))}
    runs = arguments.run or list(found)
    missing = [run for run in runs if run not in found]
    if missing or not runs:
        parser.error(f"Expected finished runs in {arguments.table}. Received: {missing}.")
    panels = [panel(read_json(found[run]), arguments.results) for run in runs]
    print(plots.save(gallery(panels, arguments.columns), arguments.out, dpi=200))


if __name__ == "__main__":
    main()
