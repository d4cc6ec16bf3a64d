"""Values of settings, checked against the types that a constructor's annotations give."""

import collections.abc
import inspect
import types
import typing
from typing import Any

import pydantic
import yaml

from diffusion_vae.checks import did_you_mean, require_number

WORDS = {int: "an integer", float: "a number", str: "a text", bool: "true or false", dict: "a map"}
NOTHING = ("none", "null", "None", "~")


def convert(name: str, value: Any, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    """A value of the type that an annotation names, made of a text where one was given.

    A text may be a number, true or false, none, or several of these joined by commas.

    Args:
        name: What is set, for the error.
        value: The value, or its text.
        annotation: A type; `Any` takes the type of the default.
        default: The default of the argument.

    Returns:
        The value.

    Raises:
        TypeError: If it is not of that type.
        ValueError: If it is a number that is not finite, or a text not among the choices.

    Example:
        >>> convert("units", "256,128", tuple[int, ...])
        (256, 128)
    """
    annotation = type_of(annotation, default)
    adapter = pydantic.TypeAdapter(annotation, config={"arbitrary_types_allowed": True})
    for candidate in _candidates(value):
        if isinstance(candidate, bool) and not _takes_truth(annotation):
            continue
        try:
            taken = adapter.validate_python(candidate)
        except (pydantic.ValidationError, TypeError):
            continue
        _require_finite(name, taken)
        return taken
    choices = [each for each in _choices(annotation) if isinstance(each, str)]
    error = ValueError if choices and isinstance(value, str) else TypeError
    raise error(
        f"Expected `{name}` to be {describe(annotation)}. Received: {value!r}."
        f"{did_you_mean(value, choices)}"
    )


def describe(annotation: Any) -> str:
    """A type in words, such as `a list of integers or none`.

    Example:
        >>> describe(int | None)
        'an integer or none'
    """
    parts = list(dict.fromkeys(_words(annotation)))
    choices = [repr(each) for each in _choices(annotation)]
    if choices:
        parts.insert(0, f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0])
    if "none" in parts:
        parts = [each for each in parts if each != "none"] + ["none"]
    return " or ".join(parts) or "a value"


def _require_finite(name: str, value: Any) -> None:
    for each in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(each, (list, tuple)):
            _require_finite(name, each)
        elif isinstance(each, float):
            require_number(name, each)


def _words(annotation: Any) -> list[str]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is None or annotation is type(None):
        return ["none"]
    if origin in (typing.Union, types.UnionType):
        return [word for each in inner for word in _words(each)]
    if origin is typing.Literal or annotation is Any:
        return []
    if origin in (tuple, list, collections.abc.Sequence):
        count = len(inner) if origin is tuple and Ellipsis not in inner else None
        items = [each for each in inner if each is not Ellipsis]
        words = [word for each in items for word in _words(each) if word != "none"]
        kinds = list(dict.fromkeys(words))
        plural = {"an integer": "integers", "a number": "numbers"}
        what = " or ".join(plural.get(word, word) for word in kinds) or "values"
        return [f"{count} {what}" if count else f"a list of {what}"]
    if annotation in WORDS:
        return [WORDS[annotation]]
    if not inspect.isclass(annotation):
        return []
    name = annotation.__name__
    return [f"an {name}" if name[0] in "AEIOU" else f"a {name}"]


def _choices(annotation: Any) -> list[Any]:
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation))
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [each for inner in typing.get_args(annotation) for each in _choices(inner)]
    return []


def _takes_truth(annotation: Any) -> bool:
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_takes_truth(each) for each in inner)
    return annotation in (bool, Any, object)


def type_of(annotation: Any, default: Any) -> Any:
    """The type of an argument; without an annotation, that of its default."""
    if annotation not in (Any, inspect.Parameter.empty):
        return annotation
    if default is None or default is inspect.Parameter.empty:
        return Any
    if isinstance(default, bool):
        return bool
    for kind, taken in ((int, int | float | None), (float, float | None), (str, str | None)):
        if isinstance(default, kind):
            return taken
    return Any


def _candidates(value: Any) -> list[Any]:
    """What a text may stand for, the likeliest first; other values as they are."""
    if not isinstance(value, str):
        listed = tuple(value) if isinstance(value, list) else value
        return [value, listed, (value,)]
    read = _read(value)
    parts = [_read(part) for part in value.split(",")]
    several = [parts] if "," in value and not isinstance(read, (list, dict)) else []
    # A number that stands alone where several are taken, such as one width.
    return [*([read] if not isinstance(read, str) else []), *several, value, [read]]


def _read(text: str) -> Any:
    """A text as YAML reads it."""
    if text.strip() in NOTHING:
        return None
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return text if read is None else _nothing_is_none(read)


def _nothing_is_none(read: Any) -> Any:
    """A list that was read, with `None` for each word that stands for nothing."""
    if isinstance(read, list):
        return [_nothing_is_none(each) for each in read]
    return None if isinstance(read, str) and read in NOTHING else read
