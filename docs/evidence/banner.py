"""Trained latent spaces side by side, with what is decoded from them: the README's picture.

python docs/evidence/banner.py --results results --run RUN --run RUN ... --out docs/images/NAME.png

One column a run: the encoded test examples above, the decoded latent points below. A single
run has them side by side. Of a space that is drawn in several views or slices, one of each is
shown: the sphere from outside, the middle slice of SO(3).
"""

import argparse
import itertools
from pathlib import Path

from panels import decoded_panel, latent_panel

from diffusion_vae import plots
from diffusion_vae.plots.layout import new_figure
from diffusion_vae.runs import load_run

COLUMN, ROW = 2.6, 2.3  # inches


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default="results", help="folder of the runs")
    parser.add_argument("--run", action="append", required=True, help="name of a run, repeatable")
    parser.add_argument("--points", type=int, default=3000, help="test examples shown")
    parser.add_argument("--side", type=int, default=15, help="decoded pictures along a side")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    points, side = arguments.points, arguments.side
    runs = [load_run(arguments.results, name) for name in arguments.run]
    columns = [[latent_panel(run, points), decoded_panel(run, side, points)] for run in runs]
    rows = columns if len(columns) == 1 else list(zip(*columns, strict=True))
    figure = new_figure(len(rows[0]) * COLUMN, len(rows) * ROW)
    places = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for axes, pixels in zip(places.flat, itertools.chain(*rows), strict=True):
        axes.imshow(pixels)
        axes.axis("off")
    print(plots.save(figure, arguments.out, dpi=200))


if __name__ == "__main__":
    main()
