"""Text forms of manifolds, good and bad."""

import keras
import pytest
from manifold_list import ALL

from diffusion_vae import manifolds
from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Product,
    RealProjective,
    Sphere,
    get,
)
from diffusion_vae.text_forms import TEXT_FORMS, text_form

pytestmark = pytest.mark.jax

FORMS = {
    "sphere": Sphere(2),
    "sphere:5": Sphere(5),
    "projective": RealProjective(2),
    "projective:3": RealProjective(3),
    "torus": FlatTorus(2),
    "torus:4": FlatTorus(4),
    "embedded-torus": EmbeddedTorus(3.0, 0.6),
    "embedded-torus:2,0.5": EmbeddedTorus(2.0, 0.5),
    "so3": SO3(),
    "o3": O3(),
    "euclidean": Euclidean(2),
    "euclidean:7": Euclidean(7),
    "sphere:2 x torus:1": Product([Sphere(2), FlatTorus(1)]),
    "so3 x sphere x euclidean:1": Product([SO3(), Sphere(2), Euclidean(1)]),
    "  Sphere:3 ": Sphere(3),
    "SO3  x  o3": Product([SO3(), O3()]),
}


@pytest.mark.parametrize("text", FORMS)
def test_text_forms(text):
    assert get(text) == FORMS[text]


@pytest.mark.parametrize("name", [name for name in ALL if name != "ellipsoid"])
def test_ids_of_the_list_are_text_forms(name):
    assert get(name) == ALL[name]


def test_examples_of_the_table():
    for name, form in TEXT_FORMS.items():
        cls = getattr(manifolds, form.manifold)
        assert isinstance(get(form.example), cls)
        assert isinstance(get(name), cls)
        assert form.description


@pytest.mark.parametrize("name", [name for name in ALL if name != "ellipsoid"])
def test_the_text_form_of_a_configuration_gives_the_manifold_back(name):
    config = keras.saving.serialize_keras_object(ALL[name])
    assert get(text_form(config)) == ALL[name] == get(config)


def test_manifolds_pass_through():
    assert get(SO3()) == SO3()


@pytest.mark.parametrize(
    "text, message",
    [
        ("spere:2", "Did you mean 'sphere'"),
        ("SO-3", "Did you mean 'so3'"),
        ("embeded-torus", "Did you mean 'embedded-torus'"),
        ("projectiv:2", "Did you mean 'projective'"),
        ("klein-bottle", "embedded-torus, euclidean, hyperbolic, o3"),
        ("", "Unknown manifold ''"),
        (
            "hyperbolic:2,-1,1,7",
            "'hyperbolic' with dim and curvature and prior_time at most",
        ),
        ("sphere:2 x ", "Could not read 'sphere:2 x'"),
        ("sphere:2 x spere", "Did you mean 'sphere'"),
        ("sphere:two", "such as 'sphere:2'"),
        ("sphere:2.5", "such as 'sphere:2'"),
        ("sphere:0", "at least 1. Received: 0"),
        ("sphere:1,2", "such as 'sphere:2'"),
        ("so3:3", "'so3' without arguments"),
        ("embedded-torus:0.6,3", "smaller than `centre_radius`"),
        ("embedded-torus:1,-1", "positive and finite"),
        ("embedded-torus:nan,1", "positive and finite"),
    ],
)
def test_bad_text_says_what_to_do(text, message):
    with pytest.raises(ValueError) as raised:
        get(text)
    assert message in str(raised.value)


@pytest.mark.parametrize("wrong", [None, 2, ["sphere:2"]])
def test_other_types_are_refused(wrong):
    with pytest.raises(TypeError, match="manifold or its text form"):
        get(wrong)
