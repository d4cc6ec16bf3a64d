"""One self-contained file of HTML about a run."""

import base64
from pathlib import Path
from typing import Any

from diffusion_vae import __version__
from diffusion_vae.files import read_json, replacing
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.loading import LoadedRun, load_run

TYPES = {".png": "image/png", ".gif": "image/gif"}

# What is seen in the pictures of `plots.model_pictures`, in the order of the page.
CAPTIONS = {
    "latent": "Where the encoder puts held-out examples",
    "latent_turning": "The same from all sides",
    "times": "How sure the encoder is: short times are sharp posteriors",
    "data_and_latent": "Data, latent points, generated data",
    "reconstruction_grid": "What the decoder makes of a grid of latent points",
    "reconstruction_pairs": "Held-out examples and their reconstructions",
    "posterior_samples": "Held-out examples and decoded draws from their posteriors",
    "interpolation": "Decoded geodesics between held-out examples",
    "traversals": "Decoded geodesics through one held-out example, both ways",
    "prior_samples": "Decoded draws from the prior",
    "clusters": "Decoded draws from each cluster",
    "cluster_interpolation": "From each cluster to the next",
    "away_from_origin": "Away from the origin through each cluster's centre",
    "examples": "The data",
    "training": "The training",
}


def write_report(
    root: str | Path, run: str, out: str | Path | None = None, which: str = "last"
) -> Path:
    """Draws every picture of a finished run anew and writes one page about it.

    The page needs no other file and no network. Pictures go to the run's `images` folder
    too, as `diffusion-vae plot` writes them; those of the page follow the reader's choice
    of a light or a dark ground.

    Args:
        root: Folder of all runs.
        run: Name of the run.
        out: File to write, by default `reports/<run>.html` in `root`.
        which: Which model to draw, `"last"` or `"best"`.

    Returns:
        The path of the page.

    Raises:
        FileNotFoundError: If there is no such run.
        ValueError: If the run is not finished.
    """
    loaded = load_run(root, run, which)
    record = loaded.record  # raises if the run is not one of `train`
    if not loaded.metrics:
        raise ValueError(
            f"Expected a finished run. Received: {loaded.name!r}, which has no numbers on "
            f"held-out data yet. Finish it with `diffusion-vae train --resume {loaded.name}`."
        )
    # Only now: an unknown run, or one that is not finished, is known without Keras.
    from diffusion_vae import plots
    from diffusion_vae.plots.pages import both_grounds, duration, render_page
    from diffusion_vae.runs.numbers import number_rows, parameter_rows, topology_rows
    from diffusion_vae.runs.published import comparable_space

    parameters = loaded.root / "parameters" / loaded.name
    later = parameters / "evaluation.json"
    metrics = {**loaded.metrics, **(read_json(later) if later.exists() else {})}
    topology = metrics.pop("topology", None)
    history = read_json(parameters / "history.json")
    space = comparable_space(loaded.model, loaded.dataset)
    rows, has_paper = number_rows(metrics, loaded.dataset, space)
    pictures, interactive = _pictures(loaded)
    page = render_page(
        "diffusion_vae.runs.report",
        "report.html.jinja",
        name=loaded.name,
        space=loaded.space,
        dataset=loaded.dataset_name,
        epochs=max(map(len, history.values()), default=0),
        started=loaded.experiment.get("started", ""),
        took=duration(loaded.experiment.get("training_seconds")),
        weights=loaded.model.count_params(),
        repeat=f"diffusion-vae train --config {parameters / 'experiment.json'}",
        numbers=rows,
        has_paper=has_paper,
        evaluated=later.exists(),
        examples=len(loaded.dataset.test),
        captured=None if topology is None else topology["captured"],
        topology=None if topology is None else topology_rows(topology),
        curves=both_grounds(plots.learning_curves(history)),
        pictures=pictures,
        interactive=interactive,
        parameters=parameter_rows(flatten(record.as_dict())),
        versions=parameter_rows(loaded.experiment.get("versions", {})),
        version=__version__,
    )
    path = Path(out) if out is not None else loaded.root / "reports" / f"{loaded.name}.html"
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _pictures(loaded: LoadedRun) -> tuple[list[tuple], Any]:
    """Pictures as (caption, light, dark) with `data:` addresses, and the interactive page."""
    from diffusion_vae.plots.model_pictures import noted_figures, write_picture
    from diffusion_vae.plots.pages import both_grounds

    folder = loaded.root / "images" / loaded.name
    found: dict[str, tuple] = {}
    interactive = None
    note = loaded.picture_note
    for name, picture in noted_figures(loaded.model, loaded.dataset, True, note).items():
        path = write_picture(picture, folder / name)
        if path.suffix == ".html":
            interactive = picture
        elif path.suffix == ".gif":
            found[path.stem] = (_address(path.read_bytes(), path.suffix), None)
        else:
            found[path.stem] = both_grounds(picture)
    training = folder / "training.gif"
    if training.exists():
        found["training"] = (_address(training.read_bytes(), ".gif"), None)
    order = [name for name in CAPTIONS if name in found]
    order += [name for name in found if name not in CAPTIONS]
    named = [(CAPTIONS.get(name, name.replace("_", " ")), *found[name]) for name in order]
    return named, interactive


def _address(content: bytes, suffix: str) -> str:
    return f"data:{TYPES[suffix]};base64,{base64.b64encode(content).decode('ascii')}"
