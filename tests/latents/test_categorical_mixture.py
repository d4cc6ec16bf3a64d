"""The latent of CatVAE: prior means, KL, the mixture's densities, draws, configuration."""

import json
import math

import keras
import numpy as np
import pytest
from keras import ops
from layer_check import LayerCase, check_layer
from scipy import integrate, stats
from standard_errors import assert_mean

from diffusion_vae.latents import CategoricalMixtureLatent, LatentDistribution

FEATURES = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


def latent(clusters=3, cluster_dim=2, separation=2.0, **options):
    layer = CategoricalMixtureLatent(clusters, cluster_dim, separation, seed=0, **options)
    layer.build((None, 5))
    return layer


def random_params(layer, batch=6, seed=1):
    """Parameters far from those of an untrained layer."""
    rng = np.random.default_rng(seed)
    shape = (batch, layer.clusters, *layer.point_shape)
    return {
        "category_logits": rng.normal(size=shape[:2]).astype("float32"),
        "mean": rng.normal(size=shape).astype("float32"),
        "log_variance": rng.normal(size=shape).astype("float32") - 1.0,
    }


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("clusters", "cluster_dim", "separation"), [(10, 2, 2.0), (4, 1, 3.0), (3, 3, 0.5)]
)
def test_prior_means_are_orthogonal_and_equally_far_apart(clusters, cluster_dim, separation):
    centres = latent(clusters, cluster_dim, separation).centres
    length = separation * math.sqrt(cluster_dim)
    np.testing.assert_allclose(centres @ centres.T, length**2 * np.eye(clusters), rtol=1e-6)
    between = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    expected = separation * math.sqrt(2 * cluster_dim) * (1 - np.eye(clusters))
    np.testing.assert_allclose(between, expected, rtol=1e-6)
    np.testing.assert_array_equal(centres[0, :cluster_dim], separation)


@pytest.mark.jax
def test_shapes_with_and_without_a_sample_axis():
    layer = latent()
    outputs = layer(FEATURES)
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "category_logits": (6, 3),
        "mean": (6, 3, 6),
        "log_variance": (6, 3, 6),
        "z": (6, 6),
    }
    symbolic = layer.compute_output_shape((None, 5))
    assert {name: (6, *shape[1:]) for name, shape in symbolic.items()} == shapes
    params = layer.parameters(FEATURES)
    repeated = {n: ops.repeat(ops.expand_dims(v, 0), 4, axis=0) for n, v in params.items()}
    z = layer.sample(repeated)
    assert tuple(z.shape) == (4, 6, 6)
    assert layer.sample_each(params).shape == (6, 3, 6)
    assert layer.log_density(z, params).shape == (4, 6)
    assert layer.prior_log_density(z).shape == (4, 6)
    assert layer.prior_component_log_density(z).shape == (4, 6, 3)
    assert layer.kl(params).shape == (6,)
    assert layer.prior_sample(7).shape == (7, 6)
    assert layer.prior_sample_of(np.zeros((2, 5), int)).shape == (2, 5, 6)
    assert layer.diagnostics(params)["category_kl"].shape == (6,)
    assert isinstance(layer, LatentDistribution)


def test_clusters_differ_by_a_shift_that_is_the_same_for_all_data():
    layer = latent()
    rng = np.random.default_rng(2)
    layer.mean_shift.assign(rng.normal(size=(3, 6)))
    layer.scale_shift.assign(rng.normal(size=(3, 6)))
    params = layer.parameters(FEATURES)
    for name in ("mean", "log_variance"):
        value = ops.convert_to_numpy(params[name])
        shift = value - value[:, :1]
        np.testing.assert_allclose(shift, np.broadcast_to(shift[:1], shift.shape), atol=1e-5)
        assert np.abs(shift[0, 1]).max() > 0.1


def test_untrained_clusters_are_around_their_prior_means():
    layer = latent(separation=5.0)
    features = np.zeros((1, 5), "float32")
    np.testing.assert_array_equal(layer.parameters(features)["mean"][0], layer.centres)


def test_kl_of_the_category_is_negative_entropy_plus_log_k():
    layer = latent()
    params = random_params(layer)
    probability = softmax(params["category_logits"].astype("float64"))
    expected = math.log(3) - stats.entropy(probability, axis=-1)
    np.testing.assert_allclose(layer.category_kl(params), expected, rtol=1e-5)
    np.testing.assert_array_equal(
        layer.diagnostics(params)["category_kl"], layer.category_kl(params)
    )


def test_kl_of_the_category_is_finite_where_it_is_certain_and_zero_where_uniform():
    layer = latent()
    logits = np.array([[200.0, 0.0, -200.0], [7.0, 7.0, 7.0]], "float32")
    kl = layer.category_kl({"category_logits": logits})
    np.testing.assert_allclose(kl, [math.log(3), 0.0], atol=1e-6)


def test_kl_is_that_of_the_pair_by_quadrature():
    # One dimension a cluster: E_q log q(c, z) / p(c, z) factorises into 1-D integrals.
    layer = latent(clusters=2, cluster_dim=1, separation=1.5)
    params = random_params(layer, batch=1)
    probability = softmax(params["category_logits"].astype("float64"))[0]
    mean, scale = params["mean"][0], np.exp(0.5 * params["log_variance"][0])
    centres = np.array([[1.5, 0.0], [0.0, 1.5]])
    expected = 0.0
    for c in range(2):
        expected += probability[c] * math.log(2 * probability[c])
        for j in range(2):
            q, p = stats.norm(mean[c, j], scale[c, j]), stats.norm(centres[c, j], 1.0)
            kl = integrate.quad(
                lambda t, q=q, p=p: q.pdf(t) * (q.logpdf(t) - p.logpdf(t)),
                q.mean() - 9 * q.std(),
                q.mean() + 9 * q.std(),
            )[0]
            expected += probability[c] * kl
    np.testing.assert_allclose(layer.kl(params), [expected], rtol=1e-5)


def test_certain_category_leaves_the_kl_of_one_gaussian():
    layer = latent()
    params = random_params(layer)
    params["category_logits"] = np.tile(np.array([-90.0, 90.0, -90.0], "float32"), (6, 1))
    mean, variance = params["mean"][:, 1], np.exp(params["log_variance"][:, 1])
    gap = np.square(mean - layer.centres[1])
    gaussian = 0.5 * (variance + gap - 1 - np.log(variance)).sum(axis=-1)
    np.testing.assert_allclose(layer.kl(params), gaussian + math.log(3), rtol=1e-5)


def test_posterior_density_is_the_mixture_of_scipy():
    layer = latent()
    params = random_params(layer, batch=2)
    z = np.random.default_rng(3).normal(size=(5, 2, 6)).astype("float32")
    probability = softmax(params["category_logits"].astype("float64"))
    for i in range(2):
        expected = sum(
            probability[i, c]
            * stats.multivariate_normal(
                params["mean"][i, c], np.diag(np.exp(params["log_variance"][i, c]))
            ).pdf(z[:, i])
            for c in range(3)
        )
        np.testing.assert_allclose(layer.log_density(z, params)[:, i], np.log(expected), rtol=1e-4)


def test_prior_density_is_the_mixture_of_scipy():
    layer = latent()
    z = np.random.default_rng(3).normal(size=(5, 6)).astype("float32")
    each = np.stack([stats.multivariate_normal(centre).logpdf(z) for centre in layer.centres], -1)
    np.testing.assert_allclose(layer.prior_component_log_density(z), each, rtol=1e-5)
    expected = np.log(np.exp(each).mean(axis=-1))
    np.testing.assert_allclose(layer.prior_log_density(z), expected, rtol=1e-5)


def test_draws_have_the_moments_of_the_mixture():
    layer = latent()
    params = random_params(layer, batch=1)
    count = 20_000  # judged at four standard errors
    repeated = {name: np.repeat(value, count, axis=0) for name, value in params.items()}
    probability = softmax(params["category_logits"][0].astype("float64"))
    mean, variance = params["mean"][0], np.exp(params["log_variance"][0])
    draws = ops.convert_to_numpy(layer.sample(repeated))
    assert_mean(draws, probability @ mean)
    assert_mean(draws**2, probability @ (mean**2 + variance))
    each = ops.convert_to_numpy(layer.sample_each(repeated))  # [count, K, D]
    assert_mean(each, mean)
    assert_mean((each - mean) ** 2, variance)


def test_relaxed_code_has_averaged_mean_and_log_variance():
    layer = latent(estimator="relaxed")
    params = random_params(layer, batch=1)
    repeated = {name: np.repeat(value, 20_000, axis=0) for name, value in params.items()}
    probability = softmax(params["category_logits"][0].astype("float64"))
    mean = probability @ params["mean"][0]
    np.testing.assert_allclose(layer.representative(params)[0], mean, rtol=1e-5)
    draws = ops.convert_to_numpy(layer.training_code(repeated))
    assert_mean(draws, mean)
    assert_mean((draws - mean) ** 2, np.exp(probability @ params["log_variance"][0]))


def test_cold_gumbel_code_is_a_draw_from_the_mixture():
    layer = latent(estimator="gumbel", temperature=1e-3)
    params = random_params(layer, batch=1)
    repeated = {name: np.repeat(value, 20_000, axis=0) for name, value in params.items()}
    probability = softmax(params["category_logits"][0].astype("float64"))
    mean, variance = params["mean"][0], np.exp(params["log_variance"][0])
    draws = ops.convert_to_numpy(layer.training_code(repeated))
    assert_mean(draws, probability @ mean)
    assert_mean(draws**2, probability @ (mean**2 + variance))


def test_hot_gumbel_code_averages_all_clusters_alike():
    layer = latent(estimator="gumbel", temperature=1e4)
    params = random_params(layer)
    params["log_variance"] = np.full_like(params["log_variance"], -40.0)
    np.testing.assert_allclose(layer.training_code(params), params["mean"].mean(axis=1), atol=1e-2)


def test_prior_draws_have_the_moments_of_the_mixture():
    layer = latent()
    draws = ops.convert_to_numpy(layer.prior_sample(20_000))
    assert_mean(draws, layer.centres.mean(axis=0))
    assert_mean(draws**2, (layer.centres**2).mean(axis=0) + 1.0)
    one = ops.convert_to_numpy(layer.prior_sample_of(np.full(20_000, 2)))
    assert_mean(one, layer.centres[2])
    assert_mean((one - layer.centres[2]) ** 2, 1.0)


@pytest.mark.parametrize("estimator", ["relaxed", "marginal", "gumbel"])
def test_every_layer_check_holds(estimator, tmp_path):
    config = {
        "clusters": 3, "cluster_dim": 2, "separation": 1.5, "estimator": estimator,
        "temperature": 0.7, "seed": 3,
    }  # fmt: skip
    case = LayerCase(
        CategoricalMixtureLatent, config, FEATURES[:, :4], lambda features: features,
        trainable=8, generators=1,
    )  # fmt: skip
    check_layer(case, tmp_path)


def test_configuration_round_trip_keeps_the_function():
    layer = latent(estimator="gumbel", temperature=0.5, name="posterior")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    if not again.built:
        again.build((None, 5))
    again.set_weights(layer.get_weights())
    assert (again.name, again.temperature) == ("posterior", 0.5)
    for mine, other in zip(layer(FEATURES).values(), again(FEATURES).values(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"clusters": 1}, ValueError),
        ({"cluster_dim": 0}, ValueError),
        ({"separation": -1.0}, ValueError),
        ({"temperature": 0.0}, ValueError),
        ({"estimator": "exact"}, ValueError),
        ({"clusters": 2.5}, TypeError),
    ],
)
def test_bad_arguments_are_refused(options, error):
    with pytest.raises(error, match="Expected"):
        CategoricalMixtureLatent(**options)
