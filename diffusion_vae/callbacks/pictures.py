"""The pictures of a run."""

from pathlib import Path

import numpy as np

from diffusion_vae import plots
from diffusion_vae.datasets import Dataset

POINTS = 5000  # points of a latent picture
PAIRS = 10  # pictures beside their reconstructions


def write_pictures(model, dataset, folder, everything=False):
    """Draws the latent space and the reconstructions of held-out examples.

    Args:
        model: A trained model.
        dataset: A `Dataset`, or an array of examples `[n, *event]`.
        folder: Where to write.
        everything: Whether to add prior and posterior samples and an interpolation.

    Returns:
        Paths of the pictures written.
    """
    folder = Path(folder)
    x = held_out(dataset)[0]
    locations = model.encode(x)[0]
    figures = {"latent.png": latent_figure(model, dataset)}
    if _is_picture(x.shape[1:]):
        figures["reconstruction_grid.png"] = plots.reconstruction_grid(
            model, locations=locations, title="Decoded latent points"
        )
        figures["reconstruction_pairs.png"] = plots.reconstruction_pairs(model, x[:PAIRS])
        if everything:
            figures["examples.png"] = plots.examples(x)
            figures["prior_samples.png"] = plots.prior_samples(model)
            figures["posterior_samples.png"] = plots.posterior_samples(model, x[:PAIRS])
            figures["interpolation.png"] = plots.geodesic_interpolation(
                model, x[:PAIRS], x[PAIRS : 2 * PAIRS]
            )
    return [plots.save(figure, folder / name) for name, figure in figures.items()]


def latent_figure(model, dataset, title=None):
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


def _is_picture(event_shape):
    """Whether examples of this shape can be drawn: (H, W), (H, W, 1 or 3), or a flat square."""
    if len(event_shape) == 1:
        return round(event_shape[0] ** 0.5) ** 2 == event_shape[0]
    return len(event_shape) == 2 or (len(event_shape) == 3 and event_shape[-1] in (1, 3))
