"""A record as settings by name, for tables and pages; the names are those of `--set`."""

from typing import Any

from diffusion_vae.runs.kinds import COMPONENTS, SCHEDULES
from diffusion_vae.text_forms import space_of

# What a reader of a table does not look for.
HIDDEN = {"name", "trainable", "dtype", "seed", "event_shape", "registered_name", "module"}


def flatten(experiment: dict[str, Any]) -> dict[str, Any]:
    """Settings of a record by name, plain values and lists; needs neither Keras nor a model.

    Args:
        experiment: A record as a dictionary, or an `experiment.json`.

    Returns:
        `model` (its class), `manifold` (text form), `dataset` (its name), the arguments of the
        model, and those of other parts as `part.argument`.

    Example:
        >>> flatten({"dataset": {"name": "mnist", "options": {"train_size": 100}}})
        {'dataset': 'mnist', 'dataset.train_size': 100}
    """
    flat: dict[str, Any] = {}
    model = experiment.get("model") or {}
    if model:
        flat["model"] = model.get("class_name")
    if space_of(model) is not None:
        flat["manifold"] = space_of(model)
    for name, value in (model.get("config") or {}).items():
        if name == "manifold":
            continue
        if name in COMPONENTS and isinstance(value, dict):
            flat |= _component(name, value)
        elif name not in HIDDEN:
            flat[name] = _short(value)
    optimizer = experiment.get("optimizer") or {}
    if optimizer:
        flat["optimizer"] = optimizer.get("class_name")
    for name, value in (optimizer.get("config") or {}).items():
        if name == "learning_rate" and isinstance(value, dict):
            config = value["config"]
            flat["learning_rate"] = config.get("warmup_target") or config["initial_learning_rate"]
            flat["schedule"] = _schedule(value["class_name"])
            flat |= {
                f"schedule.{key}": item
                for key, item in config.items()
                if key not in {*HIDDEN, "initial_learning_rate", "warmup_target"}
            }
        elif name == "learning_rate":
            flat |= {"learning_rate": value, "schedule": "constant"}
        elif name not in HIDDEN:
            flat[f"optimizer.{name}"] = _short(value)
    dataset = experiment.get("dataset") or {}
    if dataset:
        flat["dataset"] = dataset.get("name")
        flat |= {f"dataset.{key}": value for key, value in (dataset.get("options") or {}).items()}
    flat |= {f"fit.{key}": value for key, value in (experiment.get("fit") or {}).items()}
    flat |= {name: experiment[name] for name in ("seed", "restarts") if name in experiment}
    return flat


def _component(part: str, config: dict[str, Any]) -> dict[str, Any]:
    """Class and arguments of a part of a model; an even decoder stands for what it wraps."""
    inner = config.get("config") or {}
    if isinstance(inner.get("decoder"), dict):
        return _component(part, inner["decoder"])
    arguments = {key: value for key, value in inner.items() if key not in {*HIDDEN, "manifold"}}
    return {
        part: config.get("class_name"),
        **{f"{part}.{key}": _short(value) for key, value in arguments.items()},
    }


def _schedule(class_name: str) -> str:
    """The name of a schedule on the command line, or its class."""
    known = {address.rpartition(":")[2]: name for name, address in SCHEDULES.items()}
    return known.get(class_name, class_name)


def _short(value: Any) -> Any:
    """A value as it is, or the name of the class of an object."""
    return value.get("class_name", value) if isinstance(value, dict) else value
