"""The float64 reference against numbers and formulas from elsewhere."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from gegenbauer_series import zonal_log_density
from rotation_laws import o3_kl, so3_kl, so3_log_density
from sphere_expansion import expansion_log_density

from diffusion_vae.heat_kernels import numeric

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "heat_kernel.json").read_text())
KL = {
    **{f"sphere_{d}": lambda t, d=d: numeric.sphere_kl(d, t) for d in (1, 2, 3, 4, 7, 10)},
    **{f"projective_{d}": lambda t, d=d: numeric.projective_kl(d, t) for d in (2, 3)},
    "flat_torus_2": lambda t: 2.0 * numeric.sphere_kl(1, t),
    "so3_frobenius": so3_kl,
    "o3_frobenius": o3_kl,
}
DIMENSIONS = (1, 2, 3, 5, 10)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def support(dim, t):
    """Radii that matter: up to 5 standard deviations beyond the mean radius."""
    return np.linspace(0.0, min(math.pi, math.sqrt(t) * (math.sqrt(dim) + 5.0)), 40)


def density(kind, dim, r, t):
    log_density = {"S": numeric.sphere_log_density, "RP": numeric.projective_log_density}
    return np.exp(log_density[kind](dim, r, t))


# -- log density ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ORACLE["density"])
def test_log_density_matches_the_oracle(name):
    dim = int(name.removeprefix("sphere_"))
    for t, distance, expected in ORACLE["density"][name]:
        r = min(distance * math.sqrt(t), 0.999 * math.pi)
        assert numeric.sphere_log_density(dim, r, t) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("t", [0.003, 0.02, 0.049, 0.051, 0.3, 2.0])
def test_s3_is_a_sum_of_images(t):
    r = support(3, t)[1:-1]  # the formula divides by sin r
    turned = r + 2.0 * math.pi * np.arange(-9, 10)[:, None]
    images = np.sum(turned * np.exp(-(turned**2) / (2.0 * t)), axis=0) / np.sin(r)
    expected = np.log(images) + 0.5 * t - 1.5 * math.log(2.0 * math.pi * t)
    np.testing.assert_allclose(numeric.sphere_log_density(3, r, t), expected, atol=1e-9)
    # RP^3 by images at half the period, SO(3) enlarged 2 sqrt 2 times
    r = r[r < 0.5 * math.pi]
    turned = r + math.pi * np.arange(-18, 19)[:, None]
    images = np.sum(turned * np.exp(-(turned**2) / (2.0 * t)) * _sign(turned, r), axis=0)
    expected = np.log(images / np.sin(r)) + 0.5 * t - 1.5 * math.log(2.0 * math.pi * t)
    np.testing.assert_allclose(numeric.projective_log_density(3, r, t), expected, atol=1e-9)
    so3 = so3_log_density(2.0 * math.sqrt(2.0) * r, 8.0 * t)
    np.testing.assert_allclose(so3, expected - math.log(16.0 * math.sqrt(2.0)), atol=1e-9)


def _sign(turned, r):
    """sin(r) / sin(r + k pi), the sign of each image."""
    return np.round(np.sin(r) / np.sin(turned))


@pytest.mark.parametrize("t", [0.003, 0.3, 1.999, 2.001, 20.0])
def test_the_circle_is_the_series_of_waves(t):
    r = np.linspace(0.0, min(math.pi, 6.0 * math.sqrt(t)), 30)
    np.testing.assert_allclose(
        numeric.sphere_log_density(1, r, t), zonal_log_density(1, r, [t])[0], atol=1e-11
    )


@pytest.mark.parametrize("dim", [2, 5, 10])
@pytest.mark.parametrize("t", [0.003, 0.01, 0.03])
def test_contour_series_and_expansion_agree(dim, t):
    # Three methods with nothing in common; 1e-6 is asked for, 1e-8 from t = 0.05 on.
    r = support(dim, t)
    found = numeric.sphere_log_density(dim, r, t)
    np.testing.assert_allclose(found, zonal_log_density(dim, r, [t])[0], atol=1e-11)
    np.testing.assert_allclose(found, expansion_log_density(dim, r, t), atol=1e-11)


@pytest.mark.parametrize("dim", [2, 3, 5, 10, 64])
def test_the_series_is_the_density_at_every_distance_and_time(dim):
    r = np.linspace(0.0, math.pi, 9)
    for t in (0.02, 0.3, 2.0, 20.0):
        expected = zonal_log_density(dim, r, [t])[0]
        found = numeric.sphere_log_density(dim, r, t)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("dim, t", [(20, 0.02), (40, 0.009), (64, 0.006), (64, 0.003)])
def test_large_spheres(dim, t):
    r = support(dim, t)
    np.testing.assert_allclose(
        numeric.sphere_log_density(dim, r, t), expansion_log_density(dim, r, t), atol=1e-5
    )


@pytest.mark.parametrize("dim", DIMENSIONS)
@pytest.mark.parametrize("t", [0.003, 0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("kind, end", [("S", math.pi), ("RP", 0.5 * math.pi)])
def test_densities_integrate_to_one(kind, end, dim, t):
    end = min(end, math.sqrt(t) * (math.sqrt(dim) + 12.0))
    r = 0.5 * end * (NODES + 1.0)
    shell = 2.0 if dim == 1 else numeric.sphere_volume(dim - 1)
    mass = np.sum(0.5 * end * WEIGHTS * shell * np.sin(r) ** (dim - 1) * density(kind, dim, r, t))
    assert mass == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("t", [0.003, 0.1, 1.0, 20.0])
def test_the_density_on_so3_integrates_to_one(t):
    # By the law of the angle of a uniform rotation, (1 - cos angle) / pi.
    end = min(math.pi, math.sqrt(0.5 * t) * (math.sqrt(3.0) + 12.0))
    angle = 0.5 * end * (NODES + 1.0)
    density = np.exp(so3_log_density(math.sqrt(2.0) * angle, t))
    volume = 16.0 * math.sqrt(2.0) * math.pi**2
    mass = np.sum(0.5 * end * WEIGHTS * (1.0 - np.cos(angle)) / math.pi * volume * density)
    assert mass == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("t", [0.05, 0.3])
def test_the_density_on_a_large_sphere_integrates_to_one(t):
    end = min(math.pi, math.sqrt(t) * (8.0 + 12.0))
    r = 0.5 * end * (NODES + 1.0)
    log_shell = math.log(numeric.sphere_volume(63)) + 63.0 * np.log(np.sin(r))
    density = np.exp(log_shell + numeric.sphere_log_density(64, r, t))
    assert np.sum(0.5 * end * WEIGHTS * density) == pytest.approx(1.0, abs=1e-8)


# -- differential and integral equations ----------------------------------------------


def derivative(f, x, h):
    """First and second derivative by differences of sixth order."""
    f = {k: f(x + k * h) for k in range(-3, 4)}
    first = (45 * (f[1] - f[-1]) - 9 * (f[2] - f[-2]) + (f[3] - f[-3])) / (60 * h)
    pairs = [f[k] + f[-k] for k in (1, 2, 3)]
    second = (270 * pairs[0] - 27 * pairs[1] + 2 * pairs[2] - 490 * f[0]) / (180 * h**2)
    return first, second


@pytest.mark.parametrize("dim", DIMENSIONS)
@pytest.mark.parametrize("t", [0.02, 0.3, 2.0])
def test_densities_solve_the_heat_equation(dim, t):
    # d_t q = 1/2 (q'' + (d - 1) cot r q'), to 1e-6 of the size of its terms.
    width = min(1.0, math.sqrt(t))
    r = np.linspace(0.2, 2.5, 14) * width
    slope, _ = derivative(lambda s: density("S", dim, r, s), t, 0.02 * min(t, 1.0 / dim))
    first, second = derivative(lambda s: density("S", dim, s, t), r, 0.02 * width)
    laplacian = second + (dim - 1) / np.tan(r) * first
    np.testing.assert_allclose(slope, 0.5 * laplacian, atol=1e-6 * np.abs(second).max())


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("s, t", [(0.1, 0.2), (0.5, 1.0)])
@pytest.mark.parametrize("kind", ["S", "RP"])
def test_chapman_kolmogorov(kind, dim, s, t):
    # q_s * q_t = q_(s + t); S^3 and RP^3 are SO(3) and its cover, enlarged.
    x, weight = np.polynomial.legendre.leggauss(120)
    r, r_weight = 0.5 * math.pi * (x + 1.0), 0.5 * math.pi * weight
    angle, a_weight = r[:, None], r_weight[:, None]  # between the ways to z and to y
    ring = numeric.sphere_volume(dim - 2) if dim > 2 else 2.0
    measure = r_weight * np.sin(r) ** (dim - 1) * a_weight * ring * np.sin(angle) ** (dim - 2)
    if kind == "RP":
        measure = 0.5 * measure  # the sphere covers the space twice
    for apart in (0.0, 0.7, 1.5):
        cosine = np.cos(r) * math.cos(apart) + np.sin(r) * math.sin(apart) * np.cos(angle)
        to_y = np.arccos(np.clip(cosine, -1.0, 1.0))
        convolved = np.sum(measure * density(kind, dim, r, s) * density(kind, dim, to_y, t))
        assert convolved == pytest.approx(density(kind, dim, apart, s + t), rel=1e-7)


def test_chapman_kolmogorov_on_the_circle():
    z = np.linspace(-math.pi, math.pi, 256, endpoint=False)
    q = [
        density("S", 1, np.abs(np.angle(np.exp(1j * (z - c)))), t) for c, t in ((0, 0.1), (1, 0.3))
    ]
    convolved = 2 * math.pi * np.mean(q[0] * q[1])
    assert convolved == pytest.approx(float(density("S", 1, 1.0, 0.4)), rel=1e-9)


# -- KL --------------------------------------------------------------------------------


def test_every_kl_of_the_oracle_is_tested():
    assert set(KL) == set(ORACLE["kl"])


@pytest.mark.parametrize("name", KL)
def test_kl_matches_the_oracle(name):
    for t, expected in ORACLE["kl"][name]:
        assert KL[name](t) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", KL)
def test_kl_falls_to_its_limit_and_is_never_negative(name):
    values = [KL[name](t) for t in np.geomspace(0.003, 60.0, 25)]
    limit = math.log(2.0) if name.startswith("o3") else 0.0
    assert np.all(np.diff(values) <= 1e-13)
    assert min(values) >= limit
    assert KL[name](200.0) == pytest.approx(limit, abs=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 3, 10])
def test_kl_at_small_times_has_the_slope_of_the_curvature(dim):
    # -(d/2) log(2 pi t) - d/2 + log Vol + d (d - 1) t / 4 + O(t^2)
    t = np.array([1e-4, 2e-4])
    flat = -0.5 * dim * np.log(2.0 * math.pi * t) - 0.5 * dim
    rest = [numeric.sphere_kl(dim, time) for time in t] - flat
    rest -= math.log(numeric.sphere_volume(dim))
    np.testing.assert_allclose(rest, 0.25 * dim * (dim - 1) * t, atol=dim**3 * 1e-7)


def test_relative_entropy_is_exact_near_the_prior():
    log_ratio = np.array([0.0, 1e-9, -3e-5, 2e-4, -40.0, 2.0])
    x = np.exp(log_ratio)
    expected = [0.0, 0.5e-18, 4.5e-10 - 9e-15, None, 1.0, None]
    found = numeric.relative_entropy_term(log_ratio)
    for value, known, ratio, r in zip(found, expected, x, log_ratio, strict=True):
        known = ratio * r - ratio + 1.0 if known is None else known
        assert value == pytest.approx(known, rel=1e-6)


@pytest.mark.parametrize(
    "dim, expected", [(1, 2 * math.pi), (2, 4 * math.pi), (3, 2 * math.pi**2)]
)
def test_sphere_volume(dim, expected):
    assert numeric.sphere_volume(dim) == pytest.approx(expected, rel=1e-14)
