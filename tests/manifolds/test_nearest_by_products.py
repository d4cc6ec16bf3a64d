"""Nearest rotations without a decomposition, against NumPy's in double precision."""

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops

from diffusion_vae.manifolds import O3, SO3, Product, Sphere
from diffusion_vae.manifolds.numerics.nearest_by_products import (
    nearest_by_products,
    products_only,
)

each_kind = pytest.mark.parametrize("special", [True, False], ids=["so3", "o3"])


def nearest(matrix, special):
    """The answer and the largest trace, by NumPy."""
    u, s, vt = np.linalg.svd(matrix.astype("float64"))
    sign = np.sign(np.linalg.det(u @ vt)) if special else np.ones(len(u))
    u[..., -1] *= sign[:, None]
    s[..., -1] *= sign
    return u @ vt, np.sum(s, axis=-1)


def found(matrix, special):
    return ops.convert_to_numpy(nearest_by_products(ops.convert_to_tensor(matrix), special))


@pytest.mark.jax
@each_kind
def test_of_matrices_of_either_sign(special):
    x = np.random.default_rng(0).normal(size=(2000, 3, 3)).astype("float32")
    x /= np.abs(x).max(axis=(1, 2), keepdims=True)
    assert 900 < np.sum(np.linalg.det(x) < 0) < 1100
    expected, _ = nearest(x, special)
    np.testing.assert_allclose(found(x, special), expected, rtol=0, atol=2e-6)


@each_kind
@pytest.mark.parametrize(
    "values",
    [(1, 1, 1), (1, 1, 0), (1, 0, 0), (1, 1e-4, 1e-5), (1, 0.5, -0.4999), (1, 1, -1), (1e-3,) * 3],
    ids=str,
)
def test_where_singular_values_meet_or_vanish(special, values):
    rng = np.random.default_rng(1)
    u, v = np.linalg.qr(rng.normal(size=(2, 300, 3, 3)))[0]
    x = (u * np.array(values, "f8") @ v).astype("float32")
    _, trace = nearest(x, special)
    r = found(x, special).astype("float64")
    np.testing.assert_allclose(
        np.swapaxes(r, 1, 2) @ r, np.broadcast_to(np.eye(3), r.shape), atol=3e-6
    )
    if special:
        np.testing.assert_allclose(np.linalg.det(r), 1.0, atol=3e-6)
    # None is nearer: where the answer is not unique, any will do.
    np.testing.assert_allclose(np.sum(r * x, axis=(1, 2)), trace, rtol=0, atol=2e-6)


@pytest.mark.parametrize("manifold", [SO3(), O3()], ids=["so3", "o3"])
def test_gradient_is_that_of_the_decomposition(manifold):
    x = ops.convert_to_tensor(np.random.default_rng(2).normal(size=(20, 9)))  # float64
    weight = np.random.default_rng(3).normal(size=9)

    def along(x):
        return ops.sum(manifold.project(x) * weight)

    _, [expected] = value_and_gradients(along, [x])
    with products_only():
        _, [slope] = value_and_gradients(along, [x])
    np.testing.assert_allclose(slope, expected, rtol=1e-9, atol=1e-9)


def test_the_scope_reaches_the_factors_of_a_product_and_ends():
    space = Product([Sphere(2), SO3(), O3()])
    x = np.random.default_rng(4).normal(size=(5, 21)).astype("float32")
    with pytest.raises(RuntimeError, match="stop"), products_only():
        inside = ops.convert_to_numpy(space.project(x))
        raise RuntimeError("stop")
    outside = ops.convert_to_numpy(space.project(x))
    assert np.any(inside != outside)  # other digits: another way
    np.testing.assert_allclose(inside, outside, atol=2e-6)
