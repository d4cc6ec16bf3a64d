"""Manifolds to try, and which of them can stand in for which."""

import functools
from collections.abc import Sequence

import keras

from diffusion_vae import manifolds
from diffusion_vae.manifolds import Manifold, Product
from diffusion_vae.text_forms import text_form

# Continuous maps of one space onto another that are no covers and leave out no factor: a decoder
# that is composed with one sees less than its latent space. SO(3) turns a fixed axis; S^3 is the
# Hopf fibration.
BUNDLES = {
    "so3": ("sphere:2", "projective:2"),
    "sphere:3": ("sphere:2", "projective:2"),
    "projective:3": ("sphere:2", "projective:2"),
}
# Two names of one space.
SAME = {"torus:1": "sphere:1", "projective:1": "sphere:1", "projective:3": "so3"}


def default_candidates() -> list[str]:
    """What `compare_manifolds` tries by itself: every `candidates` of a manifold's class.

    Returns:
        Text forms, spaces of fewest dimensions first.

    Example:
        >>> default_candidates()[:3]
        ['sphere:1', 'euclidean:1', 'sphere:2']
    """
    found = {text for cls in _subclasses(Manifold) for text in vars(cls).get("candidates", ())}
    return sorted(found, key=lambda text: (manifolds.get(text).dim, " x " in text, _order(text)))


def name_of(manifold: Manifold | str) -> str:
    """The text form of a manifold, or its `repr` where it has none."""
    if isinstance(manifold, str):
        manifold = manifolds.get(manifold)
    config = keras.saving.serialize_keras_object(manifold)
    text = text_form(config)
    try:
        return text if manifolds.get(text) == manifold else repr(manifold)
    except ValueError:
        return repr(manifold)


@functools.cache
def contained_in(manifold: str) -> dict[str, str]:
    """Smaller spaces that a larger one can stand in for, with a decoder that sees less.

    A space covers its quotients, and a product has its factors.

    Args:
        manifold: Text form of the larger space.

    Returns:
        Text forms of the smaller ones, each with the way: `"cover"` or `"factor"`.

    Example:
        >>> contained_in("torus:2")
        {'sphere:1': 'factor'}
        >>> contained_in("sphere:2")
        {'projective:2': 'cover'}
    """
    found: dict[str, str] = {}
    waiting = [(manifold, "")]
    while waiting:
        text, way = waiting.pop()
        for smaller, step in _one_step(text):
            step = "factor" if "factor" in (way, step) else step
            if SAME.get(smaller, smaller) not in (SAME.get(manifold, manifold), *found):
                found[SAME.get(smaller, smaller)] = step
                waiting.append((smaller, step))
    return found


def _one_step(text: str) -> list[tuple[str, str]]:
    """Spaces that follow from one by a single cover, or by a factor less."""
    try:
        space = manifolds.get(text)
    except ValueError:  # a manifold of the user without a text form
        return []
    if isinstance(space, Product):
        return _of_product(space)
    steps = [(smaller, "factor") for smaller in BUNDLES.get(text, ())]
    name, _, dim = text.partition(":")
    if name in ("euclidean", "torus") and int(dim) > 1:
        steps.append((f"{name}:{int(dim) - 1}", "factor"))
    if name == "embedded-torus":
        steps.append(("sphere:1", "factor"))
    if name == "sphere" and int(dim) > 1:
        steps.append((f"projective:{dim}", "cover"))
    if text == "o3":
        steps.append(("so3", "factor"))
    return steps


def _of_product(space: Product) -> list[tuple[str, str]]:
    parts = [name_of(factor) for factor in space.factors]
    steps = []
    for i, part in enumerate(parts):
        rest = [*parts[:i], *parts[i + 1 :]]
        steps.append((" x ".join(rest), "factor"))
        for smaller, way in _one_step(part):
            steps.append((" x ".join([*parts[:i], smaller, *parts[i + 1 :]]), way))
    return steps


def _subclasses(cls: type) -> Sequence[type]:
    own: list[type] = cls.__subclasses__()
    return [*own, *(deeper for each in own for deeper in _subclasses(each))]


def _order(text: str) -> tuple[int, str]:
    """Closed spaces before R^d, which anything fits."""
    return (not manifolds.get(text).closed, text)
