"""What one asks of a model, against closed forms."""

import keras
import numpy as np
import pytest
from scipy import stats

import diffusion_vae as dv
from diffusion_vae import likelihoods

WEIGHT = np.array([[1.0, 0.5, 0.0], [0.0, -1.0, 0.7]])
BIAS = np.array([0.1, 0.2, -0.3])
VARIANCE = 0.5


@pytest.fixture(scope="module")
def linear_model():
    """x = z W + b + noise: evidence and posterior are Gaussians in closed form.

    The encoder gives the true posterior mean, and a time a little above the largest
    variance of the true posterior, so that importance weights are bounded.
    """
    encoder = keras.Sequential([keras.layers.Dense(2)])
    decoder = keras.Sequential([keras.layers.Dense(3)])
    covariance = np.linalg.inv(np.eye(2) + WEIGHT @ WEIGHT.T / VARIANCE)
    model = dv.EuclideanVAE(
        2,
        encoder,
        decoder,
        likelihood=likelihoods.Gaussian(variance=VARIANCE),
        fixed_time=1.1 * float(np.linalg.eigvalsh(covariance).max()),
        seed=0,
    )
    model.build((None, 3))
    decoder.layers[0].set_weights([WEIGHT, BIAS])
    gain = WEIGHT.T @ covariance / VARIANCE  # posterior mean (x - b) gain
    encoder.layers[0].set_weights([gain, -BIAS @ gain])
    model.latent.location.set_weights([np.eye(2), np.zeros(2)])
    evidence = stats.multivariate_normal(BIAS, WEIGHT.T @ WEIGHT + VARIANCE * np.eye(3))
    x = evidence.rvs(300, random_state=1).astype(np.float32)
    return model, x, evidence.logpdf(x)


@pytest.mark.slow
def test_log_likelihood_of_a_linear_model_is_its_evidence(linear_model):
    model, x, evidence = linear_model
    estimate = model.log_likelihood(x, samples=2000, batch_size=64)
    assert estimate.per_example.shape == (300,)
    # Weights vary by less than their mean: an example's error is under 2,000^(-1/2) = 0.022.
    np.testing.assert_allclose(estimate.per_example, evidence, atol=4 * 0.022)
    assert estimate.mean == pytest.approx(evidence.mean(), abs=4 * 0.022 / np.sqrt(300))
    expected = estimate.per_example.std(ddof=1) / np.sqrt(300)
    assert estimate.standard_error == pytest.approx(expected)


@pytest.mark.slow
def test_every_point_counts_and_chunks_do_not_matter(linear_model):
    model, x, evidence = linear_model
    for batch_size in (7, 300, 1000):
        estimate = model.log_likelihood(x, samples=500, batch_size=batch_size)
        assert len(estimate.per_example) == 300
        assert estimate.mean == pytest.approx(evidence.mean(), abs=0.011)


def test_bounds_rise_with_the_number_of_samples_to_the_evidence(linear_model):
    model, x, evidence = linear_model
    elbo = np.mean([model.elbo(x).mean() for _ in range(20)])
    few, many = (model.log_likelihood(x, samples=n).mean for n in (3, 500))
    assert elbo < few < many < evidence.mean() + 0.011


@pytest.mark.slow
def test_elbo_is_expectation_of_log_joint_minus_log_posterior(linear_model):
    model, x, _ = linear_model
    location, time = model.encode(x)
    z = model.sample_posterior(x, 400)  # [400, 300, 2]
    means = model.decode(z)
    joint = stats.norm(0, 1).logpdf(z).sum(-1) + stats.norm(means, np.sqrt(0.5)).logpdf(x).sum(-1)
    posterior = stats.norm(location, np.sqrt(time)).logpdf(z).sum(-1)
    expected = (joint - posterior).mean(axis=0)  # s.e. about 0.1 an example
    ours = np.mean([model.elbo(x) for _ in range(100)], axis=0)
    assert ours.mean() == pytest.approx(expected.mean(), abs=0.05)


def test_interpolation_keeps_its_ends_and_stays_on_the_manifold(make, x):
    model = make("sphere:2")
    z, _ = model.encode(x)
    path = model.interpolate(z[0], z[1], n=9)
    assert path.shape == (9, 3)
    np.testing.assert_allclose(path[0], z[0], atol=1e-6)
    np.testing.assert_allclose(path[-1], z[1], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), 1.0, atol=1e-6)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=-1)
    np.testing.assert_allclose(steps, steps[0], atol=1e-6)
    assert model.interpolate(z[:4], z[4:8], n=5).shape == (5, 4, 3)


def test_no_path_joins_the_components_of_o3(make):
    turn, mirror = np.eye(3).reshape(9), -np.eye(3).reshape(9)
    with pytest.raises(ValueError, match="different components"):
        make("o3").interpolate(turn, mirror)
    with pytest.raises(ValueError, match="at least 2"):
        make("o3").interpolate(turn, turn, n=1)


def test_fixed_time_replaces_the_encoders(make, x):
    _, time = make("sphere:2 x torus:2", fixed_time=[0.1, 0.2]).encode(x)
    np.testing.assert_allclose(time, np.tile([0.1, 0.2], (24, 1)), rtol=1e-6)


def test_points_of_the_wrong_shape_are_refused(make, x):
    model = make()
    model.encode(x)
    with pytest.raises(ValueError, match=r"Expected latent points of shape \[\.\.\., 3\]"):
        model.decode(np.zeros((5, 4)))


def test_an_unbuilt_model_says_so(make):
    with pytest.raises(ValueError, match="Call `fit`"):
        make().sample(3)


@pytest.mark.parametrize(
    ("n", "error", "sentence"),
    [(0, ValueError, "at least 1"), (-1, ValueError, "at least 1"),
     (1.5, TypeError, "an integer"), (True, TypeError, "an integer")],
)  # fmt: skip
def test_counts_are_positive_integers(make, x, n, error, sentence):
    model = make()
    model.encode(x)
    with pytest.raises(error, match=f"Expected `n` to be {sentence}"):
        model.sample(n)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "magic"}, "Expected `kernel`"),
        ({"likelihood": "gausian"}, "Expected `likelihood`"),
        ({"location_head": "nose"}, "Expected `location_head`"),
        ({"kernel": "random_walk", "log_time_range": None}, "Expected limits on log time"),
        ({"log_time_range": "wide"}, "Expected `log_time_range`"),
        ({"log_time_range": (0.0, -1.0)}, "low < high"),
        ({"initial_log_time": 50.0}, "strictly between"),
        ({"fixed_time": -1.0}, "Expected `fixed_time`"),
        ({"kl_weight": -1.0}, "Expected `kl_weight`"),
        ({"walk_steps": 0}, "Expected `walk_steps`"),
    ],
)
def test_bad_arguments_are_one_sentence(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_a_bad_method_of_the_even_decoder_is_refused(make):
    with pytest.raises(ValueError, match="Expected `even_decoder`"):
        make("projective:2", even_decoder="odd")
