"""The contract of `RandomWalk` on every manifold: shapes, noise, gradients, configuration."""

import json

import keras
import numpy as np
import pytest
from backends import compiled, value_and_gradients
from keras import ops
from manifold_list import ALL, each

from diffusion_vae.heat_kernels import Law, RandomWalk
from diffusion_vae.manifolds import ImplicitManifold, Product, Sphere

SMALL = 1e-3
CLOSED_FORM = {name: m for name, m in ALL.items() if not isinstance(m, ImplicitManifold)}
# Compiling takes a second or two each: one of every family.
COMPILED = {
    name: ALL[name]
    for name in (
        "sphere:1",
        "sphere:3",
        "projective:2",
        "torus:2",
        "embedded-torus:3,0.6",
        "o3",
        "euclidean:3",
        "projective:2 x torus:2",
    )
}


def start(manifold, *shape, t=0.01, dtype="float32"):
    """Locations `[*shape, ambient_dim]` and times `[*shape, time_dim]`, all equal to `t`."""
    location = ops.cast(manifold.prior_sample(shape, seed=1), dtype)
    return location, ops.full((*shape, manifold.time_dim), t, dtype=dtype)


def as_numpy(x):
    return ops.convert_to_numpy(x)


@each(CLOSED_FORM)
def test_shapes(manifold):
    kernel = RandomWalk(manifold, steps=3)
    for shape in [(), (4,), (2, 4)]:
        location, time = start(manifold, *shape)
        y = kernel.sample(location, time, seed=0)
        assert y.shape == (*shape, manifold.ambient_dim)
        assert kernel.kl_to_prior(location, time).shape == shape
        assert kernel.log_density(y, location, time).shape == shape


@each(CLOSED_FORM)
def test_leading_axes_broadcast_and_every_draw_has_its_own_noise(manifold):
    kernel = RandomWalk(manifold, steps=3)
    location, time = start(manifold, 4)
    samples = ops.broadcast_to(time, (5, *time.shape))  # a sample axis on the times only
    y = kernel.sample(location, samples, seed=0)
    assert y.shape == (5, 4, manifold.ambient_dim)
    apart = as_numpy(y)[:, None] - as_numpy(y)[None]  # [5, 5, 4, n]
    assert np.abs(apart).max(-1)[~np.eye(5, dtype=bool)].min() > 1e-6
    assert kernel.log_density(y, location, time).shape == (5, 4)
    assert kernel.kl_to_prior(location, samples).shape == (5, 4)
    # ... and one location shared by all times
    together = kernel.sample(location[:1], time, seed=0)
    assert together.shape == (4, manifold.ambient_dim)
    assert len(np.unique(as_numpy(together), axis=0)) == 4


@each(ALL)
def test_the_walk_stays_on_the_manifold(manifold):
    location, time = start(manifold, 64, t=0.3)
    y = RandomWalk(manifold).sample(location, time, seed=0)
    np.testing.assert_allclose(as_numpy(manifold.project(y)), as_numpy(y), atol=2e-6)
    assert np.isfinite(as_numpy(manifold.distance(location, y))).all()  # the same component


@each(CLOSED_FORM)
def test_short_walks_spread_like_brownian_motion(manifold):
    # r^2 = d t (1 + O(t)), a chi^2 with d degrees: standard error t sqrt(2 d / n).
    n, d = 20_000, manifold.dim
    location, time = start(manifold, n, t=SMALL)
    y = RandomWalk(manifold, steps=4).sample(location, time, seed=0)
    square = as_numpy(manifold.distance(y, location)) ** 2
    assert abs(square.mean() - d * SMALL) < 4 * SMALL * np.sqrt(2 * d / n)


@each(ALL)
def test_seeds_repeat_and_differ(manifold):
    kernel, (location, time) = RandomWalk(manifold, steps=2), start(manifold, 3)
    first, again, other = (as_numpy(kernel.sample(location, time, seed=s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4
    generator = keras.random.SeedGenerator(0)
    draws = [as_numpy(kernel.sample(location, time, seed=generator)) for _ in range(2)]
    assert np.abs(draws[0] - draws[1]).max() > 1e-4


def test_equal_factors_of_a_product_draw_different_noise():
    pair = Product([Sphere(2), Sphere(2)])
    location, time = ops.array([[0.0, 0.0, 1.0] * 2]), ops.array([[0.1, 0.1]])
    y = as_numpy(RandomWalk(pair).sample(location, time, seed=0))[0]
    assert np.abs(y[:3] - y[3:]).max() > 1e-3


@each(ALL)
def test_gradients_are_finite_and_reach_location_and_time(manifold):
    kernel, (location, time) = RandomWalk(manifold, steps=3), start(manifold, 5)
    direction = np.random.default_rng(0).normal(size=manifold.ambient_dim).astype("float32")
    calls = {
        "sample": lambda x, t: ops.sum(kernel.sample(x, t, seed=0) * direction),
        "kl_to_prior": lambda x, t: ops.sum(kernel.kl_to_prior(x, t)),
        "log_density": lambda x, t: ops.sum(kernel.log_density(location, x, t)),
    }
    for name, call in calls.items():
        _, (by_location, by_time) = value_and_gradients(call, location, time)
        assert np.isfinite(by_location).all(), name
        assert np.isfinite(by_time).all(), name
        assert (by_time != 0).all(), name
    _, (by_location, _) = value_and_gradients(calls["sample"], location, time)
    assert (by_location != 0).any(axis=-1).all()


@each(CLOSED_FORM)
def test_configuration_round_trip(manifold):
    kl = "paper" if manifold.dim == 2 else "monte_carlo"
    kernel = RandomWalk(manifold, steps=7, kl_formula=kl)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(kernel)))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, RandomWalk)
    assert again == kernel
    assert hash(again) == hash(kernel)
    assert (again.manifold, again.steps, again.kl_formula) == (manifold, 7, kl)
    assert again != RandomWalk(manifold, steps=8, kl_formula=kl)
    location, time = start(manifold, 2)
    np.testing.assert_array_equal(
        as_numpy(again.sample(location, time, seed=0)),
        as_numpy(kernel.sample(location, time, seed=0)),
    )


@each(CLOSED_FORM)
def test_float64_is_kept_and_agrees_with_float32(manifold):
    kernel = RandomWalk(manifold, steps=2)
    location, time = start(manifold, 5, dtype="float64")
    y = kernel.sample(location, time, seed=0)
    results = {
        "kl_to_prior": (kernel.kl_to_prior, (location, time)),
        "log_density": (kernel.log_density, (y, location, time)),
    }
    assert keras.backend.standardize_dtype(y.dtype) == "float64"
    for name, (method, arguments) in results.items():
        exact = method(*arguments)
        assert keras.backend.standardize_dtype(exact.dtype) == "float64", name
        single = method(*(ops.cast(a, "float32") for a in arguments))
        # log q holds r^2 / 2t: a rounding error of 1e-6 in y is one of 1e-4 r / sqrt t.
        np.testing.assert_allclose(as_numpy(single), as_numpy(exact), atol=2e-3, err_msg=name)


@pytest.mark.slow
@each(COMPILED)
def test_eager_graph_and_xla_agree(manifold, monkeypatch):
    import tensorflow as tf

    # XLA draws other random numbers from the same seed: the noise is given instead.
    noise = np.random.default_rng(0).normal(size=10_000)

    def normal(shape, dtype, seed):
        return ops.reshape(ops.cast(noise[: np.prod(shape)], dtype), shape)

    kernel, (location, time) = RandomWalk(manifold, steps=1), start(manifold, 5, t=0.05)
    goal = manifold.project(location + 0.1)
    monkeypatch.setattr(keras.random, "normal", normal)

    def everything(location, time):
        return (
            kernel.sample(location, time),
            kernel.kl_to_prior(location, time),
            kernel.log_density(goal, location, time),
        )

    eager = everything(location, time)
    traced = tf.function(everything).get_concrete_function(location, time)
    graph = traced(location, time)
    compiled = tf.function(lambda *a: traced(*a), jit_compile=True)(location, time)
    for one, two, three in zip(eager, graph, compiled, strict=True):
        np.testing.assert_allclose(as_numpy(two), as_numpy(one), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(as_numpy(three), as_numpy(one), rtol=1e-5, atol=1e-5)


@each(CLOSED_FORM)
def test_a_seed_gives_the_same_draw_inside_a_function(manifold):
    import tensorflow as tf

    kernel, (location, time) = RandomWalk(manifold, steps=2), start(manifold, 3)
    eager = kernel.sample(location, time, seed=3)
    graph = tf.function(lambda x, t: kernel.sample(x, t, seed=3))(location, time)
    np.testing.assert_allclose(as_numpy(graph), as_numpy(eager), atol=1e-6)


@pytest.mark.jax
@each({name: COMPILED[name] for name in ("sphere:3", "o3", "projective:2 x torus:2")})
def test_on_every_backend(manifold):
    kernel, (location, time) = RandomWalk(manifold, steps=3), start(manifold, 5, t=0.05)
    y = compiled(lambda x, t: kernel.sample(x, t, seed=0))(location, time)
    np.testing.assert_allclose(as_numpy(manifold.project(y)), as_numpy(y), atol=2e-6)
    _, gradients = value_and_gradients(
        lambda y, x, t: ops.sum(kernel.log_density(y, x, t) + kernel.kl_to_prior(x, t)),
        y,
        location,
        time,
    )
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert (gradients[2] != 0).all()


def test_bad_arguments_say_what_to_do():
    unknown = r"Expected `kl_formula` to be one of .*Received: 'exact'"
    with pytest.raises(ValueError, match=unknown):
        RandomWalk(Sphere(2), kl_formula="exact")
    with pytest.raises(ValueError, match=r"Expected `steps` to be at least 1\. Received: 0"):
        RandomWalk(Sphere(2), steps=0)
    with pytest.raises(TypeError, match=r"Expected `steps` to be an integer"):
        RandomWalk(Sphere(2), steps=2.5)


def test_which_methods_are_approximations_is_said():
    assert RandomWalk(Sphere(2)).approximate == {"sample", "log_density", "kl_to_prior"}
    assert RandomWalk(ALL["euclidean:3"]).approximate == frozenset()
    assert "sample" in RandomWalk(ALL["sphere:2 x sphere:1"]).approximate
    assert issubclass(RandomWalk, Law)
