"""Exposures: what the rate of each example's counts is multiplied by."""

import keras
import numpy as np
import pytest
from scipy import stats

import diffusion_vae as dv
from diffusion_vae.likelihoods import Poisson

RATES = np.array([0.5, 2.0, 7.0])
EXPOSURE = np.linspace(0.2, 3.0, 24)


@pytest.fixture(scope="module")
def constant():
    """A model of counts whose rates are the same at every latent point, and data of it.

    The posterior is the prior, so that every importance weight is exact.
    """
    decoder = keras.layers.Dense(3)
    model = dv.EuclideanVAE(
        2, keras.layers.Flatten(), decoder, likelihood=Poisson(), fixed_time=1.0, seed=0
    )
    model.build((None, 3))
    decoder.set_weights([np.zeros((2, 3)), np.log(RATES)])
    model.latent.location.set_weights([np.zeros((3, 2)), np.zeros(2)])
    counts = np.random.default_rng(0).poisson(RATES * EXPOSURE[:, None]).astype("float32")
    model.compile("adam", run_eagerly=True, jit_compile=False)
    return model, {"x": counts, "exposure": EXPOSURE}


def test_likelihoods_are_those_of_the_exposed_rates(constant):
    model, data = constant
    exact = stats.poisson.logpmf(data["x"], RATES * EXPOSURE[:, None]).sum(axis=1)
    for found in (
        model.elbo(data),
        model.log_likelihood(data, 3, batch_size=7).per_example,
        model.log_likelihood(data, 3, refine_steps=1).per_example,
    ):
        np.testing.assert_allclose(found, exact, atol=1e-4)
    losses = model.evaluate(data, batch_size=24, verbose=0, return_dict=True)
    assert losses["reconstruction_loss"] == pytest.approx(-exact.mean(), rel=1e-5)
    assert losses["mse"] == pytest.approx(
        np.mean((data["x"] - RATES * EXPOSURE[:, None]) ** 2), rel=1e-5
    )
    plain = stats.poisson.logpmf(data["x"], RATES).sum(axis=1)  # by default 1
    np.testing.assert_allclose(model.elbo(data["x"]), plain, atol=1e-4)


def test_means_and_draws_are_multiplied(constant):
    model, data = constant
    z = np.zeros((24, 2))
    np.testing.assert_allclose(model.decode(z[0]), RATES, rtol=1e-5)
    np.testing.assert_allclose(model.decode(z[:2], exposure=3), [3 * RATES] * 2, rtol=1e-5)
    means = RATES * EXPOSURE[:, None]
    np.testing.assert_allclose(model.decode(z, exposure=EXPOSURE), means, rtol=1e-5)
    np.testing.assert_allclose(model.reconstruct(data), means, rtol=1e-5)
    np.testing.assert_allclose(model.sample(24, exposure=EXPOSURE), means, rtol=1e-5)
    drawn = model.sample(4000, noise=True, exposure=0.5, seed=0)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5 * RATES, atol=0.12)  # 4 standard errors
    np.testing.assert_array_equal(model.encode(data)[0], model.encode(data["x"])[0])


@pytest.mark.jax
@pytest.mark.torch
def test_counts_with_exposures_and_conditions_train_and_survive_the_file(make, x, tmp_path):
    counts = np.round(5 * x)
    data = {"x": counts, "exposure": EXPOSURE, "condition": np.eye(3)[np.arange(24) % 3]}
    model = make(likelihood="poisson", condition="decoder")
    history = model.fit(data, batch_size=12, verbose=0, validation_split=0.5).history
    assert np.isfinite(history["val_loss"]).all()
    expected = model.reconstruct(data)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.reconstruct(data), expected)


def test_exposures_keep_their_digits_under_half_precision(x):
    model = dv.SphereVAE(2, likelihood=Poisson(), dtype="mixed_bfloat16", seed=0, fixed_time=1e-9)
    flat = x[:, 0]
    one, many = (
        model.predict({"x": flat, "exposure": np.full(24, e)}, verbose=0) for e in (1.0, 1000.5)
    )
    ratio = many["reconstruction"] / one["reconstruction"]
    np.testing.assert_allclose(ratio.mean(), 1000.5, rtol=1e-3)  # a bfloat16 would make it 1000


def test_what_is_no_exposure_gets_a_sentence(constant, make, each_source):
    model, data = constant
    bad = {
        r"Expected exposures to be positive and finite": np.zeros(24),
        r"Expected `exposure` to be finite": np.full(24, np.nan),
        r"one row of `exposure` for each of the 24 examples\. Received: 3": np.ones(3),
        r"one positive number an example, \[n\]\. Received shape: \(\d+, 3\)": np.ones((24, 3)),
    }
    for message, exposure in bad.items():
        with pytest.raises(ValueError, match=message):
            model.elbo({**data, "exposure": exposure})
        if len(exposure) == 24:
            for _, source in each_source({**data, "exposure": exposure}, 8):
                with pytest.raises(ValueError, match=message):
                    model.evaluate(source(), verbose=0)
    with pytest.raises(ValueError, match=r"one for each, of shape \(5,\)\. .*\(4,\)"):
        model.sample(5, exposure=np.ones(4))
    for call in (
        lambda: make().elbo({"x": np.ones((2, 4, 3)), "exposure": np.ones(2)}),
        lambda: make(compiled=False).build({"x": (None, 4, 3), "exposure": (None,)}),
    ):
        with pytest.raises(ValueError, match="Expected no exposure for Gaussian"):
            call()
    clusters = dv.InfoCatVAE(3, likelihood="poisson")
    with pytest.raises(ValueError, match=r"no `exposure`: InfoCatVAE encodes examples that it"):
        clusters.elbo(data)
