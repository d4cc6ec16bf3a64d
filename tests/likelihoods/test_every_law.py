"""What every law keeps: configuration, finite outputs, seeds, missing values, training, files."""

import json
import math

import keras
import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from laws import LAWS, drawn, made, mixed, numbers

import diffusion_vae as dv
from diffusion_vae import likelihoods
from diffusion_vae.comparison.starts import Starts
from diffusion_vae.networks import MLPDecoder, MLPEncoder

# All of them as one are tested on PyTorch too. JAX compiles each operation for each shape: there
# they train, which is compiled as a whole.
together = pytest.param("mixed", marks=pytest.mark.torch)
every = pytest.mark.parametrize("name", [*LAWS, together])
COUNTS = {"Poisson", "NegativeBinomial", "Mixed"}


def law_of(name, **options):
    return mixed(**options) if name == "mixed" else made(name, **options)


def shape_of(name, count=7):
    return (count, len(LAWS) if name == "mixed" else 2)


def finite(outputs):
    return all(np.isfinite(numbers(value)).all() for value in outputs.values())


@every
def test_a_law_comes_back_from_its_configuration(name):
    law = law_of(name, missing="ignore")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(law)))
    again = likelihoods.get(config)
    assert type(again) is type(law)
    assert again.get_config() == law.get_config()
    assert again.ignores_missing
    shape = shape_of(name)
    assert again.raw_shape(shape) == law.raw_shape(shape)
    assert again.event_shape(law.raw_shape(shape)) == shape


def test_names_give_laws():
    for name, kind in likelihoods.LIKELIHOODS.items():
        if name in ("categorical", "ordinal", "mixed"):
            argument = "parts" if name == "mixed" else "classes"
            sentence = rf"'{name}' with its `{argument}`, as an object: `{kind.__name__}\("
            with pytest.raises(ValueError, match=sentence):
                likelihoods.get(name)
        else:
            assert type(likelihoods.get(name)) is kind
    with pytest.raises(ValueError, match=r"`missing` to be one of \('refuse', 'ignore'\)"):
        likelihoods.Poisson(missing="drop")


@every
def test_raw_outputs_of_any_size_give_finite_numbers(name):
    law = law_of(name)
    _, x = drawn(law, shape_of(name))
    for size in (1e4, -1e4):
        raw = np.full(law.raw_shape(shape_of(name)), size, "float32")
        outputs = law(raw)
        assert finite(outputs)
        assert np.isfinite(np.square(numbers(outputs["reconstruction"]))).all()
        assert np.isfinite(numbers(law.log_prob(x, outputs))).all()
        assert np.isfinite(numbers(law.sample(outputs, seed=0))).all()


@every
def test_draws_repeat_with_their_seed_and_are_data_of_the_law(name):
    law = law_of(name)
    outputs, x = drawn(law, shape_of(name, 40), seed=3)
    np.testing.assert_array_equal(x, ops.convert_to_numpy(law.sample(outputs, seed=3)))
    assert (x != ops.convert_to_numpy(law.sample(outputs, seed=4))).any()
    first, second = (
        ops.convert_to_numpy(law.sample(outputs, keras.random.SeedGenerator(seed)))
        for seed in (5, 5)
    )
    np.testing.assert_array_equal(first, second)
    assert x.shape == shape_of(name, 40)
    law.check_data(x)


@every
def test_events_of_several_axes_and_leading_axes(name):
    law = law_of(name)
    width = shape_of(name)[1]
    law.build((None, 3, width))
    raw = np.random.default_rng(0).normal(size=law.raw_shape((2, 5, 3, width)))
    outputs = law.outputs(ops.convert_to_tensor(raw.astype("float32")))
    x = ops.convert_to_numpy(law.sample(outputs, seed=0))
    assert x.shape == (2, 5, 3, width)
    found = ops.convert_to_numpy(law.log_prob(x[0], outputs))
    assert found.shape == (2, 5)
    assert law.error(x, outputs).shape == x.shape
    # each data value by itself: the sum of what rows of one value have
    flat = law.outputs(ops.convert_to_tensor(raw[0, 0].astype("float32")))
    one = numbers(law.known_terms(ops.convert_to_tensor(x[0, 0]), flat, False)).sum()
    assert one == pytest.approx(found[0, 0], rel=1e-4)


@every
def test_missing_values_are_left_out(name):
    law = law_of(name, missing="ignore")
    outputs, x = drawn(law, shape_of(name))
    complete = numbers(law.known_terms(ops.convert_to_tensor(x), outputs, False))
    holes = np.random.default_rng(1).random(x.shape) < 0.4
    holes[0] = True  # nothing is known of an example
    table = np.where(holes, np.nan, x)
    law.check_data(table)
    expected = np.where(holes, 0.0, complete).sum(axis=-1)
    np.testing.assert_allclose(
        numbers(law.log_prob(table, outputs)), expected, rtol=1e-5, atol=1e-6
    )
    assert (np.isnan(numbers(law.error(table, outputs))) == holes).all()
    with pytest.raises(ValueError, match="Expected data to be finite"):
        law.check_data(np.where(holes, np.inf, x))
    with pytest.raises(ValueError, match=r'finite.*give the likelihood `missing="ignore"`'):
        law_of(name).check_data(table)
    if type(law).__name__ not in ("Gaussian", "StudentT", "VonMises", "Mixed"):
        with pytest.raises(ValueError, match="Expected"):
            law.check_data(np.where(holes, np.nan, -0.5))  # what is known is looked at


@every
def test_gradients_are_finite_where_values_are_missing(name):
    law = law_of(name, missing="ignore")
    _, x = drawn(law, shape_of(name))
    x[::2] = np.nan
    for size in (1.0, 1e4):
        raw = np.random.default_rng(0).normal(size=law.raw_shape(x.shape)).astype("float32")
        value, [slope] = value_and_gradients(
            lambda raw: ops.sum(law.log_prob(x, law.outputs(raw))), size * raw
        )
        assert math.isfinite(value)
        assert np.isfinite(slope).all()
        np.testing.assert_array_equal(slope[::2], 0.0)


@every
def test_laws_of_counts_alone_take_exposures(name):
    law = law_of(name)
    raw = np.zeros(law.raw_shape(shape_of(name)), "float32")
    exposure = np.full(7, 2.0, "float32")
    assert law.takes_exposure == (type(law).__name__ in COUNTS)
    if law.takes_exposure:
        law(raw, exposure=exposure)
        return
    for refused in (lambda: law.outputs(raw, exposure), lambda: law.check_exposure(exposure)):
        with pytest.raises(ValueError, match=f"no exposure for {type(law).__name__}"):
            refused()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_half_precision_is_for_networks_alone(policy):
    law = mixed(dtype=policy)
    wanted = "float64" if policy == "float64" else "float32"
    assert {weight.dtype for weight in law.weights} <= {wanted}
    outputs, _ = drawn(law, shape_of("mixed"))
    assert {keras.backend.standardize_dtype(value.dtype) for value in outputs.values()} == {wanted}


# -- training --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    """Data with a column of each law, with holes."""
    law = mixed()
    _, x = drawn(law, (40, len(LAWS)))
    x[3, 5] = x[35, 0] = np.nan
    return x


def vae(seed=0):
    networks = MLPEncoder((8,)), MLPDecoder((8,))
    return dv.EuclideanVAE(2, *networks, likelihood=mixed(missing="ignore"), seed=seed)


@pytest.mark.slow
@pytest.mark.jax
def test_stacked_starts_train_with_every_law(table):
    starts = Starts(vae, [0, 1], table[:30], table[30:], 10, fused=False)
    loss, judged = starts.run(2, 1e-3)
    assert np.isfinite(loss).all()
    assert np.isfinite(judged).all()


@pytest.mark.slow
@pytest.mark.jax
def test_models_train_by_xla_with_every_law_and_come_back_from_their_file(table, tmp_path):
    model = vae()
    model.compile("adam", jit_compile=keras.backend.backend() == "tensorflow")
    before = model.likelihood
    history = model.fit(table, batch_size=20, epochs=1, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    trained = [np.array(weight) for weight in before.trainable_weights]
    assert all((weight != 0).any() for weight in trained if weight.size)
    model.save(tmp_path / "vae.keras")
    again = keras.saving.load_model(tmp_path / "vae.keras")
    for weight, kept in zip(again.likelihood.trainable_weights, trained, strict=True):
        np.testing.assert_array_equal(weight, kept)
    estimates = [each.log_likelihood(table[:5], samples=3, seed=1) for each in (model, again)]
    np.testing.assert_array_equal(estimates[0].per_example, estimates[1].per_example)
    draws = again.sample(3, noise=True, seed=1)
    again.likelihood.check_data(draws)
    np.testing.assert_array_equal(draws, model.sample(3, noise=True, seed=1))
