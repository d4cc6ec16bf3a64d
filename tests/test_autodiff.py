"""Derivatives, loops and compilation on every backend."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from diffusion_vae import autodiff
from diffusion_vae.autodiff import (
    as_graph,
    compiled,
    custom_gradient,
    detached,
    iterate,
    jacobian,
    run_eagerly,
    value_and_gradient,
    value_and_jacobian,
)

pytestmark = [pytest.mark.jax, pytest.mark.torch]


def swirl(x):
    """A map of the plane into space."""
    a, b = x[..., 0], x[..., 1]
    return ops.stack([a * b, ops.sin(a), ops.square(b) * a], axis=-1)


def swirl_jacobian(x):
    a, b = x[..., 0], x[..., 1]
    zero = np.zeros_like(a)
    rows = [[b, a], [np.cos(a), zero], [b**2, 2.0 * a * b]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


X = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("float32")


def test_value_and_jacobian():
    value, slope = value_and_jacobian(swirl, ops.convert_to_tensor(X))
    np.testing.assert_allclose(value, swirl(ops.convert_to_tensor(X)), rtol=1e-6)
    np.testing.assert_allclose(slope, swirl_jacobian(X), rtol=1e-5, atol=1e-6)


def test_second_derivatives():
    def flat(x):
        return ops.reshape(jacobian(swirl, x), (*x.shape[:-1], 6))

    second = ops.reshape(jacobian(flat, ops.convert_to_tensor(X)), (4, 3, 3, 2, 2))
    expected = np.zeros((4, 3, 3, 2, 2))
    expected[..., 0, 0, 1] = expected[..., 0, 1, 0] = 1.0
    expected[..., 1, 0, 0] = -np.sin(X[..., 0])
    expected[..., 2, 0, 1] = expected[..., 2, 1, 0] = 2.0 * X[..., 1]
    expected[..., 2, 1, 1] = 2.0 * X[..., 0]
    np.testing.assert_allclose(second, expected, rtol=1e-5, atol=1e-6)


def test_a_gradient_of_ones_own_is_differentiated_by_jacobian_and_twice():
    @custom_gradient
    def sine(x):
        slope = 3.0 * ops.cos(x)  # not the true one, so that it is seen
        return ops.sin(x), lambda upstream: upstream * slope

    x = ops.convert_to_tensor(X[..., :1])
    slope = jacobian(sine, x)
    np.testing.assert_allclose(slope[..., 0], 3.0 * np.cos(X[..., :1]), rtol=1e-5)
    second = jacobian(lambda x: jacobian(sine, x)[..., 0], x)
    np.testing.assert_allclose(second[..., 0], -3.0 * np.sin(X[..., :1]), rtol=1e-5)


def test_no_other_custom_gradient_is_used():
    # Keras's own cannot be differentiated by `jacobian` on PyTorch.
    package = Path(autodiff.__file__).parent
    users = [p.name for p in package.rglob("*.py") if "ops.custom_gradient" in p.read_text()]
    assert users == ["autodiff.py"]


def test_outputs_that_do_not_depend_on_the_input_have_zero_derivatives():
    slope = jacobian(lambda x: ops.ones_like(x), ops.convert_to_tensor(X))
    np.testing.assert_array_equal(slope, np.zeros((4, 3, 2, 2)))


def test_compiled_functions():
    run = compiled(lambda x: jacobian(swirl, x), (None, 2), "float32")
    for count in (1, 5):
        x = np.ones((count, 2), "float32")
        np.testing.assert_allclose(run(ops.convert_to_tensor(x)), swirl_jacobian(x), rtol=1e-6)


def test_value_and_gradient_of_a_function_that_draws():
    seed = keras.random.SeedGenerator(0)

    def energy(x):
        noise = keras.random.normal(x.shape, seed=seed)
        return ops.sum(0.5 * ops.square(x) + ops.stop_gradient(0.0 * noise), axis=-1)

    value, slope = value_and_gradient(energy, ops.convert_to_tensor(X))
    expected = 0.5 * np.sum(X**2, axis=-1)
    np.testing.assert_allclose(ops.convert_to_numpy(value), expected, rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(slope), X, rtol=1e-6)
    assert ops.convert_to_numpy(seed.state)[1] == 1
    _, blind = value_and_gradient(ops.zeros_like, ops.convert_to_tensor(X))
    np.testing.assert_array_equal(ops.convert_to_numpy(blind), np.zeros_like(X))


def test_a_graph_with_variables_is_traced_once_and_changes_them():
    seed, weight = keras.random.SeedGenerator(0), keras.Variable(2.0)
    traces = []

    def noisy(x):
        traces.append(x)
        return weight * x, keras.random.normal((), seed=seed)

    graph = as_graph(noisy, [weight, seed.state])
    (first, one), (_, other) = graph(ops.ones(3)), graph(ops.ones(3))
    assert len(traces) == (2 if keras.backend.backend() == "torch" else 1)
    assert float(one) != float(other)
    weight.assign(5.0)
    longer, _ = graph(ops.ones(4))
    if keras.backend.backend() == "tensorflow":
        assert len(traces) == 1
    np.testing.assert_array_equal(ops.convert_to_numpy(first), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(ops.convert_to_numpy(longer), [5.0, 5.0, 5.0, 5.0])


def test_iterate_has_a_gradient():
    def power(x):
        return iterate(lambda state: (state[0] * x, state[1]), (ops.ones_like(x), x), 5)[0]

    x = ops.convert_to_tensor(np.array([[0.5], [2.0]], "float32"))
    run = compiled(lambda x: value_and_jacobian(power, x), (2, 1), "float32")
    for value, slope in (value_and_jacobian(power, x), run(x)):
        np.testing.assert_allclose(value, [[0.5**5], [32.0]], rtol=1e-6)
        np.testing.assert_allclose(slope, [[[5 * 0.5**4]], [[80.0]]], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_detached_values_are_constants(dtype):
    x = ops.convert_to_tensor(X.astype(dtype))
    np.testing.assert_array_equal(detached(x), x)
    np.testing.assert_array_equal(jacobian(lambda x: x * 0.0 + detached(x), x), 0.0)


def test_run_eagerly_escapes_from_compilation():
    seen = []

    def inside(x):
        number = run_eagerly(lambda: float(ops.sum(ops.ones((3,)))))
        seen.append(number)
        return x + number

    run = compiled(inside, (2,), "float32")
    np.testing.assert_array_equal(run(ops.zeros((2,))), [3.0, 3.0])
    assert seen[0] == 3.0


def test_run_eagerly_passes_errors_on():
    def fails():
        raise ValueError("as it should")

    with pytest.raises(ValueError, match="as it should"):
        run_eagerly(fails)
