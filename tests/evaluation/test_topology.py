"""Topology of maps that are known: degrees, jumps, coverage, distortion, lifts."""

import math

import numpy as np
import pytest
from keras import ops
from scipy.spatial.transform import Rotation

from diffusion_vae import datasets
from diffusion_vae.evaluation import measure_topology
from diffusion_vae.evaluation.topology import (
    alignment_error,
    coverage,
    coverage_radius,
    distance_correlation,
    lift_signs,
    measure_degree,
)
from diffusion_vae.evaluation.topology.factors import factors_on
from diffusion_vae.evaluation.topology.geometry import distances
from diffusion_vae.manifolds import (
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    RealProjective,
    Sphere,
)
from diffusion_vae.manifolds.numerics.quaternion import rotation_to_quaternion


class Encoder:
    """A model whose codes are a given function of the factors."""

    def __init__(self, manifold, codes_of_factors):
        self.manifold = manifold
        self.codes_of_factors = codes_of_factors

    def encode(self, x):
        return np.asarray(self.codes_of_factors(np.asarray(x)), np.float32), None


def angles_encoder(manifold, angles_of_angles):
    def codes(x):
        return ops.convert_to_numpy(manifold.from_angles(angles_of_angles(x).astype("float32")))

    return Encoder(manifold, codes)


def data(manifold):
    """A data set whose examples are their own factors."""
    factors = factors_on(manifold).random(4, np.random.default_rng(0))
    return datasets.Dataset(
        name="factors",
        train=factors,
        test=factors,
        train_factors=factors,
        test_factors=factors,
        factor_manifold=manifold,
        render=lambda values: values,
    )


def matrix_of(z):
    return np.asarray(z, float).reshape(-1, 3, 3)


SPACES = {
    "sphere:1": Sphere(1),
    "sphere:2": Sphere(2),
    "sphere:3": Sphere(3),
    "projective:2": RealProjective(2),
    "projective:3": RealProjective(3),
    "so3": SO3(),
}
MATRICES = [
    [[1, 0], [0, 1]],
    [[0, -1], [1, 0]],
    [[1, 0], [1, 0]],
    [[2, 1], [0, 1]],
    [[0, 0], [0, 0]],
]


@pytest.mark.slow
@pytest.mark.parametrize("torus", [FlatTorus(2), EmbeddedTorus(3.0, 0.6)], ids=["flat", "round"])
@pytest.mark.parametrize("matrix", MATRICES)
def test_winding_matrix_of_a_linear_map_is_its_matrix(torus, matrix):
    model = angles_encoder(torus, lambda x: x @ np.array(matrix).T + 0.3)
    report = measure_topology(model, data(FlatTorus(2)))
    assert report.winding == tuple(map(tuple, matrix))
    assert report.degree == round(np.linalg.det(matrix))


@pytest.mark.parametrize("matrix", MATRICES)
def test_torus_is_captured_by_the_homeomorphisms_only(matrix):
    model = angles_encoder(FlatTorus(2), lambda x: x @ np.array(matrix).T + 0.3)
    report = measure_topology(model, data(FlatTorus(2)))
    assert report.captured == (abs(np.linalg.det(matrix)) == 1)


def test_winding_numbers_alone_deceive_a_torn_identity_is_not_captured():
    torn = angles_encoder(FlatTorus(2), lambda x: x + 0.5 * (np.cos(x) > 0))
    report = measure_topology(torn, data(FlatTorus(2)))
    assert abs(report.degree) == 1
    assert report.largest_jump == pytest.approx(0.5, abs=0.05)
    assert not report.captured


@pytest.mark.parametrize("circle", [Sphere(1), FlatTorus(1)], ids=["sphere:1", "torus:1"])
@pytest.mark.parametrize("turns", [-1, 0, 1, 2])
def test_powers_of_the_circle_have_their_degree(circle, turns):
    codes = lambda x: np.concatenate([np.cos(turns * x), np.sin(turns * x)], axis=-1)  # noqa: E731
    report = measure_topology(Encoder(circle, codes), data(FlatTorus(1)))
    assert (report.winding, report.degree) == (((turns,),), turns)
    assert report.captured == (abs(turns) == 1)


@pytest.mark.parametrize("seed", range(4))
def test_loops_of_a_circle_go_round_the_same_way(seed):
    loops = factors_on(Sphere(1)).loops(8, 100, np.random.default_rng(seed))[0]
    turns = np.unwrap(np.arctan2(loops[..., 1], loops[..., 0]), axis=-1)
    np.testing.assert_allclose(turns[:, -1] - turns[:, 0], 2.0 * np.pi, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_identity_is_captured_without_distortion(name):
    manifold = SPACES[name]
    report = measure_topology(Encoder(manifold, lambda x: x), data(manifold))
    assert report.captured
    assert report.degree == 1
    assert report.lift == (None if name.startswith("sphere") else -1)
    assert report.coverage > 0.999
    assert report.distance_correlation == pytest.approx(1.0, abs=1e-5)
    assert report.alignment_error == pytest.approx(0.0, abs=1e-5)
    assert report.equivariance_error == pytest.approx(0.0, abs=1e-5)


@pytest.mark.slow
def test_largest_jump_of_the_identity_is_one_step():
    for manifold, turn in [(Sphere(2), 2), (RealProjective(2), 1), (SO3(), 2), (FlatTorus(2), 2)]:
        model = Encoder(manifold, factors_on(manifold).points)
        report = measure_topology(model, data(manifold))
        assert report.largest_jump == pytest.approx(turn * math.pi / 400, rel=2e-3)


@pytest.mark.parametrize("name", SPACES)
def test_constant_map_has_degree_zero_and_covers_one_ball(name):
    manifold = SPACES[name]
    point = factors_on(manifold).random(1, np.random.default_rng(1))
    report = measure_topology(
        Encoder(manifold, lambda x: np.repeat(point, len(x), 0)), data(manifold)
    )
    assert report.degree == 0
    assert report.coverage < 0.02
    assert report.distance_correlation == 0.0
    assert not report.captured


@pytest.mark.slow
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_antipodal_map_has_the_degree_of_the_sphere(dim):
    found = measure_degree(lambda z: -z, Sphere(dim), Sphere(dim))
    assert found.integer == (-1) ** (dim + 1)
    assert found.widest < 0.6


@pytest.mark.slow
def test_squaring_has_degree_two_on_the_sphere_and_the_rotations():
    def squared(z):  # z -> z^2 of the plane, by stereographic projection
        w = (z[:, 0] + 1j * z[:, 1]) / (1.0 - z[:, 2] + 1e-9)
        w = w**2
        size = np.abs(w) ** 2
        return np.stack([2 * w.real, 2 * w.imag, size - 1], axis=-1) / (size + 1)[:, None]

    assert measure_degree(squared, Sphere(2), Sphere(2)).integer == 2
    # R -> R^2 meets a random rotation twice, R by half of its angle: w/2 and w/2 + pi.
    # Both preserve orientation, and around the half turns the map is a whole sphere to one.
    rotations = measure_degree(
        lambda z: (matrix_of(z) @ matrix_of(z)).reshape(-1, 9), SO3(), SO3()
    )
    assert rotations.value == pytest.approx(2.0, abs=0.05)


@pytest.mark.slow
def test_degrees_of_rotations():
    turn = Rotation.from_rotvec([0.3, -1.0, 0.5]).as_matrix()
    moved = measure_degree(lambda z: (turn @ matrix_of(z)).reshape(-1, 9), SO3(), SO3())
    inverse = measure_degree(
        lambda z: np.swapaxes(matrix_of(z), 1, 2).reshape(-1, 9), SO3(), SO3()
    )
    assert (moved.integer, inverse.integer) == (1, -1)


@pytest.mark.slow
def test_rotations_are_projective_space():
    def quaternions(z):
        matrices = ops.convert_to_tensor(matrix_of(z).astype("float32"))
        return ops.convert_to_numpy(rotation_to_quaternion(matrices))

    report = measure_topology(Encoder(RealProjective(3), quaternions), data(SO3()))
    assert abs(report.degree) == 1
    assert report.captured


def test_projective_plane_has_a_degree_modulo_two():
    plane = RealProjective(2)
    assert measure_degree(lambda z: z, plane, plane).modulo_2
    # Three times as far from a pole: a map of the sphere that commutes with the antipode.
    cubed = measure_degree(_winding_about_the_axis(3), plane, plane)
    assert cubed.integer == 1
    folded = measure_degree(lambda z: np.abs(z), plane, plane)
    assert folded.integer == 0


def _winding_about_the_axis(turns):
    def mapped(z):
        angle, radius = turns * np.arctan2(z[:, 1], z[:, 0]), np.hypot(z[:, 0], z[:, 1])
        return np.stack([radius * np.cos(angle), radius * np.sin(angle), z[:, 2]], axis=-1)

    return mapped


def test_a_torn_map_has_no_degree():
    torn = measure_degree(
        lambda z: np.where(z[:, 2:] > 0, z, z * [-1, -1, 1]), Sphere(2), Sphere(2)
    )
    assert torn.widest > 3.0
    assert torn.integer is None
    # In the quotient a choice of sign is no tear.
    halved = measure_degree(lambda z: z * np.sign(z[:, :1]), RealProjective(2), RealProjective(2))
    assert halved.integer == 1


@pytest.mark.slow
def test_widest_of_the_identity_is_an_edge_of_the_mesh():
    assert measure_degree(lambda z: z, Sphere(1), Sphere(1)).widest < 0.2
    assert measure_degree(lambda z: z, SO3(), SO3()).widest < 0.6


def test_plain_sphere_cannot_hold_projective_space():
    report = measure_topology(
        Encoder(Sphere(2), lambda x: x * np.sign(x[:, :1])), data(RealProjective(2))
    )
    assert report.degree is None
    assert report.largest_jump > 3.0  # from a point to its antipode
    assert not report.captured


@pytest.mark.parametrize("name", ["projective:2", "projective:3", "so3"])
def test_lifts_of_loops(name):
    manifold = SPACES[name]
    loops = factors_on(manifold).loops(4, 100, np.random.default_rng(0))
    np.testing.assert_array_equal(lift_signs(manifold, loops), -1)
    back = np.concatenate([loops, loops[..., ::-1, :]], axis=-2)  # there and back again
    np.testing.assert_array_equal(lift_signs(manifold, back), 1)


def test_lifts_are_refused_where_there_is_no_cover():
    with pytest.raises(ValueError, match="which a sphere covers"):
        lift_signs(Sphere(2), np.zeros((1, 5, 3)))


def test_degree_is_refused_between_different_spaces():
    with pytest.raises(ValueError, match="of one dimension"):
        measure_degree(lambda z: z, Sphere(2), Sphere(3))
    with pytest.raises(ValueError, match="or two of RP"):
        measure_degree(lambda z: z, Sphere(2), RealProjective(2))


def test_coverage_of_a_cap_is_its_share_of_the_area():
    sphere, rng = Sphere(2), np.random.default_rng(0)
    points = factors_on(sphere).random(40_000, rng)
    cap = points[points[:, 2] > 0.5]  # a quarter of the sphere
    radius = 0.02
    uniform = factors_on(sphere).random(20_000, rng)
    share = 0.5 * (1.0 - math.cos(math.acos(0.5) + radius))
    error = math.sqrt(share * (1.0 - share) / len(uniform))
    assert coverage(sphere, cap, uniform, radius) == pytest.approx(share, abs=4 * error + 0.005)


@pytest.mark.parametrize("name", SPACES)
def test_coverage_radius_holds_twenty_points(name):
    manifold, rng = SPACES[name], np.random.default_rng(0)
    radius = coverage_radius(manifold, 20_000)
    points = factors_on(manifold).random(20_000, rng)
    centres = factors_on(manifold).random(50, rng)
    near = (distances(manifold, centres[:, None], points[None]) < radius).sum(axis=1)
    assert near.mean() == pytest.approx(20.0, abs=4 * math.sqrt(20.0 / 50) + 0.5)


def test_distances_of_a_stretched_circle_are_less_correlated():
    circle, rng = FlatTorus(1), np.random.default_rng(0)
    angles = factors_on(circle).random(2000, rng)
    points = factors_on(circle).points(angles)
    bent = factors_on(circle).points(angles + 0.9 * np.sin(angles))
    good = distance_correlation(circle, points, circle, points, 5000, rng)
    worse = distance_correlation(circle, bent, circle, points, 5000, rng)
    assert good == pytest.approx(1.0, abs=1e-6)
    assert 0.5 < worse < 0.95


def test_alignment_is_blind_to_isometries_and_sees_noise():
    rng = np.random.default_rng(0)
    b = factors_on(Sphere(2)).random(500, rng)
    turned = b @ Rotation.from_rotvec([1.0, 0.2, -0.4]).as_matrix().astype("float32")
    assert alignment_error(turned, b) == pytest.approx(0.0, abs=1e-5)
    noise = 0.1 * rng.standard_normal(b.shape)
    assert alignment_error(b + noise, b) == pytest.approx(0.1 * math.sqrt(3.0), rel=0.05)
    assert alignment_error(np.zeros((500, 9)), b) == pytest.approx(1.0)


def test_equivariance_breaks_where_the_map_does():
    circle = FlatTorus(1)
    straight = measure_topology(angles_encoder(circle, lambda x: 2 * x + 1), data(circle))
    bent = measure_topology(angles_encoder(circle, lambda x: x + 0.9 * np.sin(x)), data(circle))
    assert straight.equivariance_error == pytest.approx(0.0, abs=1e-5)
    assert bent.equivariance_error > 0.2


def test_torus_data_on_a_sphere_has_no_degree_to_count():
    def codes(x):
        z = np.stack([np.cos(x[:, 0]), np.sin(x[:, 0]), np.cos(x[:, 1])], axis=-1)
        return z / np.linalg.norm(z, axis=-1, keepdims=True)

    report = measure_topology(Encoder(Sphere(2), codes), data(FlatTorus(2)))
    assert (report.degree, report.winding) == (None, None)
    assert not report.captured


def test_nothing_to_measure_without_known_factors_or_a_closed_space():
    digits = datasets.load("digits")
    assert measure_topology(Encoder(FlatTorus(2), lambda x: x), digits) is None
    assert measure_topology(Encoder(Euclidean(2), lambda x: x), data(FlatTorus(2))) is None
