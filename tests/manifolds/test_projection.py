"""Projections: closest point, never NaN, never off the manifold, with true gradients."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from manifold_list import CLOSED, EXACT, IN_FLAT_SPACE, each
from membership import off_manifold

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds import O3, SO3, EmbeddedTorus, FlatTorus, Sphere
from diffusion_vae.manifolds.numerics.vectors import unit_vectors

jax = pytest.mark.jax


def awkward_points(manifold):
    """Zero, the axes at extreme lengths, and where factors vanish one by one, `[count, n]`."""
    n = manifold.ambient_dim
    axes = np.concatenate([np.eye(n), -np.eye(n)])
    lengths = [1e-38, 1e-30, 1e-12, 1.0, 1e12, 1e30, 1e38]
    prefixes = np.tril(np.ones((n, n)))
    return np.concatenate([np.zeros((1, n)), *(r * axes for r in lengths), prefixes])


@pytest.mark.slow
@jax
@each()
def test_awkward_points_have_finite_projections_and_gradients(manifold):
    x = ops.convert_to_tensor(awkward_points(manifold), dtype="float32")
    assert off_manifold(manifold, manifold.project(x)) < 2e-6
    assert np.all(np.isfinite(ops.convert_to_numpy(jacobian(manifold.project, x))))


@each()
@given(seed=st.integers(0, 10**6), exponents=st.tuples(*[st.integers(-30, 30)] * 2))
def test_projections_of_any_size_lie_on_the_manifold(manifold, seed, exponents):
    # Coordinates of two very different sizes, in a random pattern.
    rng = np.random.default_rng(seed)
    scale = 10.0 ** np.array(exponents)[rng.integers(2, size=(4, manifold.ambient_dim))]
    x = np.clip(scale * rng.normal(size=scale.shape), -3e38, 3e38).astype("float32")
    assert off_manifold(manifold, manifold.project(x)) < 3e-6


@jax
@each()
def test_projection_is_idempotent(manifold):
    x = keras.random.normal((200, manifold.ambient_dim), seed=0)
    y = manifold.project(x)
    np.testing.assert_allclose(manifold.project(y), y, atol=1e-6)


@jax
@each(CLOSED)
def test_no_point_of_the_manifold_is_closer(manifold):
    others = ops.convert_to_numpy(manifold.random_uniform((5000,), seed=0))
    rng = np.random.default_rng(1)
    for scale in (0.1, 1.0, 3.0):
        x = others[:60] + scale * rng.normal(size=(60, manifold.ambient_dim))
        y = ops.convert_to_numpy(manifold.project(x.astype("float32")))
        closest = np.min(np.linalg.norm(x[:, None, :] - others, axis=-1), axis=-1)
        assert np.max(np.linalg.norm(x - y, axis=-1) - closest) < 1e-5


@pytest.mark.slow
@each()
@pytest.mark.parametrize("distance", [1e-3, 0.1, 0.4])
def test_gradient_is_the_finite_difference_in_float64(manifold, distance):
    rng = np.random.default_rng(0)
    z = ops.convert_to_numpy(manifold.prior_sample((20,), seed=0)).astype("float64")
    noise = rng.normal(size=z.shape)
    x = z + distance * noise / np.linalg.norm(noise, axis=-1, keepdims=True)
    found = ops.convert_to_numpy(jacobian(manifold.project, ops.convert_to_tensor(x)))
    assert found.dtype == "float64"
    np.testing.assert_allclose(found, differences(manifold.project, x), atol=1e-6)


@each({name: m for name, m in EXACT["tangent_project"].items() if name in IN_FLAT_SPACE})
def test_tangent_projection_is_the_derivative_of_the_projection(manifold):
    z = ops.convert_to_numpy(manifold.prior_sample((20,), seed=0)).astype("float64")
    z = ops.convert_to_numpy(manifold.project(z))
    v = np.random.default_rng(0).normal(size=z.shape)
    found = manifold.tangent_project(ops.convert_to_tensor(z), ops.convert_to_tensor(v))
    axes = np.broadcast_to(np.eye(z.shape[-1])[:, None], (z.shape[-1], *z.shape))
    rank = np.einsum("ibi->b", manifold.tangent_project(z, axes))
    np.testing.assert_allclose(rank, manifold.dim, atol=1e-6)
    if manifold.symmetry is None and manifold.identifies_points:
        # Not along the names of a point, and for the rest the same: the point moves alike.
        moves = differences(lambda x: manifold.even_embedding(manifold.project(x)), z)
        expected = np.einsum("bij,bj->bi", moves, v)
        found = np.einsum("bij,bj->bi", moves, found)
    else:
        expected = np.einsum("bij,bj->bi", differences(manifold.project, z), v)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@jax
@each()
def test_tangent_projection_is_an_orthogonal_projection(manifold):
    z = manifold.prior_sample((20,), seed=0)
    v, w = (keras.random.normal((20, manifold.ambient_dim), seed=seed) for seed in (1, 2))
    along_v, along_w = manifold.tangent_project(z, v), manifold.tangent_project(z, w)
    # In Minkowski space v is of the size 1 and its projection of that of |z|^2.
    size = 1.0 if np.all(manifold.ambient_metric == 1.0) else float(np.max(np.square(z)))
    rounding = 2e-6 * size * (1.0 if size == 1.0 else float(np.max(np.abs(along_v))))
    np.testing.assert_allclose(manifold.tangent_project(z, along_v), along_v, atol=rounding)
    metric = ops.convert_to_tensor(manifold.ambient_metric, dtype=v.dtype)
    np.testing.assert_allclose(
        ops.sum(metric * along_v * w, axis=-1),
        ops.sum(metric * v * along_w, axis=-1),
        atol=2e-5 * size,
    )


def differences(function, x, h=1e-5):
    """Jacobians by central differences in float64, `[count, values, n]`."""
    columns = []
    for step in h * np.eye(x.shape[-1]):
        ahead = ops.convert_to_numpy(function(ops.convert_to_tensor(x + step)))
        behind = ops.convert_to_numpy(function(ops.convert_to_tensor(x - step)))
        columns.append((ahead - behind) / (2.0 * h))
    return np.stack(columns, axis=-1)


# -- closed forms --------------------------------------------------------------


@jax
def test_sphere_normalises():
    x = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    expected = x / np.linalg.norm(x, axis=-1, keepdims=True)
    np.testing.assert_allclose(Sphere(3).project(x), expected, atol=1e-6)
    np.testing.assert_array_equal(Sphere(2).project(np.zeros((1, 3), "float32")), [[1, 0, 0]])
    np.testing.assert_array_equal(unit_vectors(np.array([0.0, -3e38], "float32")), [0, -1])


@jax
def test_flat_torus_normalises_each_pair():
    x = np.array([[3.0, 4.0, 0.0, 0.0]], "float32")
    np.testing.assert_allclose(FlatTorus(2).project(x), [[0.6, 0.8, 1.0, 0.0]], atol=1e-6)


@jax
def test_torus_of_revolution_on_its_axis_and_core_circle():
    torus = EmbeddedTorus(3.0, 0.6)
    axis = np.stack([np.zeros(7), np.zeros(7), np.linspace(-9.0, 9.0, 7)], axis=-1)
    angle = np.linspace(0.0, 6.0, 7)
    core = 3.0 * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)
    for x in (axis, core):
        x = x.astype("float32")
        y = ops.convert_to_numpy(torus.project(x))
        assert off_manifold(torus, y) < 2e-6
        slope = jacobian(torus.project, ops.convert_to_tensor(x))
    assert np.all(np.isfinite(ops.convert_to_numpy(slope)))
    # On the core circle every point of the tube's circle is at the radius of the tube.
    np.testing.assert_allclose(np.linalg.norm(y - core, axis=-1), 0.6, atol=1e-5)


def test_torus_of_revolution_against_a_search_over_angles():
    torus = EmbeddedTorus(2.0, 1.0)
    x = np.random.default_rng(0).normal(scale=2.0, size=(40, 3))
    phi, theta = (grid.ravel() for grid in np.meshgrid(*[np.linspace(0, 2 * np.pi, 721)] * 2))
    from_axis = 2.0 + np.cos(theta)
    grid = np.stack([from_axis * np.cos(phi), from_axis * np.sin(phi), np.sin(theta)], axis=-1)
    best = [np.min(np.linalg.norm(grid - point, axis=-1)) for point in x]
    found = np.linalg.norm(ops.convert_to_numpy(torus.project(x)) - x, axis=-1)
    np.testing.assert_allclose(found, best, atol=1e-3)
    assert np.all(found < np.array(best) + 1e-9)


def orthogonal_oracle(matrix, special):
    """Nearest orthogonal matrix or rotation by NumPy's SVD."""
    u, _, vt = np.linalg.svd(matrix)
    if special and np.linalg.det(u @ vt) < 0:
        u[:, -1] *= -1.0
    return u @ vt


@jax
@pytest.mark.parametrize("manifold", [SO3(), O3()], ids=["so3", "o3"])
def test_orthogonal_matrices_against_numpy(manifold):
    x = np.random.default_rng(0).normal(size=(100, 3, 3)).astype("float32")
    special = type(manifold) is SO3
    assert np.sum(np.linalg.det(x) < 0) > 30
    expected = np.stack([orthogonal_oracle(matrix, special) for matrix in x])
    found = ops.convert_to_numpy(manifold.project(x.reshape(100, 9)))
    # Where the two smallest singular values of a reflected matrix agree, any will do.
    np.testing.assert_allclose(found.reshape(100, 3, 3), expected, atol=1e-3)
    np.testing.assert_allclose(
        np.sum(found.reshape(100, 3, 3) * x, axis=(1, 2)),
        np.sum(expected * x, axis=(1, 2)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_nearest_rotation_by_brute_force():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 9))
    others = ops.convert_to_numpy(SO3().random_uniform((50000,), seed=0)).astype("float64")
    best = np.sqrt(np.min(np.sum(others**2, -1) - 2.0 * x @ others.T, axis=-1) + np.sum(x**2, -1))
    found = np.linalg.norm(ops.convert_to_numpy(SO3().project(x)) - x, axis=-1)
    assert np.all(found <= best + 1e-6)
    assert np.all(best - found < 0.1)  # and the search comes close


@pytest.mark.torch
@jax
@pytest.mark.parametrize("manifold", [SO3(), O3()], ids=["so3", "o3"])
def test_repeated_singular_values_have_exact_gradients(manifold):
    rotation = ops.convert_to_numpy(SO3().random_uniform((1,), seed=0)).reshape(3, 3)
    values = np.array([[1.0, 1, 1], [2, 2, 0.5], [3, 1, 1], [1e-3, 1e-3, 1e-3]])
    x = (rotation @ np.stack([np.diag(v) for v in values])).reshape(-1, 9).astype("float32")
    slope = ops.convert_to_numpy(jacobian(manifold.project, ops.convert_to_tensor(x)))
    assert np.all(np.isfinite(slope))
    # d(U V^T) = U [(A - A^T) / (s_i + s_j)] V^T; here U = rotation, V = 1.
    for v, s in zip(values, slope, strict=True):
        turn = np.array([[0.0, 1, 2], [-1, 0, 3], [-2, -3, 0]])
        dx = rotation @ turn
        expected = rotation @ (2.0 * turn / (v[:, None] + v[None, :]))
        np.testing.assert_allclose((s @ dx.ravel()).reshape(3, 3), expected, rtol=1e-4, atol=1e-3)


def test_gradient_on_reflected_matrices_in_float64():
    # det < 0: the signed singular value, away from where two of them cancel.
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(6, 3, 3)))[0] for _ in range(2))
    sign = np.sign(np.linalg.det(u) * np.linalg.det(v))
    s = np.stack([[3.0, 2.0, 0.5]] * 6)
    s[:, 2] *= -sign  # so that det(x) < 0
    x = ((u * s[:, None, :]) @ np.swapaxes(v, 1, 2)).reshape(6, 9)
    assert np.all(np.linalg.det(x.reshape(6, 3, 3)) < 0)
    found = ops.convert_to_numpy(jacobian(SO3().project, ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, differences(SO3().project, x), atol=1e-6)


@each()
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_inputs_stay_half(manifold, dtype):
    x = ops.cast(2.0 * manifold.prior_sample((5,), seed=0), dtype)
    y = manifold.project(x)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    whole = manifold.project(ops.cast(x, "float32"))
    flat = np.all(manifold.ambient_metric == 1.0)  # else coordinates grow as the exponential
    size = 1.0 if flat else max(1.0, 0.25 * float(np.max(np.abs(whole))))
    np.testing.assert_allclose(ops.cast(y, "float32"), whole, atol=0.03 * size)
