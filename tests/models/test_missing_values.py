"""Missing values: NaN in the data, which a likelihood may leave out."""

import keras
import numpy as np
import pytest
from scipy import special, stats

import diffusion_vae as dv
from diffusion_vae.comparison.starts import Starts
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.networks import MLPDecoder, MLPEncoder

WEIGHT = np.array([[1.0, -0.5, 0.3, 2.0], [0.2, 1.5, -1.0, 0.5]])
VARIANCE = 0.3


@pytest.fixture
def table():
    """A table `[60, 5]` of which a fifth is missing, and a row of it entirely."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 60)
    x = np.cos(angle[:, None] + np.arange(5)).astype("float32")
    x[rng.random(x.shape) < 0.2] = np.nan
    x[7] = np.nan
    return x


def test_log_likelihoods_are_those_of_the_values_that_are_there():
    decoder = keras.layers.Dense(4, use_bias=False)
    model = dv.SphereVAE(
        1,
        keras.layers.Flatten(),
        decoder,
        likelihood=Gaussian(variance=VARIANCE, missing="ignore"),
        seed=0,
    )
    model.build((None, 4))
    decoder.set_weights([WEIGHT])
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, 12)
    x = np.stack([np.cos(angle), np.sin(angle)], 1) @ WEIGHT
    x += np.sqrt(VARIANCE) * rng.normal(size=x.shape)
    x[rng.random(x.shape) < 0.3] = np.nan
    x[5] = np.nan
    # The marginal over what is missing, by quadrature around the circle.
    nodes = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    means = np.stack([np.cos(nodes), np.sin(nodes)], 1) @ WEIGHT
    terms = stats.norm.logpdf(x[:, None], means, np.sqrt(VARIANCE))  # [12, 2000, 4]
    exact = special.logsumexp(np.nansum(terms, axis=-1), axis=1) - np.log(2000)
    assert exact[5] == pytest.approx(0.0)
    found = model.log_likelihood(x, 4000, prior_share=0.5, seed=0).per_example
    np.testing.assert_allclose(found, exact, atol=0.1)  # no weight is over 2: 3 standard errors


@pytest.mark.slow
@pytest.mark.jax
@pytest.mark.torch
def test_a_table_with_holes_trains_and_answers(table, tmp_path):
    model = dv.SphereVAE(
        1,
        MLPEncoder((8,)),
        MLPDecoder((8,)),
        likelihood=Gaussian(variance=0.1, missing="ignore"),
        kl_warmup_steps=0,
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    history = model.fit(table, batch_size=20, epochs=8, verbose=0, validation_split=0.2).history
    assert history["loss"][-1] < history["loss"][0]
    assert np.isfinite([history[name] for name in history]).all()
    assert all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in model.weights)
    location, time = model.encode(table)
    assert np.isfinite(location).all()
    assert np.isfinite(time).all()
    assert np.isfinite(model.reconstruct(table)).all()
    assert np.isfinite(model.elbo(table)).all()
    refined = model.refine(table[:20], 2, starts=5, seed=0)
    assert np.isfinite(refined["location"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.encode(table)[0], location)


def test_mse_is_over_the_values_that_are_there_and_the_loss_of_nothing_is_the_kl(make, table):
    likelihood = Gaussian(variance=0.5, missing="ignore")
    model = make(likelihood=likelihood, event_shape=(5,), fixed_time=1e-12)
    losses = model.evaluate(table, batch_size=60, verbose=0, return_dict=True)
    squares = np.square(table - model.reconstruct(table))
    each = np.nan_to_num(np.nansum(squares, 1) / np.maximum((~np.isnan(table)).sum(1), 1))
    assert each[7] == 0.0
    assert losses["mse"] == pytest.approx(each.mean(), rel=1e-4)
    nothing = model.evaluate(table[7:8], verbose=0, return_dict=True)
    assert nothing["mse"] == nothing["reconstruction_loss"] == 0.0
    assert nothing["loss"] == pytest.approx(nothing["kl_loss"])


def test_the_encoder_sees_zero_after_it_has_standardised(make, table):
    options = {"likelihood": Gaussian(missing="ignore"), "event_shape": (5,)}
    model = make(encoder=MLPEncoder((8,), standardize=(3.0, 2.0), seed=1), **options)
    filled = np.where(np.isnan(table), 3.0, table)
    np.testing.assert_array_equal(model.encode(table)[0], model.encode(filled)[0])
    plain = make(**options)
    filled = np.where(np.isnan(table), 0.0, table)
    np.testing.assert_array_equal(plain.encode(table)[0], plain.encode(filled)[0])
    half = plain.inference_network(draw=False)(table)["location"]
    np.testing.assert_allclose(half, plain.encode(table)[0], atol=1e-6)


@pytest.mark.slow
def test_sources_may_have_holes(make, table, each_source):
    model = make(likelihood=Gaussian(missing="ignore"), event_shape=(5,))
    model.fit(table, verbose=0)
    expected = model.elbo(table, batch_size=20, seed=0)
    for kind, source in each_source(table, 20):
        model.evaluate(source(), steps=3, verbose=0)
        found = model.elbo(source(), seed=0)
        np.testing.assert_allclose(found, expected, rtol=1e-4, err_msg=kind)


def test_nan_that_arises_in_the_loss_is_reported(make, table):
    model = make(likelihood=Gaussian(missing="ignore"), event_shape=(5,))
    model.build((None, 5))
    kernel = model.decoder.layers[0].kernel
    kernel.assign(np.nan * kernel)
    with pytest.raises(FloatingPointError, match="at step 1"):
        model.fit(table, verbose=0)


def test_missing_values_are_refused_with_a_hint(make, table):
    model = make(event_shape=(5,))
    hint = r"Expected `{}` to be finite\. .* NaN or infinite values\. If NaN stands for a missing"
    for name, data in (("x", (table,)), ("y", (np.nan_to_num(table), table))):
        with pytest.raises(ValueError, match=hint.format(name)):
            model.fit(*data, verbose=0)
    infinite = np.where(np.isnan(table), np.inf, table)
    with pytest.raises(ValueError, match=r"infinite values\.$"):
        model.fit(infinite, verbose=0)
    ignoring = make(likelihood=Gaussian(missing="ignore"), event_shape=(5,))
    with pytest.raises(ValueError, match=r"or NaN where a value is missing\. .* infinite values"):
        ignoring.fit(infinite, verbose=0)
    ignoring.encode(table)
    with pytest.raises(ValueError, match=r"Expected `z` to be finite"):
        ignoring.decode([[np.nan, 0, 1]])


@pytest.mark.slow
def test_starts_of_a_comparison_and_clusters_take_holes(table):
    def make_model(seed):
        networks = MLPEncoder((8,)), MLPDecoder((8,))
        return dv.SphereVAE(1, *networks, likelihood=Gaussian(missing="ignore"), seed=seed)

    starts = Starts(make_model, [0, 1], table[:40], table[40:], 20, fused=False)
    losses = starts.run(steps=2, learning_rate=1e-3)
    assert np.isfinite(losses).all()
    clusters = dv.InfoCatVAE(
        2,
        encoder=MLPEncoder((8,)),
        decoder=MLPDecoder((8,)),
        likelihood=Gaussian(missing="ignore"),
        seed=0,
    )
    assert np.isfinite(clusters.elbo(table)).all()
    assert np.isfinite(clusters.cluster_probabilities(table)).all()
