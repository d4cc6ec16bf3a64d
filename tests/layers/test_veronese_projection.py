"""The Veronese head: top eigenvectors, their gradients, repeated eigenvalues."""

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.layers import VeroneseProjection
from diffusion_vae.manifolds import RealProjective, Sphere
from diffusion_vae.manifolds.numerics.top_eigenvector import top_eigenvector


def triangle(matrix):
    """Features of symmetric matrices, `[..., n, n] -> [..., n (n + 1) / 2]`, an isometry."""
    rows, columns = np.triu_indices(matrix.shape[-1])
    return matrix[..., rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2.0))


def symmetric(n, count, seed=0):
    a = np.random.default_rng(seed).normal(size=(count, n, n))
    return a + np.swapaxes(a, -1, -2)


@pytest.mark.jax
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_gives_the_top_eigenvector_up_to_sign(dim):
    matrix = symmetric(dim + 1, 40)
    layer = VeroneseProjection(RealProjective(dim))
    z = ops.convert_to_numpy(layer(triangle(matrix).astype("float32")))
    expected = np.linalg.eigh(matrix)[1][..., -1]
    np.testing.assert_allclose(np.abs(np.sum(z * expected, axis=-1)), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1.0, atol=1e-6)


def test_inverts_the_veronese_embedding():
    manifold = RealProjective(2)
    z = np.asarray(manifold.random_uniform((50,), seed=0))
    again = VeroneseProjection(manifold)(triangle(z[:, :, None] * z[:, None, :]))
    np.testing.assert_allclose(np.asarray(manifold.distance(again, z)), 0.0, atol=2e-3)


@pytest.mark.parametrize("text", ["projective:3", "projective:2 x torus:1 x so3 x projective:1"])
def test_inverts_the_even_embedding_of_products_too(text):
    manifold = manifolds.get(text)
    z = manifold.random_uniform((50,), seed=0)
    again = VeroneseProjection(manifold)(manifold.even_embedding(z))
    np.testing.assert_allclose(np.asarray(manifold.distance(again, z)), 0.0, atol=2e-3)


@pytest.mark.parametrize("n", [2, 5, 33])
def test_close_eigenvalues_against_numpy_in_double_precision(n):
    """The error of the vector is that of an eigendecomposition in single precision."""
    matrix = symmetric(n, 200).astype("float32")
    matrix /= np.abs(matrix).max(axis=(1, 2), keepdims=True)
    values, vectors = np.linalg.eigh(matrix.astype("float64"))
    z = np.asarray(top_eigenvector(ops.convert_to_tensor(matrix)), "float64")
    cosine = np.minimum(np.abs(np.sum(z * vectors[..., -1], axis=-1)), 1.0)
    sine = np.linalg.norm(
        z - np.sum(z * vectors[..., -1], -1)[:, None] * vectors[..., -1], axis=-1
    )
    assert (cosine > 0.7).all()
    assert np.max(sine * (values[:, -1] - values[:, -2])) < 2e-6


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_the_scale_of_the_matrix_does_not_matter(scale):
    upper = triangle(symmetric(3, 5)).astype("float32")
    layer = VeroneseProjection(RealProjective(2))
    scaled, plain = (np.asarray(layer(x)) for x in (upper * np.float32(scale), upper))
    np.testing.assert_allclose(np.abs(np.sum(scaled * plain, axis=-1)), 1.0, atol=1e-5)


@pytest.mark.parametrize("dim", [2, 3])
def test_gradient_against_finite_differences(dim):
    n = dim + 1
    layer = VeroneseProjection(RealProjective(dim), dtype="float64")
    upper = triangle(symmetric(n, 1, seed=3)[0])
    weight = np.random.default_rng(1).normal(size=(n, n))

    def even(upper):  # a function on RP^d does not know the sign
        z = layer(upper)
        return ops.sum(weight * ops.expand_dims(z, -1) * ops.expand_dims(z, -2))

    _, [gradient] = value_and_gradients(even, upper)
    h = 1e-5
    expected = [
        (float(even(upper + h * e)) - float(even(upper - h * e))) / (2 * h)
        for e in np.eye(len(upper))
    ]
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.jax
@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.eye(3), np.diag([1.0, 1.0, -1.0])])
def test_repeated_eigenvalues_are_finite(matrix):
    layer = VeroneseProjection(RealProjective(2))
    value, [gradient] = value_and_gradients(
        lambda upper: ops.sum(ops.multiply(layer(upper), np.array([1.0, 2.0, 3.0], "float32"))),
        triangle(matrix).astype("float32"),
    )
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    z = ops.convert_to_numpy(layer(triangle(matrix).astype("float32")))
    assert np.linalg.norm(z) == pytest.approx(1.0, abs=1e-6)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"projective space, .*Received: Sphere"):
        VeroneseProjection(Sphere(2))
    assert VeroneseProjection("projective:3").input_dim == 10
    with pytest.raises(ValueError, match=r"last axis of length 6\. Received shape: \(2, 5\)"):
        VeroneseProjection("projective:2")(np.zeros((2, 5), "float32"))
