"""Text forms of manifolds: `"sphere:2"`, `"torus"`, `"sphere:2 x torus x so3"`."""

import re

import keras

from diffusion_vae.checks import did_you_mean
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.embedded_torus import EmbeddedTorus
from diffusion_vae.manifolds.euclidean import Euclidean
from diffusion_vae.manifolds.flat_torus import FlatTorus
from diffusion_vae.manifolds.orthogonal import O3, SO3
from diffusion_vae.manifolds.product import Product
from diffusion_vae.manifolds.real_projective import RealProjective
from diffusion_vae.manifolds.sphere import Sphere

# name: (class, type of its arguments, example, what it is)
TEXT_FORMS = {
    "sphere": (Sphere, int, "sphere:2", "unit sphere S^d in R^(d+1)"),
    "projective": (RealProjective, int, "projective:3", "real projective space RP^d"),
    "torus": (FlatTorus, int, "torus:2", "flat torus, d unit circles in R^(2d)"),
    "embedded-torus": (
        EmbeddedTorus,
        float,
        "embedded-torus:3,0.6",
        "torus of revolution in R^3 (centre radius, tube radius)",
    ),
    "so3": (SO3, None, "so3", "rotations of R^3 as 3x3 matrices"),
    "o3": (O3, None, "o3", "rotations and reflections of R^3"),
    "euclidean": (Euclidean, int, "euclidean:2", "R^d with a standard normal prior"),
}


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


def _factor(part, text):
    name, _, arguments = part.strip().lower().partition(":")
    if name not in TEXT_FORMS:
        raise ValueError(
            f"Unknown manifold {name!r} in {text!r}.{did_you_mean(name, TEXT_FORMS)} "
            f"Expected one of: {', '.join(sorted(TEXT_FORMS))}."
        )
    cls, kind, example, _ = TEXT_FORMS[name]
    if not arguments:
        return cls()
    if kind is None:
        raise ValueError(f"Expected {name!r} without arguments. Received: {part!r}.")
    try:
        return cls(*(kind(argument) for argument in arguments.split(",")))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Could not read {part!r}. Expected a form such as {example!r}. {error}"
        ) from error
