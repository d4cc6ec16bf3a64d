"""Where training starts on spheres of any dimension, and how far the exact kernel reaches."""

import math
import time

import numpy as np
import pytest
from keras import ops
from standard_errors import assert_mean

from diffusion_vae.heat_kernels import (
    EmbeddedTorusKernel,
    RandomWalk,
    heat_kernel,
    isotropic,
)
from diffusion_vae.heat_kernels import get as get_law
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.manifolds import SO3, EmbeddedTorus, Product, RealProjective, Sphere

SEVENTH = math.sqrt(0.02)
SPACES = {
    "sphere:2": Sphere(2),
    "sphere:40": Sphere(40),
    "sphere:53": Sphere(53),
    "sphere:54": Sphere(54),
    "sphere:64": Sphere(64),
    "sphere:80": Sphere(80),
    "projective:54": RealProjective(54),
    "sphere:512": Sphere(512),
    "projective:1024": RealProjective(1024),
    "so3 x sphere:60": Product([SO3(), Sphere(60)]),
}
each_space = pytest.mark.parametrize("name", SPACES)


@pytest.fixture
def without_tables(monkeypatch):
    """Kernels that know their times, but neither draw nor have a density."""
    monkeypatch.setattr(isotropic, "radial_tables", lambda space: None)


def start_of(manifold, **options):
    latent = BrownianLatent(heat_kernel(manifold), **options)
    return np.exp(latent.time.initial_log_time), latent.time.log_time_range


@each_space
def test_training_starts_at_a_cloud_of_a_seventh_of_the_radius(name, without_tables):
    manifold = SPACES[name]
    times, limits = start_of(manifold)
    factors = manifold.factors or (manifold,)
    for factor, t, (low, high) in zip(factors, times, limits, strict=True):
        radius = 2.0 * math.sqrt(2.0) if factor == SO3() else 1.0
        # E cos(angle) = exp(-d t / 2) on a sphere: cos is its first eigenfunction.
        angle = math.acos(math.exp(-0.5 * factor.dim * t / radius**2))
        assert angle == pytest.approx(SEVENTH, rel=0.01)
        assert low + 1.9 < math.log(t) < high - 1.9
        assert factor.dim * math.exp(high) / radius**2 < 600.0  # the KL there is 1e-260
        assert factor.dim > 10 or high == pytest.approx(math.log(50.0))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sphere:54", "projective:54"])
def test_an_untrained_posterior_is_far_from_the_uniform_law(name):
    manifold = SPACES[name]
    latent = BrownianLatent(heat_kernel(manifold), seed=0)
    params = latent.parameters(np.random.default_rng(0).normal(size=(500, 3)).astype("f4"))
    t, d = 0.02 / 54, 54
    expected = math.log(manifold.volume) - d / 2 * (1.0 + math.log(2 * math.pi * t))
    expected += d * (d - 1) * t / 4.0  # the short-time KL, with the scalar curvature
    assert expected > 100.0
    np.testing.assert_allclose(latent.kl(params), expected, atol=0.02)
    cosine = ops.sum(latent.sample(params) * params["location"], axis=-1)
    assert np.mean(np.arccos(cosine)) == pytest.approx(SEVENTH, rel=0.02)


def test_limits_that_are_given_keep_the_start_off_their_ends(without_tables):
    for limits, expected in {
        (-12.0, -2.0): math.log(0.01),
        (-4.0, -1.0): -3.7,  # the default lies below them
        (-12.0, -7.0): -7.5,  # above
        (-4.8, 1.2): -4.2,  # at their edge
    }.items():
        times, _ = start_of(Sphere(2), log_time_range=limits)
        np.testing.assert_allclose(np.log(times), [expected])
    times, _ = start_of(Sphere(80), log_time_range=isotropic.LOG_TIME_RANGE)
    assert math.exp(-0.5 * 80 * times[0]) > 0.98  # beside the point of its location


def test_small_tori_start_within_their_limits():
    torus = EmbeddedTorus(0.03, 0.01)
    law = EmbeddedTorusKernel(torus)
    [(low, high)], [start] = law.default_log_time_range(), law.default_initial_log_time()
    assert low < start < high
    assert BrownianLatent(law).time.initial_log_time == [start]


@pytest.mark.parametrize("manifold", [Sphere(1025), RealProjective(2000)], ids=str)
@pytest.mark.parametrize("kernel", ["auto", "exact"])
def test_a_dimension_beyond_the_tables_is_refused_at_once(manifold, kernel):
    began = time.process_time()
    message = (
        r"a dimension of at most 1024 .* Received: {}\(dim={}\)\. Use `kernel=\"random_walk\"`"
    )
    message = message.format(type(manifold).__name__, manifold.dim)
    for space in (manifold, Product([Sphere(2), manifold])):
        with pytest.raises(ValueError, match=message):
            get_law(kernel, space)
    assert time.process_time() - began < 1.0


def test_the_walk_has_no_largest_dimension():
    z = np.eye(129, dtype="f4")[0]
    time = np.exp([start_of_walk(Sphere(128))]).astype("f4")
    assert np.isfinite(RandomWalk(Sphere(128)).kl_to_prior(z, time))


def start_of_walk(manifold):
    return RandomWalk(manifold).default_initial_log_time()[0]


@pytest.mark.slow
@pytest.mark.parametrize("dim", [128, 512, 1024])
def test_the_largest_tables_are_laws(dim):
    draws, times = 4000, np.array([0.02, 0.1, 0.3, 1.0]) / dim
    for manifold in (Sphere(dim), RealProjective(dim)):
        start = np.eye(dim + 1, dtype="f4")[0]
        t = np.repeat(times[:, None], draws, axis=1)[..., None].astype("f4")
        law = heat_kernel(manifold)
        cosine = np.asarray(law.sample(start, t, seed=0))[..., 0]
        for row, expected in zip(cosine, np.exp(-0.5 * dim * times), strict=True):
            assert_mean(row, expected)  # the first eigenfunction
