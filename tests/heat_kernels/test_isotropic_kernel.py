"""Tables of spheres and their quotients against the float64 reference and known moments."""

import functools
import math

import numpy as np
import pytest
from keras import ops

from diffusion_vae.heat_kernels import heat_kernel, numeric
from diffusion_vae.heat_kernels.radial import inverse_softplus, radial_tables
from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds import SO3, FlatTorus, RealProjective, Sphere

TIMES = np.geomspace(1e-4, 50.0, 19)
DRAWS = 40_000


def support(dim, t):
    """Radii that matter: up to 5 standard deviations beyond the mean radius."""
    return np.linspace(0.0, min(math.pi, math.sqrt(t) * (math.sqrt(dim) + 5.0)), 50)


@functools.cache
def reference(dim):
    """Times, radii `[times, 50]` and the log density at them, in float64."""
    r = np.stack([support(dim, t) for t in TIMES])
    expected = [numeric.sphere_log_density(dim, row, t) for row, t in zip(r, TIMES, strict=True)]
    return np.broadcast_to(TIMES[:, None], r.shape), r, np.stack(expected)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dim", [2, 3, 5, 10, 64])
def test_log_density_against_the_reference(dim, dtype):
    t, r, expected = reference(dim)
    found = radial_tables(Zonal.sphere(dim)).log_density(
        ops.convert_to_tensor(r.astype(dtype)), ops.convert_to_tensor(t.astype(dtype))
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3, 5, 10, 64])
def test_kl_against_quadrature(dim):
    exact = {Zonal.sphere: numeric.sphere_kl, Zonal.real_projective: numeric.projective_kl}
    for space, kl in exact.items():
        tables = radial_tables(space(dim))
        expected = np.array([kl(dim, t) for t in TIMES])
        wide = tables.kl(ops.convert_to_tensor(TIMES))
        np.testing.assert_allclose(wide, expected, rtol=0, atol=1e-6)
        t = ops.convert_to_tensor(TIMES.astype("float32"))
        np.testing.assert_allclose(tables.kl(t), expected, atol=1e-4)


@pytest.mark.jax
@pytest.mark.parametrize("manifold", [Sphere(1), FlatTorus(2), RealProjective(1)], ids=repr)
def test_kl_of_circles(manifold):
    kernel, location = heat_kernel(manifold), manifold.random_uniform((len(TIMES),), seed=0)
    found = kernel.kl_to_prior(location, ops.convert_to_tensor(TIMES[:, None].astype("float32")))
    scale = 4.0 if isinstance(manifold, RealProjective) else 1.0
    expected = [manifold.dim * numeric.sphere_kl(1, scale * t) for t in TIMES]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("dim", [2, 5, 20])
def test_value_and_slope_do_not_jump(dim):
    # Through both ends of the table: the curvature
    # in log t stays of the size of the terms; a jump of the slope by s would add s / h.
    tables, h = radial_tables(Zonal.sphere(dim)), 1e-3
    log_t = np.arange(math.log(5e-6), math.log(60.0), h)
    t = np.exp(log_t)
    for r in (0.0, 0.3, 1.5, 3.0):
        value = np.asarray(tables.log_density(ops.full(t.shape, r, dtype="float64"), t))
        within = r < np.sqrt(t) * (math.sqrt(dim) + 5.0)
        slope = np.diff(value[within]) / h
        size = (1.0 + dim + r**2 / (2.0 * t))[within][2:]
        assert np.all(np.abs(slope) < 3.0 * (1.0 + dim + r**2 / (2.0 * t))[within][1:])
        assert np.all(np.abs(np.diff(slope)) / h < 3.0 * size)


def moments(manifold, t, location, y):
    """Pairs of values whose means are known, and the means."""
    d = manifold.dim
    if isinstance(manifold, SO3):
        trace = np.sum(location * y, axis=-1)  # of the rotation from one to the other
        return [(trace, 3.0 * math.exp(-0.5 * t))]
    if isinstance(manifold, FlatTorus):
        angles = np.asarray(manifold.angle_between(location, y))
        return [(np.cos(k * a), math.exp(-0.5 * k**2 * t)) for a in angles.T for k in (1, 2)]
    cosine = np.sum(location * y, axis=-1)
    if d == 1:
        return [(cosine, math.exp(-0.5 * t)), (2 * cosine**2 - 1, math.exp(-2.0 * t))]
    # harmonics of degree 1 and 2; on RP^d the sample's sign is that of the sphere
    second = ((d + 1) * cosine**2 - 1) / d
    return [(cosine, math.exp(-0.5 * d * t)), (second, math.exp(-(d + 1) * t))]


@pytest.mark.parametrize("t", [1e-4, 0.01, 0.2, 1.0, 5.0, 50.0])
@pytest.mark.parametrize(
    "manifold",
    [
        Sphere(1),
        Sphere(2),
        Sphere(3),
        Sphere(10),
        Sphere(64),
        RealProjective(2),
        FlatTorus(2),
        SO3(),
    ],
    ids=repr,
)
def test_means_of_harmonics(manifold, t):
    location = ops.broadcast_to(manifold.random_uniform((), seed=5), (DRAWS, manifold.ambient_dim))
    y = heat_kernel(manifold).sample(location, ops.full((DRAWS, 1), t), seed=1)
    location, y = (np.asarray(z, dtype=np.float64) for z in (location, y))
    for values, expected in moments(manifold, t, location, y):
        error = values.std() / math.sqrt(DRAWS)
        assert abs(values.mean() - expected) < 4 * error + 1e-6, (values.mean(), expected, error)


@pytest.mark.parametrize("dim", [2, 3, 7, 64])
def test_radii_grow_with_the_noise(dim):
    tables = radial_tables(Zonal.sphere(dim))
    v = np.linspace(1e-3, math.sqrt(dim) + 6.0, 400)
    for log_t in (-9.0, -4.0, -1.0, 0.0, 1.0, 3.9):
        r = v * np.asarray(tables.radius(v, np.full_like(v, math.exp(log_t))))
        assert np.all(np.diff(r) > -1e-5) and np.all(r < math.pi + 1e-5)  # as the table


def test_radii_have_the_probabilities_of_the_noise():
    # P(|noise| < v) = P(radius < r), the right side by quadrature of the numeric.
    from scipy.stats import chi

    dim, t = 2, 0.7
    v = np.array([0.3, 1.0, 2.0, 3.5])
    stretch = np.asarray(radial_tables(Zonal.sphere(dim)).stretch(np.full(4, math.log(t)), v))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    for noise, end in zip(v, v * math.sqrt(t) * np.exp(stretch), strict=True):
        r = 0.5 * end * (nodes + 1.0)
        q = np.exp(numeric.sphere_log_density(dim, r, t))
        mass = np.sum(0.5 * end * weights * 2.0 * math.pi * np.sin(r) * q)
        assert mass == pytest.approx(chi.cdf(noise, dim), abs=1e-6)


def test_inverse_softplus():
    x = np.array([1e-30, 1e-12, 1e-6, 0.1, 1.0, 30.0, 300.0])
    g = inverse_softplus(np.log(x))
    np.testing.assert_allclose(np.logaddexp(0.0, g), x, rtol=1e-7)
