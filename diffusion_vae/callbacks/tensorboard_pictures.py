"""Pictures and latent points for TensorBoard.

Events are written by TensorBoard's own writer, which is the same on every Keras backend.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from google.protobuf import text_format
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from diffusion_vae.datasets import Dataset
from diffusion_vae.files import replacing
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.plots.images import as_images
from diffusion_vae.plots.model_pictures import held_out_examples, holds_pictures
from diffusion_vae.plots.sprites import most_pictures, sprite_sheet

POINTS = 2000  # largest number of points in the projector
SHOWN_IN_SPACE = 3  # columns that the projector needs
SHEET = 2_000_000  # bytes of its sheet of pictures, before compression
CONFIG = "projector_config.pbtxt"  # the name that TensorBoard reads


def write_images(pictures: Mapping[str, str | Path], log_dir: str | Path, step: int) -> None:
    """Adds pictures to an event file of its own.

    Args:
        pictures: A dictionary from names to paths of PNG files.
        log_dir: Folder of the event file, made if it is missing.
        step: The epoch of the pictures, counted from 1 as their titles do.
    """
    images = [_image(name, Path(path)) for name, path in pictures.items()]
    if not images:
        return
    writer = EventFileWriter(str(log_dir))
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=images)))
    writer.close()


def write_embedding(model: Any, dataset: Dataset | np.ndarray, log_dir: str | Path) -> list[Path]:
    """Writes the latent points of held-out examples for TensorBoard's projector.

    Writes `latent.tsv`, `labels.tsv` (labels, factors, log of the diffusion time),
    `sprite.png` (the examples, if they are pictures) and the projector's configuration. On a
    manifold the points are the locations, for other models draws from the posterior.

    Args:
        model: A trained model.
        dataset: A `Dataset` or an array of examples `[n, *event]`.
        log_dir: A folder that holds event files.

    Returns:
        Paths of the files written.
    """
    x, labels, factors, _ = held_out_examples(dataset)
    most = POINTS
    pictures = holds_pictures(dataset)
    if pictures and len(x):
        most = min(POINTS, most_pictures(x[0], SHEET))
    points, more = _latent_points(model, x[:most])
    missing = max(0, SHOWN_IN_SPACE - points.shape[1])
    points = np.pad(points, [(0, 0), (0, missing)])  # else its principal components are NaN
    log_dir = Path(log_dir)
    columns: dict[str, np.ndarray] = (
        {} if labels is None else {"label": np.asarray(labels)[:most].reshape(-1)}
    )
    if factors is not None:
        for i, column in enumerate(np.reshape(factors[:most], (len(points), -1)).T):
            columns[f"factor {i + 1}"] = column
    columns |= more
    config = ProjectorConfig()
    shown = config.embeddings.add()
    shown.tensor_name = "latent points of held-out examples"
    shown.tensor_path = _table(log_dir / "latent.tsv", points).name
    written = [log_dir / shown.tensor_path]
    if columns:
        rows = zip(*columns.values(), strict=True)
        names = list(columns) if len(columns) > 1 else None  # one column has no heading
        shown.metadata_path = _table(log_dir / "labels.tsv", rows, names).name
        written.append(log_dir / shown.metadata_path)
    if pictures:
        sheet, _ = sprite_sheet(x[:most])
        with replacing(log_dir / "sprite.png") as temporary:
            imageio.imwrite(temporary, sheet)
        shown.sprite.image_path = "sprite.png"
        height, width = as_images(x[:1]).shape[1:3]
        shown.sprite.single_image_dim.extend([width, height])
        written.append(log_dir / "sprite.png")
    with replacing(log_dir / CONFIG) as temporary:
        temporary.write_text(text_format.MessageToString(config))
    return [*written, log_dir / CONFIG]


def _latent_points(model: Any, x: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Latent points `[n, d]` of examples, and further columns of the table by name."""
    if isinstance(model, DiffusionVAE):
        location, times = model.encode(x)
        return location, {"log time": np.log(np.asarray(times)).mean(axis=-1)}
    return np.asarray(model.sample_posterior(x)[0]).reshape(len(x), -1), {}


def _image(name: str, path: Path) -> Any:
    """A summary value of a PNG file."""
    height, width, *channels = imageio.imread(path).shape
    image = Summary.Image(
        height=height,
        width=width,
        colorspace=channels[0] if channels else 1,
        encoded_image_string=path.read_bytes(),
    )
    return Summary.Value(tag=name, image=image)


def _table(path: Path, rows: Iterable[Iterable[Any]], names: Sequence[str] | None = None) -> Path:
    """Writes rows of a tab-separated file, and returns its path."""
    lines = ["\t".join(names)] if names else []
    lines += ["\t".join(_cell(value) for value in row) for row in rows]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _cell(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return " ".join(str(value).split())  # neither tabs nor line ends
