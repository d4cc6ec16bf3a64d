"""The heat kernel as a distribution: TFP's contract, and numbers of independent sources."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from manifold_list import ALL, CLOSED, each
from membership import off_manifold
from standard_errors import assert_mean

from diffusion_vae.distributions import HeatKernel, ManifoldUniform
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.manifolds import Euclidean, FlatTorus, Sphere

tfd = tfp.distributions


def batch_of_two_by_three(manifold, **options):
    """Locations of batch shape [3] and times of [2, 1], which broadcast."""
    location = manifold.prior_sample((3,), seed=0)
    time = np.full((2, 1, manifold.time_dim), 0.1, "float32")
    return HeatKernel(manifold, location, time, **options)


@pytest.mark.slow
@each()
def test_shapes_are_those_of_a_distribution(manifold):
    q = batch_of_two_by_three(manifold)
    n = manifold.ambient_dim
    assert (q.batch_shape, q.event_shape) == ((2, 3), (n,))
    np.testing.assert_array_equal(q.batch_shape_tensor(), (2, 3))
    np.testing.assert_array_equal(q.event_shape_tensor(), (n,))
    for shape in ((), (1,), (5,), (4, 5)):
        y = q.sample(shape, seed=1)
        assert y.shape == (*shape, 2, 3, n)
        assert q.log_prob(y).shape == (*shape, 2, 3)
        assert off_manifold(manifold, y) < 1e-4
    assert q.log_prob(q.sample(seed=1)[0, 0]).shape == (2, 3)  # one event, the whole batch


@each()
def test_samples_and_log_prob_are_the_kernels(manifold):
    q = batch_of_two_by_three(manifold)
    y = q.sample(seed=1)
    expected = q.kernel.log_density(y, *q.broadcast_parameters())
    np.testing.assert_allclose(q.log_prob(y), expected, rtol=1e-6)


def test_batch_members_are_independent_draws():
    q = HeatKernel("sphere:2", np.tile([0.0, 0.0, 1.0], (50, 1)), [0.3])
    draws = q.sample(4, seed=0).numpy().reshape(200, 3)
    assert len(np.unique(draws, axis=0)) == 200


def test_mean_on_the_sphere_decays_at_the_first_eigenvalue():
    z = np.array([0.6, 0.0, 0.8], "float32")
    draws = HeatKernel(Sphere(2), z, [0.4]).sample(40_000, seed=2)
    assert_mean(draws, np.exp(-0.4) * z)  # E y = exp(-d t / 2) z


def test_on_flat_space_it_is_tfps_normal():
    location, time = np.array([0.3, -1.0], "float32"), np.array([0.5, 2.0], "float32")
    ours = HeatKernel(Euclidean(2), location, time)
    theirs = tfd.MultivariateNormalDiag(location, np.sqrt(time))
    y = theirs.sample(100, seed=0)
    np.testing.assert_allclose(ours.log_prob(y), theirs.log_prob(y), rtol=1e-5, atol=1e-5)
    draws = ours.sample(40_000, seed=1)
    assert_mean(draws, location)
    assert_mean((draws - location) ** 2, time)


@each(CLOSED)
def test_kl_to_the_uniform_law_is_registered(manifold):
    q, p = batch_of_two_by_three(manifold), ManifoldUniform(manifold)
    found = tfd.kl_divergence(q, p)
    assert found.shape == (2, 3)
    expected = q.kernel.kl_to_prior(*q.broadcast_parameters())
    np.testing.assert_array_equal(found, expected)


def test_kl_is_the_mean_log_ratio():
    q, p = batch_of_two_by_three(Sphere(3)), ManifoldUniform("sphere:3")
    y = q.sample(20_000, seed=4)
    assert_mean(q.log_prob(y) - p.log_prob(y), tfd.kl_divergence(q, p).numpy())


def test_kl_between_two_manifolds_is_refused():
    q = batch_of_two_by_three(Sphere(2))
    with pytest.raises(ValueError, match="on one manifold"):
        tfd.kl_divergence(q, ManifoldUniform("torus:2"))


def test_samples_are_reparametrised():
    time = tf.Variable([[0.1], [0.2]])
    location = tf.Variable(Sphere(2).prior_sample((2,), seed=0))
    q = HeatKernel(Sphere(2), location, time)
    assert q.reparameterization_type == tfd.FULLY_REPARAMETERIZED
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(q.sample(5, seed=0) ** 3) + tf.reduce_sum(
            tfd.kl_divergence(q, ManifoldUniform("sphere:2"))
        )
    for gradient in tape.gradient(loss, [location, time]):
        assert np.all(np.isfinite(gradient))
        assert np.all(gradient != 0)


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("manifold", [Sphere(2), FlatTorus(2), Euclidean(2)])
def test_in_compiled_functions(manifold, jit):
    q = batch_of_two_by_three(manifold)

    @tf.function(jit_compile=jit)
    def draw_and_judge():
        y = q.sample(4, seed=(1, 2))
        return y, q.log_prob(y)

    y, log_prob = draw_and_judge()
    if not jit:  # XLA has random numbers of its own
        np.testing.assert_allclose(y, q.sample(4, seed=(1, 2)), atol=1e-5)
    np.testing.assert_allclose(log_prob, q.log_prob(y), atol=1e-4)


def test_copies_and_slices():
    q = batch_of_two_by_three(Sphere(2))
    assert q[0].batch_shape == (3,)
    assert q[..., 1:].batch_shape == (2, 2)
    later = q.copy(time=[[0.7]])
    assert later.batch_shape == (3,)
    assert later.kernel == q.kernel
    y = Sphere(2).prior_sample((), seed=5)
    np.testing.assert_allclose(q[0].log_prob(y), q.log_prob(y)[0], atol=1e-6)


def test_in_joint_and_independent_distributions():
    q = tfd.Independent(batch_of_two_by_three(Sphere(2)), reinterpreted_batch_ndims=1)
    assert (q.batch_shape, q.event_shape) == ((2,), (3, 3))
    assert q.log_prob(q.sample(7, seed=0)).shape == (7, 2)
    walk = tfd.JointDistributionSequential(
        [
            ManifoldUniform("sphere:2"),
            lambda start: HeatKernel("sphere:2", start, [0.1], name="first_step"),
            lambda first_step: HeatKernel("sphere:2", first_step, [0.1], name="second_step"),
        ],
        batch_ndims=0,
        use_vectorized_map=False,
    )
    assert walk.log_prob(walk.sample(6, seed=0)).shape == (6,)


def test_another_kernel_can_be_asked_for():
    walk = HeatKernel("sphere:2", [0.0, 0.0, 1.0], [0.1], kernel="random_walk")
    assert walk.kernel.approximate
    assert HeatKernel("sphere:2", [0.0, 0.0, 1.0], [0.1]).kernel == heat_kernel(Sphere(2))


def test_double_precision():
    location = keras.ops.cast(Sphere(2).prior_sample((3,), seed=0), "float64")
    q = HeatKernel("sphere:2", location, np.array([0.1]))
    assert q.dtype == q.sample(2, seed=0).dtype == tf.float64
    assert q.log_prob(q.sample(2, seed=0)).dtype == tf.float64


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match=r"`location` of shape \[..., 3\]"):
        HeatKernel("sphere:2", [1.0, 0.0], [0.1])
    with pytest.raises(ValueError, match=r"`time` of shape \[..., 2\]"):
        HeatKernel("sphere:2 x torus:1", [0.0, 0.0, 1.0, 1.0, 0.0], [0.1])
    off = {"location": [2.0, 0.0, 0.0], "time": [0.1], "validate_args": True}
    with pytest.raises(tf.errors.InvalidArgumentError, match="to lie on"):
        HeatKernel("sphere:2", **off)
    with pytest.raises(tf.errors.InvalidArgumentError, match="positive times"):
        HeatKernel("sphere:2", **(off | {"location": [1.0, 0.0, 0.0], "time": [-0.1]}))
    q = HeatKernel("sphere:2", **(off | {"location": [1.0, 0.0, 0.0]}))
    with pytest.raises(tf.errors.InvalidArgumentError, match="`value` to lie on"):
        q.log_prob([0.0, 0.0, 2.0])


@pytest.mark.slow
@each(ALL if len(ALL) < 4 else {"so3": ALL["so3"], "torus:2": ALL["torus:2"]})
def test_trainable_in_keras_style_by_maximum_likelihood(manifold):
    truth = manifold.prior_sample((), seed=1)
    data = HeatKernel(manifold, truth, np.full(manifold.time_dim, 0.2, "float32")).sample(
        2000, seed=2
    )
    log_time = tf.Variable(np.full(manifold.time_dim, -3.0, "float32"))
    raw = tf.Variable(manifold.project(truth + 0.3))
    optimizer = keras.optimizers.Adam(0.05)
    optimizer.build([raw, log_time])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            q = HeatKernel(manifold, manifold.project(raw), tf.exp(log_time))
            loss = -tf.reduce_mean(q.log_prob(data))
        optimizer.apply(tape.gradient(loss, [raw, log_time]), [raw, log_time])

    for _ in range(150):
        step()
    # 2,000 draws leave a relative standard error of sqrt(2 / 2000) = 0.03 on the time
    np.testing.assert_allclose(np.exp(log_time), 0.2, rtol=0.13)
