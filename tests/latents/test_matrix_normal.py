"""Matrix-variate normal feature maps against the Kronecker normal, SciPy and TFP."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from diffusion_vae.latents import LatentDistribution, MatrixNormalLatent

FEATURES = np.random.default_rng(0).normal(size=(5, 7)).astype("float32")
D, MAPS = 3, 2
COVARIANCES = ("independent", "diagonal", "full")
each_form = pytest.mark.parametrize(
    ("rank", "covariance"), [(r, c) for r in (None, 1, 2) for c in COVARIANCES]
)
each_covariance = pytest.mark.parametrize("covariance", COVARIANCES)


def latent(rank=None, covariance="diagonal", seed=0, **options):
    layer = MatrixNormalLatent(D, MAPS, rank=rank, covariance=covariance, seed=seed, **options)
    layer.build((None, 7))
    layer.covariance_head.kernel.assign(2.5 * layer.covariance_head.kernel)  # not all near 1
    return layer


def numpy(values):
    return {name: ops.convert_to_numpy(value) for name, value in values.items()}


def row_and_column_covariance(params, example, k):
    """Omega and Psi of a map, `[d, d]` each."""
    if "row_factor" in params:
        factors = [params[name][example, k] for name in ("row_factor", "column_factor")]
        return [factor @ factor.T for factor in factors]
    names = ("row_log_variance", "column_log_variance")
    return [np.diag(np.exp(params[name][example, :, k])) for name in names]


def kronecker(params, example, k):
    """Mean `[d^2]` and covariance `[d^2, d^2]` of a map, row by row."""
    mean = params["mean"][example, :, :, k].ravel()
    if "log_variance" in params:
        return mean, np.diag(np.exp(params["log_variance"][example, :, :, k]).ravel())
    return mean, np.kron(*row_and_column_covariance(params, example, k))


@pytest.mark.jax
@each_form
def test_kl_is_that_of_the_kronecker_normal(rank, covariance):
    layer = latent(rank, covariance)
    params = layer.parameters(FEATURES)
    expected = np.zeros(len(FEATURES))
    for i in range(len(FEATURES)):
        for k in range(MAPS):
            mean, cov = (a.astype(float) for a in kronecker(numpy(params), i, k))
            log_det = np.linalg.slogdet(cov)[1]
            expected[i] += 0.5 * (np.trace(cov) + mean @ mean - len(mean) - log_det)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.kl(params)), expected, rtol=2e-5)
    assert expected.min() > 0.3


@each_covariance
def test_kl_is_the_mean_log_ratio_of_its_own_draws(covariance):
    layer = latent(covariance=covariance)
    params = layer.parameters(FEATURES)
    many = {n: ops.broadcast_to(v, (20000, *v.shape)) for n, v in params.items()}
    z = layer.sample(many)
    ratio = ops.convert_to_numpy(layer.log_density(z, params) - layer.prior_log_density(z))
    error = ratio.std(axis=0) / np.sqrt(len(ratio))  # about 0.03 nats
    assert error.max() < 0.1
    np.testing.assert_array_less(np.abs(ratio.mean(axis=0) - layer.kl(params)), 4 * error)


@pytest.mark.torch
@pytest.mark.jax
@each_form
def test_log_density_is_that_of_the_kronecker_normal(rank, covariance):
    layer = latent(rank, covariance)
    params = layer.parameters(FEATURES)
    z = np.random.default_rng(1).normal(size=(4, 5, D, D, MAPS)).astype("float32")
    expected = np.zeros((4, 5))
    for i in range(5):
        for k in range(MAPS):
            law = stats.multivariate_normal(*kronecker(numpy(params), i, k))
            expected[:, i] += law.logpdf(z[:, i, :, :, k].reshape(4, -1))
    found = ops.convert_to_numpy(layer.log_density(z, params))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_log_density_is_tfps_matrix_normal(covariance):
    tfd = pytest.importorskip("tensorflow_probability").distributions
    import tensorflow as tf

    layer = latent(covariance=covariance)
    params = numpy(layer.parameters(FEATURES))
    z = ops.convert_to_numpy(layer.sample(layer.parameters(FEATURES)))
    expected = np.zeros(5)
    for i in range(5):
        for k in range(MAPS):
            operators = [
                tf.linalg.LinearOperatorLowerTriangular(np.linalg.cholesky(c))
                for c in row_and_column_covariance(params, i, k)
            ]
            law = tfd.MatrixNormalLinearOperator(params["mean"][i, :, :, k], *operators)
            expected[i] += float(law.log_prob(z[i, :, :, k]))
    np.testing.assert_allclose(
        layer.log_density(z, layer.parameters(FEATURES)), expected, rtol=1e-4
    )


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_log_density_is_scipys_matrix_normal(covariance):
    layer = latent(covariance=covariance)
    params = numpy(layer.parameters(FEATURES))
    z = np.random.default_rng(2).normal(size=(5, D, D, MAPS)).astype("float32")
    expected = [
        sum(
            stats.matrix_normal.logpdf(
                z[i, :, :, k],
                params["mean"][i, :, :, k],
                *row_and_column_covariance(params, i, k),
            )
            for k in range(MAPS)
        )
        for i in range(5)
    ]
    got = layer.log_density(z, layer.parameters(FEATURES))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-3)


@each_covariance
def test_moments_of_row_by_row_draws_are_the_kronecker_normals(covariance):
    layer = latent(covariance=covariance)
    params = layer.parameters(FEATURES[:1])
    n = 100_000
    z = layer.sample({name: ops.broadcast_to(v, (n, *v.shape)) for name, v in params.items()})
    for k in range(MAPS):
        draws = ops.convert_to_numpy(z)[:, 0, :, :, k].reshape(n, -1)
        mean, cov = kronecker(numpy(params), 0, k)
        variances = np.diag(cov)
        # Standard errors: sqrt(var / n) of a mean, at most sqrt(2 var_i var_j / n) of a
        # covariance; 5 of them, for 9 means and 45 covariances a map.
        assert (np.abs(draws.mean(axis=0) - mean) < 5 * np.sqrt(variances / n)).all()
        limit = 5 * np.sqrt(2 * np.outer(variances, variances) / n)
        assert (np.abs(np.cov(draws.T) - cov) < limit).all()


def test_a_low_rank_mean_is_a_sum_of_outer_products():
    layer = latent(rank=2)
    raw = ops.convert_to_numpy(layer.mean_head(FEATURES))
    mu, nu = raw.reshape(5, 2, 2, D, MAPS).swapaxes(0, 1)
    expected = np.einsum("nrik,nrjk->nijk", mu, nu)
    mean = numpy(layer.parameters(FEATURES))["mean"]
    np.testing.assert_allclose(mean, expected, atol=1e-6)
    assert (np.linalg.matrix_rank(np.moveaxis(mean, -1, 1), tol=1e-5) == 2).all()


def test_a_low_rank_law_is_the_full_one_of_the_same_mean():
    low, full = latent(rank=1), latent()
    params = low.parameters(FEATURES)
    z = low.sample(params)
    np.testing.assert_allclose(full.kl(params), low.kl(params), rtol=1e-6)
    np.testing.assert_allclose(full.log_density(z, params), low.log_density(z, params), rtol=1e-6)


def test_diagonal_is_a_special_case_of_full_and_of_independent():
    diagonal, full, naive = (latent(covariance=c) for c in ("diagonal", "full", "independent"))
    params = numpy(diagonal.parameters(FEATURES))
    rows, columns = params["row_log_variance"], params["column_log_variance"]
    factors = [
        np.exp(0.5 * np.moveaxis(log, -1, -2))[..., None] * np.eye(D, dtype="float32")
        for log in (rows, columns)
    ]
    cases = {
        full: {"row_factor": factors[0], "column_factor": factors[1]},
        naive: {"log_variance": rows[:, :, None] + columns[:, None]},
    }
    z = diagonal.sample(params)
    for layer, covariance in cases.items():
        same = {"mean": params["mean"], **covariance}
        np.testing.assert_allclose(layer.kl(same), diagonal.kl(params), rtol=1e-5)
        np.testing.assert_allclose(
            layer.log_density(z, same), diagonal.log_density(z, params), rtol=1e-5
        )


def test_scaling_rows_up_and_columns_down_changes_nothing():
    layer = latent()
    params = layer.parameters(FEATURES)
    moved = {
        **params,
        "row_log_variance": params["row_log_variance"] + 0.7,
        "column_log_variance": params["column_log_variance"] - 0.7,
    }
    np.testing.assert_allclose(layer.kl(moved), layer.kl(params), rtol=1e-5)


@each_covariance
def test_the_prior_has_no_kl_and_standard_normal_draws(covariance):
    layer = latent(covariance=covariance)
    for head in (layer.mean_head, layer.covariance_head):
        head.kernel.assign(ops.zeros_like(head.kernel))
    params = layer.parameters(FEATURES)
    np.testing.assert_allclose(layer.kl(params), 0.0, atol=1e-5)
    np.testing.assert_allclose(layer.diagnostics(params)["log_variance"], 0.0, atol=1e-6)
    z = layer.prior_sample(4)
    expected = stats.norm.logpdf(z).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(layer.prior_log_density(z), expected, rtol=1e-5)
    many = ops.convert_to_numpy(layer.prior_sample(5000, seed=1))
    assert stats.kstest(many.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_array_equal(layer.prior_sample(3, seed=4), layer.prior_sample(3, seed=4))


@each_covariance
def test_log_variance_is_the_log_determinant_per_direction(covariance):
    layer = latent(covariance=covariance)
    params = layer.parameters(FEATURES)
    expected = [
        np.mean([np.linalg.slogdet(kronecker(numpy(params), i, k)[1])[1] for k in range(MAPS)]) / 9
        for i in range(5)
    ]
    values = layer.diagnostics(params)
    assert tuple(values) == layer.diagnostic_names
    np.testing.assert_allclose(values["log_variance"], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.jax
@each_form
def test_shapes_with_and_without_a_sample_axis(rank, covariance):
    layer = latent(rank, covariance)
    outputs = layer(FEATURES)
    assert tuple(outputs) == (*layer.parameter_names, "z")
    shapes = layer.compute_output_shape((None, 7))
    assert {n: (None, *v.shape[1:]) for n, v in outputs.items()} == shapes
    assert outputs["z"].shape == (5, *layer.point_shape) == (5, D, D, MAPS)
    params = {name: outputs[name] for name in layer.parameter_names}
    samples = {name: ops.broadcast_to(v, (3, *v.shape)) for name, v in params.items()}
    z = layer.sample(samples)
    assert z.shape == (3, 5, D, D, MAPS)
    assert layer.kl(samples).shape == (3, 5)
    repeated, broadcast = (layer.log_density(z, p) for p in (samples, params))
    np.testing.assert_allclose(
        ops.convert_to_numpy(repeated), ops.convert_to_numpy(broadcast), rtol=1e-5
    )
    assert layer.prior_log_density(z).shape == (3, 5)
    stacked = ops.broadcast_to(FEATURES, (3, 5, 7))
    assert layer.parameters(stacked)["mean"].shape == (3, 5, D, D, MAPS)


@pytest.mark.parametrize(
    ("rank", "covariance", "per_map"),
    [(None, "independent", 2 * 9), (None, "diagonal", 9 + 6), (1, "diagonal", 4 * 3),
     (2, "diagonal", 6 * 3), (None, "full", 9 + 12), (1, "full", 6 + 12)],
)  # fmt: skip
def test_sizes_of_the_head_are_those_of_the_paper(rank, covariance, per_map):
    layer = latent(rank, covariance)
    assert layer.mean_head.units + layer.covariance_head.units == per_map * MAPS


@each_covariance
def test_gradients_reach_every_weight(covariance):
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's tape.")
    layer = latent(rank=1, covariance=covariance)
    with tf.GradientTape() as tape:
        outputs = layer(FEATURES)
        params = {name: outputs[name] for name in layer.parameter_names}
        loss = ops.sum(layer.log_density(outputs["z"], params)) + ops.sum(outputs["z"] ** 3)
    for gradient in tape.gradient(loss, layer.trainable_weights):
        assert np.isfinite(gradient).all()
        assert (np.abs(gradient) > 0).mean() > 0.9


def test_draws_follow_the_seed_and_differ_from_call_to_call():
    first, again, other = (latent(seed=seed) for seed in (1, 1, 2))
    draws = [numpy(first(FEATURES))["z"] for _ in range(2)]
    np.testing.assert_array_equal(draws, [numpy(again(FEATURES))["z"] for _ in range(2)])
    assert np.abs(draws[0] - draws[1]).max() > 0.1
    means = [numpy(layer(FEATURES))["mean"] for layer in (first, again, other)]
    np.testing.assert_array_equal(means[0], means[1])  # the initial weights too
    assert np.abs(means[0] - means[2]).max() > 0.1


def test_the_configuration_makes_the_same_layer():
    layer = MatrixNormalLatent(4, 3, rank=2, covariance="full", seed=5, name="mine")
    again = MatrixNormalLatent.from_config(layer.get_config())
    assert isinstance(again, LatentDistribution)
    assert again.get_config() == layer.get_config()
    assert again.point_shape == (4, 4, 3)
    np.testing.assert_array_equal(again(FEATURES)["z"], layer(FEATURES)["z"])


def test_mixed_precision_keeps_the_law_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        outputs = latent(covariance="full")(FEATURES)
    finally:
        keras.config.set_dtype_policy("float32")
    for value in outputs.values():
        assert keras.backend.standardize_dtype(value.dtype) == "float32"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rank": 4}, "Expected `rank` to be at most `map_size`, 3"),
        ({"rank": 0}, "Expected `rank` to be at least 1"),
        ({"map_size": 0}, "Expected `map_size` to be at least 1"),
        ({"maps": 0}, "Expected `maps` to be at least 1"),
        ({"covariance": "dense"}, "Expected `covariance` to be one of"),
    ],
)
def test_bad_arguments_are_named(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        MatrixNormalLatent(**options)


def test_a_step_of_adam_leaves_variances_within_bounds():
    # Of 4,608 features, as of 64x64 pictures, each weight moves by 1e-3.
    layer = MatrixNormalLatent(D, MAPS, seed=0)
    features = np.random.default_rng(3).normal(size=(20, 4608)).astype("float32")
    before = numpy(layer.parameters(np.abs(features)))["row_log_variance"]
    kernel = layer.covariance_head.kernel
    kernel.assign(kernel + 1e-3)
    after = numpy(layer.parameters(np.abs(features)))["row_log_variance"]
    assert np.abs(before).max() < 1.0
    assert np.abs(after - before).max() < 0.1
