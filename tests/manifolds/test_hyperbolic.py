"""Hyperbolic space: digits far from the origin, the heat kernel, its KL to the prior."""

import math

import keras
import mpmath
import numpy as np
import pytest
from keras import ops
from scipy.integrate import quad
from scipy.special import roots_hermitenorm

from diffusion_vae.autodiff import jacobian
from diffusion_vae.heat_kernels import heat_kernel
from diffusion_vae.manifolds import Euclidean, Hyperbolic, Sphere, get
from diffusion_vae.manifolds.numerics import hyperbolic_motion
from diffusion_vae.manifolds.numerics.hyperbolic_tables import longest_time

jax = pytest.mark.jax
DOUBLE = pytest.mark.skipif(
    "float64" not in str(ops.convert_to_tensor(np.ones(1)).dtype), reason="no float64 here"
)
TIMES = (1e-4, 0.02, 0.3, 1.0, 2.5)
RADII = (0.0, 0.1, 0.7, 2.3, 6.0, 40.0)


def at_distance(space, r, dtype="float32"):
    """Points at distances `[k]` from the origin along the first axis."""
    r = np.asarray(r) / space.radius
    rest = np.zeros((len(r), space.dim - 1))
    point = np.concatenate([np.cosh(r)[:, None], np.sinh(r)[:, None], rest], axis=-1)
    return (space.radius * point).astype(dtype)


# -- the density -------------------------------------------------------------------


def recursion(dim, t, r):
    """Millson's recursion in 250 digits: derivatives by cosh r of the normal density."""
    with mpmath.workdps(250):
        order, u = dim // 2, mpmath.cosh(mpmath.mpf(r))

        def wave(v):
            return mpmath.exp((mpmath.mpf(r) ** 2 - mpmath.acosh(v) ** 2) / (2 * t))

        term = mpmath.taylor(wave, u, order)[order]
        value = mpmath.log(abs(term) * mpmath.factorial(order)) - mpmath.mpf(r) ** 2 / (2 * t)
        value -= order * mpmath.log(2 * mpmath.pi) + mpmath.log(2 * mpmath.pi * t) / 2
        return float(value - mpmath.mpf(order) ** 2 * t / 2)


def mckean(t, r):
    """The density of H^2 by McKean's integral, s = r + u^2."""

    def term(u):
        x = u * u
        root = math.sqrt(2.0 * math.sinh(r + 0.5 * x) * math.sinh(0.5 * x)) if u else math.nan
        ratio = 2.0 * u / root if u else 2.0 / math.sqrt(math.sinh(r) or 1e-300)
        return (r + x) * math.exp(-x * (2.0 * r + x) / (2.0 * t)) * ratio

    whole = quad(term, 0.0, 8.0 * t**0.25, epsabs=0.0, epsrel=1e-11, limit=400)[0]
    scale = 0.5 * math.log(2.0) - 1.5 * math.log(2.0 * math.pi * t)
    return scale - 0.125 * t - r * r / (2.0 * t) + math.log(whole)


@pytest.mark.parametrize("dim", [5, 7, 21])
def test_odd_dimensions_are_the_recursion(dim):
    for t in TIMES:
        expected = [recursion(dim, t, r) for r in RADII[1:]]
        np.testing.assert_allclose(
            hyperbolic_motion.log_density(dim, t, RADII[1:]), expected, rtol=1e-12
        )


def test_the_plane_is_mckeans_integral():
    for t in TIMES[1:]:
        expected = [mckean(t, r) for r in RADII[1:-1]]
        found = hyperbolic_motion.log_density(2, t, RADII[1:-1])
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 4, 10, 33])
def test_the_density_adds_up_to_1(dim):
    nodes, weights = np.polynomial.legendre.leggauss(1200)
    log_sphere = math.log(2.0) + 0.5 * dim * math.log(math.pi) - math.lgamma(0.5 * dim)
    for t in (1e-5, 0.02, 1.0):
        end = 0.5 * (dim - 1) * t + (12.0 + math.sqrt(dim)) * math.sqrt(t)
        r = 0.5 * end * (nodes + 1.0)
        log_sinh = np.log(r) - hyperbolic_motion.log_radius_over_sinh(r)
        log_shell = log_sphere + (dim - 1) * log_sinh
        mass = np.exp(hyperbolic_motion.log_density(dim, t, r) + log_shell)
        assert np.sum(0.5 * end * weights * mass) == pytest.approx(1.0, abs=1e-11)


@jax
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=DOUBLE)])
@pytest.mark.parametrize("dim", [1, 2, 3, 5, 8])
def test_the_kernel_has_the_density(dim, dtype):
    space = Hyperbolic(dim)
    t, r = (a.ravel() for a in np.meshgrid(TIMES, RADII))
    expected = hyperbolic_motion.log_density(dim, t, r)
    origin = at_distance(space, np.zeros(len(r)), dtype)
    found = heat_kernel(space).log_density(
        at_distance(space, r, dtype), origin, t[:, None].astype(dtype)
    )
    # float32: of r^2 / 2t, which is large, seven digits.
    error = {"float32": 1e-4 + 4e-7 * np.abs(expected), "float64": 1e-6}[dtype]
    assert np.all(np.abs(np.asarray(found) - expected) < error)


@jax
def test_curvature_scales_lengths_and_times():
    space, unit = Hyperbolic(2, -0.25), Hyperbolic(2)  # radius 2
    r, t = np.array([0.5, 3.0]), np.array([[0.4], [1.2]], "float32")
    found = heat_kernel(space).log_density(at_distance(space, r), at_distance(space, 0 * r), t)
    expected = heat_kernel(unit).log_density(
        at_distance(unit, r / 2.0), at_distance(unit, 0 * r), t / 4.0
    )
    np.testing.assert_allclose(found, expected - 2.0 * math.log(2.0), rtol=1e-5)
    np.testing.assert_allclose(space.distance(at_distance(space, r), [2.0, 0, 0]), r, rtol=1e-6)
    np.testing.assert_allclose(space.scalar_curvature(at_distance(space, r)), -0.5)


@jax
def test_without_curvature_it_is_flat_space():
    space = Hyperbolic(3, curvature=-1e-6)
    velocity = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    z = space.project_even(velocity)
    np.testing.assert_allclose(
        space.prior_log_density(z), Euclidean(3).prior_log_density(velocity), atol=1e-4
    )
    time = np.full((20, 1), 0.3, "float32")
    np.testing.assert_allclose(
        heat_kernel(space).kl_to_prior(z, time),
        heat_kernel(Euclidean(3)).kl_to_prior(velocity, np.repeat(time, 3, axis=-1)),
        atol=2e-4,
    )


# -- samples -----------------------------------------------------------------------


@jax
@pytest.mark.parametrize("dim", [1, 2, 3, 8])
def test_the_mean_height_of_draws_is_an_eigenfunction(dim):
    # cosh r is one of the Laplacian: E cosh r = exp(d t / 2).
    space, n = Hyperbolic(dim), 40_000
    for t in (0.05, 0.5):
        start = np.repeat(at_distance(space, [0.8]), n, axis=0)
        draws = heat_kernel(space).sample(start, np.full((n, 1), t, "float32"), seed=1)
        height = np.asarray(draws)[:, 0].astype("float64")
        expected = math.cosh(0.8) * math.exp(0.5 * dim * t)
        assert abs(height.mean() - expected) < 4.0 * height.std() / math.sqrt(n)
    prior = np.asarray(Hyperbolic(dim, prior_time=0.5).prior_sample((n,), seed=2))[:, 0]
    assert abs(prior.mean() - math.exp(0.25 * dim)) < 4.0 * prior.std() / math.sqrt(n)


# -- KL to the prior ---------------------------------------------------------------


def kl_in_three_dimensions(t, rho, s=1.0):
    """The distance from the origin has a closed law on H^3: Gauss-Hermite, even functions."""

    def log_density(r, t):
        r = np.abs(r)
        ratio = hyperbolic_motion.log_radius_over_sinh(r)
        return -1.5 * math.log(2.0 * math.pi * t) + ratio - 0.5 * t - r**2 / (2.0 * t)

    nodes, weights = roots_hermitenorm(80)
    weights = weights / weights.sum()

    def mean(rho, time):
        places = t + math.sqrt(t) * nodes
        ahead, behind = (log_density(place + places, time) for place in (rho, -rho))
        return (math.exp(rho) * weights @ ahead - math.exp(-rho) * weights @ behind) / (
            2.0 * math.sinh(rho)
        )

    def entropy(r):
        value = float(log_density(r, t))
        return 4.0 * math.pi * math.sinh(r) ** 2 * math.exp(value) * value

    return quad(entropy, 0.0, t + 12.0 * math.sqrt(t), epsabs=1e-12)[0] - mean(rho, s)


# (dim, t, distance of the start from the origin, KL), by quadrature at two resolutions.
KNOWN_KL = [
    (2, 0.02, 0.0, 3.089525695570144),
    (2, 0.02, 2.5, 6.66264650601691),
    (2, 0.3, 0.6, 0.8097388539175918),
    (2, 1.0, 2.5, 4.317436476388801),
    (5, 0.02, 0.6, 9.288984186347097),
    (5, 0.3, 2.5, 8.27493578409395),
    (5, 1.0, 0.0, 0.0),
    (5, 1.0, 0.6, 0.6327213614066665),
]


@jax
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=DOUBLE)])
def test_kl_of_three_dimensions_in_closed_form(dtype):
    space = Hyperbolic(3)
    t, rho = (a.ravel() for a in np.meshgrid([0.01, 0.05, 0.3, 1.0, 3.0], [0.3, 0.5, 2.0, 7.0]))
    expected = [kl_in_three_dimensions(*pair) for pair in zip(t, rho, strict=True)]
    found = heat_kernel(space).kl_to_prior(
        at_distance(space, rho, dtype), t[:, None].astype(dtype)
    )
    error = {"float32": 1e-4, "float64": 1e-6}[dtype]
    np.testing.assert_allclose(found, expected, rtol=error, atol=error)
    known = {(0.3, 0.5): 1.1955579672791785, (1.0, 2.0): 3.7837450984899528}
    for pair, kl in known.items():
        assert kl_in_three_dimensions(*pair) == pytest.approx(kl, abs=1e-6)


@jax
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=DOUBLE)])
@pytest.mark.parametrize("dim", [2, 5])
def test_kl_of_other_dimensions(dim, dtype):
    t, rho, expected = np.array([row[1:] for row in KNOWN_KL if row[0] == dim]).T
    space = Hyperbolic(dim)
    found = heat_kernel(space).kl_to_prior(
        at_distance(space, rho, dtype), t[:, None].astype(dtype)
    )
    np.testing.assert_allclose(found, expected, atol={"float32": 1e-4, "float64": 1e-6}[dtype])


@jax
def test_kl_on_the_line_is_that_of_normal_laws():
    space = Hyperbolic(1, prior_time=2.0)
    rho, t = np.array([0.0, 1.5, 30.0]), np.array([[0.01], [2.0], [0.5]])
    expected = 0.5 * (t[:, 0] / 2.0 + rho**2 / 2.0 - 1.0 - np.log(t[:, 0] / 2.0))
    found = heat_kernel(space).kl_to_prior(at_distance(space, rho), t.astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


@jax
def test_a_product_adds_what_its_factors_have():
    space = get("hyperbolic:2 x sphere:2 x euclidean:2")
    z = space.prior_sample((7,), seed=0)
    time = np.random.default_rng(0).uniform(0.1, 0.9, size=(7, 4)).astype("float32")
    parts = zip(space.factors, space.split(z), space.split_time(time), strict=True)
    expected = sum(np.asarray(heat_kernel(f).kl_to_prior(z, t)) for f, z, t in parts)
    np.testing.assert_allclose(heat_kernel(space).kl_to_prior(z, time), expected, rtol=1e-5)


# -- digits ------------------------------------------------------------------------


def exact_distance(a, b):
    """Of points given by their space coordinates, in 60 digits."""
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(float(v)) for v in point] for point in (a, b))
        top = [mpmath.sqrt(1 + sum(v * v for v in point)) for point in (a, b)]
        square = sum((v - w) ** 2 for v, w in zip(a, b, strict=True)) - (top[0] - top[1]) ** 2
        return float(2 * mpmath.asinh(mpmath.sqrt(square) / 2))


@jax
def test_distances_keep_their_digits_from_here_to_the_horizon():
    space, rng = Hyperbolic(3), np.random.default_rng(0)
    # JAX computes in float32, where products of far points have lost their last digits.
    single = keras.backend.backend() == "jax"
    for far in (0.0, 1.0, 8.0) if single else (0.0, 1.0, 8.0, 20.0):
        for near in (1e-6, 1e-3, 0.1, 10.0, 30.0):
            direction = rng.normal(size=3)
            velocity = far * direction[None] / np.linalg.norm(direction)
            start = space.project_even(velocity.astype("float32"))
            headings = rng.normal(size=(5, 3))
            headings[0] = -direction  # through the origin
            headings *= near / np.linalg.norm(headings, axis=-1, keepdims=True)
            end = space.move(start, headings.astype("float32"))
            found = np.asarray(space.distance(start, end))
            place = np.asarray(start)[0, 1:]
            exact = [exact_distance(place, point[1:]) for point in np.asarray(end)]
            np.testing.assert_allclose(found, exact, rtol=1e-4 if single else 1e-6)
    from_origin = np.array([1e-6, 1e-3, 0.5, 8.0, 20.0, 40.0])
    origin = at_distance(space, 0.0 * from_origin)
    velocity = np.outer(from_origin, [0.0, 0.0, 1.0]).astype("float32")
    found = space.distance(origin, space.project_even(velocity))
    np.testing.assert_allclose(found, from_origin, rtol=1e-6)


@jax
def test_the_head_reaches_the_far_parts_with_finite_slopes():
    space = Hyperbolic(2)
    lengths = np.array([0.0, 1e-12, 1e-3, 1.0, 39.0, 40.0, 1e3, 1e30], "float32")
    velocity = lengths[:, None] * np.array([[0.6, 0.8]], "float32")
    z = space.project_even(velocity)
    np.testing.assert_allclose(
        space.distance(z, at_distance(space, 0.0 * lengths)), np.minimum(lengths, 40.0), rtol=1e-6
    )
    for function, x in (
        (space.project_even, velocity),
        (space.even_embedding, z),
        (lambda z: space.move(z, np.full((8, 2), 0.3, "float32")), z),
        (lambda z: heat_kernel(space).kl_to_prior(z, np.full((8, 1), 0.1, "float32"))[:, None], z),
    ):
        assert np.all(np.isfinite(np.asarray(jacobian(function, ops.convert_to_tensor(x)))))
    near = np.asarray(jacobian(space.project_even, ops.convert_to_tensor(velocity[:2])))
    np.testing.assert_allclose(near[:, 1:], np.tile(np.eye(2), (2, 1, 1)), atol=1e-6)
    np.testing.assert_allclose(space.even_embedding(z)[:6], velocity[:6], rtol=1e-5, atol=1e-17)


@jax
def test_opposite_directions_meet_at_the_origin():
    space = Hyperbolic(2)
    x = space.project_even(np.array([[3.0, 0.0], [0.0, -9.0]], "float32"))
    y = space.project_even(np.array([[-3.0, 0.0], [0.0, 9.0]], "float32"))
    middle = np.asarray(space.geodesic(x, y, 0.5))
    np.testing.assert_allclose(middle, [[1.0, 0.0, 0.0]] * 2, atol=2e-3)
    np.testing.assert_allclose(space.distance(x, y), [6.0, 18.0], rtol=1e-6)


# -- what is refused ---------------------------------------------------------------


def test_what_is_no_hyperbolic_space_gets_a_sentence():
    with pytest.raises(ValueError, match=r"negative\. Received: 1\.0\. Curvature 0 is Euclidean"):
        Hyperbolic(2, curvature=1.0)
    with pytest.raises(ValueError, match=r"at most 10 in dimension 2\. Received: 11"):
        Hyperbolic(2, prior_time=11.0)
    assert longest_time(64) > 1.0  # the standard prior of 64 dimensions
    with pytest.raises(ValueError, match="take a curvature nearer to 0"):
        Hyperbolic(100)
    assert Hyperbolic(100, curvature=-0.5).dim == 100
    with pytest.raises(ValueError, match="no uniform law"):
        Hyperbolic(2).random_uniform((3,))
    assert get("hyperbolic:2,-0.5") == Hyperbolic(2, -0.5)
    assert get("hyperbolic:3") != Hyperbolic(3, prior_time=0.9) and get("sphere:2") == Sphere(2)
