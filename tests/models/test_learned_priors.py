"""Models with learned priors: bounds, likelihoods, training, files."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS
from keras import ops

import diffusion_vae as dv
from diffusion_vae import likelihoods
from diffusion_vae.datasets import Dataset
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.divergences import MMDToPrior, mmd
from diffusion_vae.evaluation import model_specific_metrics
from diffusion_vae.networks import CountEncoder, MLPDecoder, MLPEncoder

LEARNED = ["mixture", "vamp"]
each_prior = pytest.mark.parametrize("prior", LEARNED)
ANGLES = 2.0 * np.pi * (np.arange(2000) + 0.5) / 2000
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], -1).astype("float32")


def two_bumps(n, seed):
    """Points beside a circle of radius 4 at two angles, of which one is three times as likely."""
    rng = np.random.default_rng(seed)
    angle = np.where(rng.random(n) < 0.75, 0.5, 3.0) + 0.2 * rng.normal(size=n)
    points = 4.0 * np.stack([np.cos(angle), np.sin(angle)], -1)
    return (points + rng.normal(size=(n, 2))).astype("float32")


def small(prior, cls=dv.SphereVAE, units=8, rate=0.01, **options):
    if cls is dv.SphereVAE:
        options = {"dim": 1, **options}
    options = {"prior_components": 3, "kl_warmup_steps": 0, "seed": 0, **options}
    model = cls(
        encoder=options.pop("encoder", None) or MLPEncoder((units,)),
        decoder=MLPDecoder((units,)),
        prior=prior,
        **options,
    )
    model.compile(keras.optimizers.Adam(rate), **QUICK_STEPS)
    return model


@pytest.fixture(scope="module")
def trained():
    x = two_bumps(64, 1)
    models = {}
    for prior in LEARNED:
        models[prior] = small(prior)
        models[prior].fit(x, batch_size=32, epochs=4, verbose=0)
    return models


def log_prior(model):
    return ops.convert_to_numpy(model.latent.prior_log_density(CIRCLE)).astype(float)


@each_prior
def test_the_kl_is_that_of_quadrature_on_average(trained, prior):
    latent = trained[prior].latent
    location = np.array([[1.0, 0.0], [-0.6, 0.8]], "float32")
    time = np.array([[0.1], [0.7]], "float32")
    params = {"location": location[:, None], "time": time[:, None]}
    log_q = ops.convert_to_numpy(latent.log_density(CIRCLE, params)).astype(float)  # [2, n]
    weight = np.exp(log_q) * 2.0 * np.pi / 2000
    expected = (weight * (log_q - log_prior(trained[prior]))).sum(axis=1)
    draws = 20_000
    repeated = {k: np.repeat(v[:, 0][None], draws, axis=0) for k, v in params.items()}
    estimates = ops.convert_to_numpy(latent.kl(repeated))
    error = estimates.std(axis=0) / np.sqrt(draws)
    assert (np.abs(estimates.mean(axis=0) - expected) < 4.0 * error).all()
    assert (error > 0).all()


def test_the_kl_has_no_variance_where_the_prior_is_the_manifolds():
    model = small("mixture", prior_components=1)
    model.build((None, 2))
    latent = model.latent
    latent.prior.log_times.assign([[100.0]])  # a kernel that has become uniform
    location, time = np.tile([[1.0, 0.0]], (50, 1)), np.full((50, 1), 0.3)
    params = {"location": location.astype("float32"), "time": time.astype("float32")}
    values = ops.convert_to_numpy(latent.kl(params))
    exact = ops.convert_to_numpy(latent.kernel.kl_to_prior(*params.values()))
    np.testing.assert_allclose(values, exact, atol=1e-5)


@each_prior
def test_the_log_likelihood_is_that_of_quadrature(trained, prior):
    model, x = trained[prior], two_bumps(6, 2)
    points = ops.convert_to_tensor(CIRCLE)
    outputs = model._outputs(points)
    joint = [
        ops.convert_to_numpy(model.likelihood.log_prob(np.tile(row, (2000, 1)), outputs))
        for row in x
    ]
    joint = np.array(joint, float) + log_prior(model) + np.log(2.0 * np.pi / 2000)
    expected = np.logaddexp.reduce(joint, axis=1)
    found = [
        model.log_likelihood(x, 400, prior_share=0.5, seed=seed).per_example for seed in range(40)
    ]
    # The mean of the estimated likelihoods has no bias, the logarithm of one has.
    ratios = np.exp(np.array(found, float) - expected)
    error = ratios.std(axis=0, ddof=1) / np.sqrt(40)
    assert error.max() < 0.02
    assert (np.abs(ratios.mean(axis=0) - 1.0) < 4.0 * error).all()


@each_prior
def test_samples_come_from_the_learned_prior(trained, prior):
    model = trained[prior]
    z = ops.convert_to_numpy(model.latent.prior_sample(20_000, seed=3))
    expected = (np.exp(log_prior(model))[:, None] * CIRCLE).sum(axis=0) * 2.0 * np.pi / 2000
    error = z.std(axis=0) / np.sqrt(len(z))
    assert (np.abs(z.mean(axis=0) - expected) < 4.0 * error).all()
    assert np.array_equal(model.sample(4, seed=1), model.sample(4, seed=1))


def test_the_distance_to_the_prior_is_to_the_learned_one():
    x = two_bumps(500, 12)
    model = small("mixture", prior_components=1)
    model.build((None, 2))
    z = model.sample_posterior(x, seed=0)[0]
    prior = model.latent.prior
    prior.centres.assign(-z.mean(axis=0, keepdims=True))  # a clump on the other side
    prior.log_times.assign([[-6.0]])
    own = model_specific_metrics(model, Dataset(name="b", train=x, test=x))["prior_mmd"]
    learned = float(mmd(prior.sample(2000, seed=1), z, 2.0, statistic="u"))
    uniform = float(MMDToPrior(statistic="u")(z, model.manifold, 0))
    assert own == pytest.approx(learned, abs=0.03)  # standard error 0.01
    assert learned > uniform + 0.1


@pytest.mark.slow
@each_prior
def test_a_learned_prior_explains_two_bumps_better_than_the_uniform_one(prior):
    train, test = two_bumps(1000, 3), two_bumps(500, 4)
    scores = {}
    for name in ("uniform", prior):
        model = small(name, units=32, prior_components=4)
        model.compile(keras.optimizers.Adam(0.01), steps_per_execution=8)
        model.fit(train, batch_size=125, epochs=40, verbose=0)
        scores[name] = model.log_likelihood(test, 200, prior_share=0.5, seed=0).per_example
    gain = scores[prior] - scores["uniform"]
    assert gain.mean() > 2.0 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert gain.mean() > 0.05


@pytest.mark.jax
@each_prior
def test_a_saved_model_goes_on_to_the_bit(prior, tmp_path):
    x = two_bumps(32, 5)
    model = small(prior)
    options = {"batch_size": 16, "shuffle": False, "verbose": 0}
    model.fit(x, epochs=2, **options)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert (again.prior, again.prior_components) == (prior, 3)
    names = [weight.path for weight in again.latent.prior.weights]
    assert len(names) == 3
    assert len(again.weights) == len(model.weights) == len({id(w) for w in model.weights})
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    histories = [each.fit(x, epochs=1, **options).history for each in (model, again)]
    assert histories[0] == histories[1]
    assert np.isfinite(histories[0]["loss"]).all()
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model.elbo(x, seed=0), again.elbo(x, seed=0))


@each_prior
def test_every_weight_of_a_prior_is_trained(prior):
    x = two_bumps(32, 6)
    model = small(prior)
    model.fit(x, epochs=0, verbose=0)
    before = [ops.convert_to_numpy(w).copy() for w in model.latent.prior.trainable_weights]
    model.fit(x, batch_size=16, verbose=0)
    after = [ops.convert_to_numpy(w) for w in model.latent.prior.trainable_weights]
    assert len(after) == {"mixture": 3, "vamp": 1}[prior]
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all()
        assert (old != new).all()


def test_pseudo_inputs_start_at_examples_once():
    x = two_bumps(20, 7)
    model = small("vamp")
    model.build((None, 2))
    prior = model.latent.prior
    assert np.abs(ops.convert_to_numpy(prior.pseudo_inputs)).max() < 0.5  # noise
    model.fit(x, epochs=0, verbose=0)
    picked = ops.convert_to_numpy(prior.pseudo_inputs)
    assert (np.abs(picked[:, None] - x).max(axis=-1).min(axis=1) == 0.0).all()
    assert len(np.unique(picked, axis=0)) == 3
    np.testing.assert_array_equal(ops.convert_to_numpy(prior.high), x.max(axis=0))
    model.fit(x, batch_size=20, verbose=0)
    learned = ops.convert_to_numpy(prior.pseudo_inputs)
    model.fit(1.0 + x, epochs=0, verbose=0)
    np.testing.assert_array_equal(ops.convert_to_numpy(prior.pseudo_inputs), learned)
    again = small("vamp")
    again.fit(x, epochs=0, verbose=0)
    np.testing.assert_array_equal(ops.convert_to_numpy(again.latent.prior.pseudo_inputs), picked)
    source = ShuffledBatches(Dataset(name="b", train=x, test=x), 8, seed=0)  # of the command
    again = small("vamp")
    again.fit(source, epochs=0, verbose=0)
    picked = ops.convert_to_numpy(again.latent.prior.pseudo_inputs)
    assert (np.abs(picked[:, None] - x).max(axis=-1).min(axis=1) == 0.0).all()
    few = small("vamp", prior_components=30)
    few.fit(x, epochs=0, verbose=0)
    assert few.latent.prior.pseudo_inputs.shape == (30, 2)


def test_pseudo_inputs_stay_in_the_range_of_the_data():
    model = small("vamp")
    model.fit(two_bumps(20, 8), epochs=0, verbose=0)
    prior = model.latent.prior
    prior.pseudo_inputs.assign(np.full((3, 2), 10.0))
    read = ops.convert_to_numpy(prior.examples())
    np.testing.assert_allclose(read, np.tile(ops.convert_to_numpy(prior.high), (3, 1)), atol=1e-6)


def test_counts_missing_values_and_conditions_go_with_pseudo_inputs():
    rng = np.random.default_rng(9)
    counts = rng.poisson(3.0, (16, 4)).astype("float32")
    model = small("vamp", encoder=CountEncoder((8,)), likelihood="poisson")
    source = (counts[first : first + 8] for first in (0, 8))  # no examples to start from
    model.fit(source, steps_per_epoch=2, shuffle=False, verbose=0)
    assert np.isfinite(model.elbo(counts, seed=0)).all()
    with_holes = np.where(rng.random((16, 4)) < 0.3, np.nan, rng.normal(size=(16, 4)))
    model = small("vamp", likelihood=likelihoods.Gaussian(missing="ignore"))
    model.fit(with_holes, batch_size=8, verbose=0)
    assert np.isfinite(ops.convert_to_numpy(model.latent.prior.pseudo_inputs)).all()
    assert np.isfinite(model.elbo(with_holes, seed=0)).all()
    data = {"x": two_bumps(16, 10), "condition": np.eye(2)[np.arange(16) % 2]}
    for prior in LEARNED:
        model = small(prior, condition="decoder")
        model.fit(data, batch_size=8, verbose=0)
        assert np.isfinite(model.log_likelihood(data, 4, seed=0).mean)
    law = {"a": ("poisson", 2), "b": ("gaussian", 1), "c": ("bernoulli", 1)}
    mixed = small("vamp", likelihood=likelihoods.Mixed(law))
    mixed.build((None, 4))
    low, high = (ops.convert_to_numpy(w) for w in mixed.latent.prior.weights[1:])
    np.testing.assert_array_equal(low, [0.0, 0.0, -np.inf, 0.0])
    np.testing.assert_array_equal(high, [np.inf, np.inf, np.inf, 1.0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prior", "cls", "options"),
    [
        ("mixture", dv.RealProjectiveVAE, {"dim": 2}),
        ("vamp", dv.ComplexProjectiveVAE, {"dim": 1}),
        ("mixture", dv.HyperbolicVAE, {"dim": 2}),
        ("vamp", dv.EuclideanVAE, {"dim": 2}),
        ("vamp", dv.O3VAE, {}),  # whose posteriors may all be on one of two pieces
        ("mixture", dv.ProductVAE, {"factors": ["sphere:2", "euclidean:1"]}),
        ("mixture", dv.SphereVAE, {"posterior": "power_spherical"}),
        ("vamp", dv.SphereVAE, {"fixed_time": 0.1, "time_annealing": (0.0, -3.0, 4)}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_models_on_all_kinds_of_spaces_train(prior, cls, options):
    x = two_bumps(32, 11)
    model = small(prior, cls, **options)
    history = model.fit(x, batch_size=16, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(model.latent.prior_log_density(model.latent.prior_sample(5))).all()
    assert np.isfinite(model.elbo(x, seed=0)).all()
    assert model.sample(3).shape == (3, 2)
    config = cls.from_config(model.get_config()).get_config()
    assert config == model.get_config()


@each_prior
def test_posteriors_can_be_refined(trained, prior):
    x = two_bumps(16, 14)
    model = trained[prior]
    own = model.log_likelihood(x, 16, seed=0).mean
    assert model.log_likelihood(x, 16, refine_steps=10, seed=0).mean > own


@pytest.mark.slow
def test_a_training_step_compiles_under_xla():
    model = small("mixture", dim=2)
    model.compile("adam", jit_compile=True)
    history = model.fit(two_bumps(16, 13), batch_size=8, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_uniform_is_the_manifolds_prior():
    model = small("uniform")
    model.build((None, 2))
    assert model.latent.prior is None
    assert np.ptp(log_prior(model)) == 0.0


def test_bad_arguments_of_models_give_one_sentence():
    with pytest.raises(ValueError, match='Expected condition="decoder" or None'):
        small("vamp", condition="both")
    with pytest.raises(ValueError, match="exact draws and densities"):
        dv.SphereVAE(2, kernel="random_walk", prior="mixture")
    with pytest.raises(ValueError, match='closed manifold for prior="uniform"'):
        dv.EuclideanVAE(2, prior="uniform")
    with pytest.raises(ValueError, match="`prior_components` to be at least 1"):
        dv.SphereVAE(2, prior_components=0)
    with pytest.raises(ValueError, match="Did you mean 'vamp'"):
        dv.SphereVAE(2, prior="wamp")
    for cls in (dv.InfoVAE, dv.InfoCatVAE, dv.SpatialVAE):
        with pytest.raises(TypeError, match="Received: 'prior'"):
            cls(prior="mixture")
