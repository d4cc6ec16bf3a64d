"""Means of the random walk against those of Brownian motion.

On an isotropic space E cos r after N steps is the N-th power of that of one step, a
one-dimensional integral: the sampler is held against this number, which needs no
allowance for the walk's bias, and the number against Brownian motion.
"""

import math

import numpy as np
import pytest
from keras import ops

from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.manifolds import SO3, EmbeddedTorus, FlatTorus, RealProjective, Sphere

DRAWS = 40_000


def chi_quadrature(dim, count=80):
    """Nodes and weights of the length of a standard normal vector of R^dim."""
    x, weight = np.polynomial.legendre.leggauss(count)
    r = 5.0 * (x + 1.0)  # [0, 10]
    weight = weight * r ** (dim - 1) * np.exp(-0.5 * r**2)
    return r, weight / weight.sum()


def walk_cosine(dim, t, steps):
    """E cos r of the walk on S^dim: one step goes from (1, 0) along (1 + n, v)."""
    scale = math.sqrt(t / steps)
    n, n_weight = np.polynomial.hermite_e.hermegauss(60)
    n_weight = n_weight / n_weight.sum()
    v, v_weight = chi_quadrature(dim)
    forward = 1.0 + scale * n[:, None]
    cosine = forward / np.hypot(forward, scale * v)  # [n, v]
    return float(n_weight @ cosine @ v_weight) ** steps


def walk_trace(t, steps):
    """E tr R of the walk on SO(3): tangent steps of Frobenius length sqrt 2 times the angle."""
    v, weight = chi_quadrature(3)
    angle = math.sqrt(t / steps / 2.0) * v
    return 3.0 * float((1.0 + 2.0 * np.cos(angle)) @ weight / 3.0) ** steps


def draw(manifold, t, steps=10, count=DRAWS, location=None):
    """Locations `[n]` (one point, repeated) and where the walk takes them."""
    if location is None:
        location = manifold.random_uniform((), seed=5)
    location = ops.broadcast_to(location, (count, manifold.ambient_dim))
    time = ops.full((count, 1), t)
    y = RandomWalk(manifold, steps=steps).sample(location, time, seed=0)
    return ops.convert_to_numpy(location), ops.convert_to_numpy(y)


def assert_mean(values, expected):
    """Within 4 standard errors of the expected mean."""
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error, (values.mean(), expected, error)


@pytest.mark.parametrize("t", [0.01, 0.3])
@pytest.mark.parametrize("dim", [1, 2, 3, 10])
def test_sphere(dim, t):
    x, y = draw(Sphere(dim), t)
    assert_mean(np.sum(x * y, axis=-1), walk_cosine(dim, t, 10))


@pytest.mark.parametrize("dim", [1, 2, 3, 10])
def test_the_walk_tends_to_brownian_motion_on_the_sphere(dim):
    # E cos r = exp(-d t / 2); the bias falls with the size t / N of a step, and with its
    # square on S^3, where the first order cancels.
    t = 0.2
    exact = math.exp(-0.5 * dim * t)
    coarse, fine = (abs(walk_cosine(dim, t, steps) - exact) for steps in (20, 40))
    assert coarse / fine == pytest.approx(4.0 if dim == 3 else 2.0, rel=0.1)
    assert fine < 0.01


def test_the_bias_of_ten_steps_is_the_known_one():
    # Found elsewhere by simulation, to about 1e-3: .7668 on S^1 (Brownian motion: .7788),
    # .1204 on S^10 (.0821), and .0888 there with 50 steps.
    assert walk_cosine(1, 0.5, 10) == pytest.approx(0.7668, abs=1e-3)
    assert walk_cosine(10, 0.5, 10) == pytest.approx(0.1204, abs=1e-3)
    assert walk_cosine(10, 0.5, 50) == pytest.approx(0.0888, abs=1e-3)


def test_projective_space_walks_on_its_sphere():
    x, y = draw(RealProjective(2), 0.1)
    assert_mean(np.sum(x * y, axis=-1), walk_cosine(2, 0.1, 10))
    even = np.sum(x * y, axis=-1) ** 2  # E cos^2 r = (1 + 2 exp(-3t)) / 3
    error = even.std() / math.sqrt(DRAWS)
    assert abs(even.mean() - (1.0 + 2.0 * math.exp(-0.3)) / 3.0) < 4 * error + 0.01 / 10


def test_torus_circles_are_independent_walks():
    x, y = draw(FlatTorus(2), 0.2)
    cosines = np.sum((x * y).reshape(-1, 2, 2), axis=-1)  # [n, circle]
    expected = walk_cosine(1, 0.2, 10)
    for circle in (0, 1):
        assert_mean(cosines[:, circle], expected)
    assert_mean(cosines[:, 0] * cosines[:, 1], expected**2)


@pytest.mark.jax
@pytest.mark.parametrize("t", [0.01, 0.5])
def test_rotations(t):
    x, y = draw(SO3(), t)
    assert_mean(np.sum(x * y, axis=-1), walk_trace(t, 10))
    # E tr R = 3 exp(-t / 2), up to the bias of ten steps: t / N of the change
    assert walk_trace(t, 10) == pytest.approx(3.0 * math.exp(-0.5 * t), rel=0.02 * t)


def test_embedded_torus_drifts_towards_the_outside():
    # Brownian motion in the induced metric: the tube angle has the variance t / a^2 and the
    # drift -sin(v) / (2 a (c + a cos v)). The walk's own bias is of order t^2.
    torus, t, n = EmbeddedTorus(3.0, 0.6), 0.004, 400_000
    v = 0.5 * math.pi
    start = torus.from_angles(ops.array([0.3, v]))
    _, y = draw(torus, t, steps=4, count=n, location=start)
    angles = ops.convert_to_numpy(torus.angles(ops.convert_to_tensor(y)))
    moved = angles[:, 1] - v
    spread = t / 0.6**2
    drift = -math.sin(v) / (2 * 0.6 * (3.0 + 0.6 * math.cos(v))) * t  # -1.11e-3
    assert_mean(moved, drift)  # standard error 1.7e-4
    assert_mean(moved**2, spread)
    assert_mean((angles[:, 0] - 0.3) ** 2, t / 3.0**2)


def test_the_uniform_law_is_stationary_on_the_embedded_torus():
    # E cos v = a / 2c under the area; a walk blind to the metric would bring it to 0.
    torus = EmbeddedTorus(3.0, 1.5)
    location = torus.random_uniform((DRAWS,), seed=3)
    y = RandomWalk(torus, steps=80).sample(location, ops.full((DRAWS, 1), 4.0), seed=0)
    cosine = np.cos(ops.convert_to_numpy(torus.angles(y))[:, 1])
    assert_mean(cosine, 0.25)
