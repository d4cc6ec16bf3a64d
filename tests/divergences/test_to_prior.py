"""Distances to the prior: closed forms against quadrature and large samples of the prior."""

import json
import math

import keras
import numpy as np
import pytest
from backends import value_and_gradients
from manifold_list import ALL, CLOSED, each
from scipy import integrate, stats

from diffusion_vae import manifolds
from diffusion_vae.divergences import (
    EnergyDistanceToPrior,
    HeatKernelMMDToPrior,
    MMDToPrior,
    SampledDivergenceToPrior,
    energy_distance,
    get,
    mmd,
)
from diffusion_vae.divergences.prior_terms import gaussian_mean, mean_distance
from diffusion_vae.heat_kernels import has_heat_kernel

HOMOGENEOUS = {
    name: manifold
    for name, manifold in ALL.items()
    if name not in ("embedded-torus:3,0.6", "ellipsoid") and "hyperbolic" not in name
}
# The torus of revolution's kernel takes half a minute to make.
WITH_KERNEL = {
    name: manifold
    for name, manifold in CLOSED.items()
    if has_heat_kernel(manifold) and not name.startswith("embedded-torus")
}
DRAWS = 20_000


def draws(manifold, n, seed=0):
    return keras.ops.convert_to_numpy(manifold.prior_sample((n,), seed=seed))


def squares(manifold, x, y):
    x, y = (np.asarray(manifold.even_embedding(z), "float64") for z in (x, y))
    return ((x[:, None] - y[None]) ** 2).sum(axis=-1)


@each(HOMOGENEOUS)
def test_gaussian_means_are_those_of_the_prior(manifold):
    bandwidth = 0.8 * manifold.ambient_dim
    mean, of_prior = gaussian_mean(manifold, bandwidth)
    z, prior = draws(manifold, 3), draws(manifold, DRAWS, seed=1)
    values = np.exp(-squares(manifold, z, prior) / bandwidth)  # [3, DRAWS]
    error = values.std(axis=1) / math.sqrt(DRAWS)
    np.testing.assert_array_less(abs(np.asarray(mean(z)) - values.mean(axis=1)), 4.0 * error)
    means = np.asarray(mean(prior))
    error = float(means.std()) / math.sqrt(DRAWS)
    assert of_prior == pytest.approx(means.mean(), abs=4.0 * error + 1e-6)


@each(CLOSED)
def test_mean_distances_are_those_of_the_prior(manifold):
    mean = mean_distance(manifold)
    if mean is None:
        pytest.skip("no closed form: the prior is sampled")
    values = np.sqrt(squares(manifold, draws(manifold, 1), draws(manifold, DRAWS, seed=1)))
    assert mean == pytest.approx(values.mean(), abs=4.0 * values.std() / math.sqrt(DRAWS))


@pytest.mark.parametrize(
    ("dim", "bandwidth", "expected"),
    [(1, 2, 0.466), (2, 3, 0.552), (3, 4, 0.626), (9, 10, 0.820)],
)
def test_gaussian_means_on_spheres_by_quadrature(dim, bandwidth, expected):
    def integrand(angle):
        return math.sin(angle) ** (dim - 1) * math.exp(-(2 - 2 * math.cos(angle)) / bandwidth)

    total = integrate.quad(lambda angle: math.sin(angle) ** (dim - 1), 0, math.pi)[0]
    mean = gaussian_mean(manifolds.Sphere(dim), bandwidth)[1]
    assert mean == pytest.approx(integrate.quad(integrand, 0, math.pi)[0] / total, rel=1e-9)
    assert mean == pytest.approx(expected, abs=5e-4)


def test_gaussian_means_of_the_normal_law():
    for dim, expected in [(1, 0.447), (2, 0.333), (10, 0.186), (20, 0.162)]:
        mean, of_prior = gaussian_mean(manifolds.Euclidean(dim), dim)
        assert of_prior == pytest.approx(expected, abs=5e-4)
    mean, _ = gaussian_mean(manifolds.Euclidean(1), 1.3)
    at = integrate.quad(lambda y: stats.norm.pdf(y) * math.exp(-((0.7 - y) ** 2) / 1.3), -9, 9)[0]
    assert float(mean(np.array([0.7]))) == pytest.approx(at, rel=1e-7)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_mean_chords_of_spheres(dim):
    expected = {1: 4 / math.pi, 2: 4 / 3, 3: 1.3581}[dim]
    assert mean_distance(manifolds.Sphere(dim)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exact", "sampled"), [(MMDToPrior, mmd), (EnergyDistanceToPrior, energy_distance)]
)
@each({name: CLOSED[name] for name in ("sphere:2", "projective:2", "so3")})
def test_closed_forms_agree_with_sampled_priors(manifold, exact, sampled):
    # Standard error: of the mean over 3,000 prior draws, twice, as it enters the statistic.
    z = np.tile(draws(manifold, 1), (40, 1)).astype("float32")
    noise = np.random.default_rng(0).normal(size=z.shape).astype("float32")
    z = np.asarray(manifold.project(z + 0.1 * noise))
    drawn = draws(manifold, 3000, seed=5)
    prior, points = manifold.even_embedding(drawn), manifold.even_embedding(z)
    options = {"bandwidth": manifold.ambient_dim} if sampled is mmd else {}
    expected = float(sampled(prior, points, statistic="u", **options))
    r2 = squares(manifold, z[:1], drawn)
    terms = np.exp(-r2 / manifold.ambient_dim) if sampled is mmd else np.sqrt(r2)
    error = 2.0 * float(terms.std()) / math.sqrt(len(drawn))
    assert expected > 10.0 * error
    assert float(exact(statistic="u")(z, manifold)) == pytest.approx(expected, abs=4.0 * error)


@pytest.mark.slow
@each(CLOSED)
@pytest.mark.parametrize("divergence", ["mmd", "energy"])
def test_the_prior_itself_is_near_and_a_point_is_far(manifold, divergence):
    distance = type(get(divergence))(statistic="u", prior_samples=1000)
    near = float(distance(draws(manifold, 1000), manifold, seed=1))
    far = float(distance(np.repeat(draws(manifold, 1), 1000, axis=0), manifold, seed=1))
    assert abs(near) < 0.02 * far


@pytest.mark.slow
@each(WITH_KERNEL)
def test_heat_kernel_mmd_needs_no_prior_samples(manifold):
    # Uniform points: the U-statistic has mean zero; V exceeds it by (k(0) - 1) / n.
    z = draws(manifold, 500)
    unbiased = float(HeatKernelMMDToPrior(statistic="u")(z, manifold))
    biased = float(HeatKernelMMDToPrior()(z, manifold))
    point = float(HeatKernelMMDToPrior()(np.repeat(z[:1], 2, axis=0), manifold))
    assert abs(unbiased) < 0.02 * point
    assert biased == pytest.approx(unbiased + (point - unbiased) / 500, rel=0.02, abs=1e-4)


def test_heat_kernel_mmd_on_the_circle_is_a_sum_over_frequencies():
    # V-statistic = sum over k of 2 exp(-k^2 t / 2) |mean exp(i k angle)|^2.
    angles = np.array([0.3, 0.9, 2.0, 2.1])
    z = np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype("float32")
    expected = sum(
        2 * math.exp(-(k**2) * 0.5 / 2) * abs(np.mean(np.exp(1j * k * angles))) ** 2
        for k in range(1, 30)
    )
    found = HeatKernelMMDToPrior(time=0.5)(z, manifolds.FlatTorus(1))
    assert float(found) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("divergence", [*("mmd", "energy", "heat_kernel")])
@pytest.mark.parametrize("text", ["projective:2", "projective:3 x torus:1"])
def test_antipodes_are_one_point_of_projective_space(divergence, text):
    manifold = manifolds.get(text)
    z = draws(manifold, 20).astype("float32")
    flipped = z.copy()
    n = manifold.ambient_dim - (2 if "x" in text else 0)
    flipped[::2, :n] *= -1.0
    values = [float(get(divergence)(points, manifold, seed=0)) for points in (z, flipped)]
    assert values[0] == pytest.approx(values[1], rel=1e-4, abs=1e-5)


@pytest.mark.jax
@pytest.mark.parametrize("divergence", ["mmd", "energy", "heat_kernel"])
@pytest.mark.parametrize("text", ["sphere:2", "torus:2", "projective:2"])
def test_gradients_are_finite_and_pull_towards_the_prior(divergence, text):
    manifold = manifolds.get(text)
    z = np.repeat(draws(manifold, 2), 5, axis=0).astype("float32")
    z[:5] *= 1.0 + 1e-6  # clusters of coincident points
    value, (gradient,) = value_and_gradients(lambda z: get(divergence)(z, manifold, seed=0), z)
    assert np.isfinite(gradient).all()
    moved = manifold.project(z - 0.1 * np.asarray(gradient) / np.abs(gradient).max())
    assert float(get(divergence)(moved, manifold, seed=0)) < float(value)


@keras.saving.register_keras_serializable("diffusion_vae_tests")
def difference_of_means(p, q):
    return keras.ops.sum(keras.ops.square(keras.ops.mean(p, 0) - keras.ops.mean(q, 0)))


@pytest.mark.parametrize(
    "divergence",
    [MMDToPrior(0.5, "u", 50), EnergyDistanceToPrior("u"), HeatKernelMMDToPrior(0.1),
     SampledDivergenceToPrior(difference_of_means, 30)],
)  # fmt: skip
def test_configurations_make_the_same_divergence(divergence):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(divergence)))
    again = get(config)
    assert again.get_config() == divergence.get_config()
    z = draws(manifolds.Sphere(2), 10)
    values = [float(d(z, manifolds.Sphere(2), seed=3)) for d in (divergence, again)]
    assert values[0] == values[1]


def test_bad_divergences_are_refused():
    with pytest.raises(ValueError, match="'wasserstein'"):
        get("wasserstein")
    with pytest.raises(ValueError, match="closed manifold"):
        HeatKernelMMDToPrior()(np.zeros((3, 2), "float32"), manifolds.Euclidean(2))
    with pytest.raises(ValueError, match="bandwidth"):
        MMDToPrior(bandwidth=-1.0)
    with pytest.raises(ValueError, match="at least 2"):
        MMDToPrior(prior_samples=1)
