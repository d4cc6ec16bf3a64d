"""Data sets by name: `load("mnist")`, `load("pictures/", size=64)`."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import numpy as np

from diffusion_vae.checks import did_you_mean, require_choice, require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.files import KINDS, from_path
from diffusion_vae.datasets.low_pass import low_pass_filtered
from diffusion_vae.datasets.rescaling import rescaled
from diffusion_vae.datasets.standardizing import standardized

P = ParamSpec("P")
Loader = Callable[P, Dataset]

OF_EVERY = ("low_pass", "value_range", "standardize")  # options beside those of a loader

_LOADERS: dict[str, Callable[..., Dataset]] = {}
_DESCRIPTIONS: dict[str, str] = {}


def register(name: str, description: str) -> Callable[[Loader[P]], Loader[P]]:
    """Registers a loader, which then notes its name and options in the record.

    The loader keeps its signature, annotations and docstring.

    Args:
        name: The name that `load` takes.
        description: One line for `diffusion-vae list`.

    Returns:
        A decorator for a function of keyword options that returns a `Dataset`.
    """

    def decorate(loader: Loader[P]) -> Loader[P]:
        signature = inspect.signature(loader)

        @functools.wraps(loader)
        def recorded(*args: P.args, **options: P.kwargs) -> Dataset:
            bound = signature.bind(*args, **options)
            bound.apply_defaults()
            for key in ("seed", "picture_seed", "function_seed"):
                require_integer(key, bound.arguments.get(key, 0), 0)
            dataset = loader(*bound.args, **bound.kwargs)
            noted = {key: jsonable(value) for key, value in bound.arguments.items()}
            return dataclasses.replace(dataset, name=name, options=noted)

        _LOADERS[name] = recorded
        _DESCRIPTIONS[name] = description
        return recorded

    return decorate


def descriptions() -> dict[str, str]:
    """One line about each registered data set, by name."""
    return dict(sorted(_DESCRIPTIONS.items()))


def loader_options(name: str) -> dict[str, object]:
    """Options of a registered data set with their defaults (`inspect.Parameter.empty` if none)."""
    require_choice("name", name, _LOADERS)
    parameters = inspect.signature(_LOADERS[name]).parameters
    return {key: parameter.default for key, parameter in parameters.items()}


def load(name_or_path: str | Path, **options: Any) -> Dataset:
    """Loads a data set by its name, or from a file or folder by its path.

    Args:
        name_or_path: A registered name (see `descriptions`), or the path of an
            file or a folder of images (see `from_path`).
        **options: Options of the loader, and for pictures `low_pass`: the L1 radius of
            the frequencies to keep (see `low_pass_filtered`); for data in [0, 1]
            `value_range`: a pair to map them to, such as (-1, 1) (see `rescaled`); for
            tables `standardize`: whether columns get mean 0 and deviation 1 (see
            `standardized`).

    Returns:
        A `Dataset`.

    Raises:
        ValueError: If the name or an option is unknown, or the data are bad.
        FileNotFoundError: If a file is missing; the sentence names the folder for it.

    Example:
        >>> from diffusion_vae.datasets import load
        >>> digits = load("digits", binarize="threshold")
        >>> digits.train.shape
        (1438, 8, 8, 1)
    """
    if not isinstance(name_or_path, (str, Path)) or not str(name_or_path):
        raise TypeError(f"Expected the name of a data set, or a path. Received: {name_or_path!r}.")
    name = str(name_or_path)
    if options.get("low_pass") is not None:
        cutoff = options.pop("low_pass")
        return low_pass_filtered(load(name_or_path, **options), cutoff)
    if options.get("value_range") is not None:
        value_range = options.pop("value_range")
        return rescaled(load(name_or_path, **options), value_range)
    if options.get("standardize") is not None:
        chosen = options.pop("standardize")
        if not isinstance(chosen, bool):
            raise TypeError(f"Expected `standardize` to be true or false. Received: {chosen!r}.")
        dataset = load(name_or_path, **options)
        return standardized(dataset) if chosen else dataset
    for option in OF_EVERY:
        options.pop(option, None)
    if loader(name_or_path) is from_path:
        _require_known(name, options, list(inspect.signature(from_path).parameters)[1:])
        return from_path(name, **options)
    defaults = loader_options(name)
    _require_known(name, options, list(defaults))
    missing = {key for key, value in defaults.items() if value is inspect.Parameter.empty}
    if missing - set(options):
        raise ValueError(
            f"The data set {name!r} needs the option(s) {', '.join(sorted(missing))}. "
            f"Received: {', '.join(options) or 'none'}."
        )
    return _LOADERS[name](**options)


def loader(name_or_path: str | Path) -> Callable[..., Dataset]:
    """The function that loads a data set: a registered one, or `from_path`.

    Raises:
        ValueError: If it is neither a registered name nor a path.
    """
    name = str(name_or_path)
    if name in _LOADERS:
        return _LOADERS[name]
    if _is_path(name_or_path):
        return from_path
    raise ValueError(
        f"Unknown data set {name!r}.{did_you_mean(name, _LOADERS)} "
        f"Expected one of: {', '.join(sorted(_LOADERS))}; "
        f"or the path of {KINDS}."
    )


def jsonable(value: Any) -> Any:
    """A value as JSON can hold it; arrays become nested lists, complex numbers pairs."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            value = np.stack([value.real, value.imag], axis=-1)
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    return value


def _is_path(name_or_path: str | Path) -> bool:
    path = Path(name_or_path).expanduser()
    looks_like_one = path.suffix != "" or len(path.parts) > 1
    return isinstance(name_or_path, Path) or looks_like_one or path.exists()


def _require_known(name: str, options: dict[str, Any], allowed: list[str]) -> None:
    allowed = [*allowed, *OF_EVERY]
    unknown = [key for key in options if key not in allowed]
    if unknown:
        raise ValueError(
            f"Unknown option(s) {', '.join(map(repr, unknown))} for the data set {name!r}. "
            f"Expected among: {', '.join(allowed)}.{did_you_mean(unknown[0], allowed)}"
        )
