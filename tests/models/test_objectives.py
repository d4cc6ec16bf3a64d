"""Bounds of several draws: values and slopes against quadrature, differences, closed forms."""

import keras
import numpy as np
import pytest
from bad_calls import bad, each_bad
from manifold_list import ALL, each
from scipy.special import logsumexp

import diffusion_vae as dv
from diffusion_vae import likelihoods, objectives
from diffusion_vae.latents import LatentDistribution
from diffusion_vae.objectives import CIWAE, ELBO, IWAE, MIWAE, PIWAE

NAMES = ("iwae", "miwae", "piwae", "ciwae")
WEIGHT = np.array([[1.0, 0.5, 0.0], [-0.5, 1.0, 0.0]])
BIAS = np.array([0.1, 0.2, -0.3])
VARIANCE = 0.3
ROWS = 2000  # copies of one example, each with draws of its own
REPEATS = 16


def circle_model(objective="elbo", posterior_samples=None, **options):
    """x = z W + b + noise on the circle, with an encoder that knows little."""
    initializer = keras.initializers.GlorotUniform(seed=0)
    model = dv.FlatTorusVAE(
        1,
        keras.Sequential([keras.layers.Dense(3, "tanh", kernel_initializer=initializer)]),
        keras.Sequential([keras.layers.Dense(3)]),
        likelihood=likelihoods.Gaussian(variance=VARIANCE),
        objective=objective,
        posterior_samples=posterior_samples,
        seed=1,
        **{"initial_log_time": -1.5, **options},
    )
    model.build((None, 3))
    model.decoder.layers[0].set_weights([WEIGHT, BIAS])
    return model


EXAMPLE = np.array([[0.9, 0.1, -0.3]], "float32")


def evidence():
    """log p(x) of the example by quadrature."""
    grid = (np.arange(2000) + 0.5) * 2.0 * np.pi / 2000
    means = np.stack([np.cos(grid), np.sin(grid)], axis=-1) @ WEIGHT + BIAS
    squares = np.sum((EXAMPLE - means) ** 2, axis=-1)
    constant = 1.5 * np.log(2.0 * np.pi * VARIANCE)
    return logsumexp(-0.5 * squares / VARIANCE - constant) - np.log(2000)


def bounds(model, rows, seed):
    """The bound of each of many copies of the example, at the model's weight of the KL."""
    x = np.tile(EXAMPLE, (rows, 1))
    params = model._posterior_of(x)
    model.latent.seed_generator.state.assign(np.array([seed, 0], "uint32"))
    return -keras.ops.convert_to_numpy(model.bound_loss(x, x, params, training=False))


# -- values --------------------------------------------------------------------------


@pytest.mark.jax
def test_bounds_rise_with_the_draws_up_to_the_evidence():
    # Near the uniform law, so that no place of the circle is missed by 64 draws.
    model = circle_model("iwae", 1, kl_warmup_steps=0, initial_log_time=1.0)
    found = {}
    for draws in (1, 4, 16, 64):
        model.objective = IWAE(draws)
        values = bounds(model, 8000, seed=draws)
        found[draws] = values.mean(), values.std() / np.sqrt(len(values))
    means, errors = np.array(list(found.values())).T
    assert np.all(np.diff(means) > 4.0 * errors[:-1])
    assert means[-1] < evidence() + 4.0 * errors[-1]
    assert means[-1] == pytest.approx(evidence(), abs=0.03)  # bias: variance of weights / (2 K)
    elbo = model.elbo(np.tile(EXAMPLE, (8000, 1)), seed=0)
    error = float(np.hypot(errors[0], elbo.std() / 8000**0.5))
    assert means[0] == pytest.approx(elbo.mean(), abs=4.0 * error)


def test_bounds_of_groups_lie_in_their_order():
    log_weights = np.random.default_rng(0).normal(size=(4, 8, 50)).astype("float32")
    one = log_weights.reshape(1, 32, 50)
    elbo, miwae, iwae = (
        np.asarray(objective.bound(weights))
        for objective, weights in [
            (ELBO(32), one), (MIWAE(8, 4), log_weights), (IWAE(32), one)
        ]
    )  # fmt: skip
    assert np.all(elbo < miwae)
    assert np.all(miwae < iwae)
    np.testing.assert_allclose(PIWAE(8, 4).bound(log_weights), iwae, rtol=1e-5)
    np.testing.assert_allclose(iwae, logsumexp(one[0], axis=0) - np.log(32), rtol=1e-5)
    np.testing.assert_allclose(CIWAE(32, 1, 0.25).bound(one), 0.25 * elbo + 0.75 * iwae, rtol=1e-5)


def test_several_draws_of_the_elbo_are_their_mean():
    x = np.tile(EXAMPLE, (4000, 1))
    spread = {}
    for draws in (1, 16):
        model = circle_model("elbo", draws, kl_warmup_steps=0)
        params, target = model._posterior_of(x), keras.ops.convert_to_tensor(x)
        values = keras.ops.convert_to_numpy(
            model.mean_reconstruction_loss(x, target, params, training=False)
        )
        spread[draws] = values.mean(), values.std()
        model.compile("adam")
        reported = model.evaluate(x, batch_size=4000, verbose=0, return_dict=True)
        error = 5.0 * float(values.std()) / 4000**0.5
        assert reported["reconstruction_loss"] == pytest.approx(values.mean(), abs=error)
        assert reported["loss"] == pytest.approx(-reported["elbo"], rel=1e-5)
    error = 5.0 * float(spread[1][1]) / 4000**0.5
    assert spread[16][0] == pytest.approx(spread[1][0], abs=error)
    assert spread[16][1] == pytest.approx(spread[1][1] / 4.0, rel=0.1)  # 1 / 16 of the variance


# -- slopes ----------------------------------------------------------------------------


def slopes(model, repeats=REPEATS):
    """The loss's slope in all weights, one row for each batch of ROWS copies of the example."""
    model.compile(keras.optimizers.SGD(1.0))
    x, weights = np.tile(EXAMPLE, (ROWS, 1)), model.get_weights()
    found = []
    for _ in range(repeats):
        model.set_weights(weights)
        model.schedule_step.assign(5)
        before = [keras.ops.convert_to_numpy(w) for w in model.trainable_variables]
        model.train_on_batch(x)
        after = [keras.ops.convert_to_numpy(w) for w in model.trainable_variables]
        found.append(np.concatenate([(b - a).ravel() for b, a in zip(before, after, strict=True)]))
        model.set_weights(weights)
    return np.array(found, "float64")


def differences(model, directions, repeats=4, step=1e-2):
    """Central differences of the mean loss along directions of all weights, with common draws."""
    variables, found = model.trainable_variables, []
    start = [keras.ops.convert_to_numpy(v) for v in variables]
    ends = np.cumsum([v.size for v in start])[:-1]

    def loss(move, seed):
        for variable, value, part in zip(variables, start, np.split(move, ends), strict=True):
            variable.assign(value + part.reshape(value.shape))
        return -bounds(model, ROWS, seed).mean(dtype="float64")

    model.schedule_step.assign(5)
    for repeat in range(repeats):
        found.append(
            [(loss(step * d, repeat) - loss(-step * d, repeat)) / (2 * step) for d in directions]
        )
    loss(np.zeros(len(directions[0])), 0)
    return np.array(found)


@pytest.mark.slow
@pytest.mark.jax
@pytest.mark.parametrize(
    ("name", "warmup"), [("iwae", 0), ("iwae", 10), ("miwae", 10), ("piwae", 0), ("ciwae", 0)]
)
def test_slopes_are_those_of_the_expected_bound(name, warmup):
    # Of a warm-up of ten steps five are over: half the weight of the densities.
    model = circle_model(name, 4, kl_warmup_steps=warmup)
    model.encoder.trainable = False
    ours = slopes(model)  # [repeats, weights]
    decoder = {id(variable) for variable in model.decoder.trainable_variables}
    of_decoder = np.concatenate(
        [np.full(v.shape, id(v) in decoder).ravel() for v in model.trainable_variables]
    )
    directions = np.random.default_rng(0).normal(size=(6, ours.shape[1]))
    directions[:3] *= ~of_decoder
    directions[3:] *= of_decoder
    model.objective = objectives.get("iwae" if name == "piwae" else name, 4)
    theirs = differences(model, directions)
    if name == "piwae":  # the encoder climbs the mean of the groups' bounds
        model.objective = objectives.get("miwae", 4)
        theirs[:, :3] = differences(model, directions[:3])
    ours = ours @ directions.T
    error = np.hypot(ours.std(0, ddof=1) / REPEATS**0.5, theirs.std(0, ddof=1) / 2.0)
    assert np.abs(theirs.mean(0)).max() > 30.0 * error.max()  # not lost in its noise
    # Differences are wrong by step^2 / 6 of the third derivative.
    np.testing.assert_array_less(np.abs(ours.mean(0) - theirs.mean(0)), 5.0 * error + 1e-3)


@pytest.mark.jax
@pytest.mark.parametrize("name", NAMES)
def test_at_the_true_posterior_the_encoder_is_left_alone_by_every_draw(name):
    # Then all weights are log p(x), whatever is drawn: the slope has no noise.
    decoder = keras.Sequential([keras.layers.Dense(3)])
    encoder = keras.Sequential([keras.layers.Identity()])
    precision = 1.0 + 1.25 / VARIANCE
    model = dv.EuclideanVAE(
        2,
        encoder,
        decoder,
        likelihood=likelihoods.Gaussian(variance=VARIANCE),
        objective=name,
        posterior_samples=4,
        kl_warmup_steps=0,
        initial_log_time=-np.log(precision),
        seed=0,
    )
    model.build((None, 3))
    decoder.layers[0].set_weights([WEIGHT, BIAS])
    gain = WEIGHT.T / (VARIANCE * precision)
    model.latent.location.set_weights([gain, -BIAS @ gain])
    kernel, bias = model.latent.time.get_weights()
    model.latent.time.set_weights([0.0 * kernel, bias])
    before = [np.array(w) for w in model.latent.get_weights()]
    np.testing.assert_allclose(model.encode(EXAMPLE)[1], 1.0 / precision, rtol=1e-5)
    model.compile(keras.optimizers.SGD(1.0))
    decoder.trainable = False
    model.train_on_batch(np.tile(EXAMPLE, (3, 1)))
    for old, new in zip(before, model.latent.get_weights(), strict=True):
        if old.dtype.kind == "f":
            np.testing.assert_allclose(new, old, atol=2e-5)


@pytest.mark.slow
@each({name: manifold for name, manifold in ALL.items() if name != "ellipsoid"})  # no kernel
def test_every_manifold_trains_on_a_bound(manifold, without_graphs):
    model = dv.DiffusionVAE(manifold, objective="iwae", posterior_samples=3, seed=0)
    model.compile("adam")
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    before = [np.array(w) for w in model.get_weights()]
    loss = model.fit(x, batch_size=3, verbose=0).history["loss"]
    assert np.all(np.isfinite(loss))
    after = model.get_weights()
    assert all(np.isfinite(w).all() for w in after)
    assert any(np.any(a != b) for a, b in zip(before, after, strict=True))


# -- beside the rest -------------------------------------------------------------------


def test_conditions_and_exposures_reach_every_draw(without_graphs):
    # With a decoder that ignores z the bound is log p(x | c, e), whatever the draws.
    model = dv.SphereVAE(
        2,
        decoder=keras.Sequential([keras.layers.Dense(2)]),
        likelihood="poisson",
        condition="decoder",
        objective="iwae",
        posterior_samples=5,
        kl_warmup_steps=10,  # at step 0 densities have no weight
        seed=0,
    )
    model.build({"x": (None, 2), "condition": (None, 1)})
    kernel, bias = model.decoder.layers[0].get_weights()
    kernel[:3] = 0.0
    model.decoder.layers[0].set_weights([kernel, bias])
    x = {
        "x": np.array([[1.0, 2.0], [0.0, 4.0], [3.0, 1.0]], "float32"),
        "condition": np.array([[0.5], [-1.0], [2.0]], "float32"),
        "exposure": np.array([1.0, 2.0, 0.5], "float32"),
    }
    model.compile("adam")
    reported = model.train_on_batch(x, return_dict=True)
    assert reported["loss"] == pytest.approx(reported["reconstruction_loss"], rel=1e-5)


def test_files_keep_the_objective(tmp_path):
    for given in ({"objective": "miwae", "posterior_samples": 6}, {"objective": CIWAE(4, 1, 0.2)}):
        model = circle_model(**given)
        assert model.get_config()["posterior_samples"] == given.get("posterior_samples")
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.objective == model.objective
        for name in ("objective", "posterior_samples"):
            assert loaded.get_config()[name] == model.get_config()[name]


class NoDensity(LatentDistribution):
    """A latent that can be trained by the ELBO alone."""

    point_shape = (2,)


@each_bad([
    bad("a misspelt objective", lambda: dv.SphereVAE(2, objective="iwea"), ValueError,
        "`objective`", "Did you mean 'iwae'?"),
    bad("no draws", lambda: dv.SphereVAE(2, objective="iwae", posterior_samples=0),
        ValueError, "`posterior_samples`", "0"),
    bad("draws beside an objective",
        lambda: dv.SphereVAE(2, objective=IWAE(4), posterior_samples=4), ValueError,
        "`posterior_samples`", "IWAE(draws=4"),
    bad("a random walk",
        lambda: dv.SphereVAE(2, objective="iwae", kernel="random_walk"), ValueError,
        "an exact kernel", "RandomWalk"),
    bad("a capacity", lambda: dv.SphereVAE(2, objective="iwae", kl_capacity=(0, 5, 10)),
        ValueError, "`kl_capacity`", "iwae"),
    bad("a latent without densities",
        lambda: dv.VariationalAutoencoder(NoDensity(), objective="iwae"), ValueError,
        "`log_density`", "NoDensity"),
    bad("InfoVAE", lambda: dv.InfoVAE("sphere:2", objective="iwae"), TypeError,
        "arguments of InfoVAE", "'objective'"),
    bad("InfoCatVAE", lambda: dv.InfoCatVAE(objective="iwae"), TypeError,
        "arguments of InfoCatVAE", "'objective'"),
    bad("a share of 1", lambda: CIWAE(elbo_share=1.0), ValueError, "`elbo_share`", "1.0"),
])  # fmt: skip
def test_bad_arguments(case):
    case.check()


@pytest.mark.jax
@pytest.mark.parametrize("prior", ["mixture", "vamp"])
def test_a_learned_prior_is_the_one_in_the_bound(prior):
    # The bound of K draws is the importance-weighted estimate of as many.
    options = {"prior": prior, "prior_components": 3, "kl_warmup_steps": 0}
    model = circle_model("iwae", 32, initial_log_time=1.0, **options)
    x = np.tile(EXAMPLE, (2000, 1))
    values = bounds(model, len(x), seed=0)
    estimate = model.log_likelihood(x, samples=32, seed=1)
    error = float(np.hypot(values.std() / len(x) ** 0.5, estimate.standard_error))
    assert values.mean() == pytest.approx(estimate.mean, abs=4.0 * error)
    before = [np.array(w) for w in model.latent.prior.trainable_variables]
    model.compile(keras.optimizers.SGD(0.1))
    model.train_on_batch(x[:64])
    after = [np.array(w) for w in model.latent.prior.trainable_variables]
    assert all(np.any(a != b) for a, b in zip(before, after, strict=True))


def test_feature_maps_train_on_a_bound(without_graphs):
    model = dv.SpatialVAE(maps=2, objective="iwae", posterior_samples=3, seed=0)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 1)).astype("float32")
    model.compile("adam")
    assert np.isfinite(model.fit(x, verbose=0).history["loss"]).all()
