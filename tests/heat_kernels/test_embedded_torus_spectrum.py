"""The float64 spectrum of embedded tori, and the tables' own building blocks."""

import math

import numpy as np
import pytest
from torus_spectrum import TorusSpectrum

from diffusion_vae.heat_kernels.embedded_torus.reference import torus_density, torus_kl
from diffusion_vae.heat_kernels.embedded_torus.spectrum import closed
from diffusion_vae.heat_kernels.embedded_torus.unrolled_spectrum import (
    RARE,
    angle_reach,
    unrolled,
)

RADII = [(3.0, 0.6), (1.0, 0.4)]


@pytest.mark.parametrize(
    ("v", "t", "expected", "digits"),
    [
        (0.0, 0.1, 2.30050, 1e-5),
        (0.0, 0.5, 0.93970, 1e-5),
        (math.pi, 0.1, 2.0700, 1e-4),
        (math.pi, 0.5, 0.5547, 1e-4),
    ],
)
def test_the_kl_is_the_known_one(v, t, expected, digits):
    assert torus_kl(v, t, 1.0, 0.4) == pytest.approx(expected, abs=digits)


@pytest.mark.parametrize(("c", "a"), RADII)
def test_the_kl_is_that_of_another_discretisation(c, a):
    oracle = TorusSpectrum(c, a)
    for node, t in ((0, 0.3), (20, 0.6), (30, 2.0)):
        expected, mass = oracle.kl(node, t)
        assert mass == pytest.approx(1.0, abs=1e-9)
        assert torus_kl(oracle.v[node], t, c, a) == pytest.approx(expected, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("c", "a"), RADII)
@pytest.mark.parametrize("t", [0.02, 0.3, 3.0])
def test_mass_is_one_and_the_kl_an_integral(c, a, t):
    # The trapezoid rule on the whole torus: exponentially accurate on periodic functions.
    v = 2.0 * math.pi * np.arange(121) / 121
    phi = 2.0 * math.pi * np.arange(241) / 241
    q = torus_density(0.7, v[:, None], phi, t, c, a)
    area = a * (c + a * np.cos(v)) * 4.0 * math.pi**2 / (121 * 241)
    assert np.sum(area[:, None] * q) == pytest.approx(1.0, abs=1e-8)
    log_ratio = np.log(np.maximum(q, 1e-300) * 4.0 * math.pi**2 * c * a)
    assert np.sum(area[:, None] * q * log_ratio) == pytest.approx(torus_kl(0.7, t, c, a), abs=1e-6)


@pytest.mark.parametrize(("c", "a"), RADII)
def test_the_heat_equation_holds(c, a):
    # Exact derivatives in both angles, differences of order 8 in time.
    t = 0.2
    ratio, unit_t = c / a, t / a**2
    waves = closed(ratio, unit_t)
    nodes = waves.nodes.nodes
    w = ratio + np.cos(nodes)
    kernels = waves.kernels(unit_t, [0.4], nodes)[:, 0]  # [waves, nodes]
    phi = np.array([0.5])
    count, modes = len(nodes), np.fft.fftfreq(len(nodes), 1.0 / len(nodes))

    def derivative(f):
        return np.real(np.fft.ifft(1j * modes * np.fft.fft(f)))

    def summed(kernels):
        return waves.sum(kernels, np.broadcast_to(phi, (count, 1)))[:, 0]

    q = summed(kernels)
    along = derivative(w * derivative(q)) / w
    around = summed(-kernels * waves.wave_numbers[:, None] ** 2) / w**2
    rate = np.zeros_like(q)
    for k, weight in ((1, 0.8), (2, -0.2), (3, 4 / 105), (4, -1 / 280)):
        for sign in (1, -1):
            later = waves.kernels(unit_t + sign * k * 0.02, [0.4], nodes)[:, 0]
            rate += sign * weight / 0.02 * summed(later)
    near = q > 1e-4 * np.max(q)
    error = np.abs(rate - 0.5 * (along + around))[near] / (q[near] / unit_t)
    assert np.max(error) < 1e-6


@pytest.mark.slow
def test_short_times_use_a_piece_of_the_tube():
    # At t = 1e-3 the expansion is right: log q = -log(2 pi t) + Sc t / 12.
    c, a, t, v = 1.0, 0.4, 1e-3, 1.0
    curvature = 2.0 * math.cos(v) / (a * (c + a * math.cos(v)))
    q = float(torus_density(v, v, 0.0, t, c, a))
    assert math.log(q * 2.0 * math.pi * t) == pytest.approx(curvature * t / 12.0, abs=1e-5)
    expected = (
        -math.log(2 * math.pi * t) - 1 + math.log(4 * math.pi**2 * c * a) + curvature * t / 4
    )
    assert torus_kl(v, t, c, a) == pytest.approx(expected, abs=1e-5)


def test_the_unrolled_torus_adds_up_to_the_closed_one():
    ratio, t = 2.5, 0.6
    v, d, phi = np.array([0.3, 1.0]), np.array([0.5, 3.0]), np.array([[0.7], [1.0]])
    cover, torus = unrolled(ratio, t), closed(ratio, t)
    total = 0.0
    for turn in (-1, 0, 1):
        kernels = cover.pair_kernels(t, v, v + d + 2 * math.pi * turn)
        total = total + sum(cover.sum(kernels, phi + 2 * math.pi * k) for k in (-1, 0))
    expected = torus.sum(torus.pair_kernels(t, v, v + d), phi)
    np.testing.assert_allclose(total, expected, rtol=1e-7)


@pytest.mark.parametrize(("ratio", "t"), [(5.0, 0.1), (1.5, 8.0)])
def test_the_angle_reached_is_passed_rarely(ratio, t):
    reach = angle_reach(ratio, t)
    # No farther than along the inner circle, and not much less at short times.
    assert reach <= math.sqrt(2.0 * RARE * t) / (ratio - 1.0) * (1.0 + 1e-6)
    waves = unrolled(ratio, t, period=3.0 * reach)
    v = np.array([math.pi])
    kernel = waves.sum(waves.pair_kernels(t, v, v), np.array([[0.0, 0.5 * reach, reach]]))[0]
    assert kernel[2] < math.exp(-0.9 * RARE) * kernel[0] < kernel[1]
