"""Manifolds from level-set functions: ellipsoid, genus-2 surface, a torus of codimension 2."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, ELLIPSOID_AXES, ellipsoid
from standard_errors import assert_mean

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds import ImplicitManifold, Sphere

register = keras.saving.register_keras_serializable("diffusion_vae_tests")


@register
def unit_sphere(x):
    return ops.sum(ops.square(x), axis=-1) - 1.0


@register
def genus_two(x):
    """Two holes: a thickened figure eight, 0.2 thick."""
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    eight = ops.square(a) * (1.0 - ops.square(a)) - ops.square(b)
    return ops.square(eight) + ops.square(c) - 0.01


@register
def flat_torus(x):
    first = ops.square(x[..., 0]) + ops.square(x[..., 1])
    second = ops.square(x[..., 2]) + ops.square(x[..., 3])
    return ops.stack([first - 1.0, second - 1.0], axis=-1)


@register
def lemniscate(x):
    """A curve that crosses itself at the origin: not a manifold there."""
    return ops.square(x[..., 0]) * (1.0 - ops.square(x[..., 0])) - ops.square(x[..., 1])


ELLIPSOID = ALL["ellipsoid"]
GENUS_TWO = ImplicitManifold(genus_two, 2, 3, bounds=([-1.2, -0.7, -0.2], [1.2, 0.7, 0.2]))
SPHERE = ImplicitManifold(unit_sphere, dim=2, ambient_dim=3, bounds=(-1.2, 1.3))
TORUS = ImplicitManifold(flat_torus, dim=2, ambient_dim=4, bounds=(-1.2, 1.2))


# -- the closest point ---------------------------------------------------------


def ellipsoid_oracle(x):
    """Closest points by bisection on the Lagrange multiplier; x with no zero coordinate."""
    squares = np.array(ELLIPSOID_AXES) ** 2
    low = np.full(len(x), -np.min(squares))
    high = np.full(len(x), 1e3)
    for _ in range(200):  # y = x a^2 / (a^2 + t), decreasing in t
        t = 0.5 * (low + high)
        y = x * squares / (squares + t[:, None])
        outside = np.sum(y**2 / squares, axis=-1) > 1.0
        low, high = np.where(outside, t, low), np.where(outside, high, t)
    return x * squares / (squares + t[:, None])


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.3, 1.0, 10.0])
def test_closest_points_of_the_ellipsoid_by_bisection(scale):
    x = scale * np.random.default_rng(0).normal(size=(300, 3))
    y = ops.convert_to_numpy(ELLIPSOID.project(ops.convert_to_tensor(x)))
    best = ellipsoid_oracle(x)
    same = np.max(np.abs(y - best), axis=-1) < 1e-8
    # Between two sheets that are equally far, the search may start on the other one.
    excess = np.linalg.norm(x - y, axis=-1) - np.linalg.norm(x - best, axis=-1)
    assert np.mean(same) > 0.99 and np.max(excess) < 2e-3
    single = ops.convert_to_numpy(ELLIPSOID.project(x.astype("float32")))
    np.testing.assert_allclose(single[same], y[same], atol=2e-5)


@pytest.mark.jax
def test_closest_points_of_a_sphere():
    x = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    np.testing.assert_allclose(SPHERE.project(x), Sphere(2).project(x), atol=1e-6)
    slope = jacobian(SPHERE.project, ops.convert_to_tensor(x))
    expected = jacobian(Sphere(2).project, ops.convert_to_tensor(x))
    np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.jax
def test_the_centre_of_the_ellipsoid_goes_to_the_end_of_its_shortest_axis():
    y = ops.convert_to_numpy(ELLIPSOID.project(np.zeros((1, 3), "float32")))
    np.testing.assert_allclose(np.abs(y), [[0.0, 0.0, min(ELLIPSOID_AXES)]], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("manifold", [GENUS_TWO, TORUS], ids=["genus-2", "codimension-2"])
@pytest.mark.parametrize("distance", [0.01, 0.5, 5.0])
def test_projections_are_points_where_the_rest_is_normal(manifold, distance):
    n = manifold.ambient_dim
    z = ops.convert_to_numpy(manifold.random_uniform((500,), seed=0)).astype("float64")
    x = ops.convert_to_tensor(z + distance * np.random.default_rng(0).normal(size=(500, n)))
    y = manifold.project(x)
    values = genus_two(y) if manifold is GENUS_TWO else flat_torus(y)
    np.testing.assert_allclose(values, 0.0, atol=1e-12)
    np.testing.assert_allclose(manifold.tangent_project(y, x - y), 0.0, atol=1e-7)
    # Near the manifold it is the closest point; far away some are only locally so.
    away = np.linalg.norm(ops.convert_to_numpy(x - y), axis=-1)
    best = np.min(np.linalg.norm(np.asarray(x)[:, None] - z, axis=-1), axis=-1)
    assert np.mean(away > best + 1e-6) <= (0.0 if distance == 0.01 else 0.01)


@pytest.mark.parametrize("manifold", [GENUS_TWO, TORUS], ids=["genus-2", "codimension-2"])
def test_extreme_inputs_stay_finite_and_on_the_manifold(manifold):
    n = manifold.ambient_dim
    rng = np.random.default_rng(0)
    directions = np.concatenate([np.eye(n), -np.eye(n), rng.normal(size=(4, n))])
    x = np.concatenate([[np.zeros(n)], *(r * directions for r in (1e-30, 1e-8, 1e8, 1e30))])
    x = ops.convert_to_tensor(x, dtype="float32")
    f = genus_two if manifold is GENUS_TWO else flat_torus
    np.testing.assert_allclose(f(manifold.project(x)), 0.0, atol=1e-6)
    slope = ops.convert_to_numpy(jacobian(manifold.project, x))
    assert np.all(np.isfinite(slope)) and np.max(np.abs(slope)) < 1e4


def test_far_points_go_to_the_support_point_of_their_direction():
    u = np.array([[1.0, 2.0, -1.0]]) / math.sqrt(6.0)
    squares = np.array(ELLIPSOID_AXES) ** 2
    expected = squares * u / np.sqrt(np.sum(squares * u**2))
    y = ELLIPSOID.project((1e30 * u).astype("float32"))
    np.testing.assert_allclose(y, expected, atol=1e-5)


# -- volume, curvature, uniform law --------------------------------------------


def test_volumes():
    assert pytest.approx(4.0 * math.pi, rel=1e-3) == SPHERE.volume
    assert pytest.approx(4.0 * math.pi**2, rel=1e-2) == TORUS.volume
    for manifold, expected in ((SPHERE, 4.0 * math.pi), (TORUS, 4.0 * math.pi**2)):
        assert abs(manifold.volume / expected - 1.0) < 4.0 * manifold.volume_error
    assert SPHERE.volume_error < 1e-3 and GENUS_TWO.volume_error < 2e-3
    assert TORUS.volume_error < 4e-3


@pytest.mark.slow
def test_a_circle_in_the_plane_and_a_sphere_in_space_of_four_dimensions():
    circle = ImplicitManifold(unit_sphere, dim=1, ambient_dim=2, bounds=(-1.1, 1.2))
    assert circle.volume == pytest.approx(2.0 * math.pi, rel=1e-4)
    sphere = ImplicitManifold(unit_sphere, dim=3, ambient_dim=4, bounds=(-1.1, 1.1))
    assert sphere.volume == pytest.approx(2.0 * math.pi**2, rel=3e-3)
    z = sphere.random_uniform((5,), seed=0)
    np.testing.assert_allclose(sphere.scalar_curvature(z), 6.0, rtol=1e-4)


def test_total_curvature_of_the_surface_with_two_holes():
    # Gauss-Bonnet: the integral of R / 2 is 2 pi (2 - 2 genus).
    z = GENUS_TWO._atlas.pool.points
    curvature = ops.convert_to_numpy(GENUS_TWO.scalar_curvature(ops.convert_to_tensor(z)))
    total = 0.5 * GENUS_TWO.volume * curvature
    assert_mean(total, -4.0 * math.pi)
    assert np.std(total) / math.sqrt(len(z)) < 0.1 * 4.0 * math.pi


def test_flat_in_codimension_two():
    z = TORUS.random_uniform((20,), seed=0)
    np.testing.assert_allclose(TORUS.scalar_curvature(z), 0.0, atol=1e-4)
    draws = ops.convert_to_numpy(TORUS.random_uniform((20000,), seed=1))
    angles = np.arctan2(draws[:, 1::2], draws[:, ::2])
    for k in (1, 2):
        assert_mean(np.cos(k * angles), 0.0, errors=6.0)
        assert_mean(np.sin(k * angles), 0.0, errors=6.0)


# -- identity and errors -------------------------------------------------------


def test_the_volume_may_be_given():
    manifold = ImplicitManifold(unit_sphere, 2, 3, bounds=(-1.2, 1.2), volume=4.0 * math.pi)
    assert manifold.volume == 4.0 * math.pi and manifold.volume_error == 0.0
    assert manifold != ImplicitManifold(unit_sphere, 2, 3, bounds=(-1.2, 1.2))
    again = type(manifold).from_config(manifold.get_config())
    assert again == manifold and again.volume == 4.0 * math.pi


def test_equal_manifolds_share_what_was_sampled():
    twin = ImplicitManifold.from_config(ELLIPSOID.get_config())
    assert twin == ELLIPSOID and twin is not ELLIPSOID
    assert twin._atlas is ELLIPSOID._atlas
    assert "ellipsoid" in repr(twin)


@pytest.mark.slow
def test_first_use_inside_a_compiled_function():
    import tensorflow as tf

    fresh = ImplicitManifold(unit_sphere, 2, 3, bounds=(-1.2, 1.3), seed=17)

    @tf.function
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fresh.project(x)
        return y, tape.gradient(y, x)

    y, slope = run(tf.constant([[3.0, 0.0, 4.0]]))
    np.testing.assert_allclose(y, [[0.6, 0.0, 0.8]], atol=1e-6)
    assert np.all(np.isfinite(slope))


def test_a_model_with_a_level_set_is_saved_and_loaded(tmp_path):
    from diffusion_vae.layers import ManifoldProjection

    point = keras.Input((3,))
    model = keras.Model(point, ManifoldProjection(ELLIPSOID)(point))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(again(x), model(x), atol=1e-6)


def unregistered(x):
    return unit_sphere(x)


@pytest.mark.parametrize("f", [unregistered, lambda x: unit_sphere(x)])
def test_functions_must_be_registered(f):
    with pytest.raises(ValueError, match="register_keras_serializable"):
        ImplicitManifold(f, 2, 3, bounds=(-1, 1))


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"f": "ellipsoid"}, TypeError, "function of points"),
        ({"dim": 3}, ValueError, "`ambient_dim` to be at least 4"),
        ({"dim": 0}, ValueError, "`dim` to be at least 1"),
        ({"dim": 1}, ValueError, "values, ambient_dim - dim of them"),
        ({"bounds": (1.0, -1.0)}, ValueError, "low < high"),
        ({"bounds": (-math.inf, 1.0)}, ValueError, "finite `bounds`"),
        ({"bounds": 2.0}, ValueError, "pair"),
        ({"bounds": ([-1.0, -1.0], 1.0)}, ValueError, "3 numbers"),
        ({"volume": -1.0}, ValueError, "`volume` to be positive"),
        ({"seed": -1}, ValueError, "`seed` to be at least 0"),
    ],
)
def test_bad_arguments(arguments, error, message):
    good = {"f": ellipsoid, "dim": 2, "ambient_dim": 3, "bounds": (-2.0, 2.0)}
    with pytest.raises(error, match=message):
        ImplicitManifold(**{**good, **arguments})


def test_a_box_that_misses_or_cuts_the_level_set():
    with pytest.raises(ValueError, match="to meet the box"):
        _ = ImplicitManifold(unit_sphere, 2, 3, bounds=(2.0, 3.0)).volume
    with pytest.raises(ValueError, match="Widen the bounds"):
        _ = ImplicitManifold(unit_sphere, 2, 3, bounds=(-0.9, 2.0)).volume
    with pytest.raises(ValueError, match="Widen the bounds"):
        _ = ImplicitManifold(flat_torus, 2, 4, bounds=(-0.9, 1.2)).volume


@register
def infinite(x):
    return ops.log(x[..., 0])


def test_a_function_that_is_not_finite():
    with pytest.raises(ValueError, match="finite in `bounds`"):
        _ = ImplicitManifold(infinite, 2, 3, bounds=(-1.0, 2.0)).volume


@pytest.mark.slow
def test_projections_near_a_singular_point_are_finite():
    # Not a manifold at the crossing, and still no NaN.
    curve = ImplicitManifold(lemniscate, 1, 2, bounds=(-1.1, 1.1))
    x = ops.convert_to_tensor(0.01 * np.random.default_rng(0).normal(size=(50, 2)), "float32")
    y = curve.project(x)
    np.testing.assert_allclose(lemniscate(y), 0.0, atol=1e-5)
    assert np.all(np.isfinite(jacobian(curve.project, x)))
