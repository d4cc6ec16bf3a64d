"""Arguments of a model: one list for editors, for `help`, for errors and for the command line."""

import inspect
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import diffusion_vae as dv
from diffusion_vae import models, networks, signatures
from diffusion_vae.models.diffusion_vae import DiffusionOptions
from diffusion_vae.models.vae import CapacityOptions, KerasOptions, KLOptions, VAEOptions

KERAS = set(get_type_hints(KerasOptions))
MODELS = [getattr(models, name) for name in models.__all__]
NETWORKS = [
    cls
    for cls in (getattr(networks, name) for name in networks.__all__)
    if inspect.isclass(cls) and cls not in (networks.Network, networks.Decoder)
]
each_class = pytest.mark.parametrize("cls", [*MODELS, *NETWORKS], ids=lambda cls: cls.__name__)


def shown(cls):
    """The parameters that `help` and editors show."""
    return inspect.signature(cls).parameters


def test_sphere_vae_shows_every_argument_and_no_other():
    names = list(shown(dv.SphereVAE))
    assert names[:3] == ["dim", "encoder", "decoder"]
    assert names[-1] == "kwargs"
    assert set(names) == {
        "dim", "encoder", "decoder", "kernel", "walk_steps", "log_time_range",
        "initial_log_time", "fixed_time", "time_annealing", "even_decoder", "location_head",
        "posterior", "prior", "prior_components", "likelihood", "kl_weight", "kl_warmup_steps",
        "kl_capacity", "objective", "posterior_samples", "condition", "seed", "kwargs",
    }  # fmt: skip


# The arguments that a typed dictionary describes are those that the class knows, less what the
# subclasses that hand them on say themselves.
DESCRIBED = [
    (VAEOptions, dv.VariationalAutoencoder, {"latent", "encoder", "decoder"}),
    (DiffusionOptions, dv.DiffusionVAE, {"manifold", "encoder", "decoder"}),
    (KLOptions, dv.VariationalAutoencoder, {"latent", "encoder", "decoder", "likelihood"}),
    (
        CapacityOptions,
        dv.VariationalAutoencoder,
        {
            "latent", "encoder", "decoder", "likelihood", "kl_weight", "kl_warmup_steps",
            "objective", "posterior_samples", "condition", "seed",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "cls", "own"), DESCRIBED, ids=lambda v: getattr(v, "__name__", "")
)
def test_typed_dictionaries_hold_the_arguments_that_a_class_knows(options, cls, own):
    assert set(get_type_hints(options)) - KERAS == set(signatures.arguments(cls)) - own
    assert set(get_type_hints(options)) >= KERAS


@pytest.mark.parametrize(
    ("options", "cls", "own"), DESCRIBED, ids=lambda v: getattr(v, "__name__", "")
)
def test_typed_dictionaries_have_the_types_of_the_constructors(options, cls, own):
    for name, type_ in get_type_hints(options).items():
        if name not in KERAS:
            assert signatures.annotation(cls, name) == type_, name


@each_class
def test_kwargs_are_typed_wherever_a_model_hands_them_on(cls):
    hints = get_type_hints(cls.__init__)
    if cls in MODELS:
        assert str(get_origin(hints["kwargs"])) == "typing.Unpack"
        (options,) = get_args(hints["kwargs"])
        known = set(signatures.arguments(cls)) | KERAS
        assert set(get_type_hints(options)) <= known


@each_class
def test_every_argument_has_a_type_and_a_line_in_the_documentation(cls):
    for name in signatures.arguments(cls):
        assert name in KERAS or signatures.annotation(cls, name) is not Any, name
    own = inspect.signature(vars(cls).get("__init__", len), follow_wrapped=False).parameters
    for name in set(own) - {"self", "obj"}:
        assert f"\n        {name}: " in cls.__doc__, name


@each_class
def test_defaults_are_those_of_the_constructors(cls):
    parameters = signatures.arguments(cls)
    for name, parameter in shown(cls).items():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        (defining, *_) = (
            each
            for each in cls.__mro__
            if name
            in inspect.signature(vars(each).get("__init__", len), follow_wrapped=False).parameters
        )
        constructor = inspect.signature(vars(defining)["__init__"])
        assert parameter.default == constructor.parameters[name].default, name
        assert parameters[name].default == parameter.default or name == "name", name


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_what_the_signature_shows_is_what_the_constructor_takes(cls):
    empty = inspect.Parameter.empty
    given = {
        "latent": dv.latents.CategoricalMixtureLatent(3, 2),
        "manifold": "sphere:2",
        "factors": ["sphere:2", "torus:1"],
    }
    required = {n for n, p in shown(cls).items() if p.default is empty and n != "kwargs"}
    options = {name: given[name] for name in required}
    cls(**options)
    with pytest.raises(TypeError, match=r"Expected arguments of .*Received: 'no_such_argument'"):
        cls(**options, no_such_argument=1)


def test_what_a_class_fixes_is_hidden_from_its_callers():
    hidden = {
        dv.SphereVAE: {"manifold", "latent"},
        dv.DiffusionVAE: {"latent"},
        dv.InfoVAE: {"latent"},
        dv.SpatialVAE: {"latent"},
        dv.InfoCatVAE: {"latent", "kl_weight"},
    }
    for cls, names in hidden.items():
        assert names.isdisjoint(shown(cls)), cls
    assert "beta" in shown(dv.InfoCatVAE)
    assert "manifold" in shown(dv.InfoVAE)


def test_an_argument_that_a_subclass_adds_is_shown_and_known():
    @signatures.with_full_signature
    class Coloured(dv.SphereVAE):
        def __init__(self, dim: int = 2, *, colour: str = "red", **kwargs: Any) -> None:
            super().__init__(dim, **kwargs)
            self.colour = colour

    assert shown(Coloured)["colour"].default == "red"
    assert shown(Coloured)["kl_weight"].default == 1.0
    assert signatures.annotation(Coloured, "colour") is str
    assert "manifold" not in shown(Coloured)
    assert Coloured(colour="blue", kl_weight=0.5).kl_weight == 0.5
    with pytest.raises(TypeError, match="Did you mean 'colour'"):
        Coloured(color="blue")
