"""Products of kernels: the checks that random walks on products do not reach."""

import keras
import numpy as np
import pytest
from keras import ops

from diffusion_vae.heat_kernels import GaussianKernel, ProductKernel, RandomWalk
from diffusion_vae.manifolds import Euclidean, Product, Sphere

FACTORS = [Sphere(2), Euclidean(2)]


def product_kernel():
    return ProductKernel(
        Product(FACTORS), [RandomWalk(FACTORS[0], steps=3), GaussianKernel(FACTORS[1])]
    )


def test_each_factor_keeps_its_own_kernel():
    kernel = product_kernel()
    location = ops.array([[0.0, 0.0, 1.0, 2.0, 3.0]])
    time = ops.array([[0.01, 0.02, 4.0]])
    expected = GaussianKernel(FACTORS[1]).kl_to_prior(location[:, 3:], time[:, 1:])
    expected += RandomWalk(FACTORS[0]).kl_to_prior(location[:, :3], time[:, :1])
    np.testing.assert_allclose(kernel.kl_to_prior(location, time), expected, rtol=1e-6)
    assert kernel.approximate == {"sample", "log_density", "kl_to_prior"}
    limits = kernel.default_log_time_range()
    assert limits[0] is not None
    assert limits[1:] == [None, None]


def test_configuration_round_trip():
    kernel = product_kernel()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kernel))
    assert again == kernel
    assert again.kernels == kernel.kernels
    assert hash(again) == hash(kernel)


def test_kernels_must_match_the_factors():
    with pytest.raises(ValueError, match=r"Expected one kernel per factor .* in order"):
        ProductKernel(Product(FACTORS), [GaussianKernel(FACTORS[1]), RandomWalk(FACTORS[0])])
    with pytest.raises(ValueError, match="Expected one kernel per factor"):
        ProductKernel(Product(FACTORS), [RandomWalk(FACTORS[0])])


def test_sampled_kls_of_equal_factors_are_independent_under_one_seed():
    pair = Product([Sphere(2), Sphere(2)])
    kernel = RandomWalk(pair, kl_formula="monte_carlo")
    single = RandomWalk(Sphere(2), kl_formula="monte_carlo")
    location, time = ops.array([[0.0, 0.0, 1.0] * 2] * 500), ops.full((500, 2), 0.01)
    both = ops.convert_to_numpy(kernel.kl_to_prior(location, time, seed=0))
    one = ops.convert_to_numpy(single.kl_to_prior(location[:, :3], time[:, :1], seed=0))
    # Variances add (ratio 2, standard error 0.12); equal noise would give 4.
    assert both.var() / one.var() == pytest.approx(2.0, abs=0.6)
