"""Which spaces can stand in for which, beside a table written by hand."""

import gc

import pytest
from manifold_list import ALL

from diffusion_vae.comparison.candidates import (
    contained_in,
    default_candidates,
    name_of,
    space_key,
)
from diffusion_vae.manifolds import Product, Sphere

COVER, FACTOR = "cover", "factor"

# By hand: quotients, factors, and the bundles SO(3) -> S^2 -> RP^2 and S^3 -> S^2.
BY_HAND = {
    "sphere:1": {},
    "euclidean:1": {},
    "projective:2": {},
    "torus:1": {},
    "projective:1": {},
    "euclidean:3": {"euclidean:2": FACTOR, "euclidean:1": FACTOR},
    "torus:3": {"torus:2": FACTOR, "sphere:1": FACTOR},
    "embedded-torus:3,0.6": {"sphere:1": FACTOR},
    "sphere:2": {"projective:2": COVER},
    "so3": {"sphere:2": FACTOR, "projective:2": FACTOR},
    "projective:3": {"sphere:2": FACTOR, "projective:2": FACTOR},
    "sphere:3": {"sphere:2": FACTOR, "projective:2": FACTOR, "so3": COVER},
    "o3": {"so3": COVER, "sphere:2": FACTOR, "projective:2": FACTOR},
    "sphere:1 x euclidean:1": {"sphere:1": FACTOR, "euclidean:1": FACTOR},
    "sphere:2 x sphere:1": {
        "sphere:1": FACTOR,
        "sphere:2": FACTOR,
        "projective:2": FACTOR,
        "projective:2 x sphere:1": COVER,
    },
    "torus:2 x euclidean:1": {
        "torus:2": FACTOR,
        "sphere:1": FACTOR,
        "euclidean:1": FACTOR,
        "torus:1 x euclidean:1": FACTOR,
    },
}


@pytest.mark.parametrize("space", BY_HAND)
def test_smaller_spaces_are_those_of_the_table(space):
    assert contained_in(space) == BY_HAND[space]


ONE_SPACE = [
    ("torus:1", "sphere:1"),
    ("projective:1", "sphere:1"),
    ("projective:3", "so3"),
    ("torus", "sphere:1 x sphere:1"),
    ("euclidean:3", "euclidean:1 x euclidean:2"),
    ("sphere:1 x euclidean:1", "euclidean:1 x torus:1"),
    ("so3 x torus:2", "sphere:1 x projective:3 x torus:1"),
]


@pytest.mark.parametrize(("first", "second"), ONE_SPACE)
def test_names_of_one_space_have_one_key(first, second):
    assert space_key(first) == space_key(second)
    assert space_key(first) not in {space_key(name) for name in contained_in(second)}


def test_spaces_that_differ_have_keys_that_differ():
    assert len({space_key(name) for name in BY_HAND}) == len(BY_HAND) - 3  # three aliases


def test_factors_come_in_the_order_of_the_larger_space():
    assert "sphere:1 x projective:2" in contained_in("sphere:1 x sphere:2")
    assert "projective:2 x projective:2" in contained_in("sphere:2 x sphere:2")


def test_a_default_list_has_fewest_dimensions_first_and_circles_before_lines():
    assert default_candidates() == [
        "sphere:1", "euclidean:1", "projective:2", "sphere:2", "torus:2", "euclidean:2",
        "sphere:1 x euclidean:1", "so3", "euclidean:3", "sphere:2 x sphere:1",
    ]  # fmt: skip


def test_a_class_that_declares_itself_a_candidate_is_tried():
    class Declared(Sphere):
        candidates = ("sphere:5",)

    assert default_candidates()[-1] == "sphere:5"
    del Declared
    gc.collect()
    assert "sphere:5" not in default_candidates()


def test_a_manifold_without_a_text_form_goes_by_its_repr():
    surface = ALL["ellipsoid"]
    name = name_of(surface)
    assert name == repr(surface) and contained_in(name) == {}
    assert space_key(name) == name
    assert name_of(Product([surface, Sphere(1)])) == f"{name} x sphere:1"
