"""The motion of learned time from the origin as a prior; curvature that is learned by it."""

import keras
import numpy as np
import pytest
from bad_calls import bad, each_bad
from keras import ops
from scipy.stats import norm

import diffusion_vae as dv
from diffusion_vae import networks
from diffusion_vae.datasets import Dataset
from diffusion_vae.evaluation import model_specific_metrics
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.layers.diffusion_time import unlimited
from diffusion_vae.manifolds import Euclidean, Hyperbolic, Product, Sphere
from diffusion_vae.priors import HeatKernelPrior


def prior_on(manifold, *times):
    prior = HeatKernelPrior(heat_kernel(manifold))
    prior.build()
    if times:
        pairs = zip(np.log(times), prior.log_time_range, strict=True)
        prior.log_times.assign([unlimited(float(each), limits) for each, limits in pairs])
    return prior


def log_density(prior, z):
    return ops.convert_to_numpy(prior.log_density(z))


@pytest.mark.jax
@pytest.mark.parametrize(
    "manifold",
    [Hyperbolic(2, -0.5, 1.5), Euclidean(3), Product([Hyperbolic(3), Euclidean(2)])],
    ids=repr,
)
def test_it_starts_as_the_prior_of_the_manifold(manifold):
    z = manifold.prior_sample((200,), seed=0)
    np.testing.assert_allclose(
        log_density(prior_on(manifold), z),
        ops.convert_to_numpy(manifold.prior_log_density(z)),
        atol=1e-4,
    )


@pytest.mark.jax
def test_another_time_is_that_of_the_closed_forms():
    flat, bent = Euclidean(2), Hyperbolic(3)
    z = ops.convert_to_numpy(flat.prior_sample((100,), seed=0))
    expected = norm.logpdf(z, scale=np.sqrt([0.3, 2.0])).sum(-1)
    np.testing.assert_allclose(
        log_density(prior_on(flat, 0.3, 2.0), z), expected, rtol=1e-4, atol=1e-4
    )
    z, t = bent.prior_sample((100,), seed=0), 2.5
    r = np.arccosh(ops.convert_to_numpy(z).astype("float64")[:, 0])
    expected = np.log(r / np.sinh(r)) - t / 2 - r**2 / (2 * t) - 1.5 * np.log(2 * np.pi * t)
    np.testing.assert_allclose(log_density(prior_on(bent, t), z), expected, atol=1e-3)


def test_draws_spread_with_the_time():
    draws = ops.convert_to_numpy(prior_on(Euclidean(2), 0.3, 0.3).sample(20_000, seed=0))
    error = 0.3 * np.sqrt(2.0 / draws.size)  # of a variance
    assert draws.var() == pytest.approx(0.3, abs=4.0 * error)


def test_a_file_keeps_the_curvature(tmp_path):
    model = dv.HyperbolicVAE(2, curvature="learned", prior_time=0.5, seed=0)
    assert model.prior == "heat_kernel"
    assert model.learned_curvature() == pytest.approx(-1.0)
    model.build((None, 3))
    model.latent.prior.log_times.assign([0.0])
    found = model.learned_curvature()
    assert found == pytest.approx(-float(model.latent.prior.times()[0]) / 0.5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.learned_curvature() == pytest.approx(found)
    assert dv.HyperbolicVAE(2, curvature=-0.5).learned_curvature() == -0.5


@pytest.mark.slow
def test_the_curvature_of_data_is_found():
    # Points of H^2 as places in the Poincare disc, which the decoder knows. The time of n
    # draws in the plane has the relative error 1 / n^(1/2), 2 % here; the posteriors' misfit
    # adds to it.
    plane = Hyperbolic(2, -0.3)
    velocity = plane.even_embedding(plane.prior_sample((2000,), seed=0)) / plane.radius
    velocity = ops.convert_to_numpy(velocity)
    r = np.linalg.norm(velocity, axis=-1, keepdims=True)
    noise = 0.03 * np.random.default_rng(0).normal(size=velocity.shape)
    x = (np.tanh(0.5 * r) * velocity / r + noise).astype("float32")

    @keras.saving.register_keras_serializable("diffusion_vae_tests")
    class Disc(keras.layers.Layer):
        def call(self, features):
            velocity = features * Hyperbolic(2)._spread
            r = ops.sqrt(ops.sum(ops.square(velocity), axis=-1, keepdims=True) + 1e-12)
            return ops.tanh(0.5 * r) * velocity / r

    model = dv.HyperbolicVAE(
        2,
        networks.MLPEncoder((32, 32), seed=0),
        Disc(),
        curvature="learned",
        likelihood=dv.likelihoods.Gaussian(variance=0.03**2),
        kl_warmup_steps=0,
        seed=0,
    )
    rate = keras.optimizers.schedules.CosineDecay(1e-2, 400)
    model.compile(keras.optimizers.Adam(rate))
    model.fit(x, epochs=50, batch_size=250, verbose=0)
    assert model.learned_curvature() == pytest.approx(-0.3, rel=0.1)


@each_bad([
    bad("a closed space", lambda: dv.SphereVAE(2, prior="heat_kernel"), ValueError,
        "an open space", "Sphere(dim=2)"),
    bad("a product with one", lambda: HeatKernelPrior(
            heat_kernel(Product([Hyperbolic(2), Sphere(2)]))), ValueError,
        "an open space", "Sphere(dim=2)"),
    bad("a misspelt curvature", lambda: dv.HyperbolicVAE(2, curvature="lerned"), ValueError,
        "a negative number", "Did you mean 'learned'?"),
    bad("two learned priors", lambda: dv.HyperbolicVAE(2, curvature="learned", prior="vamp"),
        ValueError, 'curvature="learned"', "'vamp'"),
])  # fmt: skip
def test_bad_arguments(case):
    case.check()


def test_a_run_reports_the_curvature(without_graphs):
    model = dv.DiffusionVAE("hyperbolic:2,-0.5", prior="heat_kernel", seed=0)
    x = np.random.default_rng(0).random((8, 3)).astype("float32")
    model.build((None, 3))
    model.latent.prior.log_times.assign([0.5])
    found = model_specific_metrics(model, Dataset("made", x, x))
    expected = -0.5 * float(ops.convert_to_numpy(model.latent.prior.times())[0])
    assert found["learned_curvature"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="Expected hyperbolic space"):
        prior_on(Euclidean(2)).curvature()
