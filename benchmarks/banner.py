"""Trained latent spaces side by side, with what is decoded from them: the README's picture.

python benchmarks/banner.py --results results --run RUN --run RUN ... --out docs/images/NAME.png

One column a run: the encoded test examples above, the decoded latent points below.
"""

import argparse
from pathlib import Path

from diffusion_vae import plots
from diffusion_vae.experiments import load_run
from diffusion_vae.plots.layout import new_figure

COLUMN, ROW = 2.6, 2.5  # inches


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
        point_size=3.0,
    )
    grid = plots.reconstruction_grid(run.model, 15, limits=(0.0, 1.0))
    return [plots.to_array(figure, dpi=220) for figure in (scatter, grid)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default="results", help="folder of the runs")
    parser.add_argument("--run", action="append", required=True, help="name of a run, repeatable")
    parser.add_argument("--points", type=int, default=4000, help="test examples shown")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    columns = [column(arguments.results, name, arguments.points) for name in arguments.run]
    figure = new_figure(len(columns) * COLUMN, 2 * ROW)
    for places, pictures in zip(
        figure.subplots(2, len(columns), squeeze=False).T, columns, strict=True
    ):
        for axes, pixels in zip(places, pictures, strict=True):
            axes.imshow(pixels)
            axes.axis("off")
    print(plots.save(figure, arguments.out, dpi=200))


if __name__ == "__main__":
    main()
