"""Brownian motion in R^d against SciPy's normal law."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from diffusion_vae.heat_kernels import GaussianKernel, RandomWalk
from diffusion_vae.manifolds import Euclidean, Sphere

LOCATION = np.array([[0.3, -1.0, 2.0], [0.0, 0.5, -0.2]])  # [2, 3]
TIME = np.array([[0.1, 1.0, 4.0], [0.01, 2.0, 0.5]])


@pytest.fixture(params=[GaussianKernel, RandomWalk])
def kernel(request):
    """The kernel itself, and the random walk that leaves the work to it."""
    return request.param(Euclidean(3))


def test_log_density(kernel):
    y = np.array([0.5, 0.5, 0.5])
    expected = stats.norm.logpdf(y, LOCATION, np.sqrt(TIME)).sum(-1)
    np.testing.assert_allclose(kernel.log_density(y, LOCATION, TIME), expected, rtol=1e-12)


def test_kl_is_the_integral_of_the_log_ratio(kernel):
    # Gauss-Hermite: log q - log p is a quadratic, which 5 nodes integrate exactly.
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    y = LOCATION[..., None] + np.sqrt(TIME)[..., None] * nodes  # [2, 3, nodes]
    log_q = stats.norm.logpdf(y, LOCATION[..., None], np.sqrt(TIME)[..., None])
    ratio = (log_q - stats.norm.logpdf(y)) @ weights / weights.sum()
    np.testing.assert_allclose(kernel.kl_to_prior(LOCATION, TIME), ratio.sum(-1), rtol=1e-10)


def test_kl_vanishes_at_the_prior_alone(kernel):
    assert float(kernel.kl_to_prior(np.zeros(3), np.ones(3))) == 0.0
    assert float(kernel.kl_to_prior(np.full(3, 0.1), np.ones(3))) == pytest.approx(0.015)


@pytest.mark.jax
def test_samples_have_the_mean_and_the_variance_of_each_coordinate(kernel):
    n = 20_000
    location = ops.broadcast_to(ops.cast(LOCATION, "float32"), (n, 2, 3))
    time = ops.broadcast_to(ops.cast(TIME, "float32"), (n, 2, 3))
    y = ops.convert_to_numpy(kernel.sample(location, time, seed=0))
    apart = (y - LOCATION) / np.sqrt(TIME)
    # standard errors 1 / sqrt n and sqrt(2 / n); six coordinates each
    assert np.abs(apart.mean(axis=0)).max() < 4 / math.sqrt(n)
    assert np.abs((apart**2).mean(axis=0) - 1).max() < 4 * math.sqrt(2 / n)
    correlation = np.corrcoef(apart.reshape(n, 6).T) - np.eye(6)
    assert np.abs(correlation).max() < 4.5 / math.sqrt(n)  # 15 pairs


def test_only_euclidean_space_will_do():
    expected = r"Expected a manifold of type Euclidean for GaussianKernel\. Received: Sphere"
    with pytest.raises(TypeError, match=expected):
        GaussianKernel(Sphere(2))


def test_configuration_round_trip_and_identity():
    kernel = GaussianKernel(Euclidean(3))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kernel))
    assert again == kernel
    assert hash(again) == hash(kernel)
    assert again != GaussianKernel(Euclidean(2))
    assert kernel != RandomWalk(Euclidean(3))
    assert repr(kernel) == "GaussianKernel(Euclidean(dim=3))"
