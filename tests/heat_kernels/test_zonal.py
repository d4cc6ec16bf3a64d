"""Spaces of rank one by their Jacobi parameters, and spheres of a thousand dimensions."""

import json
import math
import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import eval_jacobi, gammaln
from standard_errors import assert_mean

from diffusion_vae import SphereVAE
from diffusion_vae.heat_kernels import contour, cut_locus, heat_kernel, numeric
from diffusion_vae.heat_kernels.radial import RadialTables, radial_tables
from diffusion_vae.heat_kernels.shells import Shells
from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds import ComplexProjective, RealProjective, Sphere

HIGH = json.loads((Path(__file__).parents[1] / "oracles" / "sphere_high_dim.json").read_text())
ROWS = np.array(HIGH["rows"])  # dim, t, r, log q by mpmath
# KL of CP^n at t = .02, .1, .3, 1, by quadrature of the Jacobi series (nats).
COMPLEX_KL = {
    1: (2.258968026696154, 0.8121918601012035, 0.14263448935950218, 0.0005033398986091786),
    2: (3.8644787873849413, 1.1238172833062219, 0.10410691660733251, 2.4544824622330097e-05),
    3: (5.103812160418823, 1.2124785891263472, 0.05740905197631152, 8.436999312522175e-07),
    5: (6.90022671648316, 1.099212166194973, 0.012370957566836038, 6.606392100039216e-10),
}
TIMES = np.array([0.02, 0.1, 0.3, 1.0])
SPACES = (
    Zonal.sphere(2), Zonal.sphere(9), Zonal.real_projective(4), Zonal.complex_projective(2),
    Zonal.complex_projective(7),
)  # fmt: skip
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def support(space, t):
    """Gauss-Legendre nodes and log weights over the radii that matter, in volume."""
    end = min(space.end, math.sqrt(t) * (math.sqrt(space.dim) + 11.0))
    r = 0.5 * end * (NODES + 1.0)
    return r, np.log(0.5 * end * WEIGHTS) + space.log_shell(r)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_the_contour_is_the_jacobi_series(space):
    # sum_k P_k(1) P_k(x) / |P_k|^2 exp(-eigenvalue t / 2), which float64 can sum at long times.
    a, b, r = space.alpha, space.beta, np.linspace(0.0, space.end, 21)
    x, double = (np.cos(r), 1) if space.is_sphere else (np.cos(2.0 * r), 4)
    for t in (0.5, 1.5):
        total = np.zeros_like(r)
        for k in range(40):
            log_norm = math.log((2 * k + a + b + 1) / (a + b + 1)) if k else 0.0
            log_norm += gammaln(k + a + b + 1) - gammaln(a + b + 1)
            log_norm += gammaln(b + 1) - gammaln(k + b + 1)  # over P_k(1) = (a + 1)_k / k!
            rate = double * k * (k + a + b + 1)
            total += np.exp(log_norm - 0.5 * rate * t) * eval_jacobi(k, a, b, x)
        expected = np.log(total) - space.log_volume
        np.testing.assert_allclose(contour.log_density(space, r, t), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "space", [*SPACES, Zonal.sphere(300), Zonal.complex_projective(60)], ids=str
)
def test_densities_integrate_to_one_at_any_time(space):
    for t in (1e-6, 1e-4, 0.01, 0.1, 1.0, 20.0):
        r, log_volume = support(space, t)
        mass = np.sum(np.exp(log_volume + contour.log_density(space, r, t)))
        assert mass == pytest.approx(1.0, abs=1e-9), t


def test_volumes_and_rates():
    known = {  # volume, smallest eigenvalue and its multiplicity, scalar curvature
        Zonal.sphere(2): (4.0 * math.pi, 2, 3, 2),
        Zonal.real_projective(3): (math.pi**2, 8, 9, 6),
        Zonal.complex_projective(3): (math.pi**3 / 6.0, 16, 15, 48),
    }
    for space, (volume, *rest) in known.items():
        assert math.exp(space.log_volume) == pytest.approx(volume)
        assert [space.rate, space.multiplicity, space.scalar_curvature] == rest
        _, log_shells = support(space, 100.0)
        assert np.sum(np.exp(log_shells)) == pytest.approx(volume)


def test_the_kl_on_complex_projective_spaces():
    for n, expected in COMPLEX_KL.items():
        kernel = heat_kernel(ComplexProjective(n))
        z = ops.convert_to_numpy(kernel.manifold.random_uniform((1,), seed=0))
        for dtype, tolerance in (("float64", 1e-6), ("float32", 1e-4)):
            t = TIMES[:, None].astype(dtype)
            found = kernel.kl_to_prior(z.astype(dtype), t)
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
        exact = [numeric.complex_projective_kl(n, t) for t in TIMES]
        np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", [2, 4, 20])
def test_the_table_is_right_up_to_the_cut_locus(n):
    tables, space = radial_tables(Zonal.complex_projective(n)), Zonal.complex_projective(n)
    # Closer to the end than the bend of the density there, whose width is t.
    r = np.concatenate([np.linspace(0.0, 1.5, 16), 0.5 * math.pi - np.geomspace(0.05, 1e-6, 16)])
    for t in (1e-3, 0.0123, 0.1, 0.77, 5.0):
        expected = contour.log_density(space, r, t)
        wide = tables.log_density(r, np.full_like(r, t))
        np.testing.assert_allclose(wide, expected, rtol=1e-6, atol=2e-4)


def test_bessel_functions_at_the_cut_locus():
    from scipy.special import ive

    z = np.geomspace(1e-3, 1e5, 40)
    for beta in (0.0, 0.5, 1.0, 3.5, 20.0):
        with np.errstate(divide="ignore"):
            expected = np.log(ive(beta, z)) + gammaln(beta + 1.0) - beta * np.log(0.5 * z)
        seen = np.isfinite(expected)
        found = cut_locus.log_mean_exp(beta, z)
        np.testing.assert_allclose(found[seen], expected[seen], rtol=0, atol=1e-8)


@pytest.mark.parametrize("n", [1, 3])
def test_means_of_an_eigenfunction_on_complex_projective_spaces(n):
    # |<x, y>|^2 - 1/(n + 1) is an eigenfunction: its mean falls as exp(-2 (n + 1) t).
    manifold, draws = ComplexProjective(n), 20_000
    times = np.array([1e-3, 0.02, 0.2, 1.0])
    z = manifold.random_uniform((), seed=0)
    t = np.broadcast_to(times[:, None, None], (len(times), draws, 1)).astype("f4")
    y = heat_kernel(manifold).sample(z, t, seed=1)
    overlap = np.cos(ops.convert_to_numpy(manifold.distance(y, z)).astype("f8")) ** 2
    for row, time in zip(overlap, times, strict=True):
        assert_mean(row, 1.0 / (n + 1) + n / (n + 1) * math.exp(-2.0 * (n + 1) * time))


# -- high dimension --------------------------------------------------------------------


def test_log_densities_of_large_spheres_against_mpmath():
    for dim in np.unique(ROWS[:, 0]).astype(int):
        _, t, r, expected = ROWS[ROWS[:, 0] == dim].T
        exact = contour.log_density(Zonal.sphere(dim), r, t)
        np.testing.assert_allclose(exact, expected, rtol=1e-11, atol=1e-9)
        table = np.asarray(radial_tables(Zonal.sphere(dim)).log_density(r, t))
        np.testing.assert_allclose(table, expected, rtol=1e-6, atol=1e-5)
        law = heat_kernel(RealProjective(dim))
        z, axis = np.eye(dim + 1)[:2]
        y = np.cos(r)[:, None] * z + np.sin(r)[:, None] * axis
        near = expected[r < 0.4 * math.pi]  # the antipode adds nothing there
        found = np.asarray(law.log_density(y, z, t[:, None]))[r < 0.4 * math.pi]
        assert np.all(found > near - 1e-6 * np.abs(near))
        np.testing.assert_allclose(found, near, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dim", [128, 1024])
def test_kl_and_densities_of_large_spheres_are_finite_and_fall(dim):
    z = np.eye(dim + 1, dtype="f4")[:1]
    t = np.geomspace(1e-7, 60.0, 400, dtype="f4")[:, None]
    for manifold in (Sphere(dim), RealProjective(dim)):
        law = heat_kernel(manifold)
        kl = np.asarray(law.kl_to_prior(z, t))
        assert np.all(np.isfinite(kl)) and np.all(np.diff(kl) <= 1e-4)
        exact = numeric.sphere_kl if manifold == Sphere(dim) else numeric.projective_kl
        some = t[::57, 0].astype("f8")
        wide = law.kl_to_prior(z.astype("f8"), some[:, None])
        expected = np.array([exact(dim, time) for time in some])
        np.testing.assert_allclose(wide, expected, rtol=1e-6, atol=1e-6)
        for y in (z, -z, np.roll(z, 1)):
            assert np.all(np.isfinite(law.log_density(y, z, t)))


def test_a_large_table_takes_little_memory():
    tracemalloc.start()
    tables = RadialTables(Zonal.sphere(512))
    shells = Shells(tables.space, np.geomspace(*tables.ends, 259))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert np.abs(shells.mass.sum(axis=-1) - 1.0).max() < 1e-8


@pytest.mark.slow
def test_a_sphere_of_512_dimensions_trains(without_graphs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 12)).astype("f4")
    encoder = keras.Sequential([keras.layers.Dense(8, activation="relu")])
    model = SphereVAE(512, encoder=encoder, decoder=keras.Sequential([keras.layers.Dense(12)]))
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(x, batch_size=16, epochs=2, verbose=0)
    report = model.evaluate(x, batch_size=32, verbose=0, return_dict=True)
    assert all(np.isfinite(value) for value in report.values())
    assert all(np.isfinite(ops.convert_to_numpy(weight)).all() for weight in model.weights)
    assert report["kl_loss"] > 100.0  # a seventh of the radius is a small part of S^512
