"""The uniform law as a distribution of TensorFlow Probability."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from manifold_list import CLOSED, OPEN, each
from membership import off_manifold

from diffusion_vae.distributions import ManifoldUniform
from diffusion_vae.manifolds import Sphere

tfd = tfp.distributions


@each(CLOSED)
def test_shapes_density_and_entropy(manifold):
    p = ManifoldUniform(manifold, batch_shape=(2, 3))
    n = manifold.ambient_dim
    assert (p.batch_shape, p.event_shape) == ((2, 3), (n,))
    np.testing.assert_array_equal(p.batch_shape_tensor(), (2, 3))
    for shape in ((), (5,), (4, 5)):
        y = p.sample(shape, seed=0)
        assert y.shape == (*shape, 2, 3, n)
        assert off_manifold(manifold, y) < 1e-4
        log_prob = p.log_prob(y)
        assert log_prob.shape == (*shape, 2, 3)
        np.testing.assert_allclose(log_prob, -math.log(manifold.volume), rtol=1e-6)
    np.testing.assert_allclose(p.entropy(), math.log(manifold.volume), rtol=1e-6)
    assert p.entropy().shape == (2, 3)


def test_it_is_tfps_spherical_uniform():
    ours, theirs = ManifoldUniform("sphere:3"), tfd.SphericalUniform(4)
    y = theirs.sample(5, seed=0)
    np.testing.assert_allclose(ours.log_prob(y), theirs.log_prob(y), rtol=1e-6)


def test_divergence_to_itself_is_zero():
    p = ManifoldUniform("so3")
    np.testing.assert_array_equal(tfd.kl_divergence(p, ManifoldUniform("so3", (2,))), [0.0, 0.0])
    with pytest.raises(ValueError, match="on one manifold"):
        tfd.kl_divergence(p, ManifoldUniform("o3"))


@each(OPEN)
def test_open_manifolds_are_refused(manifold):
    with pytest.raises(ValueError, match="closed manifold"):
        ManifoldUniform(manifold)


def test_seeds_and_dtypes():
    p = ManifoldUniform(Sphere(2), dtype=tf.float64)
    np.testing.assert_array_equal(p.sample(3, seed=(0, 1)), p.sample(3, seed=(0, 1)))
    assert np.all(p.sample(3, seed=(0, 1)) != p.sample(3, seed=(0, 2)))
    assert p.sample(3).dtype == p.log_prob(p.sample(3)).dtype == tf.float64


def test_slices():
    p = ManifoldUniform("so3", batch_shape=(2, 3))
    assert p[0].batch_shape == (3,)
    assert p[..., 1:].batch_shape == (2, 2)
    assert p[:, tf.newaxis, 0].batch_shape == (2, 1)
    assert p[0, 0].sample(4, seed=0).shape == (4, 9)


def test_values_are_validated_on_request():
    p = ManifoldUniform("sphere:2", validate_args=True)
    p.log_prob([0.0, 0.0, 1.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="lie on"):
        p.log_prob([0.0, 0.0, 7.0])
