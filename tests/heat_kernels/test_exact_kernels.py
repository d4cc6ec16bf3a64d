"""Properties that every exact kernel has, over the one list of manifolds."""

import math

import keras
import numpy as np
import pytest
from backends import compiled, value_and_gradients
from keras import ops
from manifold_list import ALL, each
from rotation_laws import so3_log_density

from diffusion_vae import heat_kernels
from diffusion_vae.heat_kernels import (
    GaussianKernel,
    IsotropicKernel,
    Law,
    ProductKernel,
    RandomWalk,
    WrappedNormalKernel,
    has_heat_kernel,
    heat_kernel,
    numeric,
)
from diffusion_vae.manifolds import O3, SO3, FlatTorus, Manifold, Product, RealProjective, Sphere

KNOWN = {name: m for name, m in ALL.items() if has_heat_kernel(m) and "torus:3" not in name}
CLOSED = {name: m for name, m in KNOWN.items() if m.closed}
JAX = pytest.mark.jax
TIMES = (1e-3, 0.05, 0.5, 3.0, 50.0)
DRAWS = 20_000


def cloud(manifold, t, count=DRAWS, seed=3):
    """A kernel, a location repeated, its time, and draws of the motion."""
    kernel = heat_kernel(manifold)
    location = ops.broadcast_to(manifold.prior_sample((), seed=1), (count, manifold.ambient_dim))
    time = ops.full((count, manifold.time_dim), t)
    return kernel, location, time, kernel.sample(location, time, seed=seed)


def assert_mean(values, expected, rounding=0.0):
    """Within 4 standard errors of the expected mean."""
    values = np.asarray(values, dtype=np.float64)
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error + rounding, (values.mean(), expected, error)


@each(KNOWN)
@pytest.mark.parametrize("t", TIMES)
def test_mean_log_ratio_of_draws_is_the_kl(manifold, t):
    kernel, location, time, y = cloud(manifold, t)
    log_ratio = kernel.log_density(y, location, time) - manifold.prior_log_density(y)
    kl = float(kernel.kl_to_prior(location[:1], time[:1])[0])
    # float32 leaves 1e-6 of a density whose logarithm is of order 10
    assert_mean(log_ratio, kl, rounding=3e-6 * manifold.dim)


@each(CLOSED)
@pytest.mark.parametrize("t", [0.3, 1.0, 8.0])
def test_mean_density_ratio_of_prior_draws_is_one(manifold, t):
    # On O(3) the draws of the other component have density 0: the mean is still 1.
    kernel, location, time, _ = cloud(manifold, t)
    y = manifold.prior_sample((DRAWS,), seed=5)
    log_ratio = kernel.log_density(y, location, time) - manifold.prior_log_density(y)
    ratio = np.exp(ops.convert_to_numpy(log_ratio))
    assert ratio.max() < 0.1 * DRAWS  # else the mean is that of a few draws
    assert_mean(ratio, 1.0, rounding=3e-6 * manifold.dim)


def at_times(manifold, times, count):
    """Times `[len(times), count, time_dim]`: all of them in one call."""
    column = ops.reshape(ops.convert_to_tensor(times, "float32"), (-1, 1, 1))
    return ops.broadcast_to(column, (len(times), count, manifold.time_dim))


@each(KNOWN)
def test_extreme_times_and_places_are_finite(manifold):
    kernel = heat_kernel(manifold)
    location = manifold.prior_sample((30,), seed=0)
    places = [location, manifold.prior_sample((30,), seed=1), manifold.project(-location)]
    time = at_times(manifold, (1e-9, 1e-4, 1.0, 50.0, 1e6), 30)
    y = ops.expand_dims(ops.stack([ops.cast(z, "float32") for z in places]), 1)
    value = ops.convert_to_numpy(kernel.log_density(y, location, time))
    assert value.shape == (3, 5, 30)
    assert not np.isnan(value).any() and np.all(value < np.inf)
    assert np.isfinite(kernel.kl_to_prior(location, time)).all()
    draws = kernel.sample(location, time, seed=0)
    if manifold.closed:
        np.testing.assert_allclose(manifold.project(draws), draws, atol=2e-5)


@pytest.mark.slow
@each(KNOWN)
def test_gradients_are_finite(manifold):
    kernel, times = heat_kernel(manifold), (1e-4, 0.05, 2.0)
    time = at_times(manifold, times, 8)
    location = ops.broadcast_to(
        manifold.prior_sample((8,), seed=0), (len(times), 8, manifold.ambient_dim)
    )

    def loss(y, location, time):
        drawn = kernel.sample(location, time, seed=0)
        kl = kernel.kl_to_prior(location, time)
        return ops.sum(kernel.log_density(y, location, time) + kl) + ops.sum(drawn[..., 0])

    y = ops.stack([location, kernel.sample(location, time, seed=1)])
    _, gradients = value_and_gradients(loss, y, location, time)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@each(CLOSED)
def test_kl_falls_from_the_flat_one_to_its_limit(manifold):
    kernel = heat_kernel(manifold)
    t = np.geomspace(1e-7, 1e4, 300).astype("float32")
    time = np.repeat(t[:, None], manifold.time_dim, axis=1)
    location = np.repeat(manifold.prior_sample((1,), seed=0), len(t), axis=0)
    kl = ops.convert_to_numpy(kernel.kl_to_prior(location, time))
    limit = math.log(2.0) if isinstance(manifold, O3) else 0.0
    assert np.all(kl >= limit) and np.all(np.diff(kl) <= 1e-6)
    assert kl[-1] == pytest.approx(limit, abs=1e-6)
    d = manifold.dim
    flat = -0.5 * d * (math.log(2.0 * math.pi * t[0]) + 1.0) + math.log(manifold.volume)
    assert kl[0] == pytest.approx(flat, abs=1e-3)


@pytest.mark.slow
@pytest.mark.jax
@pytest.mark.torch
@each({k: KNOWN[k] for k in ("sphere:1", "sphere:2", "projective:2", "so3", "torus:2")})
def test_eager_graph_and_reference_agree(manifold):
    kernel = heat_kernel(manifold)
    location = manifold.prior_sample((200,), seed=0)
    time = ops.reshape(ops.exp(ops.linspace(-4.0, 2.0, 200)), (200, 1))
    y = kernel.sample(location, time, seed=1)

    def everything(y, location, time):
        return (
            kernel.log_density(y, location, time),
            kernel.kl_to_prior(location, time),
            kernel.sample(location, time, seed=1),
        )

    eager, graph = everything(y, location, time), compiled(everything)(y, location, time)
    for a, b in zip(eager, graph, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(
        graph[0], reference_log_density(manifold, y, location, time), atol=1e-4
    )


def reference_log_density(manifold, y, location, time):
    """Log densities by the float64 reference, one point at a time."""
    y, location = (np.asarray(z, dtype=np.float64) for z in (y, location))
    time = np.asarray(time, dtype=np.float64)[:, 0]
    if isinstance(manifold, FlatTorus):
        angles = np.asarray(manifold.angle_between(y, location))
        rows = zip(angles, time, strict=True)
        return [numeric.circle_log_density(np.abs(a), t).sum() for a, t in rows]
    formula = {
        Sphere: lambda r, t: numeric.sphere_log_density(manifold.dim, r, t),
        RealProjective: lambda r, t: numeric.projective_log_density(manifold.dim, r, t),
        SO3: so3_log_density,
    }[type(manifold)]
    r = np.asarray(manifold.distance(y, location))
    return [float(formula(a, t)) for a, t in zip(r, time, strict=True)]


@pytest.mark.slow
@each(KNOWN)
def test_xla_agrees(manifold):
    import tensorflow as tf

    kernel = heat_kernel(manifold)
    location = manifold.prior_sample((50,), seed=0)
    time = ops.exp(ops.linspace(-6.0, 2.0, 50))[:, None] * ops.ones((1, manifold.time_dim))
    y = kernel.sample(location, time, seed=1)

    def everything():
        return (
            kernel.log_density(y, location, time),
            kernel.kl_to_prior(location, time),
            kernel.score(y, location, time),
            kernel.sample(location, time, seed=0),
        )

    fast, eager = tf.function(everything, jit_compile=True)(), everything()
    for index in (0, 1):
        np.testing.assert_allclose(fast[index], eager[index], atol=1e-5, rtol=1e-5)
    # Of the slope of a table the rounding errors are those of its values over its step.
    scale = np.sqrt(np.min(time, axis=-1, keepdims=True))
    np.testing.assert_allclose(fast[2] * scale, eager[2] * scale, atol=1e-4, rtol=1e-6)
    np.testing.assert_allclose(manifold.project(fast[3]), fast[3], atol=1e-5)


@JAX
@each(KNOWN)
def test_nan_does_not_pass_silently(manifold):
    kernel = heat_kernel(manifold)
    points = ops.convert_to_numpy(manifold.prior_sample((2,), seed=0))
    time = np.full((1, manifold.time_dim), 0.1, "float32")
    broken = points.copy()
    broken[0, 0] = np.nan
    for values in (
        kernel.log_density(broken, points, time),
        kernel.log_density(points, broken, time),
        kernel.kl_to_prior(broken, time),
        manifold.distance(broken, points),
        ops.sum(kernel.sample(broken, time, seed=1), axis=-1),
    ):
        np.testing.assert_array_equal(np.isnan(ops.convert_to_numpy(values)), [True, False])


@JAX
@each(KNOWN)
def test_leading_axes_of_locations_and_times_broadcast(manifold):
    kernel = heat_kernel(manifold)
    location = manifold.prior_sample((5, 1), seed=0)
    time = np.full((3, manifold.time_dim), 0.1, "float32")
    assert tuple(kernel.kl_to_prior(location, time).shape) == (5, 3)
    assert tuple(kernel.kl_to_prior(location, time[0]).shape) == (5, 1)
    assert tuple(kernel.log_density(location, location[0], time).shape) == (5, 3)
    assert tuple(kernel.sample(location, time, seed=1).shape) == (5, 3, manifold.ambient_dim)


@JAX
@each(KNOWN)
def test_lists_and_other_floats_follow_the_tensors(manifold):
    kernel = heat_kernel(manifold)
    x, y = (manifold.prior_sample((2,), seed=seed) for seed in (0, 1))
    time = np.full((2, manifold.time_dim), 0.25)  # float64
    expected = ops.convert_to_numpy(kernel.log_density(y, x, time.astype("float32")))
    lists = [ops.convert_to_numpy(z).tolist() for z in (y, x)]
    for value in (
        kernel.log_density(y, x, time),
        kernel.log_density(y, x, time.tolist()),
        kernel.log_density(*lists, time.tolist()),
    ):
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(value), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@each({k: KNOWN[k] for k in ("sphere:2", "projective:2", "sphere:7", "so3")})
def test_gradients_are_those_of_finite_differences(manifold):
    kernel, h = heat_kernel(manifold), 1e-5
    t = np.array([0.02, 0.0498, 0.3, 1.99, 2.01])[:, None, None]
    location, y = (ops.cast(manifold.prior_sample((6,), seed=s), "float64") for s in (0, 1))
    y = manifold.project(location + 2.0 * np.sqrt(t) * (y - location))
    location = manifold.project(location)
    v = manifold.tangent_project(y, ops.cast(manifold.prior_sample((6,), seed=2), "float64"))
    time = np.broadcast_to(t, (5, 6, 1))
    score = np.asarray(kernel.score(y, location, time))
    np.testing.assert_allclose(manifold.tangent_project(y, score), score, atol=1e-9)

    def along(s):
        return np.asarray(kernel.log_density(manifold.exp(y, s * v), location, time))

    slope = (along(h) - along(-h)) / (2 * h)
    np.testing.assert_allclose(np.sum(score * v, axis=-1), slope, rtol=1e-5, atol=1e-5)
    for function in (
        lambda time: kernel.log_density(y, location, time),
        lambda time: kernel.kl_to_prior(location, time),
    ):
        _, (gradient,) = value_and_gradients(lambda time, f=function: ops.sum(f(time)), time)
        ends = [
            np.sum(function(ops.convert_to_tensor(time * (1 + s * h))), axis=1) for s in (1, -1)
        ]
        np.testing.assert_allclose(
            gradient.sum(axis=(1, 2)) * t[:, 0, 0], (ends[0] - ends[1]) / (2 * h), rtol=1e-5,
            atol=1e-5,
        )  # fmt: skip


@each(KNOWN)
def test_configuration_round_trip(manifold):
    kernel = heat_kernel(manifold)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kernel))
    assert again == kernel and hash(again) == hash(kernel)
    assert again != RandomWalk(manifold)
    assert "sample" not in kernel.approximate


@each(KNOWN)
def test_default_limits_are_wide_and_training_starts_inside(manifold):
    kernel = heat_kernel(manifold)
    starts, limits = kernel.default_initial_log_time(), kernel.default_log_time_range()
    assert len(starts) == len(limits) == manifold.time_dim
    for start, pair in zip(starts, limits, strict=True):
        assert pair is None or (pair[0] + 2.0 < start < pair[1] - 2.0)


# -- which kernel ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "manifold, kind",
    [
        (ALL["euclidean:3"], GaussianKernel),
        (Sphere(1), WrappedNormalKernel),
        (RealProjective(1), WrappedNormalKernel),
        (FlatTorus(3), WrappedNormalKernel),
        (Sphere(2), IsotropicKernel),
        (RealProjective(2), IsotropicKernel),
        (SO3(), IsotropicKernel),
        (O3(), IsotropicKernel),
        (Product([Sphere(2), SO3()]), ProductKernel),
    ],
    ids=repr,
)
def test_the_kernel_is_found_by_type(manifold, kind):
    assert has_heat_kernel(manifold)
    assert type(heat_kernel(manifold)) is kind
    assert (
        heat_kernels.get("auto", manifold)
        == heat_kernels.get("exact", manifold)
        == heat_kernel(manifold)
    )


def test_other_manifolds_walk_and_say_so():
    ellipsoid = ALL["ellipsoid"]
    assert not has_heat_kernel(ellipsoid)
    assert heat_kernels.get("auto", ellipsoid, walk_steps=7) == RandomWalk(ellipsoid, steps=7)
    mixed = Product([Sphere(2), ellipsoid])
    kinds = [type(kernel) for kernel in heat_kernels.get("auto", mixed).kernels]
    assert kinds == [IsotropicKernel, RandomWalk]
    for kind in (ellipsoid, mixed):
        with pytest.raises(TypeError, match="Expected a manifold whose heat kernel is known"):
            heat_kernels.get("exact", kind)


def test_a_user_can_add_a_kernel():
    class Curve(Manifold):
        dim, ambient_dim = 1, 2

    class CurveKernel(Law):
        pass

    assert not has_heat_kernel(Curve())
    heat_kernel.register(Curve)(CurveKernel)
    assert type(heat_kernels.get("auto", Curve())) is CurveKernel


def test_errors_say_what_was_expected():
    with pytest.raises(TypeError, match=r"Expected a manifold\. Received: 'sphere:2'"):
        heat_kernel("sphere:2")
    with pytest.raises(ValueError, match="Expected `kernel` to be one of"):
        heat_kernels.get("magic", Sphere(2))
    with pytest.raises(ValueError, match=r"Expected a law on Sphere\(dim=2\)"):
        heat_kernels.get(heat_kernel(Sphere(3)), Sphere(2))
    with pytest.raises(TypeError, match="Expected Sphere"):
        IsotropicKernel(Sphere(1))
    with pytest.raises(TypeError, match=r"Expected Sphere\(1\)"):
        WrappedNormalKernel(Sphere(2))
