"""Tables with columns of several kinds: which law has which columns, what is said where not."""

import keras
import numpy as np
import pytest
from laws import numbers

from diffusion_vae.likelihoods import Categorical, Gaussian, Mixed, Poisson, VonMises


def law(**options):
    """Two counts, an angle, a label, in this order: 2 + 2 + 3 raw outputs."""
    parts = {"spikes": (Poisson(0.5), 2), "heading": "von_mises", "layer": Categorical(3)}
    return Mixed(parts, **options)


def raw(count=4):
    return np.random.default_rng(0).normal(size=(count, 7)).astype("float32")


X = np.array([[0, 2, 7.5, 1], [1, 0, -0.5, 2], [3, 1, 0.0, 0], [0, 0, 1.0, 1]], "float32")


@pytest.mark.torch
def test_each_part_has_its_columns_and_its_raw_outputs():
    mixture = law()
    assert mixture.raw_shape((None, 4)) == (None, 7)
    assert mixture.event_shape((None, 7)) == (None, 4)
    outputs = mixture(raw())
    laws = {"spikes": Poisson(0.5), "heading": VonMises(), "layer": Categorical(3)}
    columns = {"spikes": (0, 2), "heading": (2, 3), "layer": (3, 4)}
    raws = {"spikes": (0, 2), "heading": (2, 4), "layer": (4, 7)}
    total, errors, means = 0.0, [], []
    for name, each in laws.items():
        expected = each(raw()[:, slice(*raws[name])])
        found = mixture.part(name, outputs)
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(numbers(found[key]), numbers(value), rtol=1e-6)
            np.testing.assert_array_equal(numbers(found[key]), numbers(outputs[f"{name}_{key}"]))
        x = X[:, slice(*columns[name])]
        total = total + numbers(each.log_prob(x, expected))
        errors.append(numbers(each.error(x, expected)))
        means.append(numbers(expected["reconstruction"]))
    np.testing.assert_allclose(numbers(mixture.log_prob(X, outputs)), total, rtol=1e-6)
    np.testing.assert_allclose(numbers(mixture.error(X, outputs)), np.hstack(errors), rtol=1e-6)
    np.testing.assert_allclose(numbers(outputs["reconstruction"]), np.hstack(means), rtol=1e-6)
    assert (np.abs(np.hstack(errors)[:, 2]) <= np.pi).all()


def test_an_exposure_goes_to_the_counts():
    exposure = np.array([1.0, 2.0, 3.0, 4.0], "float32")
    mixture = law()
    plain, timed = mixture(raw()), mixture(raw(), exposure=exposure)
    expected = numbers(plain["reconstruction"])
    expected[:, :2] *= exposure[:, None]
    np.testing.assert_allclose(numbers(timed["reconstruction"]), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="no exposure for Mixed"):
        Mixed({"a": "gaussian", "b": "von_mises"})(raw()[:, :3], exposure=exposure)


def test_missing_values_are_the_matter_of_each_part():
    mixture = Mixed({"count": Poisson(missing="ignore"), "angle": VonMises()})
    assert mixture.ignores_missing
    mixture.check_data(np.array([[np.nan, 1.0]]))
    with pytest.raises(ValueError, match=r"finite.*It is the part 'angle'"):
        mixture.check_data(np.array([[1.0, np.nan]]))
    every = Mixed({"count": Poisson(), "angle": VonMises()}, missing="ignore")
    every.check_data(np.array([[np.nan, np.nan], [1.0, np.nan]]))
    with pytest.raises(ValueError, match=r"counts of at least 0.*It is the part 'count'"):
        every.check_data(np.array([[np.nan, 1.0], [-1.0, 2.0]]))
    outputs = mixture(np.zeros((1, 3), "float32"))
    known = VonMises()(np.zeros((1, 2), "float32"))
    angle = np.array([[0.5]], "float32")
    table = np.array([[np.nan, 0.5]], "float32")
    expected = VonMises()
    expected.build((None, 1))
    np.testing.assert_allclose(
        numbers(mixture.log_prob(table, outputs)),
        numbers(expected.log_prob(angle, known)),
        rtol=1e-6,
    )
    # what a part does not leave out is never taken for a number
    assert np.isnan(numbers(mixture.log_prob(np.array([[1.0, np.nan]]), outputs))).all()


def test_pictures_have_channels_of_several_kinds():
    mixture = Mixed({"count": (Poisson(), 2), "direction": VonMises()})
    outputs = mixture(np.zeros((2, 4, 5, 4), "float32"))
    assert tuple(outputs["reconstruction"].shape) == (2, 4, 5, 3)
    assert tuple(mixture.log_prob(np.ones((2, 4, 5, 3)), outputs).shape) == (2,)


@pytest.mark.parametrize(
    "parts, error, message",
    [
        ([Poisson(), Gaussian()], TypeError, r"`parts` to be a dictionary of names and pairs"),
        ({1: Poisson()}, TypeError, r"`parts` to be a dictionary of names and pairs"),
        ({}, ValueError, r"Expected at least one part"),
        ({"a": "poison"}, ValueError, r"Expected `likelihood`.*Did you mean 'poisson'"),
        ({"a": ("poisson", 0)}, ValueError, r"`columns of a` to be at least 1"),
        ({"a": ("poisson", "2")}, TypeError, r"`columns of a` to be an integer"),
        ({"a": "poisson", "a_b": "gaussian"}, ValueError, r"tell their outputs apart.*'a_b'"),
        ({"a": "categorical"}, ValueError, r"'categorical' with its `classes`"),
    ],
)
def test_bad_parts_say_what_to_do(parts, error, message):
    with pytest.raises(error, match=message):
        Mixed(parts)


def test_tables_and_decoders_of_another_width_are_refused():
    wrong = r"data with 4 columns \(2 of 'spikes', 1 of 'heading', 1 of 'layer'\).*\(3, 5\)"
    with pytest.raises(ValueError, match=wrong):
        law().check_data(np.zeros((3, 5)))
    with pytest.raises(ValueError, match=wrong):
        law().raw_shape((3, 5))
    with pytest.raises(ValueError, match=r"last axis to be 7, the outputs of all parts"):
        law().event_shape((None, 6))


def test_the_order_of_the_columns_survives_the_configuration():
    parts = {"z": (Poisson(), 2), "a": VonMises("predicted"), "m": Categorical(4)}
    mixture = Mixed(parts)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(mixture))
    assert list(again.laws) == ["z", "a", "m"]
    assert again.widths == {"z": 2, "a": 1, "m": 1}
    assert again.laws["m"].classes == 4
    assert mixture.laws["z"] is parts["z"][0]  # a law that is given is the one that trains
    x = numbers(again.sample(again(np.zeros((3, 9), "float32")), seed=0))
    again.check_data(x)
