"""The settings of a run for TensorBoard's tab of hyperparameters."""

import numbers
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

HIDDEN = {
    "module",
    "registered_name",
    "build_config",
    "name",
    "dtype",
    "trainable",
    "shared_object_id",
}
LONGEST = 60  # letters of a value


def write_hyperparameters(record: Mapping[str, Any], run: str, log_dir: str | Path) -> None:
    """Writes the settings of a run; TensorBoard finds its scalars in the folders below.

    Args:
        record: Contents of `experiment.json`.
        run: Name of the run.
        log_dir: The run's folder of TensorBoard.
    """
    parts = {part: record.get(part) for part in ("model", "optimizer", "dataset", "fit", "seed")}
    settings = dict(_settings("", parts))
    writer = EventFileWriter(str(log_dir))
    summary = hparams_pb(settings, trial_id=run)
    writer.add_event(Event(wall_time=time.time(), step=0, summary=summary))
    writer.close()


def _settings(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Numbers and short texts of a nested record, named `model.encoder.units`."""
    if isinstance(value, Mapping):
        if "class_name" in value:  # a serialised object: its class, and its arguments
            yield name, str(value["class_name"])
            config = value.get("config")
            config = config if isinstance(config, Mapping) else {}
            value = {key: item for key, item in config.items() if key not in HIDDEN}
        for key, item in value.items():
            yield from _settings(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, (bool, str)):
        yield name, value if isinstance(value, bool) else value[:LONGEST]
    elif isinstance(value, numbers.Real):
        yield name, float(value)
    elif isinstance(value, (list, tuple)) and all(isinstance(v, numbers.Real) for v in value):
        yield name, ", ".join(f"{v:g}" for v in value)[:LONGEST]
