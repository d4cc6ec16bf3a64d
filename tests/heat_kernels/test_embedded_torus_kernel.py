"""The tabulated kernel of an embedded torus, against its float64 spectrum."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from backends import value_and_gradients
from keras import ops
from standard_errors import assert_mean

from diffusion_vae.heat_kernels import EmbeddedTorusKernel
from diffusion_vae.heat_kernels.embedded_torus import kernel as module
from diffusion_vae.heat_kernels.embedded_torus.reference import torus_kl
from diffusion_vae.heat_kernels.embedded_torus.sample_table import transport_of
from diffusion_vae.heat_kernels.embedded_torus.spectrum import closed
from diffusion_vae.heat_kernels.exact import has_heat_kernel, heat_kernel
from diffusion_vae.manifolds import EmbeddedTorus, Sphere

C, A = 3.0, 0.6
TORUS = EmbeddedTorus(C, A)
KERNEL = EmbeddedTorusKernel(TORUS)


def points(v, phi=0.3, torus=TORUS):
    v, phi = np.broadcast_arrays(np.asarray(v, "float64"), phi)
    return ops.cast(torus.from_angles(np.stack([phi, v], axis=-1)), "float32")


def times(t, count):
    return ops.convert_to_tensor(np.full((count, 1), t, "float32"))


def places(t, count, torus=TORUS, seed=0):
    """Starts, and ends within sqrt(t) (sqrt 2 + 5) of them, as angles."""
    rng = np.random.default_rng(seed)
    v = rng.uniform(-math.pi, math.pi, count)
    v[: count // 4] *= 0.05  # the outer circle, where geodesics meet again
    r = (math.sqrt(2.0) + 5.0) * math.sqrt(t) * np.sqrt(rng.uniform(size=count))
    direction = rng.uniform(0.0, 2.0 * math.pi, count)
    direction[: count // 8] = 0.5 * math.pi
    c, a = torus.centre_radius, torus.tube_radius
    d = r * np.cos(direction) / a
    phi = r * np.sin(direction) / (c + a * np.cos(v + 0.5 * d))
    return v, *(np.remainder(x + math.pi, 2.0 * math.pi) - math.pi for x in (d, phi))


def log_density_error(kernel, t, count=400):
    """Largest error against the spectrum, within sqrt(t) (sqrt 2 + 5) of the start."""
    torus = kernel.manifold
    c, a = torus.centre_radius, torus.tube_radius
    v, d, phi = places(t, count, torus)
    unit_t = t / a**2
    waves = closed(c / a, unit_t, min(2.0 * math.pi, 40.0 * math.sqrt(unit_t) / (c / a - 1.0)))
    density = waves.sum(waves.pair_kernels(unit_t, v, v + d), phi[:, None])[:, 0]
    known = density > 1e-12 * np.max(density)
    expected = np.log(density[known]) - 2.0 * math.log(a)
    y, x = points(v + d, 0.3 + phi, torus), points(v, torus=torus)
    value = ops.convert_to_numpy(kernel.log_density(y, x, times(t, count)))[known]
    near = expected + math.log(2.0 * math.pi * t) > -20.5
    assert np.sum(near) > count // 2
    return np.max(np.abs(value - expected)[near])


@pytest.mark.slow
@pytest.mark.parametrize("t", [0.01, 0.1, 0.39, 0.43, 1.3, 1.43, 1.8, 3.0, 6.5, 20.0])
def test_the_log_density_is_that_of_the_spectrum(t):
    assert log_density_error(KERNEL, t) < 1e-3  # measured: 3e-4 at worst


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [2.5, 9.0])  # on fat tori half-way round is far in the tail
def test_the_log_density_is_that_of_the_spectrum_on_other_tori(ratio):
    kernel = EmbeddedTorusKernel(EmbeddedTorus(ratio, 1.0))
    for t in (0.3, 1.2, 1.6, 2.1, 4.0, 18.0):
        assert log_density_error(kernel, t) < 1e-3, t


@pytest.mark.slow
def test_the_kl_of_a_fat_torus_is_that_of_the_spectrum():
    # The inner circle is short, and the expansion in t good for shorter times.
    torus = EmbeddedTorus(1.15, 1.0)
    kernel = EmbeddedTorusKernel(torus)
    assert kernel.approximate == {"log_density"}
    for v, t, expected in (  # by `torus_kl`
        (math.pi, 0.005, 6.2595118),
        (math.pi, 0.012, 5.3617583),
        (2.8, 0.05, 3.8819823),
        (0.0, 0.1, 3.3030866),
        (2.8, 3.0, 0.0584945),
    ):
        kl = float(kernel.kl_to_prior(points(v, torus=torus), ops.array([t])))
        assert kl == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("v", [0.0, 2.0, math.pi])
def test_the_kl_is_that_of_the_spectrum(v):
    for t in (0.01, 0.1, 0.5, 2.0, 12.0, 50.0):
        kl = float(KERNEL.kl_to_prior(points(v), ops.array([t])))
        assert kl == pytest.approx(torus_kl(v, t, C, A), abs=1e-4)


@pytest.mark.slow
def test_the_kl_of_another_torus_is_the_known_one():
    torus = EmbeddedTorus(1.0, 0.4)
    kernel = EmbeddedTorusKernel(torus)
    for v, t, expected in ((0, 0.1, 2.3005), (0, 0.5, 0.9397), (1, 0.1, 2.07), (1, 0.5, 0.5547)):
        x = torus.from_angles(ops.array([0.0, v * math.pi]))
        assert float(kernel.kl_to_prior(x, ops.array([t]))) == pytest.approx(expected, abs=1e-4)


def test_limits_of_the_kl():
    v = np.linspace(0.0, math.pi, 9)
    for t in (1e-7, 1e-5, 1e-3):
        # with the curvature: Sc t / 4
        curvature = 2.0 * np.cos(v) / (A * (C + A * np.cos(v)))
        expected = -math.log(2.0 * math.pi * t) - 1.0 + math.log(TORUS.volume) + curvature * t / 4
        kl = ops.convert_to_numpy(KERNEL.kl_to_prior(points(v), times(t, 9)))
        np.testing.assert_allclose(kl, expected, atol=1e-4)
    late = ops.convert_to_numpy(KERNEL.kl_to_prior(points(v), times(50.0, 9)))
    assert np.all(late > 0.0) and np.all(late < 0.01)
    beyond = ops.convert_to_numpy(KERNEL.kl_to_prior(points(v), times(5000.0, 9)))
    np.testing.assert_allclose(beyond, late, rtol=1e-5)
    grid = np.exp(np.linspace(math.log(1e-6), math.log(100.0), 300)).astype("float32")
    kl = ops.convert_to_numpy(KERNEL.kl_to_prior(points(np.full(300, 1.0)), grid[:, None]))
    assert np.all(kl >= 0.0)
    assert np.all(np.diff(kl) <= 1e-6)  # information is only lost


def test_at_last_the_density_is_uniform():
    y, x = points(np.linspace(-3.0, 3.0, 20), 1.7), points(np.full(20, 0.4))
    value = ops.convert_to_numpy(KERNEL.log_density(y, x, times(200.0, 20)))
    np.testing.assert_allclose(value, -math.log(TORUS.volume), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("t", "v"), [(0.003, 0.4), (0.1, 2.9), (0.6, 0.4), (1.3, 2.9), (4.0, 0.4), (15, 2.9)]
)
def test_samples_density_and_kl_agree(t, v):
    # 20 000 draws: standard errors of E_q[log q/p] 7e-3 at most (a law of two dimensions has
    # a variance of 1 there), and the samplers' own bias below 1e-4.
    x, time = points(np.full(20_000, v)), times(t, 20_000)
    y = KERNEL.sample(x, time, seed=5)
    log_ratio = KERNEL.log_density(y, x, time) + math.log(TORUS.volume)
    assert_mean(ops.convert_to_numpy(log_ratio), float(KERNEL.kl_to_prior(x[0], time[0])))
    # E_p[q/p] = 1: the same density, under the uniform law.
    uniform = TORUS.random_uniform((20_000,), seed=6)
    log_ratio = KERNEL.log_density(uniform, x, time) + math.log(TORUS.volume)
    assert_mean(np.exp(ops.convert_to_numpy(log_ratio)), 1.0)


def test_the_mean_of_a_sample_moves_as_the_generator_says():
    # d/dt E z_3 = 1/2 Laplacian of z_3, by the spectrum's m = 0 waves.
    for t in (0.1, 1.0, 20.0):
        unit_t = t / A**2
        waves = closed(C / A, unit_t)
        nodes = waves.nodes
        law = waves.kernels(unit_t, [1.0], nodes.nodes)[0, 0] * nodes.step
        law = law * (C / A + np.cos(nodes.nodes))
        assert np.sum(law) == pytest.approx(1.0, abs=1e-9)
        y = KERNEL.sample(points(np.full(40_000, 1.0)), times(t, 40_000), seed=8)
        assert_mean(ops.convert_to_numpy(y)[:, 2], A * np.sum(law * np.sin(nodes.nodes)))
        angles = ops.convert_to_numpy(TORUS.angles(y))
        assert_mean(np.cos(angles[:, 1]), np.sum(law * np.cos(nodes.nodes)))
        wave = waves.kernels(unit_t, [1.0], nodes.nodes)[1, 0]
        expected = np.sum(wave * nodes.step * (C / A + np.cos(nodes.nodes)))
        assert_mean(np.cos(angles[:, 0] - 0.3), expected)


@pytest.mark.slow
@pytest.mark.parametrize("t", [0.01, 0.4, 1.0, 1.35, 6.3])
def test_gradients_are_those_of_finite_differences(t):
    rng = np.random.default_rng(2)
    count = 16
    start = np.stack([np.full(count, 0.3), rng.uniform(-3.0, 3.0, count)], axis=-1)
    end = start + math.sqrt(t) * rng.normal(size=(count, 2)) / np.array([C, A])
    weight = rng.normal(size=count)
    log_t = np.full(count, math.log(t))

    def total(end, start, log_t):  # in float64, for the differences' sake
        end, start, log_t = (ops.convert_to_tensor(x, "float64") for x in (end, start, log_t))
        value = KERNEL.log_density(
            TORUS.from_angles(end), TORUS.from_angles(start), ops.exp(log_t)[:, None]
        )
        return ops.sum(value * ops.convert_to_tensor(weight, dtype=value.dtype))

    arrays = [end, start, log_t]
    _, gradients = value_and_gradients(total, *arrays)
    for index, gradient in enumerate(gradients):
        assert np.all(np.isfinite(gradient))
        direction = rng.normal(size=gradient.shape)
        moved = [
            [a + sign * 1e-5 * direction if i == index else a for i, a in enumerate(arrays)]
            for sign in (1.0, -1.0)
        ]
        slope = (float(total(*moved[0])) - float(total(*moved[1]))) / 2e-5
        assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_samples_and_kl_have_gradients_in_location_and_time():
    angles = np.stack([np.full(16, 0.3), np.linspace(-3.1, 3.1, 16)], axis=-1)
    log_t = np.linspace(-7.0, 3.0, 16)
    direction = np.random.default_rng(0).normal(size=(16, 2))

    def moved(angles, log_t):
        angles, log_t = (ops.convert_to_tensor(x, "float64") for x in (angles, log_t))
        time = ops.exp(log_t)[:, None]
        x = TORUS.from_angles(angles)
        return ops.sum(KERNEL.sample(x, time, seed=3)) + ops.sum(KERNEL.kl_to_prior(x, time))

    _, (by_place, by_time) = value_and_gradients(moved, angles, log_t)
    assert np.all(np.isfinite(by_place)) and np.all(np.isfinite(by_time))
    h = 1e-6
    slope = (
        float(moved(angles + h * direction, log_t)) - float(moved(angles - h * direction, log_t))
    ) / (2 * h)
    assert np.sum(by_place * direction) == pytest.approx(slope, rel=1e-4, abs=1e-4)
    slope = (float(moved(angles, log_t + h)) - float(moved(angles, log_t - h))) / (2 * h)
    assert np.sum(by_time) == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_value_and_slope_are_continuous_in_time():
    # Across every hand-over of tables, in units of a^2: 1 to 1.2, 3.3 to 4, 16.3 to 19.6.
    log_t = np.linspace(math.log(0.9), math.log(22.0), 4001)
    y, x = (
        ops.convert_to_tensor(np.tile(angles, (len(log_t), 1)), "float64")
        for angles in ([1.1, 2.0], [0.3, 0.1])
    )
    time = ops.convert_to_tensor(np.exp(log_t)[:, None] * A**2, "float64")
    value = KERNEL.log_density(TORUS.from_angles(y), TORUS.from_angles(x), time)
    slope = np.diff(ops.convert_to_numpy(value)) / np.diff(log_t)
    assert np.max(np.abs(np.diff(slope))) < 0.02  # a jump of a table would be 1e-4 / 8e-4


def test_nothing_is_nan_anywhere():
    rng = np.random.default_rng(4)
    x, y = (points(rng.uniform(-4, 4, 500), rng.uniform(-4, 4, 500)) for _ in range(2))
    log_t = rng.uniform(-14.0, 8.0, 500).astype("float32")

    def total(y, x, log_t):
        time = ops.exp(log_t)[:, None]
        return ops.sum(KERNEL.log_density(y, x, time) / (1.0 + ops.exp(-log_t)))

    for start in (x, y):  # at the same point too
        value, gradients = value_and_gradients(total, y, start, log_t)
        assert math.isfinite(value)
        assert all(np.all(np.isfinite(g)) for g in gradients)
    sample = KERNEL.sample(x, ops.exp(log_t)[:, None], seed=0)
    np.testing.assert_allclose(TORUS.project(sample), sample, atol=2e-6)


@pytest.mark.slow
def test_eager_and_xla_agree():  # graphs without XLA: every model that trains
    x, y = points(np.linspace(-3, 3, 12)), points(np.linspace(-2, 3, 12), 0.5)
    time = np.exp(np.linspace(-6.0, 3.5, 12)).astype("float32")[:, None]
    for method in (
        lambda y, x, time: KERNEL.log_density(y, x, time),
        # A sample, given its noise: XLA draws other numbers.
        lambda y, x, time: ops.stack(
            transport_of(C / A)(y[:, 1], time[:, 0] / A**2, x[:, 0], x[:, 1])
        ),
        lambda y, x, time: KERNEL.kl_to_prior(x, time),
    ):
        eager = ops.convert_to_numpy(method(y, x, time))
        compiled = tf.function(method, jit_compile=True, autograph=False)
        value = ops.convert_to_numpy(compiled(y, x, ops.convert_to_tensor(time)))
        np.testing.assert_allclose(value, eager, rtol=1e-5, atol=1e-5)


def test_leading_axes_broadcast():
    x, time = points(np.linspace(-1, 1, 4)), times(0.2, 4)
    y = KERNEL.sample(ops.broadcast_to(x, (5, 4, 3)), time, seed=0)
    assert tuple(y.shape) == (5, 4, 3)
    assert tuple(KERNEL.log_density(y, x, time).shape) == (5, 4)
    assert tuple(KERNEL.sample(x[0], ops.broadcast_to(time, (7, 4, 1)), seed=0).shape) == (7, 4, 3)
    assert KERNEL.log_density(y, x, time).dtype == x.dtype


def test_configuration_and_registration():
    kernel = heat_kernel(TORUS)
    assert kernel == KERNEL and has_heat_kernel(TORUS)
    config = keras.saving.serialize_keras_object(kernel)
    assert keras.saving.deserialize_keras_object(config) == kernel
    [(low, high)] = kernel.default_log_time_range()
    assert math.exp(low) == pytest.approx(1e-4) and math.exp(high) == pytest.approx(50.0)
    assert not KERNEL.approximate
    assert EmbeddedTorusKernel(EmbeddedTorus(1.0, 0.6)).approximate == {"log_density"}
    with pytest.raises(TypeError, match="Expected a manifold of type EmbeddedTorus"):
        EmbeddedTorusKernel(Sphere(2))


def test_tables_are_built_at_the_first_use(monkeypatch):
    def refuse(*args):
        raise AssertionError("built")

    for name in ("log_density_of", "transport_of", "kl_table_of"):
        monkeypatch.setattr(module, name, refuse)
    EmbeddedTorusKernel(EmbeddedTorus(2.0, 0.5))
    monkeypatch.undo()
    for name in ("log_density_of", "transport_of"):
        monkeypatch.setattr(module, name, refuse)
    assert float(KERNEL.kl_to_prior(points(0.0), ops.array([0.1]))) > 0.0  # needs no other
