"""From choices and settings to the record of a run."""

import dataclasses
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from diffusion_vae.checks import require_choice, require_integer, require_positive
from diffusion_vae.runs.kinds import COMPONENTS, NETWORKS, SCHEDULES, find_class, model_kind
from diffusion_vae.runs.parts import Part, Parts
from diffusion_vae.runs.recipes import recipe, usual_restarts
from diffusion_vae.runs.record import (
    Config,
    Fit,
    Record,
    deserialize,
    plain,
    serialize,
    with_addresses,
)
from diffusion_vae.signatures import arguments
from diffusion_vae.text_forms import text_form

if TYPE_CHECKING:
    from diffusion_vae.manifolds import Manifold

LEARNING_RATE = 1e-3
Space: TypeAlias = "str | Manifold | None"
DATASET = "periodic_pictures"


def compose(
    model: str | None = None,
    *,
    manifold: Space = None,
    dataset: str | None = None,
    network: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    seed: int | None = None,
    restarts: int | None = None,
    settings: Mapping[str, Any] | None = None,
    base: Record | None = None,
) -> Record:
    """The record of a run, as `diffusion-vae train` makes it from its options.

    What is not chosen follows from `base`, else from the recipe of the model on the data set,
    else from the defaults of the constructors.

    Args:
        model: Kind of model (`"diffusion"`, `"info"`, ...) or an address
            `package.module:Class`.
        manifold: Text form, such as `"sphere:2"`, or a manifold.
        dataset: Name of a data set, or a path.
        network: Kind of networks: `"mlp"`, `"conv"` or `"spatial"`.
        epochs: Passes over the data.
        batch_size: Examples a step.
        learning_rate: Of the optimiser.
        schedule: Of the learning rate: `"constant"` or `"cosine"` (falls to 0).
        seed: Of weights, noise and the order of the data.
        restarts: How often training starts anew, at most, when its loss is stuck.
        settings: Further settings, `part.argument` to value, as `--set` takes them.
        base: A record whose choices stand where no others are made.

    Returns:
        A `Record`.

    Raises:
        TypeError: If a value is of the wrong type.
        ValueError: If a name is unknown, or a value out of range.

    Example:
        >>> record = compose(manifold="sphere:2", dataset="digits", settings={"walk_steps": 5})
        >>> record.model["config"]["walk_steps"]
        5
    """
    settings = dict(settings or {})
    usual: dict[str, Any] = {}
    dataset_name = dataset or (base.dataset["name"] if base else DATASET)
    name, space, rate = None, manifold, LEARNING_RATE
    if base is None:
        usual = recipe(model or "diffusion", dataset_name)
        parts, space = _fresh(model or "diffusion", manifold, usual)
    else:
        parts, rate = _parts_of(base)
        name = base.model.get("config", {}).get("name")
        if model is not None:
            parts, space = _with_model(parts, model, manifold)
    if space is not None:
        _set_manifold(parts.parts["model"], space)
        name = space if isinstance(space, str) else text_form(serialize(space))
    parts.parts["dataset"] = _dataset_part(parts, base, dataset)
    if network is not None:
        require_choice("network", network, NETWORKS)
        settings = {"network": network, **settings}
    if schedule is not None:
        require_choice("schedule", schedule, ("constant", *SCHEDULES))
        settings = {"schedule": schedule, **settings}
    for key, count in (("epochs", epochs), ("batch_size", batch_size)):
        if count is not None:
            settings[f"fit.{key}"] = require_integer(key, count, 1)
    _apply(parts, settings, usual)
    if learning_rate is not None:
        rate = require_positive("learning_rate", learning_rate)
    seed = (base.seed if base else 0) if seed is None else seed
    built = _model_config(parts, name, require_integer("seed", seed, 0))
    data = parts.parts["dataset"]
    if restarts is None:
        space = built["config"].get("manifold")
        text = text_form(space) if isinstance(space, dict) else None
        restarts = base.restarts if base else usual_restarts(dataset_name, text)
    return Record(
        model=built,
        optimizer=_optimizer_config(parts, rate),
        dataset={"name": dataset_name, "options": plain(_jsonable(data.given))},
        fit=plain(dataclasses.asdict(Fit(**parts.parts["fit"].given))),
        seed=seed,
        restarts=restarts,
    )


def _fresh(model: str, manifold: Space, usual: dict[str, Any]) -> tuple[Parts, Space]:
    """The parts of a run by default, and the manifold."""
    from diffusion_vae.models import VariationalAutoencoder

    kind = model_kind(model)
    cls = find_class(kind.address)
    if not issubclass(cls, VariationalAutoencoder):
        raise ValueError(
            "Expected the address of a model, a subclass of VariationalAutoencoder. "
            f"Received: {kind.address!r}."
        )
    takes = arguments(cls)
    usual_manifold = usual.pop("manifold", kind.manifold)
    manifold = manifold or usual_manifold
    if manifold is None and "manifold" in takes:
        needed = takes["manifold"].default is inspect.Parameter.empty
        manifold = "torus:2" if needed else None
    parts = Parts({"model": Part(cls), "fit": Part(Fit)})
    parts.choose("optimizer", "adam")
    return parts, manifold


def _with_model(base: Parts, model: str, manifold: Space) -> tuple[Parts, Space]:
    """Another model in place of that of a base, and the manifold if it is not the base's.

    The training stays. Arguments, networks and manifold stay too if one of the classes is a
    subclass of the other; else the model has its own.
    """
    parts, space = _fresh(model, manifold, {})
    old, new = base.parts["model"], parts.parts["model"]
    kept = ["optimizer", "schedule", "fit"]
    if issubclass(new.maker, old.maker) or issubclass(old.maker, new.maker):  # type: ignore
        known = arguments(new.maker)  # type: ignore[arg-type]
        new.given = {key: value for key, value in old.given.items() if key in (*known, "dtype")}
        space = manifold if "manifold" in new.given else space
        kept += parts.components()
    parts.parts |= {part: base.parts[part] for part in kept if part in base.parts}
    return parts, space


def _apply(parts: Parts, settings: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
    """Takes settings: first those that choose classes, then arguments.

    Args:
        parts: The parts.
        settings: What is asked for.
        usual: What a recipe adds, where the chosen parts have such an argument.
    """
    rest = {}
    for key, value in {**usual, **settings}.items():
        if not parts.choose(key, value):
            rest[key] = value
    rest = {key: value for key, value in rest.items() if key in settings or parts.takes(key)}
    for key in sorted(rest, key=lambda key: key.count(".")):  # `divergence`, `divergence.time`
        parts.set(key, rest[key])


def _set_manifold(model: Part, manifold: "str | Manifold") -> None:
    from diffusion_vae import manifolds

    if "manifold" not in arguments(model.maker):  # type: ignore[arg-type]
        raise ValueError(
            f"Expected no `manifold` with the model {model.maker.__name__}, which brings its own "
            f"latent space. Received: {manifold!r}."
        )
    model.given["manifold"] = manifolds.get(manifold)


def _dataset_part(parts: Parts, base: Record | None, dataset: str | None) -> Part:
    """The loader of the chosen data set; options of a base stay if it is the same."""
    from diffusion_vae.datasets.registry import loader

    name = dataset or (base.dataset["name"] if base else DATASET)
    if not isinstance(name, str):
        raise TypeError(f"Expected `dataset` to be a name or a path, as text. Received: {name!r}.")
    given = {}
    if base is not None and base.dataset["name"] == name:
        given = dict(base.dataset.get("options", {}))
    return Part(loader(name), given)


def _parts_of(record: Record) -> tuple[Parts, Any]:
    """The parts that a record names, with all their arguments."""
    from diffusion_vae import manifolds
    from diffusion_vae.layers import EvenDecoder

    model = record.build_model()
    config = record.model.get("config", {})
    hidden = {*COMPONENTS, "seed", "name", "trainable"}
    given = {key: value for key, value in config.items() if key not in hidden}
    if isinstance(given.get("manifold"), str):  # written by hand
        given["manifold"] = manifolds.get(given["manifold"])
    parts = {"model": Part(type(model), _objects(given))}
    for name in COMPONENTS:
        value = config.get(name)
        if isinstance(value, dict) and "class_name" in value:
            made = deserialize(value, name)
            if isinstance(made, EvenDecoder):
                made = made.decoder
                value = serialize(made)
            if "steps" in value.get("config", {}):
                parts["model"].given["walk_steps"] = value["config"]["steps"]
            follows = {"seed": (None, record.seed), "dtype": (given.get("dtype"),)}
            arguments_of = {
                key: item
                for key, item in value.get("config", {}).items()
                if item not in follows.get(key, ())
            }
            parts[name] = Part(type(made), _objects(arguments_of))
        elif value is not None:
            parts["model"].given[name] = value
    optimizer = with_addresses(record.optimizer)
    options = dict(optimizer.get("config", {}))
    rate = options.pop("learning_rate", LEARNING_RATE)
    shell = deserialize({**optimizer, "config": {**options}}, "optimizer")
    parts["optimizer"] = Part(type(shell), options)
    if isinstance(rate, dict):
        schedule = dict(rate["config"])
        start, target = schedule.pop("initial_learning_rate"), schedule.pop("warmup_target", None)
        made = {**rate, "config": {**rate["config"], "decay_steps": 1}}
        parts["schedule"] = Part(type(deserialize(made, "schedule")), schedule)
        rate = target or start
    parts["fit"] = Part(Fit, dict(record.fit))
    return Parts(parts), rate


def _objects(config: Config) -> Config:
    """Arguments of a config, with the objects that it describes."""
    return {
        key: deserialize(value, key)
        if isinstance(value, dict) and "class_name" in value
        else value
        for key, value in config.items()
    }


def _model_config(parts: Parts, name: str | None, seed: int) -> Config:
    """Keras config of the untrained model."""
    model = parts.parts["model"]
    given = dict(model.given)
    if "name" not in given:  # Keras would number the models of a process
        given["name"] = (
            (name or model.maker.__name__).replace(":", "_").replace(" ", "_").replace(",", "_")
        )
    for part in COMPONENTS:
        if part not in parts.parts:
            continue
        component = parts.parts[part]
        options = {"name": part, **component.given}
        known = arguments(component.maker)  # type: ignore[arg-type]
        if "manifold" in known:
            options["manifold"] = given.get("manifold") or model.maker(**given).manifold
        if "steps" in known and "walk_steps" in given:
            options["steps"] = given["walk_steps"]
        if "seed" in known and part not in ("encoder", "decoder"):
            options.setdefault("seed", seed)
        if "dtype" in given and part in ("encoder", "decoder"):
            options.setdefault("dtype", given["dtype"])
        if part in ("kernel", "divergence"):  # no Keras layers
            options.pop("name")
        for argument in known.values():
            if argument.default is argument.empty and argument.name not in options:
                raise ValueError(
                    f"Expected `{part}.{argument.name}`, which {component.maker.__name__} needs. "
                    f"Received: none. Give it: `--set {part}.{argument.name}=...`."
                )
        given[part] = component.maker(**options)
    if "likelihood" not in given and "likelihood" in arguments(model.maker):  # type: ignore
        default = arguments(model.maker)["likelihood"].default  # type: ignore[arg-type]
        given["likelihood"] = find_class(COMPONENTS["likelihood"][default])(name="likelihood")
    return serialize(model.maker(**given, seed=seed))


def _optimizer_config(parts: Parts, rate: float) -> Config:
    """Keras config of the optimiser; a schedule runs to the end of training by default."""
    optimizer = parts.parts["optimizer"]
    named = {"name": optimizer.maker.__name__.lower(), **optimizer.given}
    config = serialize(optimizer.maker(**named))
    config["config"]["learning_rate"] = rate  # as given: Keras keeps it in float32
    if "schedule" in parts.parts:
        schedule = parts.parts["schedule"]
        warmup = schedule.given.get("warmup_steps", 0)
        options = {
            "initial_learning_rate": 0.0 if warmup else rate,
            "warmup_target": rate if warmup else None,
            **schedule.given,
        }
        steps = options.pop("decay_steps", None)
        made = serialize(schedule.maker(**options, decay_steps=steps or 1))
        made["config"]["decay_steps"] = steps
        config["config"]["learning_rate"] = made
    return config


def _jsonable(options: Config) -> Config:
    from diffusion_vae.datasets.registry import jsonable

    return {key: jsonable(value) for key, value in options.items()}
