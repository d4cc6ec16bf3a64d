"""Complex projective space against complex arithmetic, Haar measure and the 2-sphere."""

import math

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops

from diffusion_vae import manifolds
from diffusion_vae.autodiff import jacobian
from diffusion_vae.layers import VeroneseProjection
from diffusion_vae.manifolds import ComplexProjective, Product, Sphere

jax = pytest.mark.jax


def unit(count, n, seed=0):
    """Uniform unit vectors of C^(n + 1), `[count, n + 1]`."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(count, n + 1)) + 1j * rng.normal(size=(count, n + 1))
    return z / np.linalg.norm(z, axis=-1, keepdims=True)


def real(z):
    return np.concatenate([z.real, z.imag], axis=-1)


def hopf(z):
    """The 2-sphere of radius 1/2 that CP^1 is, `[..., 2] -> [..., 3]`."""
    product = z[..., 0].conj() * z[..., 1]
    height = np.abs(z[..., 0]) ** 2 - np.abs(z[..., 1]) ** 2
    return np.stack([product.real, product.imag, 0.5 * height], axis=-1)


@jax
@pytest.mark.parametrize("n", [1, 2, 5])
def test_geometry_is_that_of_complex_vectors(n):
    space = ComplexProjective(n)
    x, y = unit(50, n, 0), unit(50, n, 1)
    inner = np.sum(x.conj() * y, axis=-1)
    a, b = real(x).astype("float32"), real(y).astype("float32")
    np.testing.assert_allclose(space.distance(a, b), np.arccos(np.abs(inner)), atol=2e-6)
    aligned = y * (inner.conj() / np.abs(inner))[:, None]
    np.testing.assert_allclose(space.nearest_name(b, a), real(aligned), atol=2e-6)
    horizontal = y - x * inner[:, None]
    np.testing.assert_allclose(space.tangent_project(a, b), real(horizontal), atol=2e-6)
    # along the geodesic, cos(s r) x + sin(s r) times the unit vector towards y
    r = np.arccos(np.abs(inner))[:, None]
    towards = (aligned - np.cos(r) * x) / np.sin(r)
    middle = np.cos(0.3 * r) * x + np.sin(0.3 * r) * towards
    np.testing.assert_allclose(space.geodesic(a, b, 0.3), real(middle), atol=5e-6)


def test_the_complex_line_is_the_sphere_of_radius_one_half():
    line = ComplexProjective(1)
    assert line.volume == pytest.approx(Sphere(2).volume / 4.0)
    assert float(line.scalar_curvature(real(unit(1, 1)))[0]) == 8.0
    x, y = unit(40, 1, 0), unit(40, 1, 1)
    expected = 0.5 * np.asarray(Sphere(2).distance(2.0 * hopf(x), 2.0 * hopf(y)))
    np.testing.assert_allclose(line.distance(real(x), real(y)), expected, atol=1e-12)
    path = np.asarray(line.geodesic(real(x), real(y), 0.4))
    found = 2.0 * hopf(path[:, :2] + 1j * path[:, 2:])
    on_sphere = Sphere(2).geodesic(2.0 * hopf(x), 2.0 * hopf(y), 0.4)
    np.testing.assert_allclose(found, on_sphere, atol=1e-7)


@jax
def test_distances_keep_their_digits_at_both_ends():
    space, x = ComplexProjective(2), real(unit(7, 2)).astype("float32")
    rng = np.random.default_rng(3)
    v = np.asarray(space.tangent_project(x, rng.normal(size=x.shape).astype("float32")))
    v = (v / np.linalg.norm(v, axis=-1, keepdims=True)).astype("float64")
    r = np.array([1e-6, 1e-4, 0.1, 1.0, 1.5, math.pi / 2 - 1e-4, math.pi / 2])
    exact = x.astype("float64")
    exact /= np.linalg.norm(exact, axis=-1, keepdims=True)
    y = np.cos(r)[:, None] * exact + np.sin(r)[:, None] * v
    # The coordinates are rounded to 6e-8 before the distance is taken.
    y = y.astype("float32")
    np.testing.assert_allclose(space.distance(x, y), r, atol=3e-7)
    z = y[:2].astype("float64")  # of what is left after rounding, nearby points lose nothing
    across = z - exact[:2]
    c = np.sum((exact[:2, :3] - 1j * exact[:2, 3:]) * (across[:, :3] + 1j * across[:, 3:]), 1)
    across -= real((exact[:2, :3] + 1j * exact[:2, 3:]) * c[:, None])
    np.testing.assert_allclose(
        space.distance(x[:2], y[:2]), np.linalg.norm(across, axis=1), rtol=2e-5
    )
    ends = ops.convert_to_tensor(np.stack([x, y]))
    slope = jacobian(lambda y: ops.expand_dims(space.distance(x, y), -1), ends)
    assert np.all(np.isfinite(slope))
    np.testing.assert_array_equal(space.distance(x, x), 0.0)


def test_volume_is_that_of_the_unit_vectors_over_the_length_of_a_circle():
    for n in (1, 2, 3, 10, 100):
        expected = Sphere(2 * n + 1).volume / (2.0 * math.pi)
        assert ComplexProjective(n).volume == pytest.approx(expected, rel=1e-10)
    assert ComplexProjective(3).betti_numbers(5) == (1, 0, 1, 0, 1, 0, 1)


@jax
def test_squared_moduli_of_uniform_draws_are_uniform_on_the_simplex():
    z = np.asarray(ComplexProjective(2).random_uniform((20_000,), seed=0))
    share = z[:, :3] ** 2 + z[:, 3:] ** 2  # Dirichlet(1, 1, 1): variance 1/18
    assert np.abs(share.mean(axis=0) - 1 / 3).max() < 4 * math.sqrt(1 / 18 / 20_000)
    assert np.abs(share.var(axis=0) - 1 / 18).max() < 4 * 0.06 / math.sqrt(20_000)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_even_embedding_is_an_isometry_of_hermitian_matrices(n):
    space = ComplexProjective(n)
    x, y = unit(30, n, 0), unit(30, n, 1)
    expected = x[:, :, None] * x[:, None, :].conj() - y[:, :, None] * y[:, None, :].conj()
    difference = np.asarray(space.even_embedding(real(x)) - space.even_embedding(real(y)))
    assert difference.shape == (30, (n + 1) ** 2) == (30, space.even_embedding_dim)
    np.testing.assert_allclose(
        np.linalg.norm(difference, axis=-1), np.linalg.norm(expected, axis=(1, 2)), rtol=1e-9
    )
    turned = real(x * np.exp(1j * np.linspace(0, 6, 30))[:, None])
    np.testing.assert_allclose(
        space.even_embedding(turned), space.even_embedding(real(x)), atol=1e-12
    )
    # 20,000 draws: means and variances have a standard error under 0.015.
    features = np.asarray(space.even_features(real(unit(20_000, n, 2))))
    np.testing.assert_allclose(features.mean(axis=0), 0.0, atol=0.05)
    rows, columns = np.triu_indices(n + 1)
    on = np.concatenate([rows == columns, np.zeros((n + 1) * n // 2, bool)])
    np.testing.assert_allclose(features[:, ~on].var(axis=0), 1.0, atol=0.06)
    np.testing.assert_allclose(features[:, on].var(axis=0), 1.0 - 1.0 / (n + 1), atol=0.06)


@jax
@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_head_gives_the_top_eigenvector_of_a_hermitian_matrix(n):
    space = ComplexProjective(n)
    rng = np.random.default_rng(0)
    h = rng.normal(size=(40, n + 1, n + 1)) + 1j * rng.normal(size=(40, n + 1, n + 1))
    h = h + np.swapaxes(h, 1, 2).conj()
    upper, strict = np.triu_indices(n + 1), np.triu_indices(n + 1, 1)
    weight = np.where(upper[0] == upper[1], 1.0, math.sqrt(2.0))
    features = np.concatenate(
        [h[:, *upper].real * weight, math.sqrt(2.0) * h[:, *strict].imag], axis=1
    )
    layer = VeroneseProjection(space)
    z = np.asarray(layer(features.astype("float32")), "float64")
    assert layer.input_dim == (n + 1) ** 2
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1.0, atol=1e-6)
    z = z[:, : n + 1] + 1j * z[:, n + 1 :]
    top = np.linalg.eigh(h)[1][..., -1]
    np.testing.assert_allclose(np.abs(np.sum(z.conj() * top, axis=-1)), 1.0, atol=1e-5)
    again = layer(space.even_embedding(real(unit(20, n)).astype("float32")))
    np.testing.assert_allclose(space.distance(again, real(unit(20, n))), 0.0, atol=2e-3)


@pytest.mark.parametrize("text", ["complex-projective:2", "complex-projective:1 x projective:2"])
def test_gradient_of_the_head_against_finite_differences(text):
    """Of functions that all names of a point share, against a complex eigendecomposition."""
    space = manifolds.get(text)
    rng = np.random.default_rng(1)
    features = rng.normal(size=space.even_embedding_dim)
    weight = rng.normal(size=space.even_embedding_dim)
    layer = VeroneseProjection(space, dtype="float64")

    def shared(x):
        return ops.sum(weight * ops.square(space.even_embedding(layer(x))))

    _, [gradient] = value_and_gradients(shared, features)
    h = 1e-5
    expected = [
        (float(shared(features + h * e)) - float(shared(features - h * e))) / (2 * h)
        for e in np.eye(len(features))
    ]
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)


@jax
def test_repeated_eigenvalues_are_finite():
    layer = VeroneseProjection(ComplexProjective(2))
    features = np.zeros((3, 9), "float32")
    features[1, [0, 3, 5]] = 1.0  # the identity
    features[2, [0, 3, 5]] = (1.0, 1.0, -1.0)
    value, [gradient] = value_and_gradients(
        lambda x: ops.sum(layer(x) * np.arange(6, dtype="float32")), features
    )
    assert np.isfinite(value) and np.isfinite(gradient).all()
    np.testing.assert_allclose(np.linalg.norm(layer(features), axis=-1), 1.0, atol=1e-6)


def test_products_put_names_together():
    space = Product([ComplexProjective(1), manifolds.RealProjective(2), Sphere(2)])
    assert space.identifies_points and space.symmetry is None
    assert space.fibre_volume == pytest.approx(4.0 * math.pi)
    z = np.asarray(space.random_uniform((5,), seed=0))
    turned = np.concatenate([-z[:, 2:4], z[:, :2], -z[:, 4:7], z[:, 7:]], axis=-1)
    np.testing.assert_allclose(space.distance(z, turned), 0.0, atol=2e-6)
    np.testing.assert_allclose(space.nearest_name(turned, z), z, atol=1e-6)
