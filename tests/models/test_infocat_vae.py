"""InfoCatVAE: the contract of every model, the estimators, the information term."""

import math

import keras
import numpy as np
import pytest
import scipy.stats
from backends import QUICK_STEPS
from keras import ops
from standard_errors import assert_mean

import diffusion_vae as dv
from diffusion_vae.networks import ConvEncoder, MLPDecoder, MLPEncoder
from diffusion_vae.runs import compose

ESTIMATORS = ("relaxed", "marginal", "gumbel")
OPTIONS = {
    "clusters": 3, "cluster_dim": 1, "separation": 1.5, "information_weight": 0.3, "beta": 2.0,
    "estimator": "gumbel", "temperature": 0.6, "mutual_information_weight": 0.2,
    "consistency_weight": 0.4, "augmentation": keras.layers.Identity(),
    "legacy_double_softmax": True, "information_draws": 4, "likelihood": "gaussian",
    "kl_warmup_steps": 7, "kl_capacity": [0.0, 3.0, 100.0], "seed": 5,
}  # fmt: skip
OBJECTS = ("likelihood", "augmentation")


def make(*, event_shape=(4, 3), compiled=True, **options):
    model = dv.InfoCatVAE(
        encoder=MLPEncoder((8,), seed=1),
        decoder=MLPDecoder((8,), event_shape=event_shape, seed=2),
        **{"clusters": 3, "seed": 0, **options},
    )
    if compiled:
        model.compile("adam", **QUICK_STEPS)
    else:
        model.build((None, *event_shape))
    return model


def certain(model, x, scale=80.0):
    """Parameters of which each q(c | x) is all on one cluster, and q(z | x, c) on a point."""
    params = model.posterior_parameters(x)
    clusters = np.arange(len(x)) % model.latent.clusters
    logits = scale * np.eye(model.latent.clusters, dtype="float32")[clusters]
    narrow = np.full_like(params["log_variance"], -40.0)
    return {**params, "category_logits": logits, "log_variance": narrow}


def number(tensor):
    return float(ops.convert_to_numpy(tensor))


# -- the contract ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_shapes_and_next_step_survive_the_file(estimator, x, tmp_path):
    model = make(estimator=estimator)
    if estimator == "marginal":  # one of them as a graph, which takes seconds to make
        model.compile("adam", jit_compile=False)
    model.fit(x, batch_size=10, epochs=1, verbose=0)  # 10, 10, 4: a variable batch size
    assert model.sample_posterior(x, 3).shape == (3, 24, 6)
    assert model.reconstruct(x).shape == x.shape
    assert model.sample(7).shape == (7, 4, 3)
    assert np.isfinite(model.elbo(x)).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is dv.InfoCatVAE
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    np.testing.assert_array_equal(loaded.sample_posterior(x, 2), model.sample_posterior(x, 2))
    np.testing.assert_array_equal(loaded.sample_cluster(1, 3), model.sample_cluster(1, 3))
    histories = [
        net.fit(x, batch_size=12, shuffle=False, epochs=1, verbose=0).history
        for net in (loaded, model)
    ]
    for name, values in histories[0].items():
        # Sums may differ in the last bit with the alignment of memory.
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-5, atol=1e-7)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.jax
@pytest.mark.parametrize("estimator", ["marginal", "gumbel"])
def test_fit_save_and_load(estimator, x, tmp_path):
    model = make(estimator=estimator, mutual_information_weight=0.5)
    history = model.fit(x, validation_data=x, batch_size=10, epochs=2, verbose=0).history
    assert np.isfinite(history["val_elbo"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample_posterior(x, 2), model.sample_posterior(x, 2))
    assert np.isfinite(model.log_likelihood(x, 10).mean)


def test_configuration_holds_every_argument(x):
    model = make(**OPTIONS, compiled=False)
    config = model.get_config()
    assert {name: config[name] for name in OPTIONS if name not in OBJECTS} == {
        name: value for name, value in OPTIONS.items() if name not in OBJECTS
    }
    rebuilt = dv.InfoCatVAE.from_config(config)
    rebuilt.build((None, 4, 3))
    assert rebuilt.get_config().keys() == config.keys()
    assert [w.shape for w in rebuilt.weights] == [w.shape for w in model.weights]
    assert (rebuilt.kl_weight, rebuilt.kl_warmup_steps) == (2.0, 7)
    assert type(rebuilt.likelihood).__name__ == "Gaussian"
    assert type(rebuilt.augmentation) is keras.layers.Identity


@pytest.mark.slow
def test_weights_may_be_schedules_and_survive_the_file(x, tmp_path):
    decay = keras.optimizers.schedules.PolynomialDecay(4.0, 10, 1.0)
    model = make(information_weight=decay, mutual_information_weight=decay, beta=decay)
    model.fit(x, batch_size=24, epochs=5, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for weight in (loaded.information_weight, loaded.mutual_information_weight):
        assert number(loaded.current(weight)) == pytest.approx(2.5)  # after 5 of 10 steps
    assert number(loaded.current_kl_weight()) == pytest.approx(2.5)


def test_tf_data_and_predict(x):
    import tensorflow as tf

    model = make()
    model.fit(tf.data.Dataset.from_tensor_slices(x).batch(10), shuffle=False, verbose=0)
    outputs = model.predict(tf.data.Dataset.from_tensor_slices(x).batch(10), verbose=0)
    shapes = {name: value.shape for name, value in outputs.items()}
    assert shapes == {
        "category_logits": (24, 3), "mean": (24, 3, 6), "log_variance": (24, 3, 6),
        "z": (24, 6), "reconstruction": (24, 4, 3), "logits": (24, 4, 3),
    }  # fmt: skip


def test_labels_are_no_target(x):
    with pytest.raises(ValueError, match="without labels"):
        make().fit(x, np.zeros(24, "float32"), epochs=1, verbose=0)


def test_default_networks_are_the_published_ones():
    model = dv.InfoCatVAE()
    model.build((None, 28, 28, 1))
    widths = [layer.units for layer in model.encoder.layers if hasattr(layer, "units")]
    assert widths == [400]
    assert model.latent.point_shape == (20,)
    assert [w.shape for w in model.decoder.weights][:3] == [(20, 400), (400,), (400, 784)]
    assert model.information_weight == 0.78125


def test_one_seed_is_one_model(x):
    first, again, other = (dv.InfoCatVAE(3, seed=seed)(x) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first["z"], again["z"])
    assert not np.array_equal(first["z"], other["z"])


# -- the objective -----------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["marginal", "gumbel"])
def test_estimators_agree_where_the_cluster_is_certain(estimator, x):
    relaxed, other = make(compiled=False), make(estimator=estimator, compiled=False)
    other.set_weights(relaxed.get_weights())
    params = certain(relaxed, x)
    losses = []
    for model in (relaxed, other):
        z = model.latent.training_code(params)
        outputs = {**model.likelihood(model.decoder(z)), **params}
        outputs["expected_log_prob"] = model.expected_log_prob(x, params)
        losses.append(ops.convert_to_numpy(model.reconstruction_loss(x, outputs)))
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_expected_log_prob_is_the_sum_over_clusters(x):
    model = make(compiled=False)
    params = certain(model, x)
    rng = np.random.default_rng(0)
    params["category_logits"] = rng.normal(size=(24, 3)).astype("float32")
    params["mean"] = rng.normal(size=(24, 3, 6)).astype("float32")
    weights = np.exp(params["category_logits"])
    weights /= weights.sum(axis=-1, keepdims=True)
    expected = 0.0
    for c in range(3):  # a variance of e^-40: each cluster's draw is its mean
        p = np.clip(model.decode(params["mean"][:, c]).astype("float64"), 1e-12, 1 - 1e-12)
        log_prob = (x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=(1, 2))
        expected = expected + weights[:, c] * log_prob
    np.testing.assert_allclose(model.expected_log_prob(x, params), expected, rtol=1e-5)


def test_elbo_of_one_drawn_cluster_has_the_mean_of_the_sum_over_clusters(x):
    # What training reports against what evaluation does, over 4000 repeats of 1 example;
    # both means are judged at four standard errors of the noisier one.
    model = make(compiled=False)
    model.latent.mean_shift.assign(np.random.default_rng(1).normal(size=(3, 6)) * 3.0)
    params = model.posterior_parameters(x[:1])
    params["category_logits"] = np.array([[0.5, 0.0, -1.0]], "float32")
    many = {name: np.repeat(value, 4000, axis=0) for name, value in params.items()}
    target = np.repeat(x[:1], 4000, axis=0)
    exact = ops.convert_to_numpy(model.expected_log_prob(target, many))
    drawn = model.likelihood.log_prob(target, model._outputs(model.latent.sample(many)))
    assert exact.std() < 0.9 * ops.convert_to_numpy(drawn).std()
    assert_mean(ops.convert_to_numpy(drawn), exact.mean())


def test_evaluate_reports_the_loss_of_its_parts(x):
    model = make(beta=3.0, information_weight=0.4, mutual_information_weight=0.2)
    numbers = model.evaluate(x, batch_size=24, return_dict=True, verbose=0)
    expected = (
        numbers["reconstruction_loss"]
        + 3.0 * numbers["kl_loss"]
        + 0.4 * numbers["information_loss"]
        - 0.2 * numbers["mutual_information"]
    )
    assert numbers["loss"] == pytest.approx(expected, rel=1e-5)
    objective = -numbers["reconstruction_loss"] - numbers["kl_loss"]
    assert numbers["objective"] == pytest.approx(objective, rel=1e-5)


@pytest.mark.slow
def test_elbo_is_the_objective_only_under_the_marginal_estimator(x):
    model = make(estimator="marginal")
    many = np.repeat(x, 100, axis=0)  # 2400 draws of standard deviation under 2: error 0.04
    numbers = model.evaluate(many, batch_size=2400, return_dict=True, verbose=0)
    assert numbers["elbo"] == pytest.approx(numbers["objective"], rel=1e-6)
    assert numbers["elbo"] == pytest.approx(model.elbo(many).mean(), abs=0.2)

    relaxed = make(compiled=False)  # decoder on which the averaged code is far from a draw
    params = certain(relaxed, x)
    params["category_logits"] = np.zeros((24, 3), "float32")
    params["mean"] = np.broadcast_to(9.0 * relaxed.latent.centres, (24, 3, 6)).astype("float32")
    outputs = relaxed.likelihood(relaxed.decoder(relaxed.latent.training_code(params)))
    averaged = relaxed.reconstruction_loss(x, outputs)
    bound = relaxed.expected_log_prob(x, params)
    assert np.abs(averaged + bound).min() > 1e-2


@pytest.mark.slow
def test_elbo_is_below_the_log_likelihood(x):
    model = make()
    model.fit(x, epochs=20, verbose=0)
    # Both averaged over 24 examples; the standard error of the gap is about 0.01.
    assert model.elbo(x).mean() < model.log_likelihood(x, 500).mean


def test_log_likelihood_is_right_for_a_decoder_that_is_constant(x):
    model = make(separation=4.0, compiled=False)
    for layer in (model.decoder.layers[-2], model.latent.location, model.latent.log_scale):
        layer.kernel.assign(np.zeros(layer.kernel.shape))
    # p(x | z) = 2^-12 for every z, so the weights p(z) / q(z | x) must average to 1. They
    # are about 1 / (3 q(c | x)) with c from q(c | x), and their spread makes the error.
    q = model.cluster_probabilities(x)
    spread = np.sqrt((q * (1 / (3 * q) - 1) ** 2).sum(axis=-1))
    assert spread.max() > 0.3
    estimate = model.log_likelihood(x, 2000)
    error = np.abs(estimate.per_example + 12 * math.log(2))
    assert (error < 5 * spread / math.sqrt(2000) + 1e-3).all()


# -- the information term ----------------------------------------------------------


def with_logits(model, logits_of):
    """The model with q(c | x) of generated pictures replaced by a function of the labels."""
    clusters, draws = model.latent.clusters, model.information_draws
    labels = np.tile(np.arange(clusters), draws)
    model._posterior_of = lambda x: {"category_logits": logits_of(labels)}
    return model


@pytest.mark.parametrize("clusters", [10, 40])
def test_cross_entropy_floor_is_zero_and_only_legacy_is_above(clusters):
    def right(labels):
        return (200.0 * np.eye(clusters)[labels]).astype("float32")

    floor = math.log(1 + (clusters - 1) / math.e)  # 1.461 for 10, 2.731 for 40
    for legacy, expected in ((False, 0.0), (True, floor)):
        model = make(clusters=clusters, legacy_double_softmax=legacy, compiled=False)
        assert number(with_logits(model, right).information_loss()) == pytest.approx(
            expected, abs=1e-5
        )
    assert round(math.log(1 + 9 / math.e), 3) == 1.461


def test_cross_entropy_is_the_mean_negative_log_probability_of_the_label():
    model = make(information_draws=5, compiled=False)
    logits = np.random.default_rng(0).normal(size=(15, 3)).astype("float32")
    probability = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = -np.log(probability[np.arange(15), np.tile([0, 1, 2], 5)]).mean()
    loss = number(with_logits(model, lambda labels: logits).information_loss())
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("legacy", [False, True])
def test_gradient_of_the_information_term_reaches_both_networks(legacy):
    import tensorflow as tf

    model = make(legacy_double_softmax=legacy, compiled=False)
    with tf.GradientTape() as tape:
        loss = model.information_loss()
    networks = [model.encoder, model.decoder, model.latent.category]
    variables = [w.value for network in networks for w in network.trainable_weights]
    for gradient in tape.gradient(loss, variables):
        assert np.abs(gradient).max() > 1e-6


@pytest.mark.slow
def test_training_on_the_information_term_makes_pictures_recognisable(x):
    model = make(information_weight=50.0, separation=4.0)
    model.compile(keras.optimizers.Adam(0.03), jit_compile=False)  # 40 steps: a graph pays
    before = model.evaluate(x, return_dict=True, verbose=0)["information_loss"]
    after = model.fit(x, epochs=40, verbose=0).history["information_loss"][-1]
    assert before > 1.0  # about log 3
    assert after < 0.5


def test_mutual_information_is_that_of_the_batch():
    model = make(compiled=False)
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype("float32") * 2
    p = np.exp(logits.astype("float64"))
    p /= p.sum(axis=-1, keepdims=True)
    entropy = -(p * np.log(p)).sum(axis=-1).mean()
    mean = p.mean(axis=0)
    expected = -(mean * np.log(mean)).sum() - entropy
    found = ops.convert_to_numpy(model.mutual_information(logits))
    assert found.shape == (50,)
    assert found.mean() == pytest.approx(expected, rel=1e-5)


def test_mutual_information_is_at_most_log_k_and_zero_where_clusters_are_dead():
    model = make(compiled=False)
    even = 100.0 * np.eye(3, dtype="float32")[np.arange(6) % 3]
    dead = 100.0 * np.eye(3, dtype="float32")[np.zeros(6, int)]
    assert np.mean(model.mutual_information(even)) == pytest.approx(math.log(3), rel=1e-5)
    assert np.mean(model.mutual_information(dead)) == pytest.approx(0.0, abs=1e-5)


# -- the methods -------------------------------------------------------------------


def test_consistency_loss_is_a_cross_entropy(x):
    model = make(consistency_weight=1.5, augmentation=keras.layers.Identity())
    q = model.cluster_probabilities(x)
    logits = model.posterior_parameters(x)["category_logits"]
    loss = keras.ops.convert_to_numpy(model.consistency_loss(x, logits))
    # a copy that is not disturbed: the cross-entropy of q with itself is its entropy
    np.testing.assert_allclose(loss, scipy.stats.entropy(q, axis=-1), rtol=1e-5)
    numbers = model.evaluate(x, return_dict=True, verbose=0)
    assert numbers["consistency_loss"] == pytest.approx(loss.mean(), rel=1e-5)
    without = make().evaluate(x, return_dict=True, verbose=0)
    assert numbers["loss"] == pytest.approx(
        numbers["reconstruction_loss"] + numbers["kl_loss"]
        + dv.models.infocat_vae.INFORMATION_WEIGHT * numbers["information_loss"]
        + 1.5 * numbers["consistency_loss"], rel=1e-5,
    )  # fmt: skip
    assert without["consistency_loss"] == 0.0


@pytest.mark.slow
def test_disturbed_copies_train_and_survive_the_file(tmp_path):
    x = np.random.default_rng(0).random((24, 8, 8, 1)).astype("float32")
    options = {"consistency_weight": 2.0, "augmentation": "affine"}
    model = make(event_shape=(8, 8, 1), **options)
    model.fit(x, batch_size=12, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.augmentation.get_config() == model.augmentation.get_config()
    first, second = (
        m.fit(x, batch_size=12, shuffle=False, verbose=0).history for m in (model, loaded)
    )
    for name, values in first.items():  # the disturbances of the next step too
        np.testing.assert_allclose(second[name], values, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"consistency_weight": 1.0}, ValueError, "together"),
        ({"augmentation": "affine"}, ValueError, "together"),
        ({"augmentation": "blur", "consistency_weight": 1.0}, TypeError, "Keras layer, 'affine'"),
    ],
)
def test_consistency_needs_a_disturbance(options, error, match):
    with pytest.raises(error, match=match):
        make(**options)


@pytest.mark.parametrize(
    ("augmentation", "match"),
    [("affine", "height, width, channels"), (keras.layers.Flatten(), "keeps the shape")],
)
def test_a_disturbance_must_fit_the_data(augmentation, match, x):
    model = make(consistency_weight=1.0, augmentation=augmentation)
    with pytest.raises(ValueError, match=match):
        model.fit(x, verbose=0)


def test_predictions_follow_the_probabilities(x):
    model = make()
    probabilities = model.cluster_probabilities(x)
    assert probabilities.shape == (24, 3)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(model.predict_cluster(x), probabilities.argmax(axis=-1))


def test_cluster_samples_are_decoded_draws_around_its_prior_mean():
    model = make(compiled=False)
    seen = []
    decode, model.decode = model.decode, lambda z, *a: (seen.append(z), decode(z, *a))[1]
    assert model.sample_cluster(2, 4000).shape == (4000, 4, 3)
    assert_mean(seen[0], model.latent.centres[2])  # four standard errors
    with pytest.raises(ValueError, match="below 3"):
        model.sample_cluster(3)


def test_interpolation_is_the_published_line():
    model = make(compiled=False)
    points = model.interpolate_clusters(0, 2, 10)
    first, second = model.latent.centres[0], model.latent.centres[2]
    for i in range(10):
        np.testing.assert_allclose(points[i], 1.5 * ((9 - i) * first + i * second) / 9, atol=1e-6)
    with pytest.raises(ValueError, match="at least 2"):
        model.interpolate_clusters(0, 1, 1)


def test_reconstruction_is_of_the_relaxed_mean_or_of_the_likeliest_cluster(x):
    relaxed, marginal = make(compiled=False), make(estimator="marginal", compiled=False)
    params = relaxed.posterior_parameters(x)
    weights = relaxed.cluster_probabilities(x)
    averaged = (weights[..., None] * params["mean"]).sum(axis=1)
    np.testing.assert_allclose(relaxed.reconstruct(x), relaxed.decode(averaged), atol=1e-5)
    params = marginal.posterior_parameters(x)
    chosen = params["mean"][np.arange(24), marginal.predict_cluster(x)]
    np.testing.assert_allclose(marginal.reconstruct(x), marginal.decode(chosen), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"information_weight": -1.0}, "information_weight"),
        ({"mutual_information_weight": math.inf}, "mutual_information_weight"),
        ({"information_draws": 0}, "information_draws"),
        ({"estimator": "exact"}, "estimator"),
        ({"beta": -1.0}, "kl_weight"),
    ],
)
def test_bad_arguments_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        dv.InfoCatVAE(**options)


def test_a_decoder_of_another_shape_is_refused(x):
    model = dv.InfoCatVAE(
        3, encoder=MLPEncoder((8,)), decoder=MLPDecoder((8,), event_shape=(4, 2))
    )
    with pytest.raises(ValueError, match="encoded again"):
        model.build((None, 4, 3))


# -- clusters anchored on a sphere ---------------------------------------------------


@pytest.mark.slow
def test_clusters_on_a_sphere_train_and_survive_the_file(x, tmp_path):
    model = make(manifold="sphere:3", separation=4.0, estimator="marginal")
    history = model.fit(x, validation_data=x, batch_size=10, epochs=2, verbose=0).history
    assert np.isfinite(history["val_elbo"]).all()
    assert np.isfinite(model.log_likelihood(x, 10).mean)
    np.testing.assert_allclose(np.linalg.norm(model.sample_posterior(x), axis=-1), 1.0, atol=1e-5)
    assert model.interpolate_clusters(0, 1, 5).shape == (5, 4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.manifold == model.manifold
    np.testing.assert_array_equal(loaded.sample_posterior(x, 2), model.sample_posterior(x, 2))


def test_cluster_dim_is_refused_on_a_sphere():
    with pytest.raises(ValueError, match="cluster_dim"):
        dv.InfoCatVAE(3, cluster_dim=3, manifold="sphere:3")


# -- networks and the command line -------------------------------------------------


@pytest.mark.parametrize(
    ("network", "widths"),
    [
        ("mlp", {"encoder.units": (7,), "decoder.units": (9,)}),
        ("conv", {"network.filters": (4, 5), "network.dense_units": (6,)}),
    ],
)
def test_settings_of_the_command_line_reach_the_model(network, widths):
    record = compose(
        "infocat", network=network,
        settings={
            "likelihood": "bernoulli", "beta": 3.0, "kl_warmup_steps": 5, **widths,
            "clusters": 4, "cluster_dim": 3, "separation": 1.5, "information_weight": 2.0,
            "estimator": "gumbel", "temperature": 0.5, "legacy_double_softmax": True,
            "mutual_information_weight": 1.0, "information_draws": 6,
            "consistency_weight": 1.0, "augmentation": "affine",
        },
    )  # fmt: skip
    model = record.build_model()
    model.build((None, 8, 8, 1))
    assert isinstance(model, dv.InfoCatVAE)
    assert (model.kl_weight, model.kl_warmup_steps) == (3.0, 5)
    assert (model.latent.clusters, model.latent.cluster_dim) == (4, 3)
    assert (model.latent.estimator, model.latent.temperature) == ("gumbel", 0.5)
    assert (model.information_weight, model.mutual_information_weight) == (2.0, 1.0)
    assert (model.legacy_double_softmax, model.information_draws) == (True, 6)
    assert (model.consistency_weight, type(model.augmentation).__name__) == (
        1.0, "AffineAugmentation"
    )  # fmt: skip
    names = {type(layer).__name__ for layer in model.encoder.layers}
    assert ("Conv2D" in names) == (network == "conv")
    assert "BatchNormalization" not in names  # upsets generated pictures
    with pytest.raises(ValueError, match="a sphere of dimension at least 9"):
        compose("infocat", manifold="sphere:2")
    with pytest.raises(ValueError, match=r"Expected a sphere.*FlatTorus"):
        compose("infocat", manifold="torus:2")


def test_convolutional_encoder_with_the_marginal_estimator_trains():
    pictures = np.random.default_rng(0).random((12, 8, 8, 1), dtype=np.float32)
    model = dv.InfoCatVAE(
        3,
        encoder=ConvEncoder((4,), dense_units=(6,), batch_norm=False),
        decoder=MLPDecoder((8,), event_shape=(8, 8, 1)),
        estimator="marginal",
    )
    model.compile("adam", **QUICK_STEPS)
    history = model.fit(pictures, batch_size=6, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
