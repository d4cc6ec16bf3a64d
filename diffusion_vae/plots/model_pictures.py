"""The pictures of a trained model, for every kind of model."""

from functools import singledispatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from diffusion_vae.checks import require_choice
from diffusion_vae.datasets import Dataset
from diffusion_vae.files import replacing
from diffusion_vae.models import DiffusionVAE, InfoCatVAE, VariationalAutoencoder
from diffusion_vae.plots.animation import write_gif
from diffusion_vae.plots.clusters import away_from_origin, cluster_interpolation, cluster_samples
from diffusion_vae.plots.colouring import has_colouring
from diffusion_vae.plots.galleries import (
    examples,
    geodesic_interpolation,
    posterior_samples,
    prior_samples,
    reconstruction_pairs,
)
from diffusion_vae.plots.images import value_range
from diffusion_vae.plots.interactive import interactive_page
from diffusion_vae.plots.layout import note as add_note
from diffusion_vae.plots.plane_data import plane_data_panels
from diffusion_vae.plots.reconstruction import reconstruction_grid
from diffusion_vae.plots.saving import save
from diffusion_vae.plots.scatter import latent_scatter
from diffusion_vae.plots.themes import use_dark_background
from diffusion_vae.plots.times import time_map
from diffusion_vae.plots.traversal import traversals
from diffusion_vae.plots.turning import SECONDS_PER_VIEW, is_drawn_in_space, turning_scatter
from diffusion_vae.text_forms import text_form

FORMATS = ("png", "svg", "pdf")
POINTS = 5000  # points of a latent picture
PAIRS = 10  # pictures beside their reconstructions
TURNING_POINTS = 1500  # points of a picture that turns


def write_pictures(
    model: VariationalAutoencoder,
    dataset: Dataset | np.ndarray,
    folder: str | Path,
    everything: bool = False,
    *,
    note: str | None = None,
    file_format: str = "png",
    dark: bool = False,
) -> list[Path]:
    """Draws the latent space and the reconstructions of held-out examples.

    Decoded pictures are shown in the range of the data.

    Args:
        model: A trained model.
        dataset: A `Dataset`, or an array of examples `[n, *event]`.
        folder: Folder of the pictures, made if it is missing.
        everything: Whether to draw all pictures of the model, or only those that every run
            shows.
        note: What stands small at the lower right of each, see `picture_note`; by default
            the name of the data.
        file_format: Format of the pictures that do not move: `"png"`, `"svg"` or `"pdf"`.
        dark: Whether these are white on black.

    Returns:
        Paths of the pictures written.

    Raises:
        ValueError: If the format is unknown.

    Example:
        >>> from diffusion_vae.plots import write_pictures
        >>> for path in write_pictures(model, digits, "pictures"):  # doctest: +SKIP
        ...     print(path)
        pictures/latent.png
        pictures/reconstruction_grid.png
        pictures/reconstruction_pairs.png
    """
    require_choice("file_format", file_format, FORMATS)
    note = picture_note(dataset) if note is None else note
    written = []
    for name, picture in noted_figures(model, dataset, everything, note).items():
        path = Path(folder) / name
        if isinstance(picture, Figure):
            path = path.with_suffix(f".{file_format}")
            picture = use_dark_background(picture) if dark else picture
        written.append(write_picture(picture, path))
    return written


def noted_figures(
    model: Any, dataset: Dataset | np.ndarray, everything: bool, note: str
) -> dict[str, Any]:
    """`model_figures`, each of which says what it shows."""
    pictures = model_figures(model, dataset, everything, note)
    for picture in pictures.values():
        if isinstance(picture, Figure):
            add_note(picture, note)
    return pictures


def picture_note(dataset: Any, run: str | None = None, epoch: int | None = None) -> str:
    """The line that names data, run and epoch of a picture; what is unknown is left out.

    Args:
        dataset: A `Dataset` or an array.
        run: Name of the run.
        epoch: Number of epochs trained.
    """
    name = Path(dataset.name).name if isinstance(dataset, Dataset) else ""
    parts = [name, f"run {run}" if run else "", f"epoch {epoch}" if epoch is not None else ""]
    return ", ".join(filter(None, parts))


def write_picture(picture: Any, path: Path) -> Path:
    """Writes one picture of `model_figures` in the format that its name ends in.

    Args:
        picture: A Matplotlib figure (`.png`), frames (`.gif`) or the text of a page (`.html`).
        path: The file to write.

    Returns:
        The path.
    """
    if path.suffix == ".gif":
        return write_gif(picture, path, SECONDS_PER_VIEW, seconds_on_last=SECONDS_PER_VIEW)
    if path.suffix == ".html":
        with replacing(path) as temporary:
            temporary.write_text(picture, encoding="utf-8")
        return path
    return save(picture, path)


@singledispatch
def model_figures(
    model: Any, dataset: Dataset | np.ndarray, everything: bool, note: str = ""
) -> dict[str, Any]:
    """Pictures of a model by file name; a kind of model with other pictures registers them.

    Args:
        model: A trained model.
        dataset: A `Dataset`, or an array of examples.
        everything: Whether to draw all pictures of the model, or only those that every run
            shows.
        note: What moving pictures and pages say of themselves; figures get it later.

    Returns:
        A dictionary from file names to pictures, as `write_picture` takes them.
    """
    raise TypeError(f"Expected a VariationalAutoencoder. Received: {type(model).__name__}.")


@model_figures.register
def picture_figures(
    model: VariationalAutoencoder, dataset: Any, everything: bool, note: str = ""
) -> dict[str, Any]:
    """Pictures of any model of pictures: reconstructions and samples."""
    x = held_out_examples(dataset)[0]
    if not holds_pictures(dataset):
        return {}
    limits = value_range(x)
    pictures = {"reconstruction_pairs.png": reconstruction_pairs(model, x[:PAIRS], limits=limits)}
    if everything:
        pictures["examples.png"] = examples(x, limits=limits)
        pictures["prior_samples.png"] = prior_samples(model, limits=limits)
        pictures["posterior_samples.png"] = posterior_samples(model, x[:PAIRS], limits=limits)
    return pictures


@model_figures.register
def manifold_figures(
    model: DiffusionVAE, dataset: Any, everything: bool, note: str = ""
) -> dict[str, Any]:
    """The latent space, decoded points of it, and geodesics."""
    x, labels, _, _ = held_out_examples(dataset)
    pictures: dict[str, Any] = {"latent.png": latent_figure(model, dataset)}
    if everything:
        pictures |= _times_and_turning(model, dataset, note)
    if x.shape[1:] == (2,) and model.latent.point_shape == (1,):
        pictures["data_and_latent.png"] = plane_data_panels(model, x, labels)
    if not holds_pictures(dataset):
        return pictures
    limits = value_range(x)
    pictures["reconstruction_grid.png"] = reconstruction_grid(
        model, locations=model.encode(x)[0], limits=limits, title="Decoded latent points"
    )
    pictures |= picture_figures(model, dataset, everything, note)
    if everything:
        pictures["interpolation.png"] = geodesic_interpolation(
            model, x[:PAIRS], x[PAIRS : 2 * PAIRS], limits=limits
        )
        pictures["traversals.png"] = traversals(model, x[0], limits=limits)
        pictures |= _interactive(model, dataset, note)
    return pictures


def _times_and_turning(model: DiffusionVAE, dataset: Any, note: str) -> dict[str, Any]:
    """Slow pictures of the latent points: their times, and a view from all sides."""
    x, labels, factors, colouring = held_out_examples(dataset)
    location, times = model.encode(x)
    pictures: dict[str, Any] = {"times.png": time_map(model.manifold, location, times)}
    if is_drawn_in_space(model.manifold):
        labels, factors = (None if a is None else a[:TURNING_POINTS] for a in (labels, factors))
        pictures["latent_turning.gif"] = turning_scatter(
            model.manifold,
            location[:TURNING_POINTS],
            labels,
            factors=factors,
            colouring=colouring,
            note=note,
        )
    return pictures


def _interactive(model: DiffusionVAE, dataset: Any, note: str) -> dict[str, str]:
    """The page on which the latent space is turned, if plotly is installed."""
    if find_spec("plotly") is None:
        return {}
    x, labels, factors, colouring = held_out_examples(dataset)
    space = text_form(keras.saving.serialize_keras_object(model.manifold))
    page = interactive_page(
        model,
        x,
        labels,
        factors=factors,
        colouring=colouring,
        title=" · ".join(filter(None, (space, note))),
    )
    return {"interactive.html": page}


@model_figures.register
def cluster_figures(
    model: InfoCatVAE, dataset: Any, everything: bool, note: str = ""
) -> dict[str, Any]:
    """Draws of every cluster, and paths between and away from the clusters' centres."""
    pictures = picture_figures(model, dataset, everything, note)
    limits = value_range(held_out_examples(dataset)[0])
    if pictures:
        pictures["clusters.png"] = cluster_samples(model, limits=limits)
    if pictures and everything:
        pictures["cluster_interpolation.png"] = cluster_interpolation(model, limits=limits)
        if model.manifold is None:  # no origin on a sphere
            pictures["away_from_origin.png"] = away_from_origin(model, limits=limits)
    return pictures


@singledispatch
def training_figure(model: Any, dataset: Any, title: str | None = None) -> Figure:
    """The picture of a model while it trains: by default data beside reconstructions."""
    x = held_out_examples(dataset)[0]
    return reconstruction_pairs(model, x[:PAIRS], limits=value_range(x), title=title)


@training_figure.register
def latent_figure(model: DiffusionVAE, dataset: Any, title: str | None = None) -> Figure:
    """Scatter of the locations of held-out examples, coloured by labels or factors."""
    x, labels, factors, colouring = held_out_examples(dataset)
    return latent_scatter(
        model.manifold,
        model.encode(x)[0],
        labels,
        factors=factors,
        colouring=colouring,
        title=title,
    )


@training_figure.register
def clusters_figure(model: InfoCatVAE, dataset: Any, title: str | None = None) -> Figure:
    """Draws of every cluster."""
    limits = value_range(held_out_examples(dataset)[0])
    return cluster_samples(model, limits=limits, title=title)


def held_out_examples(
    dataset: Dataset | np.ndarray,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None, str | None]:
    """The first test examples with their labels, factors and colouring, `None` if unknown."""
    if not isinstance(dataset, Dataset):
        return np.asarray(dataset)[:POINTS], None, None, None
    labels, factors = dataset.test_labels, dataset.test_factors
    if factors is not None and dataset.colouring is None and not has_colouring(factors):
        factors = None  # columns of a file, of which nothing is known
    if labels is not None and dataset.label_names is not None:
        labels = np.asarray(dataset.label_names)[labels]
    if factors is not None and dataset.colouring == "scale":
        labels, factors = factors[:, 0], None
    return (
        dataset.test[:POINTS],
        None if labels is None else labels[:POINTS],
        None if factors is None else factors[:POINTS],
        dataset.colouring,
    )


def holds_pictures(dataset: Dataset | np.ndarray) -> bool:
    """Whether the examples can be drawn; columns with names are no flat square."""
    if isinstance(dataset, Dataset):
        return dataset.column_names is None and is_picture(dataset.event_shape)
    return is_picture(np.shape(dataset)[1:])


def is_picture(event_shape: tuple[int, ...]) -> bool:
    """Whether examples of this shape can be drawn: (H, W), (H, W, 1 or 3), or a flat square."""
    if len(event_shape) == 1:
        return round(event_shape[0] ** 0.5) ** 2 == event_shape[0]
    return len(event_shape) == 2 or (len(event_shape) == 3 and event_shape[-1] in (1, 3))
