"""The short-time KL: its table, its order, its variants, and what it says about samples."""

import math

import numpy as np
import pytest
from keras import ops
from manifold_list import CLOSED, each
from rotation_laws import o3_kl, so3_kl

from diffusion_vae.heat_kernels import RandomWalk, numeric
from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    FlatTorus,
    ImplicitManifold,
    Product,
    RealProjective,
    Sphere,
)

LOG_TIMES = (-7.5, -6.25, -5.0, -3.75, -2.0)
# -(d/2) log(2 pi t) - d/2 + log Vol + Sc t / 4, computed elsewhere to four decimals.
TABLE = {
    "sphere:1": (Sphere(1), (4.1689, 3.5439, 2.9189, 2.2939, 1.4189)),
    "sphere:2": (Sphere(2), (7.1934, 5.9441, 4.6965, 3.4549, 1.7608)),
    "sphere:3": (Sphere(3), (9.9766, 8.1037, 6.2359, 4.3861, 1.9288)),
    "sphere:4": (Sphere(4), (12.5962, 10.1003, 7.6147, 5.1651, 2.0005)),
    "projective:2": (RealProjective(2), (6.5003, 5.2510, 4.0034, 2.7618, 1.0677)),
    "projective:3": (RealProjective(3), (9.2835, 7.4105, 5.5428, 3.6929, 1.2356)),
    "torus:2": (FlatTorus(2), (8.3379, 7.0879, 5.8379, 4.5879, 2.8379)),
    "so3": (SO3(), (12.4019, 10.5272, 8.6531, 6.7812, 4.1772)),
    "o3": (O3(), (13.0951, 11.2203, 9.3462, 7.4744, 4.8703)),
}
FLAT_POINTS_OF_THE_TORUS = (8.9257, 7.6757, 6.4257, 5.1757, 3.4257)  # where Sc = 0

# Float64 KL of the same spaces, and whether Sc / 4 is all there is up to order t^2.
EXACT = {
    "sphere:2": (Sphere(2), lambda t: numeric.sphere_kl(2, t)),
    "sphere:3": (Sphere(3), lambda t: numeric.sphere_kl(3, t)),
    "sphere:7": (Sphere(7), lambda t: numeric.sphere_kl(7, t)),
    "projective:2": (RealProjective(2), lambda t: numeric.projective_kl(2, t)),
    "projective:3": (RealProjective(3), lambda t: numeric.projective_kl(3, t)),
    "so3": (SO3(), so3_kl),
    "o3": (O3(), o3_kl),
}


def kl(manifold, times, formula="asymptotic", location=None, dtype="float64"):
    """KL at each of the times, from one location, `[times]`."""
    if location is None:
        location = manifold.random_uniform((), seed=0)
    time = ops.cast(np.outer(times, np.ones(manifold.time_dim)), dtype)  # [times, time_dim]
    kernel = RandomWalk(manifold, kl_formula=formula)
    return ops.convert_to_numpy(kernel.kl_to_prior(ops.cast(location, dtype), time, seed=0))


@pytest.mark.jax
@pytest.mark.parametrize("name", TABLE)
def test_the_table(name):
    manifold, expected = TABLE[name]
    np.testing.assert_allclose(
        kl(manifold, np.exp(LOG_TIMES), dtype="float32"), expected, atol=6e-5
    )


def test_the_embedded_torus_where_it_is_flat():
    torus = EmbeddedTorus(3.0, 0.6)
    top = torus.from_angles(ops.array([1.0, 0.5 * math.pi]))
    values = kl(torus, np.exp(LOG_TIMES), location=top)
    np.testing.assert_allclose(values, FLAT_POINTS_OF_THE_TORUS, atol=6e-5)


def test_the_embedded_torus_follows_its_curvature():
    torus, t = EmbeddedTorus(3.0, 0.6), 0.1
    outside, inside = (
        kl(torus, [t], location=torus.from_angles(ops.array([1.0, v])))[0] for v in (0.0, math.pi)
    )
    # Sc / 4 = cos v / (2 a (c + a cos v)): 1/4.32 outside, -1/2.88 inside
    assert outside - inside == pytest.approx((1 / 4.32 + 1 / 2.88) * t, abs=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_the_error_is_of_second_order(name):
    manifold, exact = EXACT[name]
    t = np.array([0.005, 0.01]) * (8.0 if isinstance(manifold, (SO3, O3)) else 1.0)
    error = kl(manifold, t) - [exact(time) for time in t]
    assert error[1] / error[0] == pytest.approx(4.0, rel=0.1)
    assert np.abs(error).max() < 0.003 * manifold.dim


@pytest.mark.parametrize("dim", [1, 2])
def test_flat_tori_have_no_error_at_small_times(dim):
    t = np.array([0.001, 0.05])
    exact = [dim * numeric.sphere_kl(1, time) for time in t]
    np.testing.assert_allclose(kl(FlatTorus(dim), t), exact, atol=1e-9)


@each({k: m for k, m in CLOSED.items() if not isinstance(m, Product)})
def test_the_papers_coefficient(manifold):
    location, t = manifold.random_uniform((), seed=0), 0.02
    curvature = float(manifold.scalar_curvature(ops.cast(location, "float64")))
    ours, paper = (kl(manifold, [t], f, location)[0] for f in ("asymptotic", "paper"))
    expected = ((manifold.dim + 4) / 24 - 0.25) * curvature * t  # 0 for d = 2
    assert paper - ours == pytest.approx(expected, abs=1e-7)


def test_products_take_the_papers_coefficient_of_each_factor():
    product, t = Product([Sphere(3), FlatTorus(2), Sphere(2)]), 0.02
    ours, paper = (kl(product, [t], formula)[0] for formula in ("asymptotic", "paper"))
    assert paper - ours == pytest.approx((7 / 24 - 1 / 4) * 6 * t, abs=1e-9)


def test_the_paper_is_wrong_beyond_two_dimensions():
    exact = numeric.sphere_kl(3, 0.05)
    assert exact == pytest.approx(3.29418, abs=1e-5)
    assert kl(Sphere(3), [0.05])[0] == pytest.approx(3.29439, abs=1e-5)
    assert kl(Sphere(3), [0.05], "paper")[0] == pytest.approx(3.30689, abs=1e-5)


def sampled_log_ratio(manifold, t, n=20_000):
    """log q / p at draws of the walk from one location, `[n]`."""
    location = ops.cast(manifold.random_uniform((), seed=2), "float64")
    location = ops.broadcast_to(location, (n, manifold.ambient_dim))
    time = ops.full((n, manifold.time_dim), t, dtype="float64")
    kernel = RandomWalk(manifold, steps=10)
    y = kernel.sample(location, time, seed=0)
    ratio = kernel.log_density(y, location, time) - manifold.prior_log_density(y)
    return ops.convert_to_numpy(ratio), kernel, location, time


@each({k: m for k, m in CLOSED.items() if not isinstance(m, ImplicitManifold)})
def test_samples_and_density_agree_with_the_kl(manifold):
    # Standard error sqrt(d / 2n): the law of r^2 / 2t is half a chi^2 with d degrees. The
    # walk's bias adds less than d t / N, which at t = .002 is a twentieth of it.
    t = 0.002
    ratio, kernel, location, time = sampled_log_ratio(manifold, t)
    expected = float(kernel.kl_to_prior(location, time)[0])
    error = ratio.std() / math.sqrt(len(ratio))
    assert error == pytest.approx(math.sqrt(manifold.dim / 2 / len(ratio)), rel=0.1)
    assert abs(ratio.mean() - expected) < 4 * error


@each(CLOSED)
def test_monte_carlo_is_the_mean_of_that_ratio(manifold):
    n, t = 400, 0.01
    location = manifold.random_uniform((n,), seed=1)
    time = ops.full((n, manifold.time_dim), t)
    sampled = RandomWalk(manifold, kl_formula="monte_carlo").kl_to_prior(location, time, seed=0)
    formula = ops.convert_to_numpy(RandomWalk(manifold).kl_to_prior(location, time))
    apart = ops.convert_to_numpy(sampled) - formula
    # 16 draws each, a standard deviation of sqrt(d / 2) a draw; bias below d t / N
    error = math.sqrt(manifold.dim / 2 / 16 / n)
    assert apart.std() == pytest.approx(math.sqrt(manifold.dim / 2 / 16), rel=0.25)
    assert abs(apart.mean()) < 4 * error + manifold.dim * t / 10


def test_monte_carlo_draws_by_seed_and_broadcasts():
    kernel = RandomWalk(Sphere(2), kl_formula="monte_carlo")
    location, time = ops.array([[0.0, 0.0, 1.0]] * 3), ops.full((5, 3, 1), 0.1)
    first, again, other = (
        ops.convert_to_numpy(kernel.kl_to_prior(location, time, seed=s)) for s in (0, 0, 1)
    )
    assert first.shape == (5, 3)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).min() > 0
    assert len(np.unique(first)) == 15
