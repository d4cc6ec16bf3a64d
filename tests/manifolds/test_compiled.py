"""Every operation gives the same eagerly, in a graph and under XLA."""

import functools

import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, each
from membership import off_manifold

from diffusion_vae.autodiff import value_and_jacobian
from diffusion_vae.manifolds import ImplicitManifold


def operations(manifold, x, y, v, s):
    """Every public operation, at ambient points `x`, points `y` and noise `v`."""
    z, slope = value_and_jacobian(manifold.project, x)
    along = manifold.tangent_project(z, v)
    near = manifold.exp(z, along)
    return {
        "project": z,
        "gradient of project": slope,
        "tangent_project": along,
        "exp": near,
        "step": manifold.step(z, along),
        "distance": manifold.distance(z, near),
        "far distance": manifold.distance(z, y),
        "geodesic": manifold.geodesic(z, near, s),
        "scalar_curvature": manifold.scalar_curvature(z),
        "prior_log_density": manifold.prior_log_density(z),
        "even_embedding": manifold.even_embedding(z),
    }, manifold.prior_sample((4,), seed=3)


def inputs(manifold):
    rng = np.random.default_rng(0)
    y = ops.convert_to_numpy(manifold.prior_sample((6,), seed=0))
    x = (y + 0.2 * rng.normal(size=y.shape)).astype("float32")
    v = (0.2 * rng.normal(size=y.shape)).astype("float32")
    return [ops.convert_to_tensor(a) for a in (x, y, v, np.full(6, 0.3, "float32"))]


@functools.cache
def eager_and_graph(name):
    """Inputs of a manifold, the operations on them, and their graph, traced once."""
    import tensorflow as tf

    manifold = ALL[name]
    arguments = inputs(manifold)
    graph = tf.function(lambda *a: operations(manifold, *a), autograph=False)
    return arguments, operations(manifold, *arguments), graph.get_concrete_function(*arguments)


def compare(name, **options):
    """Compares all but the random draws, which are returned: compiled and eager."""
    import tensorflow as tf

    arguments, (eager, eager_draws), traced = eager_and_graph(name)
    graph, draws = tf.function(lambda *a: traced(*a), autograph=False, **options)(*arguments)
    for name, value in eager.items():
        np.testing.assert_allclose(graph[name], value, atol=1e-5, rtol=1e-5, err_msg=name)
    return draws, eager_draws


EXPLICIT = {name: m for name, m in ALL.items() if not isinstance(m, ImplicitManifold)}
# A program takes seconds to compile; these contain all code there is.
COMPILED = ("sphere:2", "embedded-torus:3,0.6", "o3", "euclidean:3", "projective:2 x torus:2")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLICIT)
def test_graph_agrees_with_eager(name):
    found, expected = compare(name)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
def test_xla_agrees_with_eager(name):
    # XLA draws other numbers from the same seed.
    draws, _ = compare(name, jit_compile=True)
    assert off_manifold(ALL[name], draws) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=["graph", "xla"])
def test_projection_on_a_level_set_agrees_with_eager(options):
    import tensorflow as tf

    manifold = ALL["ellipsoid"]
    x = inputs(manifold)[0]
    run = tf.function(lambda x: value_and_jacobian(manifold.project, x), **options)
    for found, value in zip(run(x), value_and_jacobian(manifold.project, x), strict=True):
        np.testing.assert_allclose(found, value, atol=1e-5)


@pytest.mark.slow
def test_loops_on_a_level_set_agree_with_eager():
    import tensorflow as tf

    manifold = ALL["ellipsoid"]
    z, v = manifold.random_uniform((4,), seed=0), inputs(manifold)[2][:4]
    v = manifold.tangent_project(z, v)
    found = tf.function(manifold.exp, autograph=False)(z, v)
    np.testing.assert_allclose(found, manifold.exp(z, v), atol=1e-5)


@pytest.mark.jax
@each()
def test_batches_of_unknown_size(manifold):
    import keras

    point = keras.Input((manifold.ambient_dim,))
    model = keras.Model(point, keras.layers.Lambda(manifold.project)(point))
    for count in (1, 5):
        x = np.random.default_rng(0).normal(size=(count, manifold.ambient_dim)).astype("float32")
        y = model(x)
        assert tuple(y.shape) == (count, manifold.ambient_dim)
        np.testing.assert_allclose(y, manifold.project(x), atol=1e-6)
