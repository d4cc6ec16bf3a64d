"""Bad calls of likelihoods, divergences, latents, networks, models and evaluations."""

import functools

import keras
import numpy as np
import pytest
from bad_calls import bad, each_bad

import diffusion_vae as dv
from diffusion_vae import divergences, evaluation, latents, likelihoods, networks
from diffusion_vae.heat_kernels import RandomWalk, heat_kernel
from diffusion_vae.manifolds import Euclidean, Sphere

NAN, INF = float("nan"), float("inf")
KERNEL = heat_kernel(Sphere(2))
X = np.random.default_rng(0).random((24, 4, 3), dtype=np.float32)


def spoiled(value):
    """The data with one value replaced."""
    x = X.copy()
    x[3, 0, 0] = value
    return x


def small(manifold="sphere:2", **options):
    """A compiled model for examples (4, 3), whose steps are not traced."""
    encoder, decoder = networks.MLPEncoder((8,)), networks.MLPDecoder((8,), event_shape=(4, 3))
    model = dv.DiffusionVAE(manifold, encoder, decoder, kl_warmup_steps=0, **options)
    model.compile("adam", run_eagerly=True)
    return model


@functools.cache
def built():
    """The same, built; one for all calls, which leave it as it is."""
    model = small()
    model.build((None, 4, 3))
    return model


S = np.zeros((3, 2), "float32")
PARTS = [
    bad("a misspelt likelihood", lambda: likelihoods.get("gausian"), ValueError, "`likelihood`",
        "Did you mean 'gaussian'?"),
    bad("a misspelt scale", lambda: likelihoods.Gaussian("learnt"), ValueError, "`scale`",
        "'learnt'. Did you mean 'learned'?"),
    bad("no variance", lambda: likelihoods.Gaussian(variance=0), ValueError, "positive", "0"),
    bad("a variance in letters", lambda: likelihoods.Gaussian(variance="1"), TypeError,
        "a number", "'1'"),
    bad("an odd number of outputs", lambda: likelihoods.Gaussian("predicted").event_shape((2, 5)),
        ValueError, "a multiple of 2", "(2, 5)"),
    bad("grey values over 1", lambda: likelihoods.Bernoulli().check_data(2 * X), ValueError,
        "in [0, 1]", "to 1.9"),
    bad("samples of two spaces", lambda: divergences.mmd(S, np.zeros((3, 3), "float32")),
        ValueError, "of one d", "(3, 3)"),
    bad("no samples", lambda: divergences.mmd(S[:0], S), ValueError, "at least 1", "(0, 2)"),
    bad("one sample where pairs are needed", lambda: divergences.mmd(S[:1], S, statistic="u"),
        ValueError, "at least 2 each", "(1, 2)"),
    bad("no bandwidth", lambda: divergences.mmd(S, S, bandwidth=0), ValueError, "positive", "0"),
    bad("a bandwidth as a word", lambda: divergences.mmd(S, S, bandwidth="wide"), TypeError,
        "`bandwidth`", "'wide'"),
    bad("samples with NaN", lambda: divergences.energy_distance(S + NAN, S), ValueError,
        "`p` to be finite", "6 NaN"),
    bad("samples in letters", lambda: divergences.mmd(S.astype(str), S), TypeError,
        "floating-point", "str"),
    bad("a misspelt divergence", lambda: divergences.get("mdm"), ValueError, "`divergence`",
        "Did you mean 'mmd'?"),
    bad("one draw from the prior", lambda: divergences.MMDToPrior(prior_samples=1), ValueError,
        "`prior_samples` to be at least 2", "1"),
    bad("points of another space", lambda: divergences.MMDToPrior()(S, Sphere(2)), ValueError,
        "[n, 3]", "(3, 2)"),
    bad("a heat kernel's MMD on R^2",
        lambda: divergences.HeatKernelMMDToPrior()(S, Euclidean(2)), ValueError,
        "a closed manifold", "Euclidean(dim=2)"),
    bad("a fixed time of zero", lambda: latents.BrownianLatent(KERNEL, fixed_time=0), ValueError,
        "`fixed_time` to be positive", "0"),
    bad("two fixed times for one", lambda: latents.BrownianLatent(KERNEL, fixed_time=[1, 2]),
        ValueError, "or 1 of them", "[1, 2]"),
    bad("a walk without limits",
        lambda: latents.BrownianLatent(RandomWalk(Sphere(2)), log_time_range=None), ValueError,
        "limits on log time", "None"),
    bad("one cluster", lambda: latents.CategoricalMixtureLatent(1, 2), ValueError,
        "`clusters` to be at least 2", "1"),
    bad("a misspelt estimator",
        lambda: latents.CategoricalMixtureLatent(3, 2, estimator="gumble"), ValueError,
        "`estimator`", "Did you mean 'gumbel'?"),
    bad("anchors on a torus", lambda: latents.AnchoredMixtureLatent("torus", 3), ValueError,
        "a sphere", "FlatTorus"),
    bad("a rank over the size", lambda: latents.MatrixNormalLatent(3, 2, rank=4), ValueError,
        "at most `map_size`, 3", "4"),
    bad("a layer of no width", lambda: networks.MLPEncoder((0,)), ValueError, "at least 1", "0"),
    bad("a width for widths", lambda: networks.MLPDecoder(8, event_shape=(4,)), TypeError,
        "a list", "8"),
    bad("a number for a shape", lambda: networks.MLPDecoder(event_shape=4), TypeError,
        "`event_shape`", "4"),
    bad("a decoder without a shape", lambda: networks.MLPDecoder().build((None, 3)), ValueError,
        "`event_shape` of MLPDecoder", "None"),
    bad("a misspelt activation", lambda: networks.MLPEncoder((8,), activation="rellu"),
        ValueError, "keras.activations", "Did you mean 'relu'?"),
    bad("a misspelt initializer", lambda: networks.MLPEncoder((8,), initializer="he_nomal"),
        ValueError, "keras.initializers", "Did you mean 'he_normal'?"),
    bad("a negative seed", lambda: networks.MLPEncoder((8,), seed=-1), ValueError, "seed",
        "-1"),
    bad("half a seed", lambda: networks.MLPEncoder((8,), seed=1.5), TypeError, "`seed`", "1.5"),
    bad("convolutions of vectors", lambda: networks.ConvEncoder().build((None, 28)), ValueError,
        "(height, width)", "(28,)"),
    bad("two pools for one layer",
        lambda: networks.ConvEncoder(filters=(8,), pool_sizes=(2, 2)), ValueError,
        "for each of the 1 filters", "2"),
    bad("a misspelt padding",
        lambda: networks.ConvEncoder(filters=(8,), padding="circle"), ValueError,
        "`padding`", "Did you mean 'circular'?"),
    bad("28 pixels for the spatial networks",
        lambda: networks.SpatialDecoder(event_shape=(28, 28, 1)), ValueError, "32, 64, 128",
        "(28, 28, 1)"),
]  # fmt: skip


@each_bad(PARTS)
def test_bad_calls_of_the_parts_of_a_model(case):
    case.check()


MODELS = [
    bad("a misspelt space", lambda: dv.DiffusionVAE("spheer:2"), ValueError, "Expected one of",
        "'spheer'"),
    bad("a number for an encoder", lambda: dv.SphereVAE(2, encoder=3), TypeError, "encoder",
        "3"),
    bad("a negative weight", lambda: dv.SphereVAE(kl_weight=-1), ValueError, "`kl_weight`", "-1"),
    bad("half a warm-up step", lambda: dv.SphereVAE(kl_warmup_steps=1.5), TypeError,
        "`kl_warmup_steps`", "1.5"),
    bad("a capacity without steps", lambda: dv.SphereVAE(kl_capacity=(0, 25)), ValueError,
        "(start, end, steps)", "(0, 25)"),
    bad("an infinite capacity", lambda: dv.SphereVAE(kl_capacity=(0, INF, 9)), ValueError,
        "(start, end, steps)", "inf"),
    bad("annealing that rises", lambda: dv.SphereVAE(time_annealing=(-3, -1, 10)), ValueError,
        "the first the larger", "(-3, -1, 10)"),
    bad("annealing without end", lambda: dv.SphereVAE(time_annealing=(1, -3, INF)), ValueError,
        "a number of training steps", "inf"),
    bad("limits as a word", lambda: dv.SphereVAE(log_time_range="wide"), ValueError,
        '"auto", (low, high) or None', "'wide'"),
    bad("an infinite fixed time", lambda: dv.SphereVAE(fixed_time=INF), ValueError, "finite",
        "inf"),
    bad("a misspelt mode", lambda: dv.RealProjectiveVAE(even_decoder="quadric"), ValueError,
        "`even_decoder`", "Did you mean 'quadratic'?"),
    bad("Veronese on a sphere", lambda: dv.SphereVAE(location_head="veronese"), ValueError,
        "a projective space", "Sphere(dim=2)"),
    bad("a misspelt law", lambda: dv.SphereVAE(posterior="powerspherical"), ValueError,
        "`posterior`", "Did you mean 'power_spherical'?"),
    bad("a law of spheres on a torus",
        lambda: dv.DiffusionVAE("torus", posterior="power_spherical"), TypeError, "type Sphere",
        "FlatTorus"),
    bad("von Mises-Fisher on S^3", lambda: dv.SphereVAE(3, posterior="von_mises_fisher"),
        ValueError, "Sphere(2)", "Sphere(dim=3)"),
    bad("a misspelt argument", lambda: dv.SphereVAE(2, kl_wieght=3), TypeError, "'kl_weight'",
        "'kl_wieght'. Did you mean 'kl_weight'?"),
    bad("a text for factors", lambda: dv.ProductVAE("sphere:2 x torus:1"), TypeError,
        "a list of manifolds", "'sphere:2 x torus:1'"),
    bad("alpha over 1", lambda: dv.InfoVAE(alpha=2), ValueError, "at most 1", "2"),
    bad("alpha in letters", lambda: dv.InfoVAE(alpha="1"), TypeError, "`alpha`", "'1'"),
    bad("a reward for missing the prior", lambda: dv.InfoVAE(alpha=0, lambda_=0), ValueError,
        "alpha + lambda to be at least 1", "lambda_=0"),
    bad("a misspelt variant", lambda: dv.SpatialVAE(variant="lowrank"), ValueError, "`variant`",
        "Did you mean 'low_rank'?"),
    bad("a rank of a free mean", lambda: dv.SpatialVAE(variant="mvn", rank=2), ValueError,
        "no `rank`", "2"),
    bad("larger maps of a vector", lambda: dv.SpatialVAE(variant="vanilla", map_size=3),
        ValueError, "`map_size` 1", "3"),
    bad("clusters of both kinds", lambda: dv.InfoCatVAE(3, 3, manifold="sphere:3"), ValueError,
        "no `cluster_dim` with a manifold", "3"),
    bad("a misspelt optimiser", lambda: small().compile("adamm"), ValueError, "keras.optimizers",
        "'adamm'. Did you mean 'adam'?"),
    bad("a loss of one's own", lambda: small().compile(loss="mse"), ValueError, "no `loss`",
        "'mse'"),
    bad("metrics of one's own", lambda: small().compile(metrics=["mse"]), ValueError,
        "no `metrics`", "['mse']"),
]  # fmt: skip


@each_bad(MODELS)
def test_bad_arguments_of_models(case):
    case.check()


FITS = [
    bad("one number an example", lambda: small().fit(X[:, 0, 0]), ValueError, "[examples, ...]",
        "(24,)"),
    bad("no examples", lambda: small().fit(X[:0]), ValueError, "at least one example", "(0, 4"),
    bad("examples with NaN", lambda: small().fit(spoiled(NAN)), ValueError, "finite", "1 NaN"),
    bad("examples with infinity", lambda: small().fit(spoiled(INF)), ValueError, "finite",
        "1 NaN"),
    bad("texts", lambda: small().fit(X.astype(str)), ValueError, "real numbers", "<U"),
    bad("objects", lambda: small().fit(X.astype(object)), ValueError, "real numbers", "object"),
    bad("complex data", lambda: small().fit(X.astype(complex)), ValueError, "real", "complex128"),
    bad("a list", lambda: small().fit(X.tolist()), TypeError, "an array [examples, ...]", "list"),
    bad("a path", lambda: small().fit("x.npy"), TypeError, "an array [examples, ...]", "str"),
    bad("nothing", lambda: small().fit(), TypeError, "an array [examples, ...]", "NoneType"),
    bad("labels", lambda: small().fit(X, np.arange(24)), ValueError, "the shape of a recon", "()"),
    bad("too few targets", lambda: small().fit(X, X[:20]), ValueError, "each of the 24", "20"),
    bad("targets as texts", lambda: small().fit(X, X.astype(str)), ValueError, "`y`", "<U"),
    bad("targets as a list", lambda: small().fit(X, X.tolist()), TypeError, "`y`", "list"),
    bad("batches of none", lambda: small().fit(X, batch_size=0), ValueError, "`batch_size`", "0"),
    bad("batches of 2.5", lambda: small().fit(X, batch_size=2.5), TypeError, "an integer",
        "2.5"),
    bad("a negative number of epochs", lambda: small().fit(X, epochs=-1), ValueError, "`epochs`",
        "-1"),
    bad("epochs as a word", lambda: small().fit(X, epochs="many"), TypeError, "`epochs`", "many"),
    bad("twice the data held out", lambda: small().fit(X, validation_split=2.0), ValueError,
        "`validation_split`", "2.0"),
    bad("held-out data of another shape", lambda: small().fit(X, validation_data=X[:, :2]),
        ValueError, "(4, 3)", "(2, 3)"),
    bad("empty held-out data", lambda: small().fit(X, validation_data=X[:0]), ValueError,
        "`validation_data`", "(0, 4, 3)"),
    bad("a number held out", lambda: small().fit(X, validation_data=3), TypeError,
        "`validation_data`", "int"),
    bad("four held-out arrays", lambda: small().fit(X, validation_data=(X, X, X, X)), ValueError,
        "(x, y, sample_weight)", "a tuple of 4"),
    bad("too few weights", lambda: small().fit(X, sample_weight=np.ones(20)), ValueError,
        "each of the 24", "20"),
    bad("negative weights", lambda: small().fit(X, sample_weight=-np.ones(24)), ValueError,
        "at least 0", "-1"),
    bad("weights of NaN", lambda: small().fit(X, sample_weight=np.full(24, NAN)), ValueError,
        "finite", "24 NaN"),
    bad("weights as a word", lambda: small().fit(X, sample_weight="equal"), ValueError,
        "`sample_weight`", "<U5"),
    bad("a number for callbacks", lambda: small().fit(X, callbacks=3), TypeError, "`callbacks`",
        "3"),
    bad("grey values over 1", lambda: small(likelihood="bernoulli").fit(5 * X), ValueError,
        "in [0, 1]", "to 4.98"),
    bad("data over the tanh's range",
        lambda: dv.SpatialVAE().fit(np.full((2, 32, 32, 1), 5.0, "float32")), ValueError,
        "[-1, 1]", "5 to 5"),
    bad("pictures of another size", lambda: built().fit(np.zeros((8, 5, 3), "float32")),
        ValueError, "(4, 3)", "(5, 3)"),
    bad("an encoder without an end",
        lambda: dv.SphereVAE(2, keras.Sequential([keras.layers.Dense(3)])).fit(X), ValueError,
        "[batch, n]", "(None, 4, 3)"),
    bad("evaluation of another size", lambda: built().evaluate(X[:, :2]), ValueError, "(4, 3)",
        "(2, 3)"),
    bad("evaluation of NaN", lambda: built().evaluate(spoiled(NAN)), ValueError, "finite",
        "1 NaN"),
    bad("prediction of nothing", lambda: built().predict(X[:0]), ValueError, "at least one",
        "(0,"),
    bad("prediction of texts", lambda: built().predict(X.astype(str)), ValueError, "real", "<U"),
    bad("prediction of NaN", lambda: built().predict(spoiled(NAN)), ValueError, "finite", "1 NaN"),
]  # fmt: skip


@each_bad(FITS)
def test_bad_data_for_keras_own_methods(case):
    case.check()


POINTS = np.eye(3, dtype="float32")[:2]
QUESTIONS = [
    bad("the code of another size", lambda: built().encode(X[:, :2]), ValueError, "(4, 3)",
        "(2, 3)"),
    bad("the code of one example", lambda: built().encode(X[0]), ValueError, "(4, 3)", "(3,)"),
    bad("the code of nothing", lambda: built().encode(X[:0]), ValueError, "at least one", "(0,"),
    bad("the code of NaN", lambda: built().encode(spoiled(NAN)), ValueError, "finite", "1 NaN"),
    bad("the code of numbers in letters", lambda: built().encode(X.astype(str)), ValueError,
        "real numbers", "<U"),
    bad("the code of a number", lambda: built().encode(3.0), ValueError, "[examples, ...]", "()"),
    bad("batches of none", lambda: built().encode(X, batch_size=0), ValueError, "at least 1",
        "0"),
    bad("the bound of infinity", lambda: built().elbo(spoiled(INF)), ValueError, "finite",
        "1 NaN"),
    bad("no importance samples", lambda: built().log_likelihood(X, samples=0), ValueError,
        "`samples`", "0"),
    bad("half an importance sample", lambda: built().log_likelihood(X, samples=1.5), TypeError,
        "`samples`", "1.5"),
    bad("the likelihood of a number", lambda: built().log_likelihood(3), ValueError,
        "[examples, ...]", "()"),
    bad("points of another space", lambda: built().decode(POINTS[:, :2]), ValueError, "3]",
        "(2, 2)"),
    bad("points of NaN", lambda: built().decode(POINTS + NAN), ValueError, "finite", "6 NaN"),
    bad("points in letters", lambda: built().decode([["a", "b", "c"]]), ValueError, "`z`", "<U1"),
    bad("points before data", lambda: small().decode(POINTS), ValueError, "has seen data",
        "not built"),
    bad("a picture before data", lambda: small().sample(), ValueError, "has seen data", "not"),
    bad("no pictures", lambda: built().sample(0), ValueError, "`n`", "0"),
    bad("pictures as a word", lambda: built().sample("many"), TypeError, "`n`", "'many'"),
    bad("no draws", lambda: built().sample_posterior(X, n=0), ValueError, "`n`", "0"),
    bad("a path of one point", lambda: built().interpolate(*POINTS, n=1), ValueError,
        "at least 2", "1"),
    bad("a path elsewhere", lambda: built().interpolate(*POINTS[:, :2]), ValueError, "[..., 3]",
        "(2,)"),
    bad("a path to NaN", lambda: built().interpolate(POINTS[0], POINTS[1] + NAN), ValueError,
        "finite", "3 NaN"),
    bad("a path through a mirror",
        lambda: small("o3").interpolate(np.eye(3).ravel(), -np.eye(3).ravel()), ValueError,
        "a path joins", "O3()"),
    bad("windows of no width", lambda: evaluation.parzen_log_density(X, X, 0), ValueError,
        "positive widths", "0"),
    bad("windows round nothing", lambda: evaluation.parzen_log_density(X, X[:0], 1.0),
        ValueError, "at least one each", "(0, 4, 3)"),
    bad("windows round texts", lambda: evaluation.parzen_log_density(X, X.astype(str), 1.0),
        ValueError, "real numbers", "<U"),
    bad("fewer clusters than labels", lambda: evaluation.cluster_scores([1, 2], [1]), ValueError,
        "a cluster for each label", "(1,)"),
    bad("a cluster of NaN", lambda: evaluation.cluster_scores([1, 2], [NAN, 1.0]), ValueError,
        "`clusters` to be finite", "1 NaN"),
    bad("a cluster beyond the last", lambda: evaluation.live_clusters([0, 5], 3), ValueError,
        "below 3", "to 5"),
    bad("clusters of a model without", lambda: evaluation.self_consistency(built()), TypeError,
        "a model with clusters", "DiffusionVAE"),
]  # fmt: skip


@each_bad(QUESTIONS)
def test_bad_questions_to_models(case):
    case.check()


def test_a_batch_may_be_larger_than_the_data():
    model = small()
    assert len(model.fit(X, batch_size=1000, verbose=0).history["loss"]) == 1
    assert model.predict(X, batch_size=1000, verbose=0)["z"].shape == (24, 3)
    assert model.elbo(X, batch_size=1000).shape == (24,)


def test_one_example_is_enough():
    model = small()
    history = model.fit(X[:1], validation_data=X[:1], verbose=0).history
    assert np.isfinite([history["loss"], history["val_elbo"]]).all()
    estimate = model.log_likelihood(X[:1], samples=3)
    assert np.isfinite(estimate.mean) and np.isnan(estimate.standard_error)


@pytest.mark.parametrize("statistic", ["v", "u"])
def test_a_last_batch_of_one_spoils_no_divergence(statistic):
    options = {
        "encoder": networks.MLPEncoder((8,)),
        "decoder": networks.MLPDecoder((8,), event_shape=(4, 3)),
    }
    divergence = divergences.MMDToPrior(statistic=statistic)
    model = dv.InfoVAE("sphere:2", divergence=divergence, **options)
    model.compile("adam", run_eagerly=True)
    assert np.isfinite(model.fit(X, batch_size=23, verbose=0).history["loss"]).all()


def test_a_pipeline_of_another_size_is_named():
    import tensorflow as tf

    pipeline = tf.data.Dataset.from_tensor_slices(X[:, :2]).batch(8)
    with pytest.raises(ValueError, match=r"examples of shape \(4, 3\).*Received: \(2, 3\)"):
        built().predict(pipeline, verbose=0)
