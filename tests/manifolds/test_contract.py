"""What every manifold promises its users: shapes, seeds, identity, priors."""

import copy
import math
import pickle

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, CLOSED, FLAT, OPEN, SYMMETRIC, each
from membership import off_manifold

from diffusion_vae.manifolds import (
    ComplexProjective,
    Euclidean,
    FlatTorus,
    Manifold,
    Product,
    RealProjective,
    Sphere,
)

jax = pytest.mark.jax


@jax
@each()
@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_prior_samples_have_the_batch_shape_and_lie_on_the_manifold(manifold, shape):
    z = manifold.prior_sample(shape, seed=1)
    assert tuple(z.shape) == (*shape, manifold.ambient_dim)
    assert keras.backend.standardize_dtype(z.dtype) == "float32"
    assert off_manifold(manifold, z) < 2e-6


@jax
@each()
def test_methods_broadcast_leading_axes(manifold):
    z = manifold.prior_sample((3, 1), seed=1)
    noise = 0.1 * keras.random.normal((1, 4, manifold.ambient_dim), seed=2)
    v = manifold.tangent_project(z, noise)
    assert tuple(v.shape) == (3, 4, manifold.ambient_dim)
    y = manifold.exp(z, v)
    assert tuple(y.shape) == (3, 4, manifold.ambient_dim)
    assert tuple(manifold.distance(z, y).shape) == (3, 4)
    s = np.linspace(0.0, 1.0, 4, dtype="float32")
    assert tuple(manifold.geodesic(z, y, s).shape) == (3, 4, manifold.ambient_dim)
    assert tuple(manifold.scalar_curvature(y).shape) == (3, 4)
    assert tuple(manifold.prior_log_density(y).shape) == (3, 4)
    assert tuple(manifold.step(z + 0.0 * y, v).shape) == (3, 4, manifold.ambient_dim)


@jax
@each()
def test_equal_seeds_give_equal_draws(manifold):
    first, again, other = (
        ops.convert_to_numpy(manifold.prior_sample((5,), seed=seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert np.max(np.abs(first - other)) > 1e-3


@jax
@each()
def test_seed_generators_move_on(manifold):
    generator = keras.random.SeedGenerator(5)
    first, second = (
        ops.convert_to_numpy(manifold.prior_sample((5,), seed=generator)) for _ in range(2)
    )
    assert np.max(np.abs(first - second)) > 1e-3


@jax
@each()
def test_configuration_round_trip(manifold):
    config = keras.saving.serialize_keras_object(manifold)
    again = keras.saving.deserialize_keras_object(config)
    assert again == manifold and hash(again) == hash(manifold)
    assert type(manifold).from_config(manifold.get_config()) == manifold
    assert repr(again) == repr(manifold)


@each()
def test_copies_are_equal(manifold):
    assert copy.deepcopy(manifold) == manifold
    assert pickle.loads(pickle.dumps(manifold)) == manifold


def test_all_manifolds_differ():
    assert len(set(ALL.values())) == len(ALL)
    assert Sphere(2) != RealProjective(2) and Sphere(1) != FlatTorus(1)
    assert Sphere(2) != "sphere:2"
    assert Product([Sphere(1), Sphere(2)]) != Product([Sphere(2), Sphere(1)])


@jax
@each(CLOSED)
def test_prior_of_a_closed_manifold_is_uniform(manifold):
    z = manifold.random_uniform((4,), seed=0)
    log_density = ops.convert_to_numpy(manifold.prior_log_density(z))
    np.testing.assert_allclose(log_density, -math.log(manifold.volume), rtol=1e-6)


@jax
@each(FLAT)
def test_prior_of_flat_space_is_the_standard_normal(manifold):
    z = np.random.default_rng(0).normal(size=(6, manifold.dim)).astype("float32")
    expected = -0.5 * np.sum(z**2, axis=-1) - 0.5 * manifold.dim * math.log(2.0 * math.pi)
    np.testing.assert_allclose(manifold.prior_log_density(z), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="no uniform law"):
        manifold.random_uniform((2,))
    draws = ops.convert_to_numpy(manifold.prior_sample((20000,), seed=0))
    assert np.max(np.abs(np.mean(draws, axis=0))) < 4.0 / math.sqrt(20000)
    assert np.max(np.abs(np.var(draws, axis=0) - 1.0)) < 4.0 * math.sqrt(2.0 / 20000)


def test_each_factor_has_its_own_time():
    manifold = Product([Sphere(2), Euclidean(2), FlatTorus(1)])
    assert manifold.time_dim == 4
    parts = manifold.split_time(np.array([[1.0, 2.0, 3.0, 4.0]], "float32"))
    np.testing.assert_array_equal(parts[1], [[2.0, 3.0]])


def test_only_open_manifolds_are_open():
    assert set(FLAT) == {"euclidean:1", "euclidean:3"}
    assert set(OPEN) == {*FLAT, "hyperbolic:2", "hyperbolic:3,-0.5 x sphere:1"}
    assert not Product([Sphere(2), Euclidean(1)]).closed


@jax
@each(SYMMETRIC)
def test_identified_points_share_all_that_is_even(manifold):
    x, y = manifold.random_uniform((8,), seed=0), manifold.random_uniform((8,), seed=1)
    patterns = [] if manifold.symmetry is None else manifold.symmetry
    names = [x * ops.convert_to_tensor(pattern, dtype="float32") for pattern in patterns]
    names += [manifold.nearest_name(x, manifold.random_uniform((8,), seed=s)) for s in (2, 3, 4)]
    assert max(float(ops.max(ops.abs(name - x))) for name in names) > 0.1
    for image in names:
        np.testing.assert_allclose(manifold.distance(x, image), 0.0, atol=2e-6)
        np.testing.assert_allclose(manifold.distance(x, y), manifold.distance(image, y), atol=2e-6)
        np.testing.assert_allclose(
            manifold.even_embedding(x), manifold.even_embedding(image), atol=1e-6
        )


@jax
def test_sign_patterns():
    np.testing.assert_array_equal(RealProjective(1).symmetry, [[1, 1], [-1, -1]])
    patterns = Product([RealProjective(1), Sphere(1), RealProjective(1)]).symmetry
    assert patterns.shape == (4, 6)
    np.testing.assert_array_equal(patterns[:, 2:4], 1.0)
    assert len(np.unique(patterns, axis=0)) == 4
    assert all(ALL[name].symmetry is None for name in ("sphere:2", "so3", "torus:2"))


@jax
@each()
def test_no_name_of_a_point_is_closer_than_the_nearest(manifold):
    z, to = manifold.prior_sample((40,), seed=0), keras.random.normal((40, manifold.ambient_dim))
    nearest = manifold.nearest_name(z, to)
    assert off_manifold(manifold, nearest) < 2e-6
    np.testing.assert_allclose(
        manifold.even_embedding(nearest), manifold.even_embedding(z), atol=2e-6
    )
    way = np.linalg.norm(np.asarray(nearest) - np.asarray(to), axis=-1)
    for seed in range(5):  # ... than other names, each nearest to something else
        other = manifold.nearest_name(z, manifold.prior_sample((40,), seed=seed))
        assert np.all(way <= np.linalg.norm(np.asarray(other) - np.asarray(to), axis=-1) + 1e-5)


@each({name: m for name, m in ALL.items() if not m.reads_embedding})
def test_without_identified_points_the_even_embedding_is_the_point(manifold):
    z = manifold.prior_sample((3,), seed=0)
    np.testing.assert_array_equal(manifold.even_embedding(z), z)
    np.testing.assert_array_equal(manifold.nearest_name(z, z[::-1]), z)
    assert manifold.fibre_volume == 1.0


def test_even_embedding_of_projective_space_is_an_isometry_of_matrices():
    x, y = (RealProjective(3).random_uniform((6,), seed=seed) for seed in (0, 1))
    outer = [np.einsum("bi,bj->bij", z, z) for z in (np.asarray(x), np.asarray(y))]
    expected = np.linalg.norm(outer[0] - outer[1], axis=(1, 2))
    even = RealProjective(3).even_embedding
    np.testing.assert_allclose(np.linalg.norm(even(x) - even(y), axis=-1), expected, rtol=1e-5)


def test_an_abstract_manifold_names_what_is_missing():
    class Bare(Manifold):
        dim, ambient_dim = 1, 2

    with pytest.raises(NotImplementedError, match=r"Bare must implement `project"):
        Bare().project(np.zeros((1, 2)))
    with pytest.raises(NotImplementedError, match=r"Bare must implement `volume"):
        _ = Bare().volume
    with pytest.raises(NotImplementedError, match=r"Bare must implement `scalar_curvature"):
        Bare().scalar_curvature(np.zeros((1, 2)))


@pytest.mark.parametrize("cls", [Sphere, RealProjective, ComplexProjective, FlatTorus, Euclidean])
def test_dimensions_are_positive_integers(cls):
    with pytest.raises(ValueError, match=r"`dim` to be at least 1. Received: 0"):
        cls(0)
    for wrong in (1.5, "2", True, None):
        with pytest.raises(TypeError, match="`dim` to be an integer"):
            cls(wrong)
    assert cls(np.int64(2)) == cls(2)


def test_products_are_flat_and_need_two_manifolds():
    nested = Product([Product([Sphere(1), Sphere(2)]), Sphere(3)])
    assert nested == Product([Sphere(1), Sphere(2), Sphere(3)])
    with pytest.raises(ValueError, match="at least two factors"):
        Product([Sphere(1)])
    with pytest.raises(TypeError, match="list of manifolds"):
        Product([Sphere(1), "sphere:2"])


def test_factors_of_a_product_do_not_share_their_noise():
    z = ops.convert_to_numpy(Product([Sphere(2), Sphere(2)]).random_uniform((50,), seed=3))
    assert np.max(np.abs(z[:, :3] - z[:, 3:])) > 0.1


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_even_features_are_the_centred_square_with_variance_one(dim):
    """20,000 uniform points: means and covariances have a standard error under 0.015."""
    n = dim + 1
    z = np.random.default_rng(0).normal(size=(20000, n))
    z = (z / np.linalg.norm(z, axis=1, keepdims=True)).astype("float32")
    features = np.asarray(RealProjective(dim).even_features(z), "float64")
    rows, columns = np.triu_indices(n)
    off = rows != columns
    np.testing.assert_allclose(features.mean(axis=0), 0.0, atol=0.05)
    np.testing.assert_allclose(features[:, off].var(axis=0), 1.0, atol=0.06)
    np.testing.assert_allclose(features[:, ~off].var(axis=0), 1.0 - 1.0 / n, atol=0.06)
    np.testing.assert_allclose(features[:, ~off].sum(axis=1), 0.0, atol=1e-4)  # trace 0
