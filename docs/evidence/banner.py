"""Trained latent spaces side by side, with what is decoded from them: the README's picture.

python docs/evidence/banner.py --results results --run RUN --run RUN ... --out docs/images/NAME.png

One column a run: the encoded test examples above, the decoded latent points below. A single
run has them side by side.
"""

import argparse
import itertools
from pathlib import Path

from diffusion_vae import plots
from diffusion_vae.plots.layout import new_figure
from diffusion_vae.runs import load_run

COLUMN, ROW = 2.6, 2.3  # inches


def column(results, name, points):
    """Scatter and decoded grid of one run, as pixels."""
    run = load_run(results, name)
    x = run.dataset.test[:points]
    labels, factors = run.dataset.test_labels, run.dataset.test_factors
    scatter = plots.latent_scatter(
        run.model.manifold,
        run.model.encode(x)[0],
        None if labels is None else labels[:points],
        factors=None if factors is None else factors[:points],
    )
    grid = plots.reconstruction_grid(run.model, 15, limits=plots.value_range(x))
    return [plots.to_array(figure, dpi=220) for figure in (scatter, grid)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default="results", help="folder of the runs")
    parser.add_argument("--run", action="append", required=True, help="name of a run, repeatable")
    parser.add_argument("--points", type=int, default=3000, help="test examples shown")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    columns = [column(arguments.results, name, arguments.points) for name in arguments.run]
    rows = columns if len(columns) == 1 else list(zip(*columns, strict=True))
    figure = new_figure(len(rows[0]) * COLUMN, len(rows) * ROW)
    places = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for axes, pixels in zip(places.flat, itertools.chain(*rows), strict=True):
        axes.imshow(pixels)
        axes.axis("off")
    print(plots.save(figure, arguments.out, dpi=200))


if __name__ == "__main__":
    main()
