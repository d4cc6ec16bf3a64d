"""Mixtures of heat kernels as priors: their densities, and draws that follow them."""

import keras
import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from manifold_list import ALL, each

from diffusion_vae import priors
from diffusion_vae.heat_kernels import RandomWalk, has_heat_kernel, heat_kernel
from diffusion_vae.manifolds import O3, Euclidean, Hyperbolic, Product, Sphere
from diffusion_vae.priors import MixturePrior, VampPrior

KNOWN = {name: m for name, m in ALL.items() if has_heat_kernel(m)}
DRAWS = 2000


def mixture(manifold, components=6, seed=1, uneven=True, **options):
    prior = MixturePrior(heat_kernel(manifold), components, seed=seed, **options)
    prior.build()
    if uneven:
        prior.logits.assign(np.linspace(-1.0, 1.0, components))
    return prior


def vamp(manifold, components=6):
    """A VampPrior whose encoder takes pseudo-inputs for locations, at two times."""
    prior = VampPrior(heat_kernel(manifold), components, seed=0)
    times = np.tile([[0.05], [0.6]], (components // 2, 1)).astype("float32")
    prior.read_by(lambda u: {"location": manifold.project(u), "time": times})
    prior.build((None, manifold.ambient_dim))
    prior.start_at(manifold.prior_sample((components,), seed=3))
    return prior


def circle(n=2000):
    angle = 2.0 * np.pi * (np.arange(n) + 0.5) / n
    return np.stack([np.cos(angle), np.sin(angle)], -1).astype("float32"), 2.0 * np.pi / n


def sphere(n=200):
    """Gauss points in the height, equal angles about the axis, and their weights."""
    height, weight = np.polynomial.legendre.leggauss(n)
    angle = np.pi * (np.arange(2 * n) + 0.5) / n
    height, angle = (part.reshape(-1) for part in np.meshgrid(height, angle, indexing="ij"))
    ring = np.sqrt(1.0 - height**2)
    points = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], -1)
    return points.astype("float32"), np.repeat(weight, 2 * n) * np.pi / n


def log_density(prior, z):
    return ops.convert_to_numpy(prior.log_density(z)).astype(float)


@pytest.mark.jax
@pytest.mark.parametrize("make", [mixture, vamp])
def test_the_density_integrates_to_one_on_the_circle_and_the_sphere(make):
    for dim, (points, weight) in ((1, circle()), (2, sphere())):
        prior = make(Sphere(dim))
        if make is mixture:
            prior.log_times.assign(np.linspace(-5.0, -1.0, 6)[:, None])  # narrow and wide ones
        total = (np.exp(log_density(prior, points)) * weight).sum()
        assert total == pytest.approx(1.0, abs=2e-4), dim  # tables of the kernel: 1e-4


@pytest.mark.slow
@each(KNOWN)
def test_draws_have_the_density_on_every_manifold(manifold):
    """E_mixture[p / mixture] = 1 with p the manifold's prior, a law that is known."""
    prior = mixture(manifold)
    z = prior.sample(DRAWS, seed=5)
    assert tuple(z.shape) == (DRAWS, manifold.ambient_dim)
    ratio = np.exp(ops.convert_to_numpy(manifold.prior_log_density(z)) - log_density(prior, z))
    error = ratio.std(ddof=1) / np.sqrt(DRAWS)
    assert error < 0.08
    assert abs(ratio.mean() - 1.0) < 4.0 * error


@pytest.mark.slow
@each(KNOWN)
def test_the_start_is_close_to_the_manifolds_prior(manifold):
    """E_p log(p / mixture), in nats; the chi-square divergence is 0.1 on average over starts."""
    prior = mixture(manifold, 50, uneven=False)
    z = manifold.prior_sample((DRAWS,), seed=2)
    difference = ops.convert_to_numpy(manifold.prior_log_density(z)) - log_density(prior, z)
    assert -0.02 < difference.mean() < 0.5  # hyperbolic space has more room than the rule counts


def test_moments_of_draws_are_those_of_the_components():
    for dim in (1, 2):  # E z = sum_k w_k exp(-d t_k / 2) c_k on S^d
        prior = mixture(Sphere(dim))
        location, time, log_weight = map(ops.convert_to_numpy, prior.components())
        shrink = np.exp(log_weight) * np.exp(-0.5 * dim * time[:, 0])
        z = ops.convert_to_numpy(prior.sample(20_000, keras.random.SeedGenerator(5)))
        error = z.std(axis=0) / np.sqrt(len(z))
        assert (np.abs(z.mean(axis=0) - shrink @ location) < 4.0 * error).all(), dim


def test_the_gradient_in_the_weights_is_that_of_finite_differences():
    prior = mixture(Sphere(1), 3, dtype="float64")
    points = circle(7)[0].astype("float64")
    variables = [prior.centres, prior.log_times, prior.logits]
    values = [ops.convert_to_numpy(v) for v in variables]

    def total(*arrays):
        with keras.StatelessScope(state_mapping=list(zip(variables, arrays, strict=True))):
            return ops.sum(prior.log_density(ops.convert_to_tensor(points)))

    _, gradients = value_and_gradients(total, *values)
    for index, gradient in enumerate(gradients):
        assert np.abs(gradient).max() > 1e-2
        for place in np.ndindex(gradient.shape):
            ends = []
            for sign in (1.0, -1.0):
                moved = [v.copy() for v in values]
                moved[index][place] += sign * 1e-5
                ends.append(float(total(*map(ops.convert_to_tensor, moved))))
            slope = (ends[0] - ends[1]) / 2e-5
            assert gradient[place] == pytest.approx(slope, abs=1e-6), (index, place)


def test_times_stay_within_the_limits_of_the_law():
    prior = mixture(Sphere(2), 2)
    prior.log_times.assign([[-100.0], [100.0]])
    low, high = heat_kernel(Sphere(2)).default_log_time_range()[0]
    times = np.log(ops.convert_to_numpy(prior.components()[1])[:, 0])
    np.testing.assert_allclose(times, [low, high], atol=1e-4)


def test_a_space_of_two_pieces_has_no_density_of_zero():
    space = O3()
    prior = mixture(space, 1)
    z = space.prior_sample((400,), seed=0)
    assert np.isfinite(log_density(prior, z)).all()
    turned = np.linalg.det(ops.convert_to_numpy(prior.sample(4000, seed=1)).reshape(-1, 3, 3))
    own = np.sign(np.linalg.det(ops.convert_to_numpy(prior.components()[0]).reshape(3, 3)))
    share = (np.sign(turned) != own).mean()  # half of a hundredth; standard error 0.0011
    assert share == pytest.approx(0.005, abs=0.0045)
    assert mixture(Product([Sphere(2), O3()]), 2).share == prior.share > 0
    assert mixture(Sphere(2), 2).share == 0.0


def test_bad_arguments_give_one_sentence():
    with pytest.raises(ValueError, match="exact draws and densities"):
        MixturePrior(RandomWalk(Sphere(2)))
    with pytest.raises(ValueError, match="exact draws and densities"):
        priors.make("vamp", RandomWalk(Sphere(2)))
    with pytest.raises(ValueError, match="`components` to be at least 1"):
        MixturePrior(heat_kernel(Sphere(2)), 0)
    for space in (Euclidean(2), Hyperbolic(2)):
        with pytest.raises(ValueError, match='closed manifold for prior="uniform"'):
            priors.make("uniform", heat_kernel(space))
    with pytest.raises(ValueError, match="Did you mean 'mixture'"):
        priors.make("mixtur", heat_kernel(Sphere(2)))
    with pytest.raises(TypeError, match="a LearnedPrior or None"):
        priors.get("mixture", Sphere(2))
    with pytest.raises(ValueError, match="Expected a prior on Sphere"):
        priors.get(mixture(Sphere(1), 2), Sphere(2))
    with pytest.raises(ValueError, match="has told it how to encode"):
        VampPrior(heat_kernel(Sphere(2)), 2).log_density(np.eye(3))
    with pytest.raises(ValueError, match="examples of a known shape"):
        VampPrior(heat_kernel(Sphere(2)), 2).build((None, None, 3))
    # A walk in R^d and H^d is the exact law.
    assert priors.make("mixture", RandomWalk(Euclidean(2)), 2).count == 2
