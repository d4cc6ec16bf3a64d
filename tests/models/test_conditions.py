"""Conditions: what the decoder, and perhaps the encoder, is told of each example."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

import diffusion_vae as dv
from diffusion_vae import likelihoods
from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.layers import EvenDecoder
from diffusion_vae.networks import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder

LABELS = np.eye(2, dtype="float32")[np.arange(24) % 2]
WEIGHT = np.array([[1.0, 0.5, 0.0], [0.0, -1.0, 0.7]])
SHIFT = np.array([[2.0, 0.0, -1.0], [0.0, 1.5, 1.0]])  # of each of two batches
BIAS = np.array([0.1, 0.2, -0.3])
VARIANCE = 0.5


@pytest.fixture(scope="module")
def linear():
    """x = z W + c V + b + noise, of which evidence and posterior are Gaussians in closed form,
    and data of it."""
    covariance = np.linalg.inv(np.eye(2) + WEIGHT @ WEIGHT.T / VARIANCE)
    model = dv.EuclideanVAE(
        2,
        keras.layers.Flatten(),
        keras.layers.Dense(3),
        likelihood=likelihoods.Gaussian(variance=VARIANCE),
        fixed_time=1.1 * float(np.linalg.eigvalsh(covariance).max()),
        condition="both",
        seed=0,
    )
    model.build({"x": (None, 3), "condition": (None, 2)})
    model.decoder.set_weights([np.concatenate([WEIGHT, SHIFT]), BIAS])
    gain = WEIGHT.T @ covariance / VARIANCE  # posterior mean (x - c V - b) gain
    model.latent.location.set_weights([np.concatenate([gain, -SHIFT @ gain]), -BIAS @ gain])
    condition = np.eye(2, dtype="float32")[np.arange(40) % 2]
    evidence = stats.multivariate_normal(BIAS, WEIGHT.T @ WEIGHT + VARIANCE * np.eye(3))
    x = (evidence.rvs(40, random_state=1) + condition @ SHIFT).astype("float32")
    return model, {"x": x, "condition": condition}, evidence


def test_log_likelihoods_are_those_of_each_condition(linear):
    model, data, evidence = linear
    for given in (data, {**data, "condition": data["condition"][::-1].copy()}):
        exact = evidence.logpdf(given["x"] - given["condition"] @ SHIFT)
        found = model.log_likelihood(given, 400, batch_size=16, seed=0).per_example
        if given is data:  # importance weights are bounded: the error of an example is 0.02
            np.testing.assert_allclose(found, exact, atol=0.12)
        else:
            assert found.mean() == pytest.approx(exact.mean(), abs=0.5)
    bound = np.mean([model.elbo(data, seed=seed) for seed in range(20)], axis=0)
    exact = evidence.logpdf(data["x"] - data["condition"] @ SHIFT)
    assert -0.5 < (bound - exact).mean() < 0.0


def test_latent_points_and_reconstructions_follow_the_closed_form(linear):
    model, data, _ = linear
    location, _ = model.encode(data)
    kernel, bias = model.latent.location.get_weights()
    expected = np.concatenate([data["x"], data["condition"]], axis=1) @ kernel + bias
    np.testing.assert_allclose(location, expected, atol=1e-5)
    means = location @ WEIGHT + data["condition"] @ SHIFT + BIAS
    np.testing.assert_allclose(model.reconstruct(data), means, atol=1e-5)
    one = model.decode(location[:6].reshape(2, 3, 2), condition=[0.0, 1.0])
    np.testing.assert_allclose(
        one, (location[:6] @ WEIGHT + SHIFT[1] + BIAS).reshape(2, 3, 3), atol=1e-5
    )
    prior = model.sample(4000, condition=[1.0, 0.0], noise=True, seed=0)
    # standard errors: 0.02 of a mean
    np.testing.assert_allclose(prior.mean(axis=0), SHIFT[0] + BIAS, atol=0.1)
    refined = model.refine(data, 3, starts=20, batch_size=16, seed=0)
    np.testing.assert_allclose(refined["location"], location, atol=0.3)  # the best is at hand


@pytest.mark.slow
def test_sources_of_dictionaries_give_what_arrays_give(make, x, each_source):
    model = make(condition="both")
    data = {"x": x, "condition": LABELS}
    model.fit(data, batch_size=24, shuffle=False, validation_split=0.5, verbose=0)
    for kind, source in each_source(data, 12):
        model.fit(source(), shuffle=False, steps_per_epoch=1, verbose=0, validation_data=data)
        for method in (model.reconstruct, lambda x: model.elbo(x, batch_size=12, seed=0)):
            np.testing.assert_allclose(method(source()), method(data), rtol=1e-4, err_msg=kind)
    # Weights: half of the examples count twice. Another target: its error is the loss.
    still = make(condition="both", fixed_time=1e-12)
    first = {name: array[:12] for name, array in data.items()}
    expected = still.evaluate(first, verbose=0, return_dict=True)["loss"]
    weight = np.repeat([2.0, 0.0], 12).astype("float32")
    found = still.evaluate(data, sample_weight=weight, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(expected, rel=1e-4)
    target = still.reconstruct(data)
    found = still.evaluate(data, target, verbose=0, return_dict=True)
    assert found["mse"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
@pytest.mark.jax
@pytest.mark.torch
@pytest.mark.parametrize("method", ["quadratic", "average"])
def test_the_file_of_a_model_keeps_its_answers_and_its_next_step(make, x, tmp_path, method):
    model = make("projective:2", condition="both", even_decoder=method)
    data = {"x": x, "condition": LABELS}
    model.fit(data, batch_size=24, verbose=0)
    z = model.encode(data)[0]
    pictures = model.decode(z, condition=LABELS)
    np.testing.assert_allclose(model.decode(-z, condition=LABELS), pictures, atol=1e-6)
    assert np.abs(model.decode(z, condition=-LABELS) - pictures).max() > 1e-3
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.condition, loaded.condition_width) == ("both", 2)
    np.testing.assert_array_equal(loaded.decode(z, condition=LABELS), pictures)
    losses = [
        net.fit(data, batch_size=24, shuffle=False, verbose=0).history["loss"]
        for net in (loaded, model)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.jax
def test_evaluation_refinement_and_evidence_on_every_backend(make, x):
    model = make(condition="decoder")
    data = {"x": x[:4], "condition": LABELS[:4, 0]}  # numbers [n] are one column
    model.fit(data, verbose=0)
    assert model.condition_width == 1
    np.testing.assert_array_equal(model.encode(x[:4])[0], model.encode(data)[0])
    assert np.isfinite(model.refine(data, 2, starts=3, seed=0)["location"]).all()
    assert np.isfinite(model.log_likelihood(data, 3, seed=0).mean)
    assert model.sample(3, condition=1.0).shape == (3, 4, 3)
    assert model.predict(data, verbose=0)["reconstruction"].shape == (4, 4, 3)


def test_conditions_join_features_behind_the_convolutions_and_points():
    pictures = np.random.default_rng(0).random((6, 8, 8, 1)).astype("float32")
    model = dv.DiffusionVAE(
        "torus:2",
        ConvEncoder((4,), dense_units=(6,), batch_norm=False),
        ConvDecoder((4,), dense_units=(6,), batch_norm=False),
        condition="both",
        seed=0,
    )
    data = {"x": pictures, "condition": LABELS[:6]}
    model.encode(data)
    shapes = [tuple(weight.shape) for weight in model.encoder.weights]
    assert shapes == [(3, 3, 1, 4), (4,), (4 * 4 * 4 + 2, 6), (6,)]
    assert tuple(model.decoder.weights[0].shape) == (4 + 2, 6)
    spatial = dv.SpatialVAE(variant="mvn", maps=2, condition="both", seed=0)
    spatial.build({"x": (None, 32, 32, 1), "condition": (None, 3)})
    assert spatial.decode(np.zeros((2, 3, 3, 2)), condition=[1, 0, 0]).shape == (2, 32, 32, 1)


def test_a_network_of_two_inputs_gets_the_condition_as_one_of_them(x):
    data, condition = keras.Input((4, 3)), keras.Input((2,))
    hidden = keras.layers.Concatenate()([keras.layers.Flatten()(data), condition])
    encoder = keras.Model([data, condition], keras.layers.Dense(5)(hidden))
    inputs = {"z": keras.Input((3,), name="z"), "condition": keras.Input((2,), name="condition")}
    joined = keras.layers.Concatenate()([inputs["z"], inputs["condition"]])
    decoder = keras.Model(inputs, keras.layers.Reshape((4, 3))(keras.layers.Dense(12)(joined)))
    model = dv.RealProjectiveVAE(2, encoder, decoder, condition="both", seed=0)
    given = {"x": x, "condition": LABELS}
    location, _ = model.encode(given)
    assert model.decoder.method == "average"  # the decoder is built for three coordinates
    means = [
        ops.convert_to_numpy(decoder({"z": z, "condition": LABELS})) for z in (location, -location)
    ]
    np.testing.assert_allclose(model.reconstruct(given), np.mean(means, axis=0), atol=1e-6)
    with pytest.raises(ValueError, match=r"encoder to take one tensor\..*condition=\"both\""):
        dv.SphereVAE(2, encoder).build((None, 4, 3))
    inputs = {"z": keras.Input((3,), name="z"), "batch": keras.Input((2,), name="batch")}
    joined = keras.layers.Concatenate()(list(inputs.values()))
    nameless = keras.Model(inputs, keras.layers.Dense(12)(joined))
    with pytest.raises(ValueError, match=r"to be called 'condition'. Received: \['batch', 'z'\]"):
        dv.SphereVAE(2, None, nameless, condition="decoder").build(
            {"x": (None, 12), "condition": (None, 2)}
        )


def test_an_even_decoder_leaves_the_condition_alone():
    decoder = MLPDecoder((8,), event_shape=(4,), seed=0)
    layer = EvenDecoder(decoder, "projective:2", "average")
    z, c = np.eye(3, dtype="float32"), np.array([[1.0], [2.0], [3.0]], "float32")
    halves = [ops.convert_to_numpy(decoder(np.concatenate([s * z, c], 1))) for s in (1, -1)]
    np.testing.assert_allclose(layer([z, c]), np.mean(halves, axis=0), atol=1e-6)


def test_the_halves_can_stand_alone(make, x, tmp_path):
    model = make("projective:2", condition="both")
    data = {"x": x, "condition": LABELS}
    model.fit(data, verbose=0)
    location, _ = model.encode(data)
    halves = {"i": model.inference_network(draw=False), "g": model.generative_network()}
    for name, network in halves.items():
        network.save(tmp_path / f"{name}.keras")
        halves[name] = keras.saving.load_model(tmp_path / f"{name}.keras")
    found = halves["i"]({"data": x, "condition": LABELS})["location"]
    np.testing.assert_allclose(found, location, atol=1e-5)
    pictures = halves["g"]({"z": location, "condition": LABELS})["reconstruction"]
    np.testing.assert_allclose(pictures, model.reconstruct(data), atol=1e-5)


def neighbours_of_the_other_batch(location, batch, count=10):
    """Share of the nearest neighbours that are of the other batch."""
    distance = np.linalg.norm(location[:, None] - location[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1)[:, :count]
    return float((batch[nearest] != batch[:, None]).mean())


@pytest.mark.slow
def test_a_batch_effect_disappears_from_the_codes_with_a_condition_and_stays_without():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 300)
    clean = np.stack([np.cos(angle), np.sin(angle)], 1) @ rng.normal(size=(2, 8))
    clean += 0.1 * rng.normal(size=clean.shape)
    batch = np.arange(300) % 2
    x = (clean + 0.5 * batch[:, None] * rng.normal(size=8)).astype("float32")
    # Of 10 neighbours of 300 examples: a standard error of 0.01.
    share = {"clean": neighbours_of_the_other_batch(clean, batch)}
    assert neighbours_of_the_other_batch(x, batch) == 0.0
    for condition in (None, "both"):
        keras.utils.set_random_seed(0)  # the order of the examples
        model = dv.EuclideanVAE(
            2,
            MLPEncoder((32,)),
            MLPDecoder((32,)),
            likelihood=likelihoods.Gaussian(variance=0.05),
            condition=condition,
            kl_warmup_steps=0,
            seed=0,
        )
        model.compile(keras.optimizers.Adam(1e-2), jit_compile=False, steps_per_execution=6)
        data = x if condition is None else {"x": x, "condition": np.eye(2)[batch]}
        model.fit(data, batch_size=50, epochs=80, verbose=0)
        share[condition] = neighbours_of_the_other_batch(model.encode(data)[0], batch)
    assert share["clean"] == pytest.approx(0.5, abs=0.03)
    assert share["both"] == pytest.approx(share["clean"], abs=0.05)
    assert share[None] < 0.1


BAD = {
    "none": (lambda x: x, r"`condition` for each example.*condition='both'\. Received: none"),
    "width": (
        lambda x: {"x": x, "condition": np.ones((24, 3))},
        r"`condition` to have 2 numbers an example.*Received: 3",
    ),
    "rows": (
        lambda x: {"x": x, "condition": LABELS[:5]},
        r"one row of `condition` for each of the 24 examples\. Received: 5",
    ),
    "nan": (
        lambda x: {"x": x, "condition": np.where(LABELS == 1, np.nan, 0)},
        r"Expected `condition` to be finite.*(24|8) NaN",
    ),
    "text": (
        lambda x: {"x": x, "condition": np.array(["a", "b"] * 12)},
        r"numbers or one-hot labels.*np\.eye\(k\)\[codes\]",
    ),
    "axes": (
        lambda x: {"x": x, "condition": np.ones((24, 2, 1))},
        r"numbers \[n\] or \[n, k\].*Received shape: \(\w+, 2, 1\)",
    ),
    "names": (
        lambda x: {"x": x, "conditions": LABELS},
        r"Received: a dictionary of \['x', 'conditions'\]\. Did you mean 'condition'",
    ),
    "exposure": (
        lambda x: {"x": x, "condition": LABELS, "exposure": np.ones(24)},
        r"Expected no exposure for Gaussian",
    ),
}


@pytest.mark.parametrize("built", [False, True])
def test_what_is_no_condition_gets_a_sentence(make, x, built, each_source):
    model = make(condition="both")
    if built:
        model.build({"x": (None, 4, 3), "condition": (None, 2)})
    for name, (change, message) in BAD.items():
        if name == "width" and not built:
            continue
        data = change(x)
        with pytest.raises(ValueError, match=message):
            model.fit(data, verbose=0)
        with pytest.raises(ValueError, match=message):
            model.elbo(data)
        if name in ("rows", "text"):
            continue
        for _, source in each_source(data, 8):
            with pytest.raises(ValueError, match=message):
                model.fit(source(), shuffle=False, verbose=0)
    assert int(model.schedule_step) == 0


def test_callbacks_take_a_model_with_a_condition_or_say_that_they_do_not(make, x, tmp_path):
    model = make(condition="both")
    data = {"x": x[:4], "condition": LABELS[:4]}
    model.fit(data, verbose=0, callbacks=[ResultsFolder(tmp_path, run="first")])
    assert (tmp_path / "weights_folder" / "first").exists()
    with pytest.raises(ValueError, match=r"without a condition.*Leave out `dataset`"):
        model.fit(data, verbose=0, callbacks=[ResultsFolder(tmp_path, run="b", dataset=x)])
    assert int(model.schedule_step) == 1


def test_what_is_no_condition_of_latent_points_gets_a_sentence(make, x):
    model = make(condition="decoder")
    with pytest.raises(ValueError, match=r"shapes of `x` and `condition`.*\(None, 4, 3\)"):
        model.build((None, 4, 3))
    model.build({"x": (None, 4, 3), "condition": (None, 2)})
    z = np.eye(3)
    with pytest.raises(ValueError, match=r"`condition` for the latent points.*of shape \[2\]"):
        model.decode(z)
    with pytest.raises(ValueError, match=r"`condition` for each example"):
        model.reconstruct(x)
    with pytest.raises(ValueError, match=r"2 numbers an example.*Received: 3"):
        model.sample(3, condition=[1, 0, 0])
    with pytest.raises(ValueError, match=r"one for each, of shape \(3, 2\)\. .*\(2, 2\)"):
        model.decode(z, condition=np.eye(2))
    with pytest.raises(ValueError, match=r"Expected no `condition`.*condition=\"decoder\""):
        make().fit({"x": x, "condition": LABELS}, verbose=0)
    with pytest.raises(ValueError, match=r"Expected `condition` to be one of .*Received: 'all'"):
        make(condition="all")
    with pytest.raises(TypeError, match=r"arguments of InfoCatVAE.*Received: 'condition'"):
        dv.InfoCatVAE(3, condition="both")
