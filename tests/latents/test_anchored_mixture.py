"""Clusters anchored on a sphere: densities and KL against quadrature, draws, files."""

import json
import math

import keras
import numpy as np
import pytest
from keras import ops
from standard_errors import assert_mean

from diffusion_vae.evaluation import consistency_ceiling
from diffusion_vae.latents import AnchoredMixtureLatent

FEATURES = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


def latent(manifold="sphere:2", clusters=3, separation=3.0, **options):
    layer = AnchoredMixtureLatent(manifold, clusters, separation, seed=0, **options)
    layer.build((None, 5))
    return layer


def wide_params(layer, batch=1):
    """Posteriors away from the anchors, at times that are a fair part of the sphere."""
    rng = np.random.default_rng(1)
    location = rng.normal(size=(batch, layer.clusters, *layer.point_shape))
    location /= np.linalg.norm(location, axis=-1, keepdims=True)
    return {
        "category_logits": rng.normal(size=(batch, layer.clusters)).astype("float32"),
        "location": location.astype("float32"),
        "time": rng.uniform(0.1, 0.4, size=(batch, layer.clusters, 1)).astype("float32"),
    }


def sphere_grid(count=200):
    """Gauss-Legendre points of S^2 `[m, 3]` and their weights `[m]`, which sum to 4 pi."""
    height, weight = np.polynomial.legendre.leggauss(count)
    angle = 2 * math.pi * np.arange(count) / count
    radius = np.sqrt(1 - height**2)[:, None]
    points = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), np.tile(height[:, None], count)], -1
    )
    return points.reshape(-1, 3).astype("float32"), np.repeat(weight * 2 * math.pi / count, count)


@pytest.mark.jax
def test_shapes_with_and_without_a_sample_axis():
    layer = latent("sphere:4")
    outputs = layer(FEATURES)
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "category_logits": (6, 3), "location": (6, 3, 5), "time": (6, 3, 1), "z": (6, 5),
    }  # fmt: skip
    symbolic = layer.compute_output_shape((None, 5))
    assert {name: (6, *shape[1:]) for name, shape in symbolic.items()} == shapes
    params = layer.parameters(FEATURES)
    repeated = {n: ops.repeat(ops.expand_dims(v, 0), 4, axis=0) for n, v in params.items()}
    z = ops.convert_to_numpy(layer.sample(repeated))
    assert z.shape == (4, 6, 5)
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1.0, atol=1e-5)
    assert layer.log_density(z, params).shape == (4, 6)
    assert layer.prior_log_density(z).shape == (4, 6)
    assert layer.kl(params).shape == (6,)
    assert layer.prior_sample(7).shape == (7, 5)
    for values in layer.diagnostics(params).values():
        assert values.shape == (6,)


def test_untrained_clusters_are_at_orthonormal_anchors():
    layer = latent("sphere:4")
    location = layer.parameters(np.zeros((1, 5), "float32"))["location"][0]
    np.testing.assert_allclose(location @ ops.transpose(location), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(location, layer.centres, atol=1e-6)


def test_posterior_and_prior_are_densities_on_the_sphere():
    layer = latent()
    params = wide_params(layer)
    points, weight = sphere_grid()
    posterior = layer.log_density(points[:, None], params)[:, 0]
    for log_density in (posterior, layer.prior_log_density(points)):
        total = np.sum(weight * np.exp(ops.convert_to_numpy(log_density)))
        assert total == pytest.approx(1.0, abs=1e-4)


def test_mean_of_the_kl_is_that_of_the_pair_by_quadrature():
    layer = latent()
    params = wide_params(layer)
    points, weight = sphere_grid()
    own = ops.convert_to_numpy(layer.component_log_density(points[:, None], params))[:, 0]
    prior = ops.convert_to_numpy(layer.prior_component_log_density(points))
    within = np.sum(weight[:, None] * np.exp(own) * (own - prior), axis=0)  # [K]
    probability = np.exp(params["category_logits"][0].astype("float64"))
    probability /= probability.sum()
    expected = np.sum(probability * (within + np.log(3 * probability)))
    many = {name: np.repeat(value, 20_000, axis=0) for name, value in params.items()}
    assert_mean(ops.convert_to_numpy(layer.kl(many)), expected)  # four standard errors


def test_draws_have_the_mean_of_the_mixture():
    # Brownian motion from m has mean exp(-d t / 2) m; here d = 2. Four standard errors.
    layer = latent()
    params = wide_params(layer)
    many = {name: np.repeat(value, 20_000, axis=0) for name, value in params.items()}
    probability = np.exp(params["category_logits"][0])
    probability /= probability.sum()
    means = np.exp(-params["time"][0]) * params["location"][0]  # [K, 3]
    assert_mean(ops.convert_to_numpy(layer.sample(many)), probability @ means)
    prior = ops.convert_to_numpy(layer.prior_sample_of(np.full(20_000, 1)))
    assert_mean(prior, math.exp(-1 / 9) * layer.centres[1])


def test_gradients_are_finite_and_reach_every_weight():
    import tensorflow as tf

    layer = latent("sphere:4")
    with tf.GradientTape() as tape:
        outputs = layer(FEATURES)
        loss = tf.reduce_sum(layer.kl({n: outputs[n] for n in layer.parameter_names}))
        loss += tf.reduce_sum(outputs["z"] ** 3)
    for gradient in tape.gradient(loss, [w.value for w in layer.trainable_weights]):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


def test_ceiling_is_the_accuracy_of_the_likeliest_cluster():
    layer = latent("sphere:4", clusters=5, separation=2.5)
    labels = np.tile(np.arange(5), 4000)
    z = layer.prior_sample_of(labels, seed=7)
    log_density = ops.convert_to_numpy(layer.prior_component_log_density(z))
    accuracy = np.mean(log_density.argmax(axis=-1) == labels)
    # 20,000 draws against 50,000: standard error of the difference under 0.0042
    assert consistency_ceiling(layer) == pytest.approx(accuracy, abs=4 * 0.0042)


def test_path_is_the_geodesic_between_anchors():
    points = latent().path(0, 2, 3)
    half = math.sqrt(0.5)
    np.testing.assert_allclose(points, [[1, 0, 0], [half, 0, half], [0, 0, 1]], atol=1e-6)
    with pytest.raises(ValueError, match="geodesic"):
        latent().path(0, 2, 3, scale=1.5)


def test_configuration_round_trip_keeps_the_function():
    layer = latent("sphere:3", estimator="marginal", name="posterior")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    if not again.built:
        again.build((None, 5))
    again.set_weights(layer.get_weights())
    assert (again.manifold, again.separation) == (layer.manifold, 3.0)
    for mine, other in zip(layer(FEATURES).values(), again(FEATURES).values(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("manifold", ["sphere:1", "torus:3", "euclidean:3"])
def test_a_space_without_as_many_anchors_is_refused(manifold):
    with pytest.raises(ValueError, match="sphere of dimension at least 2"):
        AnchoredMixtureLatent(manifold, 3)
    with pytest.raises(ValueError, match=r"at most 1024.*Received: Sphere\(dim=1025\)\.$"):
        AnchoredMixtureLatent("sphere:1025", 3)
