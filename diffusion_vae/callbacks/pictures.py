"""The pictures of a run, for every kind of model."""

from functools import singledispatch
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from diffusion_vae import plots
from diffusion_vae.datasets import Dataset
from diffusion_vae.files import replacing
from diffusion_vae.models import DiffusionVAE, InfoCatVAE, VariationalAutoencoder

POINTS = 5000  # points of a latent picture
PAIRS = 10  # pictures beside their reconstructions
TURNING_POINTS = 1500  # points of a picture that turns


def write_pictures(model, dataset, folder, everything=False):
    """Draws the latent space and the reconstructions of held-out examples.

    Args:
        model: A trained model.
        dataset: A `Dataset`, or an array of examples `[n, *event]`.
        folder: Where to write.
        everything: Whether to draw all there are, or what every run shows.

    Returns:
        Paths of the pictures written.
    """
    found = figures(model, dataset, everything)
    return [write_picture(picture, Path(folder) / name) for name, picture in found.items()]


def write_picture(picture, path):
    """Writes one of `figures`: the ending of its name says what it is.

    Args:
        picture: A Matplotlib figure (`.png`), frames (`.gif`) or the text of a page (`.html`).
        path: Where to write.

    Returns:
        The path.
    """
    if path.suffix == ".gif":
        seconds = plots.SECONDS_PER_VIEW
        return plots.write_gif(picture, path, seconds, seconds_on_last=seconds)
    if path.suffix == ".html":
        with replacing(path) as temporary:
            temporary.write_text(picture, encoding="utf-8")
        return path
    return plots.save(picture, path)


@singledispatch
def figures(model, dataset, everything):
    """Pictures of a model by file name; a kind of model with pictures of its own registers them.

    Args:
        model: A trained model.
        dataset: A `Dataset`, or an array of examples.
        everything: Whether to draw all there are, or what every run shows.

    Returns:
        A dictionary of what `write_picture` takes.
    """
    raise TypeError(f"Expected a VariationalAutoencoder. Received: {type(model).__name__}.")


@figures.register
def picture_figures(model: VariationalAutoencoder, dataset, everything):
    """What can be drawn of any model of pictures: reconstructions and samples."""
    x = held_out(dataset)[0]
    if not is_picture(x.shape[1:]):
        return {}
    found = {"reconstruction_pairs.png": plots.reconstruction_pairs(model, x[:PAIRS])}
    if everything:
        found["examples.png"] = plots.examples(x)
        found["prior_samples.png"] = plots.prior_samples(model)
        found["posterior_samples.png"] = plots.posterior_samples(model, x[:PAIRS])
    return found


@figures.register
def manifold_figures(model: DiffusionVAE, dataset, everything):
    """The latent space, decoded points of it, and geodesics."""
    x = held_out(dataset)[0]
    found = {"latent.png": latent_figure(model, dataset)}
    if everything:
        found |= _all_round(model, dataset)
    if x.shape[1:] == (2,) and model.latent.point_shape == (1,):
        labels = held_out(dataset)[1]
        found["data_and_latent.png"] = plots.plane_data_panels(model, x, labels)
    if not is_picture(x.shape[1:]):
        return found
    found["reconstruction_grid.png"] = plots.reconstruction_grid(
        model, locations=model.encode(x)[0], title="Decoded latent points"
    )
    found |= picture_figures(model, dataset, everything)
    if everything:
        found["interpolation.png"] = plots.geodesic_interpolation(
            model, x[:PAIRS], x[PAIRS : 2 * PAIRS]
        )
        found["traversals.png"] = plots.traversals(model, x[0])
        found |= _interactive(model, dataset)
    return found


def _all_round(model, dataset):
    """Pictures of the latent points that take long: their times, and all sides of them."""
    x, labels, factors, colouring = held_out(dataset)
    location, times = model.encode(x)
    found = {"times.png": plots.time_map(model.manifold, location, times)}
    if plots.turns(model.manifold):
        few = [None if a is None else a[:TURNING_POINTS] for a in (location, labels, factors)]
        found["latent_turning.gif"] = plots.turning_scatter(
            model.manifold, few[0], few[1], factors=few[2], colouring=colouring
        )
    return found


def _interactive(model, dataset):
    """The page on which the latent space is turned, where plotly is installed."""
    if find_spec("plotly") is None:
        return {}
    x, labels, factors, colouring = held_out(dataset)
    name = dataset.name if isinstance(dataset, Dataset) else "data"
    page = plots.interactive_page(
        model,
        x,
        labels,
        factors=factors,
        colouring=colouring,
        title=f"{type(model).__name__} of {name}",
    )
    return {"interactive.html": page}


@figures.register
def cluster_figures(model: InfoCatVAE, dataset, everything):
    """Draws of every cluster, and ways between and away from the clusters' centres."""
    found = picture_figures(model, dataset, everything)
    if found:
        found["clusters.png"] = plots.cluster_samples(model)
    if found and everything:
        found["cluster_interpolation.png"] = plots.cluster_interpolation(model)
        if model.manifold is None:  # no origin on a sphere
            found["away_from_origin.png"] = plots.away_from_origin(model)
    return found


@singledispatch
def training_figure(model, dataset, title):
    """What one watches while a model trains: by default data beside reconstructions."""
    return plots.reconstruction_pairs(model, held_out(dataset)[0][:PAIRS], title=title)


@training_figure.register
def latent_figure(model: DiffusionVAE, dataset, title=None):
    """Scatter of the locations of held-out examples, coloured by what is known of them."""
    x, labels, factors, colouring = held_out(dataset)
    return plots.latent_scatter(
        model.manifold,
        model.encode(x)[0],
        labels,
        factors=factors,
        colouring=colouring,
        title=title,
    )


@training_figure.register
def clusters_figure(model: InfoCatVAE, dataset, title=None):
    """Draws of every cluster."""
    return plots.cluster_samples(model, title=title)


def held_out(dataset):
    """The first test examples with their labels, factors and colouring (or `None`)."""
    if not isinstance(dataset, Dataset):
        return np.asarray(dataset)[:POINTS], None, None, None
    labels, factors = dataset.test_labels, dataset.test_factors
    return (
        dataset.test[:POINTS],
        None if labels is None else labels[:POINTS],
        None if factors is None else factors[:POINTS],
        dataset.colouring,
    )


def is_picture(event_shape):
    """Whether examples of this shape can be drawn: (H, W), (H, W, 1 or 3), or a flat square."""
    if len(event_shape) == 1:
        return round(event_shape[0] ** 0.5) ** 2 == event_shape[0]
    return len(event_shape) == 2 or (len(event_shape) == 3 and event_shape[-1] in (1, 3))
