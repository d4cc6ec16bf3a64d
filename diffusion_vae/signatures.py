"""Signatures of classes: every argument a constructor takes, wherever in its bases it stands."""

import inspect
from typing import Any, TypeVar, get_type_hints

Class = TypeVar("Class", bound=type)


def arguments(cls: type) -> dict[str, inspect.Parameter]:
    """Arguments of a class by name: its constructor's, and those it hands on to its bases.

    A class lists in `fixed_arguments` what it gives to its bases itself, and in this way
    keeps from its callers. Bases of Keras are left out, unless the class is Keras's own.

    Args:
        cls: A class.

    Returns:
        Parameters by name, in order, without `self`, `*args` and `**kwargs`.

    Example:
        >>> from diffusion_vae import SphereVAE
        >>> list(arguments(SphereVAE))[:4]
        ['dim', 'encoder', 'decoder', 'kernel']
    """
    found: dict[str, inspect.Parameter] = {}
    fixed: set[str] = set()
    for each in _bases(cls):
        parameters = _parameters(each)
        for parameter in parameters:
            variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if not variable and parameter.name not in fixed:
                found.setdefault(parameter.name, parameter)
        fixed |= set(vars(each).get("fixed_arguments", ()))
        if parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return found


def annotation(cls: type, name: str) -> Any:
    """The type of an argument of a class, `Any` where it has none."""
    for each in _bases(cls):
        if any(parameter.name == name for parameter in _parameters(each)):
            return get_type_hints(vars(each)["__init__"]).get(name, Any)
    return Any


def with_full_signature(cls: Class) -> Class:
    """Shows `help` and IPython every argument of a class in place of `**kwargs`.

    Editors read the same from the annotation of `**kwargs` (`typing.Unpack`).
    """
    own = inspect.signature(vars(cls)["__init__"]).parameters
    parameters = [
        p if p.name in own else p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for p in arguments(cls).values()
    ]
    parameters.sort(key=lambda p: p.kind)
    rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
    cls.__signature__ = inspect.Signature([*parameters, rest])  # type: ignore[attr-defined]
    return cls


def _bases(cls: type) -> list[type]:
    """The class and its bases; those of Keras only if the class itself is Keras's."""
    foreign = not cls.__module__.startswith("keras.")
    return [
        each
        for each in inspect.getmro(cls)
        if each is not object and not (foreign and each.__module__.startswith("keras."))
    ]


def _parameters(cls: type) -> list[inspect.Parameter]:
    """Parameters of a class's own constructor, without `self`; none if it inherits it."""
    constructor = vars(cls).get("__init__")
    return (
        [] if constructor is None else list(inspect.signature(constructor).parameters.values())[1:]
    )
