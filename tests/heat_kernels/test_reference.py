"""The float64 reference against numbers computed elsewhere with 30 digits."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from diffusion_vae.heat_kernels import reference

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "heat_kernel.json").read_text())

KL = {
    **{f"sphere_{d}": lambda t, d=d: reference.sphere_kl(d, t) for d in (1, 2, 3, 4, 7, 10)},
    **{f"projective_{d}": lambda t, d=d: reference.projective_kl(d, t) for d in (2, 3)},
    "flat_torus_2": lambda t: 2.0 * reference.sphere_kl(1, t),
    "so3_frobenius": reference.so3_kl,
    "o3_frobenius": reference.o3_kl,
}
DIMENSIONS = (1, 2, 3, 5, 10)


def gauss_legendre(end, count=400):
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return 0.5 * end * (nodes + 1.0), 0.5 * end * weights


NODES, WEIGHTS = gauss_legendre(1.0)


def mass(density, dim, t, end):
    """Integral of a radial density over geodesic balls of S^dim."""
    end = min(end, math.sqrt(t) * (math.sqrt(dim) + 12.0))
    r = end * NODES
    shell = 2.0 if dim == 1 else reference.sphere_volume(dim - 1)
    return np.sum(end * WEIGHTS * shell * np.sin(r) ** (dim - 1) * density(dim, r, t))


def test_every_kl_of_the_oracle_is_tested():
    assert set(KL) == set(ORACLE["kl"])


@pytest.mark.parametrize("name", KL)
def test_kl_matches_the_oracle(name):
    for t, expected in ORACLE["kl"][name]:
        assert KL[name](t) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ORACLE["density"])
def test_log_density_matches_the_oracle(name):
    dim = int(name.removeprefix("sphere_"))
    for t, distance, expected in ORACLE["density"][name]:
        r = min(distance * math.sqrt(t), 0.999 * math.pi)
        assert math.log(reference.sphere_density(dim, r, t)) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("dim", DIMENSIONS)
@pytest.mark.parametrize("t", [0.003, 0.01, 0.1, 1.0, 10.0])
def test_densities_integrate_to_one(dim, t):
    assert mass(reference.sphere_density, dim, t, math.pi) == pytest.approx(1.0, abs=1e-8)
    half = 0.5 * math.pi
    assert mass(reference.projective_density, dim, t, half) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("dim", DIMENSIONS)
def test_densities_solve_the_heat_equation(dim):
    # d_t q = 1/2 Lap q with Lap q = q'' + (d - 1) cot r q', by central differences.
    t, r, h, k = 0.3, np.linspace(0.2, 1.5, 14), 1e-4, 1e-3

    def q(r, t):
        return reference.sphere_density(dim, r, t)

    slope = (q(r, t + h) - q(r, t - h)) / (2 * h)
    second = (q(r + k, t) - 2 * q(r, t) + q(r - k, t)) / k**2
    first = (q(r + k, t) - q(r - k, t)) / (2 * k)
    laplacian = second + (dim - 1) / np.tan(r) * first
    np.testing.assert_allclose(slope, 0.5 * laplacian, atol=1e-5 * np.abs(slope).max())


def test_the_circle_is_the_wrapped_normal():
    r, t = np.linspace(0.0, math.pi, 50), 0.5
    images = r + 2 * math.pi * np.arange(-9, 10)[:, None]
    expected = np.sum(np.exp(-(images**2) / (2 * t)), axis=0) / math.sqrt(2 * math.pi * t)
    np.testing.assert_allclose(reference.sphere_density(1, r, t), expected, rtol=1e-12)


def test_rotations_are_the_projective_space_enlarged():
    # SO(3) is RP^3 with lengths times 2 sqrt 2, so a KL at time t is that of RP^3 at t/8.
    assert reference.so3_kl(0.8) == reference.projective_kl(3, 0.1)
    assert reference.o3_kl(0.8) == pytest.approx(reference.so3_kl(0.8) + math.log(2.0))


@pytest.mark.parametrize("name", KL)
def test_kl_falls_to_its_limit_and_is_never_negative(name):
    values = [KL[name](t) for t in np.geomspace(0.003, 60.0, 25)]
    limit = math.log(2.0) if name.startswith("o3") else 0.0
    assert np.all(np.diff(values) <= 1e-13)
    assert min(values) >= limit - 1e-13
    assert KL[name](200.0) == pytest.approx(limit, abs=1e-9)


@pytest.mark.parametrize(
    "dim, expected", [(1, 2 * math.pi), (2, 4 * math.pi), (3, 2 * math.pi**2)]
)
def test_sphere_volume(dim, expected):
    assert reference.sphere_volume(dim) == pytest.approx(expected, rel=1e-14)
