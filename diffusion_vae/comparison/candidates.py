"""Manifolds to try, and which of them can stand in for which."""

import functools
from collections.abc import Sequence

from diffusion_vae import manifolds
from diffusion_vae.manifolds import Manifold
from diffusion_vae.text_forms import text_form

# Two names of one space.
SAME = {
    "torus:1": "sphere:1",
    "projective:1": "sphere:1",
    "projective:3": "so3",
    "complex-projective:1": "sphere:2",
}
POWERS = {"torus": "sphere:1", "euclidean": "euclidean:1"}  # products of the one with itself


def default_candidates() -> list[str]:
    """What `compare_manifolds` tries by itself: every `candidates` of a manifold's class.

    Returns:
        Text forms, spaces of fewest dimensions first.

    Example:
        >>> default_candidates()[:3]
        ['sphere:1', 'euclidean:1', 'projective:2']
    """
    found = {text for cls in _subclasses(Manifold) for text in vars(cls).get("candidates", ())}
    return sorted(found, key=lambda text: (manifolds.get(text).dim, " x " in text, _order(text)))


def name_of(manifold: Manifold | str) -> str:
    """The text form of a manifold, or its `repr` where it has none."""
    if isinstance(manifold, str):
        manifold = manifolds.get(manifold)
    if manifold.factors:
        return " x ".join(name_of(factor) for factor in manifold.factors)
    text = text_form({"class_name": type(manifold).__name__, "config": manifold.get_config()})
    try:
        return text if manifolds.get(text) == manifold else repr(manifold)
    except ValueError:
        return repr(manifold)


def space_key(manifold: str) -> str:
    """One text for all text forms of a space: aliases, powers and the order of factors.

    Example:
        >>> space_key("euclidean:1 x torus:2") == space_key("sphere:1 x sphere:1 x euclidean:1")
        True
    """
    try:
        space = manifolds.get(manifold)
    except ValueError:  # a manifold of the user without a text form
        return manifold
    if space.factors:
        keys = [space_key(name_of(factor)) for factor in space.factors]
        return " x ".join(sorted(part for key in keys for part in key.split(" x ")))
    name = name_of(space)
    kind = name.partition(":")[0]
    if kind in POWERS:
        return " x ".join([POWERS[kind]] * space.dim)
    return SAME.get(name, name)


@functools.cache
def contained_in(manifold: str) -> dict[str, str]:
    """Smaller spaces that a larger one can stand in for, with a decoder that sees less.

    A space says what it `stands_in_for`, such as its quotients; a product has its factors.

    Args:
        manifold: Text form of the larger space.

    Returns:
        Text forms of the smaller ones, each with the way: `"cover"` or `"factor"`. Factors are
        in the order that they have in the larger one; `space_key` compares spaces.

    Example:
        >>> contained_in("torus:2")
        {'sphere:1': 'factor'}
        >>> contained_in("sphere:2")
        {'projective:2': 'cover'}
    """
    found: list[str] = []
    seen, waiting = {space_key(manifold)}, [manifold]
    while waiting:
        for smaller in _one_step(waiting.pop(0)):
            key = space_key(smaller)
            if key not in seen:
                seen.add(key)
                found.append(SAME.get(smaller, smaller))
                waiting.append(smaller)
    whole = manifolds.get(manifold).dim if found else 0
    return {text: "cover" if manifolds.get(text).dim == whole else "factor" for text in found}


def _one_step(text: str) -> list[str]:
    """Spaces that follow from one by what it stands in for, or by a factor less."""
    try:
        space = manifolds.get(text)
    except ValueError:  # a manifold of the user without a text form
        return []
    if not space.factors:
        return list(space.stands_in_for)
    parts = [name_of(factor) for factor in space.factors]
    steps = []
    for i, part in enumerate(parts):
        before, after = parts[:i], parts[i + 1 :]
        steps.append(" x ".join([*before, *after]))
        steps += [" x ".join([*before, smaller, *after]) for smaller in _one_step(part)]
    return steps


def _subclasses(cls: type) -> Sequence[type]:
    own: list[type] = cls.__subclasses__()
    return [*own, *(deeper for each in own for deeper in _subclasses(each))]


def _order(text: str) -> tuple[int, str]:
    """Closed spaces before R^d, which anything fits."""
    return (not manifolds.get(text).closed, text)
