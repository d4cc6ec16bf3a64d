"""Angles between orientations, their means and alignments, up to the symmetry of a crystal."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffusion_vae.evaluation import (
    align_orientations,
    cubic_rotations,
    mean_orientation,
    misorientation,
)

CUBE = cubic_rotations()


def near(angle, count, seed):
    """Rotations by about an angle in radians."""
    axis = np.random.default_rng(seed).normal(size=(count, 3))
    return Rotation.from_rotvec(angle * axis / np.linalg.norm(axis, axis=1, keepdims=True))


def test_the_rotations_of_a_cube_are_scipys():
    octahedral = Rotation.create_group("O").as_matrix()
    assert CUBE.shape == (24, 3, 3)
    assert np.array_equal(CUBE[0], np.eye(3))
    distances = np.abs(CUBE[:, None] - octahedral).max(axis=(2, 3))
    assert distances.min(axis=1).max() < 1e-12
    assert distances.min(axis=0).max() < 1e-12


def test_misorientation_is_the_smallest_over_all_equivalents():
    a, b = Rotation.random(40, random_state=0), Rotation.random(40, random_state=1)
    brute = np.min([(Rotation.from_matrix(s) * a * b.inv()).magnitude() for s in CUBE], axis=0)
    found = misorientation(a.as_matrix(), b.as_matrix().reshape(-1, 9), CUBE)
    assert np.abs(found - brute).max() < 1e-9
    assert np.degrees(found).max() < 62.8  # Mackenzie (1958)
    tiny = near(1e-6, 40, 2) * a
    assert misorientation(tiny.as_matrix(), a.as_matrix(), CUBE) == pytest.approx(1e-6, rel=1e-6)


def test_a_mean_beside_the_border_of_the_fundamental_zone_is_not_torn():
    # This lies on the border. Mapped into the zone first, the mean is 43 degrees off.
    centre = Rotation.from_euler("z", 45.0, degrees=True)
    rng = np.random.default_rng(0)
    within = near(np.radians(1.0), 200, 0).as_rotvec() * rng.uniform(size=(200, 1))
    cloud = (Rotation.from_rotvec(within) * centre).as_matrix()
    for orientations in (cloud, CUBE[rng.integers(24, size=200)] @ cloud):
        mean = mean_orientation(orientations, CUBE)
        off = misorientation(mean[None], centre.as_matrix()[None], CUBE)
        assert np.degrees(off[0]) < 0.1


def test_one_rotation_aligns_codes_of_which_some_are_wrong():
    truth = Rotation.random(300, random_state=2)
    turn = Rotation.random(random_state=3)
    rng = np.random.default_rng(4)
    codes = (near(0.05, 300, 5) * truth * turn.inv()).as_matrix()
    codes = CUBE[rng.integers(24, size=300)] @ codes
    codes[:30] = Rotation.random(30, random_state=6).as_matrix()
    found = align_orientations(codes, truth.as_matrix(), CUBE)
    # 270 errors of 0.05 radians: the standard error of the mean is 0.05 / sqrt(270) = 0.003.
    assert (Rotation.from_matrix(found) * turn.inv()).magnitude() < 4 * 0.05 / np.sqrt(270)
    left = misorientation(codes[30:] @ found, truth.as_matrix()[30:], CUBE)
    assert np.median(left) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("seed", range(4))
def test_codes_may_all_be_other_equivalents_than_the_references(seed):
    # No pair alone says which equivalent its code is: 23 of 24 wrong guesses are no start.
    truth = Rotation.random(60, random_state=seed)
    turn = Rotation.random(random_state=seed + 10).as_matrix()
    codes = CUBE[1 + np.arange(60) % 23] @ truth.as_matrix() @ turn.T
    found = align_orientations(codes, truth.as_matrix(), CUBE)
    assert misorientation(codes @ found, truth.as_matrix(), CUBE).max() < 1e-6


def test_what_is_no_rotation_is_refused():
    with pytest.raises(ValueError, match=r"Expected `a` to be rotation matrices, \[n, 3, 3\]"):
        misorientation(np.eye(3), np.eye(3)[None], CUBE)
    with pytest.raises(ValueError, match=r"orthogonal with determinant 1. Received: an array"):
        mean_orientation(-np.eye(3)[None], CUBE)
    with pytest.raises(ValueError, match=r"one reference for each code. Received: 2 codes and 3"):
        align_orientations(CUBE[:2], CUBE[:3], CUBE)
    with pytest.raises(ValueError, match=r"in `b` as in `a`, or one. Received: 2 and 3"):
        misorientation(CUBE[:3], CUBE[:2], CUBE)
    with pytest.raises(ValueError, match="finite"):
        mean_orientation(np.full((1, 9), np.nan), CUBE)
