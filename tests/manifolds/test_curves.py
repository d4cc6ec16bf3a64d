"""Exponential maps, distances and geodesics, and that they agree."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, EXACT, each
from membership import off_manifold
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.spatial.transform import Rotation

from diffusion_vae.autodiff import jacobian
from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    EmbeddedTorus,
    FlatTorus,
    Manifold,
    RealProjective,
    Sphere,
    get,
)

jax = pytest.mark.jax
BOTH = {name: m for name, m in EXACT["exp"].items() if name in EXACT["distance"]}


def start_and_velocity(manifold, length, count=20):
    z = manifold.prior_sample((count,), seed=0)
    noise = keras.random.normal((count, manifold.ambient_dim), seed=1)
    v = manifold.tangent_project(z, noise)
    metric = ops.convert_to_tensor(manifold.ambient_metric, dtype=v.dtype)
    return z, v * (length / ops.sqrt(ops.sum(metric * v**2, axis=-1, keepdims=True)))


def size(z):
    """Of the largest coordinate, at least 1: in Minkowski space they grow as the exponential."""
    return max(1.0, 0.2 * float(np.max(np.abs(z))))


@pytest.mark.slow
@jax
@each()
def test_exp_starts_at_the_point_with_the_velocity(manifold):
    z, v = start_and_velocity(manifold, 1.0)
    np.testing.assert_allclose(manifold.exp(z, 0.0 * v), z, atol=1e-5 * size(z))
    ahead, behind = manifold.exp(z, 0.05 * v), manifold.exp(z, -0.05 * v)
    np.testing.assert_allclose((ahead - behind) / 0.1, v, atol=1e-2 * size(z))


@jax
@each()
def test_exp_stays_on_the_manifold(manifold):
    lengths = np.array([1e-3, 0.5, 4.0, 100.0], "float32")[:, None, None]
    z, v = start_and_velocity(manifold, 1.0)
    for y, length in zip(manifold.exp(z, ops.multiply(lengths, v)), lengths, strict=True):
        assert off_manifold(manifold, y) < 2e-5 * max(1.0, float(length[0, 0]))


@pytest.mark.torch
@jax
@each(BOTH)
def test_distance_to_exp_is_the_length(manifold):
    lengths = np.array([1e-3, 0.1, 1.5], "float32")
    z, v = start_and_velocity(manifold, 1.0)
    found = manifold.distance(z, manifold.exp(z, ops.multiply(lengths[:, None, None], v)))
    np.testing.assert_allclose(found, np.broadcast_to(lengths[:, None], (3, 20)), rtol=1e-3)


@each({name: ALL[name] for name in ALL if name not in BOTH})
def test_approximate_distance_to_approximate_exp(manifold):
    z, v = start_and_velocity(manifold, 0.3)
    np.testing.assert_allclose(manifold.distance(z, manifold.exp(z, v)), 0.3, rtol=0.02)


@jax
@each()
def test_distance_is_zero_at_the_point_with_a_finite_gradient(manifold):
    z = manifold.prior_sample((10,), seed=0)
    np.testing.assert_allclose(manifold.distance(z, z), 0.0, atol=2e-3)
    slope = jacobian(lambda x: ops.expand_dims(manifold.distance(x, z), -1), z)
    assert np.all(np.isfinite(ops.convert_to_numpy(slope)))


@jax
@each()
def test_distance_is_symmetric_and_no_shorter_than_the_chord(manifold):
    x, y = (manifold.prior_sample((50,), seed=seed) for seed in (0, 1))
    there, back = (
        ops.convert_to_numpy(d) for d in (manifold.distance(x, y), manifold.distance(y, x))
    )
    np.testing.assert_allclose(there, back, rtol=1e-4, atol=1e-5)
    if not np.all(manifold.ambient_metric == 1.0):
        return
    # No name of y is closer to x than this one (test_contract).
    chord = np.linalg.norm(np.asarray(x) - np.asarray(manifold.nearest_name(y, x)), axis=-1)
    assert np.all(there >= chord * (1.0 - 1e-3))


@each(EXACT["distance"])
def test_triangle_inequality(manifold):
    x, y, z = (manifold.prior_sample((200,), seed=seed) for seed in (0, 1, 2))
    xz, xy, yz = manifold.distance(x, z), manifold.distance(x, y), manifold.distance(y, z)
    xz, xy, yz = (ops.convert_to_numpy(d) for d in (xz, xy, yz))
    assert np.all(xz <= xy + yz + 1e-5)


@jax
@each()
def test_geodesic_joins_its_ends(manifold):
    x, v = start_and_velocity(manifold, 0.7)
    y = manifold.exp(x, v)
    np.testing.assert_allclose(manifold.geodesic(x, y, 0.0), x, atol=1e-5 * size(x))
    np.testing.assert_allclose(manifold.geodesic(x, y, 1.0), y, atol=1e-5 * size(y))
    middle = manifold.geodesic(x, y, 0.4)
    assert off_manifold(manifold, middle) < 5e-6


@jax
@each(EXACT["geodesic"])
def test_geodesic_has_constant_speed(manifold):
    x, y = (manifold.prior_sample((20,), seed=seed) for seed in (0, 1))
    whole = ops.convert_to_numpy(manifold.distance(x, y))
    same = np.isfinite(whole)
    for s in (0.25, 0.5, 0.9):
        part = ops.convert_to_numpy(manifold.distance(x, manifold.geodesic(x, y, s)))
        np.testing.assert_allclose(part[same], s * whole[same], rtol=1e-3, atol=1e-4)


@jax
@pytest.mark.parametrize(
    "text", ["sphere:2", "projective:3", "complex-projective:2", "torus:2", "so3"]
)
def test_geodesics_between_far_points_are_finite(text):
    # Antipodes, half turns: the direction is free, the point must be on the manifold.
    manifold = get(text)
    x = manifold.random_uniform((8,), seed=0)
    y = -x
    if text == "so3":
        turn = np.diag([1.0, -1.0, -1.0]).astype("float32")
        y = ops.reshape(ops.matmul(ops.reshape(x, (-1, 3, 3)), turn), (-1, 9))
    if text == "complex-projective:2":  # -x is x; an orthogonal complex line is farthest
        a = np.asarray(x)
        a = a[:, :3] + 1j * a[:, 3:]
        b = np.cross(a.conj(), np.roll(a, 1, axis=1).conj())
        b /= np.linalg.norm(b, axis=1, keepdims=True)
        y = ops.convert_to_tensor(np.concatenate([b.real, b.imag], axis=1).astype("float32"))
        np.testing.assert_allclose(manifold.distance(x, y), math.pi / 2, rtol=1e-6)
    middle = manifold.geodesic(x, y, 0.5)
    assert off_manifold(manifold, middle) < 1e-5
    np.testing.assert_allclose(
        manifold.distance(x, middle), 0.5 * manifold.distance(x, y), atol=1e-3
    )


# -- closed forms --------------------------------------------------------------


@jax
def test_sphere_distances_keep_their_digits():
    angles = np.array([1e-6, 1e-3, 1.0, math.pi - 1e-3, math.pi], "float32")
    x = np.tile(np.array([1.0, 0.0, 0.0], "float32"), (5, 1))
    y = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=-1)
    np.testing.assert_allclose(Sphere(2).distance(x, y), angles, rtol=1e-5)
    folded = np.minimum(angles, math.pi - angles)
    np.testing.assert_allclose(RealProjective(2).distance(x, y), folded, rtol=1e-5, atol=1e-6)
    x, y = (np.concatenate([z, 0 * z], axis=-1) for z in (x, y))  # real points of CP^2
    np.testing.assert_allclose(ComplexProjective(2).distance(x, y), folded, rtol=1e-5, atol=1e-6)


@jax
def test_torus_angles():
    for manifold in (FlatTorus(2), EmbeddedTorus(3.0, 0.6)):
        angles = np.random.default_rng(0).uniform(-3.1, 3.1, size=(30, 2)).astype("float32")
        z = manifold.from_angles(angles)
        assert off_manifold(manifold, z) < 2e-6
        np.testing.assert_allclose(manifold.angles(z), angles, atol=1e-5)
    between = FlatTorus(1).angle_between([[1.0, 0.0]], [[0.0, -1.0]])
    np.testing.assert_allclose(between, [[-math.pi / 2]], rtol=1e-6)


def test_distance_on_the_torus_is_the_shorter_way_round():
    a, b = np.array([[3.0, -3.0]]), np.array([[-3.0, -2.0]])
    torus = FlatTorus(2)
    found = torus.distance(torus.from_angles(a), torus.from_angles(b))
    np.testing.assert_allclose(found, [math.hypot(2 * math.pi - 6.0, 1.0)])


def random_spins(count, scale, seed):
    return scale * np.random.default_rng(seed).normal(size=(count, 3))


@jax
def test_rotations_against_scipy():
    start = Rotation.from_rotvec(random_spins(30, 1.0, 0))
    spins = random_spins(30, 0.8, 1)
    cross = np.cross(np.eye(3), spins[:, None, :])  # rows e_i x w: the matrix of w x
    z = start.as_matrix().reshape(30, 9).astype("float32")
    v = (start.as_matrix() @ cross).reshape(30, 9).astype("float32")
    expected = (start * Rotation.from_rotvec(spins)).as_matrix()
    found = SO3().exp(z, v)
    np.testing.assert_allclose(ops.reshape(found, (30, 3, 3)), expected, atol=5e-6)
    # The Frobenius length of a rotation by the angle w is sqrt 2 w.
    angle = np.linalg.norm(spins, axis=-1)
    wrapped = np.minimum(angle % (2 * math.pi), -angle % (2 * math.pi))
    np.testing.assert_allclose(SO3().distance(z, found), math.sqrt(2) * wrapped, atol=1e-4)


def test_exp_of_rotations_is_the_matrix_exponential():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(20, 3, 3))
    a = a - np.swapaxes(a, 1, 2)
    start = Rotation.random(20, rng=rng).as_matrix()
    expected = np.stack([r @ expm(skew) for r, skew in zip(start, a, strict=True)])
    found = SO3().exp(
        ops.convert_to_tensor(start.reshape(20, 9)),
        ops.convert_to_tensor((start @ a).reshape(20, 9)),
    )
    np.testing.assert_allclose(found, expected.reshape(20, 9), atol=1e-12)


def test_a_walk_step_of_rotations_ignores_the_normal_part_of_the_noise():
    z = SO3().random_uniform((10,), seed=0)
    noise = 0.3 * keras.random.normal((10, 9), seed=1)
    tangent = SO3().tangent_project(z, noise)
    np.testing.assert_allclose(SO3().step(z, noise), SO3().exp(z, tangent), atol=1e-6)


def test_geodesics_of_rotations_against_scipy_slerp():
    from scipy.spatial.transform import Slerp

    ends = Rotation.random(2, rng=np.random.default_rng(3))
    times = np.linspace(0.0, 1.0, 9)
    expected = Slerp([0.0, 1.0], ends)(times).as_matrix().reshape(9, 9)
    x, y = (ops.convert_to_tensor(end.as_matrix().reshape(1, 9)) for end in ends)
    np.testing.assert_allclose(SO3().geodesic(x, y, times), expected, atol=1e-12)


@jax
def test_components_of_the_orthogonal_group_are_infinitely_far_apart():
    x = SO3().random_uniform((5,), seed=0)
    manifold = O3()
    assert np.all(np.isinf(ops.convert_to_numpy(manifold.distance(x, -x))))
    y = SO3().random_uniform((5,), seed=1)
    np.testing.assert_allclose(manifold.distance(x, y), SO3().distance(x, y), rtol=1e-5)
    np.testing.assert_allclose(manifold.distance(-x, -y), SO3().distance(x, y), rtol=1e-5)
    np.testing.assert_allclose(
        manifold.geodesic(-x, -y, 0.3), -SO3().geodesic(x, y, 0.3), atol=1e-6
    )


# -- what follows from the projection ------------------------------------------


class ProjectedSphere(Manifold):
    """The sphere, known by its projection alone."""

    dim, ambient_dim, volume = 2, 3, 4.0 * math.pi

    def project(self, x):
        return Sphere(2).project(x)


@jax
@pytest.mark.parametrize("length, error", [(0.1, 1e-5), (1.0, 2e-5), (3.0, 1e-4), (6.0, 1e-4)])
def test_default_exp_on_the_sphere(length, error):
    z, v = start_and_velocity(Sphere(2), length)
    np.testing.assert_allclose(ProjectedSphere().exp(z, v), Sphere(2).exp(z, v), atol=error)


@pytest.mark.slow
@jax
@pytest.mark.parametrize("manifold", [Sphere(2), ProjectedSphere(), SO3(), FlatTorus(2)])
def test_derivative_of_exp_at_zero_is_the_identity(manifold):
    z, v = start_and_velocity(manifold, 1.0, count=3)
    slope = ops.convert_to_numpy(jacobian(lambda v: manifold.exp(z, v), 0.0 * v))
    moved = np.einsum("bij,bj->bi", slope, ops.convert_to_numpy(v))
    np.testing.assert_allclose(moved, v, atol=1e-4)


@jax
def test_defaults_on_the_sphere():
    sphere, projected = Sphere(2), ProjectedSphere()
    x, y = (sphere.random_uniform((20,), seed=seed) for seed in (0, 1))
    v = keras.random.normal((20, 3), seed=2)
    np.testing.assert_allclose(
        projected.tangent_project(x, v), sphere.tangent_project(x, v), atol=2e-4
    )
    np.testing.assert_allclose(projected.tangent_project(x, 0.0 * v), 0.0, atol=1e-7)
    np.testing.assert_allclose(projected.distance(x, y), sphere.distance(x, y), rtol=5e-3)
    np.testing.assert_allclose(
        projected.geodesic(x, y, 0.5), sphere.geodesic(x, y, 0.5), atol=1e-5
    )


def test_default_exp_obeys_the_geodesic_equation_of_the_torus():
    c, a = 3.0, 0.6

    def flow(_, state):  # angles phi, theta and their rates
        _, theta, dphi, dtheta = state
        radius = c + a * np.cos(theta)
        turn = a * np.sin(theta) / radius
        return [dphi, dtheta, 2.0 * turn * dphi * dtheta, -radius * np.sin(theta) / a * dphi**2]

    start = np.array([0.3, 0.8, 0.2, 1.0])  # length about 0.9
    end = solve_ivp(flow, (0.0, 1.0), start, rtol=1e-10, atol=1e-10).y[:2, -1]
    torus = EmbeddedTorus(c, a)
    place = jacobian(torus.from_angles, ops.convert_to_tensor(start[None, :2]))
    z = torus.from_angles(start[None, :2])
    v = ops.convert_to_numpy(place)[0] @ start[2:]
    found = ops.convert_to_numpy(torus.exp(z, ops.convert_to_tensor(v[None])))
    expected = ops.convert_to_numpy(torus.from_angles(end[None]))
    assert np.max(np.abs(found - expected)) < 1e-3 * np.linalg.norm(v)
