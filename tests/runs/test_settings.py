"""Values of `--set`: texts of every type, every argument of every constructor, completion."""

import inspect
import re
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from diffusion_vae import datasets, manifolds, signatures
from diffusion_vae.cli.completion import complete_setting, static_arguments
from diffusion_vae.cli.options import argument_texts
from diffusion_vae.datasets.registry import loader
from diffusion_vae.runs import MODELS, Fit
from diffusion_vae.runs.kinds import COMPONENTS, NETWORKS, OPTIMIZERS, SCHEDULES, find_class
from diffusion_vae.runs.parts import Part, Parts, of_pictures
from diffusion_vae.runs.values import convert, describe

Sizes = tuple[int, ...]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", int, 3), ("-3", int, -3), ("3", float, 3.0), ("1e-3", float, 1e-3),
        (".5", float, 0.5), ("true", bool, True), ("False", bool, False),
        ("none", int | None, None),
        ("null", float | None, None), ("relu", str, "relu"), ("none", str | None, None),
        ("3", str, "3"), ("256,128", Sizes, (256, 128)), ("256", Sizes, (256,)),
        ("[256, 128]", Sizes, (256, 128)), ("-9,-2", tuple[float, float] | None, (-9.0, -2.0)),
        ("auto", Literal["auto"] | tuple[float, float], "auto"), ("mvn", Literal["mvn"], "mvn"),
        ("[[2, 3], null]", list[tuple[int, int] | None], [(2, 3), None]),
        ("[[2, 3], none]", list[tuple[int, int] | None], [(2, 3), None]),
        ("2, none", list[int | None], [2, None]),
        ("-1, -7, 1000", tuple[float, float, float], (-1.0, -7.0, 1000.0)),
        ("none", Any, None), ("0.5", Any, 0.5),
        (3, int, 3), (3, float, 3.0), ((1, 2), Sizes, (1, 2)), ([1, 2], Sizes, (1, 2)),
        (True, bool, True), (None, int | None, None),
    ],
)  # fmt: skip
def test_a_text_becomes_a_value_of_the_annotated_type(text, kind, value):
    found = convert("key", text, kind)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "error", "sentence"),
    [
        ("2.5", int, TypeError, "`key` to be an integer. Received: '2.5'."),
        ("a", int | None, TypeError, "`key` to be an integer or none. Received: 'a'."),
        ("true", int, TypeError, "`key` to be an integer. Received: 'true'."),
        ("yes", float, TypeError, "`key` to be a number. Received: 'yes'."),
        ("none", float, TypeError, "`key` to be a number. Received: 'none'."),
        ("maybe", bool, TypeError, "`key` to be true or false. Received: 'maybe'."),
        ("1,a", Sizes, TypeError, "`key` to be a list of integers. Received: '1,a'."),
        ("1,2,3", tuple[float, float], TypeError, "`key` to be 2 numbers. Received: '1,2,3'."),
        ("mvm", Literal["mvn", "naive"], ValueError,
         "one of 'mvn', 'naive'. Received: 'mvm'. Did you mean 'mvn'?"),
        ("nan", float, ValueError, "`key` to be finite. Received: nan."),
        (".inf", float, ValueError, "`key` to be finite. Received: inf."),
        ("1,-.inf", tuple[float, ...], ValueError, "`key` to be finite. Received: -inf."),
        ("{", dict, TypeError, "`key` to be a map. Received: '{'."),
        (3, str, TypeError, "`key` to be a text. Received: 3."),
        (True, int, TypeError, "`key` to be an integer. Received: True."),
    ],
)  # fmt: skip
def test_a_text_of_another_type_is_one_sentence(text, kind, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)) as caught:
        convert("key", text, kind)
    assert type(caught.value) is error and str(caught.value).startswith("Expected ")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int | None, "an integer or none"), (Sizes, "a list of integers"),
        (tuple[float, float], "2 numbers"), (Literal["a", "b"] | None, "one of 'a', 'b' or none"),
        (Any, "a value"), (bool, "true or false"), (str | int, "a text or an integer"),
    ],
)  # fmt: skip
def test_a_type_in_words(kind, words):
    assert describe(kind) == words


# -- every argument of everything that has a name -----------------------------------------

MAKERS = {
    **{("model", name): kind.address for name, kind in MODELS.items()},
    **{
        (part, name): address
        for part, table in COMPONENTS.items()
        for name, address in table.items()
    },
    **{("optimizer", name): address for name, address in OPTIMIZERS.items()},
    **{("schedule", name): address for name, address in SCHEDULES.items()},
    ("fit", "fit"): "diffusion_vae.runs.record:Fit",
}
LOADERS = [("dataset", name) for name in datasets.descriptions()]


def chosen_parts(model):
    """Parts of a run of a kind of model on periodic pictures, by default."""
    given = {"manifold": manifolds.get("sphere:2")} if model == "diffusion" else {}
    parts = Parts({"model": Part(find_class(MODELS[model].address), given), "fit": Part(Fit)})
    parts.choose("optimizer", "adam")
    parts.parts["dataset"] = Part(loader("periodic_pictures"))
    return parts


def maker(part, name):
    return loader(name) if part == "dataset" else find_class(MAKERS[part, name])


@pytest.mark.parametrize(("part", "name"), [*MAKERS, *LOADERS])
def test_the_default_of_every_argument_can_be_set_as_text(part, name):
    made = Part(maker(part, name))
    known = made.parameters(part)
    for key, parameter in known.items():
        default = parameter.default
        if default is inspect.Parameter.empty:
            continue
        text = ",".join(map(str, default)) if isinstance(default, (list, tuple)) else str(default)
        if text == "":
            text = "[]"
        kind = made.annotation(key)
        found = convert(f"{part}.{key}", text, kind, default)
        assert found == default or list(found) == list(default), key
        made.set(part, key, text)
    assert set(made.given) <= set(known)


@pytest.mark.parametrize(("part", "name"), [*MAKERS, *LOADERS])
def test_every_argument_that_can_be_set_is_explained(part, name):
    made = Part(maker(part, name))
    if made.maker.__module__.startswith("keras."):
        return
    texts = {**argument_texts(of_pictures), **argument_texts(made.maker), "dtype": "Keras's"}
    missing = [key for key in made.parameters(part) if not texts.get(key)]
    assert set(missing) <= {"seed"}, missing


@pytest.mark.parametrize(("part", "name"), [*MAKERS, *LOADERS])
def test_a_misspelt_argument_is_named_with_the_nearest(part, name):
    made = Part(maker(part, name))
    for key in [key for key in made.parameters(part) if len(key) > 4]:
        with pytest.raises(ValueError, match=rf"among .*Received: '{key}x'\. Did you mean '\w+'"):
            made.set(part, f"{key}x", "1")


@pytest.mark.parametrize("name", MODELS)
def test_a_bare_name_of_several_parts_names_them(name):
    parts = chosen_parts(name)
    before = dict(parts.parts)
    with pytest.raises(ValueError, match=r"which several have.*encoder\.batch_norm or decoder\."):
        parts.set("batch_norm", "true")
    assert parts.parts == before
    with pytest.raises(ValueError, match="Did you mean 'patience'"):
        parts.set("patiense", "3")


# -- completion ----------------------------------------------------------------------------

SPACES = ("SphereVAE", "EmbeddedTorusVAE")
ADDRESSES = {*MAKERS.values(), *(f"diffusion_vae.models.manifold_vaes:{name}" for name in SPACES)}


@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_names_read_from_the_source_are_those_of_the_signature(address):
    cls = find_class(address)
    known = (
        inspect.signature(cls).parameters
        if cls is Fit
        else signatures.arguments(cls)
    )  # fmt: skip
    assert set(static_arguments(address)) == set(known)


def completed(incomplete="", **typed):
    return complete_setting(SimpleNamespace(params=typed), incomplete)


def settable(model, network=None, schedule=None):
    """Keys of every argument that can be set, without completion's code."""
    parts = chosen_parts(model)
    for key, value in (("network", network), ("schedule", schedule)):
        if value is not None:
            parts.choose(key, value)
    keys = set()
    for part, made in parts.known().items():
        keys |= {name if part == "model" else f"{part}.{name}" for name in made.parameters(part)}
    return keys


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("network", [None, *NETWORKS])
def test_completion_offers_what_can_be_set(model, network):
    offered = {key.removesuffix("=") for key in completed(model=model, network=network)}
    expected = settable(model, network)
    assert expected - offered == set()
    parts = {"encoder", "decoder", "likelihood", "optimizer"}
    assert {key for key in offered - expected if key not in parts} == set()


def test_completion_follows_what_is_typed():
    assert completed("walk") == ["walk_steps="]
    assert completed("fit.pa") == ["fit.passes=", "fit.patience="]
    assert completed("alp", model="info") == ["alpha="]
    assert completed("alp") == []
    assert completed("encoder.fi", network="conv") == ["encoder.filters="]
    assert completed("likelihood.", settings=["likelihood=bernoulli"]) == ["likelihood.missing="]
    assert "optimizer.momentum=" in completed("optimizer.", settings=["optimizer=sgd"])
    assert "encoder.padding=" in completed("encoder.", settings=["encoder=conv"])
    assert completed("schedule.") == []
    assert completed("dataset.bi", dataset="digits") == ["dataset.binarize="]
    of_every = ["dataset.low_pass=", "dataset.value_range=", "dataset.standardize="]
    assert completed("dataset.", dataset="dig") == of_every
    assert "schedule.warmup_steps=" in completed("schedule.", schedule="cosine")
    assert all(key.endswith("=") for key in completed())
