"""Laws of TensorFlow Probability as posteriors on the sphere."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import integrate, special
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


KINDS = [("power_spherical", 2), ("power_spherical", 5), ("von_mises_fisher", 2)]
each_kind = pytest.mark.parametrize(("name", "dim"), KINDS)


def pole(dim, count):
    return np.tile(np.eye(dim + 1, dtype="float32")[0], (count, 1))


@each_kind
@pytest.mark.parametrize("t", TIMES)
def test_mass_and_kl_by_quadrature(name, dim, t):
    # The density depends on the angle from the location alone.
    angles = np.linspace(0.0, np.pi, 40001)[1:-1]
    y = np.zeros((len(angles), dim + 1))
    y[:, 0], y[:, 1] = np.cos(angles), np.sin(angles)
    time = np.full((len(angles), 1), t)
    log_q = np.asarray(law(name, dim).log_density(y, pole(dim, len(angles)).astype(float), time))
    circle = 2.0 * np.pi ** (dim / 2) / special.gamma(dim / 2)  # area of S^(dim - 1)
    weight = circle * np.sin(angles) ** (dim - 1)
    q = np.exp(log_q)
    assert integrate.simpson(q * weight, x=angles) == pytest.approx(1.0, abs=1e-4)
    expected = integrate.simpson(q * (log_q + np.log(Sphere(dim).volume)) * weight, x=angles)
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
    model.compile("adam")
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
