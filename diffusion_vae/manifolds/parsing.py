"""Text forms of manifolds: `"sphere:2"`, `"torus"`, `"sphere:2 x torus x so3"`."""

import re

import keras

from diffusion_vae import manifolds
from diffusion_vae.checks import did_you_mean
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.product import Product
from diffusion_vae.text_forms import TEXT_FORMS


def get(identifier: Manifold | str | dict) -> Manifold:
    """Manifold of a text form, of a serialised configuration, or itself.

    A text form is `name` or `name:arguments`, the arguments comma-separated and optional
    (defaults: dimension 2); factors of a product are joined by ` x `.

    Args:
        identifier: For example `"sphere:2"`, `"torus"`, `"so3"`, `"sphere:2 x torus:1"`.

    Returns:
        The manifold.

    Raises:
        TypeError: If `identifier` is none of these.
        ValueError: If a text names no manifold, or one that cannot be built.

    Example:
        >>> get("sphere:2 x torus:1")
        Product([Sphere(dim=2), FlatTorus(dim=1)])
    """
    if isinstance(identifier, Manifold):
        return identifier
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
        if isinstance(identifier, Manifold):
            return identifier
    if not isinstance(identifier, str):
        raise TypeError(
            f"Expected a manifold or its text form, such as 'sphere:2'. Received: {identifier!r}."
        )
    parts = [_factor(part, identifier) for part in re.split(r"\s+x\s+", identifier.strip())]
    return parts[0] if len(parts) == 1 else Product(parts)


def _factor(part: str, text: str) -> Manifold:
    """The manifold of one factor of a text form."""
    name, _, arguments = part.strip().lower().partition(":")
    if name not in TEXT_FORMS:
        raise ValueError(
            f"Unknown manifold {name!r} in {text!r}.{did_you_mean(name, TEXT_FORMS)} "
            f"Expected one of: {', '.join(sorted(TEXT_FORMS))}."
        )
    form = TEXT_FORMS[name]
    cls = getattr(manifolds, form.manifold)
    if not arguments:
        return cls()
    if not form.parameters:
        raise ValueError(f"Expected {name!r} without arguments. Received: {part!r}.")
    if arguments.count(",") >= len(form.parameters):
        raise ValueError(
            f"Expected {name!r} with {' and '.join(form.parameters)} at most, such as "
            f"{form.example!r}. Received: {part!r}."
        )
    try:
        return cls(*(form.kind(argument) for argument in arguments.split(",")))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Could not read {part!r}. Expected a form such as {form.example!r}. {error}"
        ) from error
