"""Laws of TensorFlow Probability as posteriors on the sphere."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats
from standard_errors import assert_mean

from diffusion_vae.manifolds import RealProjective, Sphere
from diffusion_vae.models import DiffusionVAE, SphereVAE

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow Probability needs TensorFlow"
)
TIMES = (1e-3, 0.05, 0.5, 20.0)


def law(name, dim=2):
    from diffusion_vae.latents.tfp_spherical import LAWS

    return LAWS[name](Sphere(dim))


KINDS = [*(("power_spherical", dim) for dim in (1, 2, 5)), ("von_mises_fisher", 2)]
each_kind = pytest.mark.parametrize(("name", "dim"), KINDS)


def pole(dim, count):
    return np.tile(np.eye(dim + 1, dtype="float32")[0], (count, 1))


@each_kind
@pytest.mark.parametrize("t", TIMES)
def test_mass_and_kl_by_quadrature(name, dim, t):
    # The density depends on the angle from the location alone.
    step = np.pi / 40_000
    angles = (np.arange(40_000) + 0.5) * step
    y = np.zeros((len(angles), dim + 1))
    y[:, 0], y[:, 1] = np.cos(angles), np.sin(angles)
    time = np.full((len(angles), 1), t)
    log_q = np.asarray(law(name, dim).log_density(y, pole(dim, len(angles)).astype(float), time))
    circle = 2.0 * np.pi ** (dim / 2) / special.gamma(dim / 2)  # area of S^(dim - 1)
    weight = circle * np.sin(angles) ** (dim - 1)
    q = np.exp(log_q)
    assert np.sum(q * weight) * step == pytest.approx(1.0, abs=1e-4)
    expected = np.sum(q * (log_q + np.log(Sphere(dim).volume)) * weight) * step
    found = law(name, dim).kl_to_prior(pole(dim, 1), np.array([[t]], "float32"))
    assert float(found[0]) == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_von_mises_fisher_in_closed_form():
    y = ops.convert_to_numpy(Sphere(2).random_uniform((50,), seed=0)).astype("float64")
    z = pole(2, 50).astype("float64")
    k = 4.0
    found = law("von_mises_fisher").log_density(y, z, np.full((50, 1), 1.0 / k))
    expected = k * y[:, 0] + np.log(k / (4.0 * np.pi * np.sinh(k)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@each_kind
def test_at_short_times_it_is_brownian_motion(name, dim):
    draws = law(name, dim).sample(pole(dim, 20_000), np.full((20_000, 1), 1e-3, "float32"), seed=0)
    draws = np.asarray(draws)
    # E |y - z|^2 = d t to the first order; the second is below t^2 d^2
    assert_mean(np.sum((draws[:, 1:]) ** 2, axis=1) / dim, 1e-3, errors=4.0)


@each_kind
@pytest.mark.parametrize("t", [0.05, 0.5])
def test_draws_density_and_kl_agree(name, dim, t):
    q = law(name, dim)
    z, time = pole(dim, 20_000), np.full((20_000, 1), t, "float32")
    y = q.sample(z, time, seed=1)
    ratio = q.log_density(y, z, time) + np.log(Sphere(dim).volume)
    assert_mean(ratio, float(q.kl_to_prior(z[:1], time[:1])[0]))


@each_kind
@pytest.mark.parametrize("t", [1e-4, 0.3, 20.0])
def test_the_radius_and_the_direction_follow_the_law(name, dim, t):
    z = np.asarray(law(name, dim).sample(pole(dim, 20_000), np.full((20_000, 1), t, "f4"), seed=2))
    half_sine_square = np.sum((z - pole(dim, 1)) ** 2, axis=1) / 4.0
    if name == "power_spherical":  # De Cao and Aziz (2020): a Beta law of the cosine
        cdf = stats.beta(dim / 2, dim / 2 + 2.0 / t).cdf
    else:  # the integral of the density over the sphere's cap

        def cdf(s):
            return np.expm1(-2.0 * s / t) / np.expm1(-2.0 / t)

    assert stats.kstest(half_sine_square, cdf).pvalue > 1e-3
    directions = z[:, 1:] / np.linalg.norm(z[:, 1:], axis=1, keepdims=True)
    assert_mean(directions, 0.0)
    assert_mean(directions**2, 1.0 / dim)
    assert_mean(directions * half_sine_square[:, None], 0.0)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0, atol=1e-6)


@each_kind
@pytest.mark.parametrize("place", [(1.0, 0.0), (1.0, 1e-2), (1.0, 1e-4), (0.0, 1.0)], ids=str)
def test_the_slope_in_the_location_is_the_same_everywhere(name, dim, place):
    # E z = R u for each location u: the slope of the mean is R (I - u u^T) along the sphere.
    t, u, across = 0.02, np.zeros(dim + 1), np.zeros(dim + 1)
    u[:2] = place / np.linalg.norm(place)
    across[:2] = -u[1], u[0]
    if dim > 1:
        across = np.eye(dim + 1)[2]
    slope, _ = slopes_of(name, dim, u, across, t)
    assert_mean(slope, mean_cosine(name, dim, t))
    assert 0.9 < np.sqrt(np.mean(slope**2)) < 1.01


@each_kind
@pytest.mark.parametrize("t", [1e-4, 0.02, 0.5, 20.0])
def test_the_slope_in_the_time_is_that_of_the_mean(name, dim, t):
    u, across = np.eye(dim + 1)[:2]
    _, slope = slopes_of(name, dim, u, across, t)
    step = 1e-3 * t
    above, below = (mean_cosine(name, dim, t + sign * step) for sign in (1, -1))
    assert_mean(slope, (above - below) / (2.0 * step))


def mean_cosine(name, dim, t):
    """E y.z, in closed form."""
    if name == "power_spherical":
        return 2.0 / (2.0 + dim * t)
    return 1.0 / np.tanh(1.0 / t) - t


def slopes_of(name, dim, u, across, t, count=20_000):
    """Of `count` draws: slope of z.across in the location along it, and of z.u in the time."""
    import tensorflow as tf

    u, across = np.float32(u), np.float32(across)
    z, time = tf.tile([u], (count, 1)), tf.fill((count, 1), np.float32(t))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([z, time])
        y = law(name, dim).sample(z, time, seed=3)
        turned, along = tf.linalg.matvec(y, across), tf.linalg.matvec(y, u)
    return tape.gradient(turned, z).numpy() @ across, tape.gradient(along, time).numpy()[:, 0]


@pytest.mark.slow
def test_no_slope_of_many_draws_on_the_circle_is_nan():
    import tensorflow as tf

    count = 1_000_000
    z, time = tf.tile([[0.6, 0.8]], (count, 1)), tf.fill((count, 1), np.float32(np.exp(-10)))
    with tf.GradientTape() as tape:
        tape.watch([z, time])
        total = tf.reduce_sum(law("power_spherical", 1).sample(z, time, seed=28)[:, 0])
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(total, [z, time]))


@pytest.mark.slow
def test_posteriors_do_not_depend_on_the_tables_of_brownian_motion():
    model = SphereVAE(300, posterior="power_spherical", seed=0)
    time = float(model.latent.time.initial_log_time[0])
    assert np.exp(time) * 300 == pytest.approx(0.02)


@pytest.mark.slow
@each_kind
@pytest.mark.parametrize("log_time", [-9.2, -7.0, -3.0, 3.5])
def test_gradients_and_kl_of_many_draws_stay_exact(name, dim, log_time):
    import tensorflow as tf

    q, count = law(name, dim), 100_000
    z = tf.constant(np.asarray(Sphere(dim).random_uniform((count,), seed=0)))
    time = tf.fill((count, 1), np.float32(np.exp(log_time)))
    with tf.GradientTape() as tape:
        tape.watch([z, time])
        y = q.sample(z, time, seed=1)
        total = tf.reduce_sum(y * y[::-1])
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(total, [z, time]))
    ratio = q.log_density(y, z, time) + np.log(Sphere(dim).volume)
    assert_mean(ratio, float(q.kl_to_prior(z[:1], time[:1])[0]))


@pytest.mark.slow
@each_kind
def test_models_train_and_survive_the_file(name, dim, tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    model = SphereVAE(dim, posterior=name, seed=0)
    as_graph = dim == 2  # one of either law, which takes seconds to make
    model.compile("adam", run_eagerly=not as_graph, jit_compile=False)
    model.fit(x, batch_size=16, epochs=2, verbose=0)
    location, time = model.encode(x)
    assert location.shape == (64, dim + 1)
    assert time.shape == (64, 1)
    assert np.isfinite(model.log_likelihood(x, samples=3).per_example).all()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.latent.kernel == model.latent.kernel
    np.testing.assert_array_equal(again.elbo(x), model.elbo(x))


def test_what_cannot_be_drawn_differentiably_is_refused():
    with pytest.raises(ValueError, match="Use posterior='power_spherical'"):
        SphereVAE(3, posterior="von_mises_fisher")
    with pytest.raises(TypeError, match="Expected a manifold of type Sphere"):
        DiffusionVAE(RealProjective(2), posterior="power_spherical")
    with pytest.raises(ValueError, match=r"one of .'brownian', 'power_spherical'"):
        SphereVAE(2, posterior="gaussian")
