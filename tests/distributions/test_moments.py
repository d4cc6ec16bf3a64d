"""Mode, mean and entropy of the heat kernel, against its draws and densities."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from manifold_list import ALL
from standard_errors import assert_mean

from diffusion_vae.distributions import HeatKernel, ManifoldUniform
from diffusion_vae.manifolds import O3, Euclidean, FlatTorus, Product, Sphere

tfd = tfp.distributions
TIME = 0.3
SPACES = {
    "sphere:1": Sphere(1),
    "sphere:3": Sphere(3),
    "torus:2": FlatTorus(2),
    "o3": O3(),
    "product": Product([Euclidean(1), Sphere(2), FlatTorus(2), ALL["so3"]]),
}
each_space = pytest.mark.parametrize("name", SPACES)


def law(manifold, time=TIME):
    times = np.linspace(time, 2.0 * time, manifold.time_dim).astype("float32")
    return HeatKernel(manifold, manifold.prior_sample((), seed=1), times)


@each_space
def test_the_mean_is_that_of_the_draws(name):
    q = law(SPACES[name])
    assert_mean(q.sample(20_000, seed=(0, 1)), q.mean().numpy())


@pytest.mark.parametrize("name", [*SPACES, "projective:2"])
def test_no_point_is_more_probable_than_the_mode(name):
    q = law(SPACES.get(name) or ALL[name])
    best = q.log_prob(q.mode())
    assert np.all(q.log_prob(q.sample(500, seed=(0, 1))) <= best + 1e-4)


@pytest.mark.parametrize("name", ["sphere:1", "sphere:3", "torus:2", "o3", "projective:2"])
@pytest.mark.parametrize("time", [0.02, 1.0])
def test_the_entropy_is_the_mean_of_minus_the_log_density(name, time):
    q = law(SPACES.get(name) or ALL[name], time)
    assert_mean(-q.log_prob(q.sample(10_000, seed=(2, 3))), q.entropy().numpy())
    assert q.entropy() <= math.log(q.manifold.volume)


def test_what_is_not_known_is_refused():
    unknown = {"embedded-torus:3,0.6": "mode", "projective:2": "mean", "euclidean:3": "entropy"}
    for name, method in unknown.items():
        manifold = ALL[name]
        q = HeatKernel(
            manifold,
            manifold.prior_sample((), seed=1),
            np.full(manifold.time_dim, 0.1, "f4"),
            kernel="random_walk",
        )
        with pytest.raises(NotImplementedError, match=rf"Expected .* {method}.*Received"):
            getattr(q, method)()


def test_kl_to_tfps_uniform_law_of_the_sphere():
    q = HeatKernel("sphere:3", Sphere(3).prior_sample((2,), seed=0), [[0.1], [0.4]])
    p = tfd.SphericalUniform(4, batch_shape=(3, 1))
    found = tfd.kl_divergence(q, p)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(found[0], tfd.kl_divergence(q, ManifoldUniform("sphere:3")))
    y = q.sample(20_000, seed=(4, 5))
    assert_mean(q.log_prob(y) - tfd.SphericalUniform(4).log_prob(y), found[0].numpy())
    with pytest.raises(ValueError, match=r"on the sphere of R\^3, .* Received: Sphere\(dim=3\)"):
        tfd.kl_divergence(q, tfd.SphericalUniform(3))


def test_slopes_in_the_time_exist():
    time = tf.Variable([0.2])
    with tf.GradientTape(persistent=True) as tape:
        q = HeatKernel("sphere:2", [0.0, 0.0, 1.0], time)
        mean, entropy = q.mean()[2], q.entropy()
    np.testing.assert_allclose(tape.gradient(mean, time), [-math.exp(-0.2)], rtol=1e-5)
    assert tape.gradient(entropy, time) > 0
