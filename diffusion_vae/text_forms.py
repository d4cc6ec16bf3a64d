"""Text forms of manifolds, such as `"sphere:2"`: a table without Keras or a backend."""

from collections.abc import Callable
from typing import Any, NamedTuple


class TextForm(NamedTuple):
    """What a text form stands for.

    Attributes:
        manifold: Name of the class in `diffusion_vae.manifolds`.
        parameters: Names of the arguments after the colon, in order.
        kind: Makes one of these arguments of its text.
        example: A text of this form.
        description: What the manifold is, for `diffusion-vae list`.
        defaults: Arguments that a text leaves out where they have these values.
    """

    manifold: str
    parameters: tuple[str, ...]
    kind: Callable[[str], Any]
    example: str
    description: str
    defaults: tuple[tuple[str, float], ...] = ()


def whole_or_real(text: str) -> int | float:
    """The whole number that a text is, or else the real one."""
    try:
        return int(text)
    except ValueError:
        return float(text)


TEXT_FORMS = {
    "sphere": TextForm("Sphere", ("dim",), int, "sphere:2", "unit sphere S^d in R^(d+1)"),
    "projective": TextForm(
        "RealProjective", ("dim",), int, "projective:3", "real projective space RP^d"
    ),
    "complex-projective": TextForm(
        "ComplexProjective",
        ("dim",),
        int,
        "complex-projective:2",
        "complex projective space CP^n, of 2n real dimensions",
    ),
    "torus": TextForm(
        "FlatTorus", ("dim",), int, "torus:2", "flat torus, d unit circles in R^(2d)"
    ),
    "embedded-torus": TextForm(
        "EmbeddedTorus",
        ("centre_radius", "tube_radius"),
        float,
        "embedded-torus:3,0.6",
        "torus of revolution in R^3 (centre radius, tube radius)",
    ),
    "so3": TextForm("SO3", (), int, "so3", "rotations of R^3 as 3x3 matrices"),
    "o3": TextForm("O3", (), int, "o3", "rotations and reflections of R^3"),
    "euclidean": TextForm(
        "Euclidean", ("dim",), int, "euclidean:2", "R^d with a standard normal prior"
    ),
    "hyperbolic": TextForm(
        "Hyperbolic",
        ("dim", "curvature", "prior_time"),
        whole_or_real,
        "hyperbolic:2",
        "hyperbolic space H^d with its heat kernel as prior (dimension, curvature, prior's time)",
        (("curvature", -1.0), ("prior_time", 1.0)),
    ),
}


def space_of(model: dict[str, Any]) -> str | None:
    """The text form of the latent space of a serialised model, `None` where it has no manifold.

    Args:
        model: What `keras.saving.serialize_keras_object` gives for a model.

    Example:
        >>> space_of({"class_name": "SphereVAE", "config": {"dim": 3}})
        'sphere:3'
    """
    name, config = model.get("class_name") or "", model.get("config") or {}
    if isinstance(config.get("manifold"), dict):
        return text_form(config["manifold"])
    if isinstance(config.get("manifold"), str):
        return config["manifold"]
    space = name.removesuffix("VAE")
    known = {form.manifold for form in TEXT_FORMS.values()} | {"Product"}
    return text_form({"class_name": space, "config": config}) if space in known else None


def text_form(config: dict[str, Any]) -> str:
    """The text form of a serialised manifold, or the name of its class where it has none.

    Args:
        config: What `keras.saving.serialize_keras_object` gives for a manifold.

    Example:
        >>> text_form({"class_name": "Sphere", "config": {"dim": 2}})
        'sphere:2'
        >>> space = {"dim": 2, "curvature": -0.5, "prior_time": 1.0}
        >>> text_form({"class_name": "Hyperbolic", "config": space})
        'hyperbolic:2,-0.5'
    """
    name, arguments = config["class_name"], config.get("config", {})
    if name == "Product":
        factors = arguments["factors"]
        return " x ".join(f if isinstance(f, str) else text_form(f) for f in factors)
    for text, form in TEXT_FORMS.items():
        if form.manifold == name:
            keys = [key for key in form.parameters if key in arguments]
            while keys and (keys[-1], arguments[keys[-1]]) in form.defaults:
                keys.pop()
            values = [f"{arguments[key]:g}" for key in keys]
            return f"{text}:{','.join(values)}" if values else text
    return name
