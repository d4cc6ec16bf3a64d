"""Simulated diffraction patterns: Lambert's square, EMsoft's files, equivalent orientations."""

from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffusion_vae.datasets import MasterPattern, make_random_rotations
from diffusion_vae.datasets.master_pattern import SIDE, detector, lambert_square
from diffusion_vae.evaluation import cubic_rotations

NICKEL = "data/emsoft_ebsd_master_pattern/ni_mc_mp_20kv_uint8_gzip_opts9.h5"


def directions(count, seed=0):
    v = np.random.default_rng(seed).normal(size=(count, 3))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def square_of(function, side=201):
    """Values of a function of directions at the points of both squares, by the inverse map."""
    axis = np.linspace(-SIDE, SIDE, side)
    across, along = np.meshgrid(axis, axis)
    # Rosca 2010, equations 8 and 9: from the square to the disc, and to the sphere.
    swapped = np.abs(along) > np.abs(across)
    longer, shorter = np.where(swapped, along, across), np.where(swapped, across, along)
    turn = np.pi / 4.0 * shorter / np.where(longer == 0.0, 1.0, longer)
    radius = 2.0 / np.sqrt(np.pi) * longer
    first, second = radius * np.cos(turn), radius * np.sin(turn)
    x, y = np.where(swapped, second, first), np.where(swapped, first, second)
    flat = np.sqrt(np.maximum(1.0 - (x * x + y * y) / 4.0, 0.0))
    z = 1.0 - (x * x + y * y) / 2.0
    v = np.stack([x * flat, y * flat, z], axis=-1)
    return MasterPattern(function(v), function(v * [1.0, 1.0, -1.0]))


def test_the_square_is_rosca_s_and_keeps_areas():
    def function(v):
        return v[..., 0] + 2.0 * v[..., 1] * v[..., 2] + 3.0 * v[..., 2] ** 3

    v = directions(2000)
    error = np.abs(square_of(function)(3.0 * v) - function(v))
    assert np.median(error) < 5e-4  # bilinear: of second order in the step of 0.0125
    assert error.max() < 0.0125  # and of first order beside the diagonals, where the map bends
    assert np.array(lambert_square(np.array([0.0, 0.0, 1.0]))).tolist() == [0.0, 0.0]
    across, along = lambert_square(directions(40_000, seed=1))
    counts = np.histogram2d(across, along, bins=8, range=[[-SIDE, SIDE]] * 2)[0]
    # 64 cells of 625 points each, standard error 25: chi^2 has mean 63 and deviation 11.
    assert ((counts - 625.0) ** 2 / 625.0).sum() < 63 + 4 * 11.2


def test_a_pattern_shows_the_directions_that_its_orientation_gives():
    linear = square_of(lambda v: v @ np.array([1.0, -2.0, 0.5]))
    turns = Rotation.random(5, random_state=0).as_matrix()
    found = linear.patterns(turns.reshape(5, 9), size=6, distance=0.7, binning=1)
    points = detector(6, 0.7)
    points = points / np.linalg.norm(points, axis=-1, keepdims=True)
    expected = np.einsum("c,ncs,ijs->nij", [1.0, -2.0, 0.5], turns, points)
    assert found.shape == (5, 6, 6, 1)
    assert np.abs(found[..., 0] - expected).max() < 5e-3


def test_binning_is_the_mean_of_finer_pixels():
    pattern = MasterPattern(*np.random.default_rng(0).random((2, 31, 31)))
    turns = make_random_rotations(train_size=3, test_size=1).train
    fine = pattern.patterns(turns, size=12, binning=1)[..., 0]
    blocks = fine.reshape(3, 4, 3, 4, 3).mean(axis=(2, 4))
    assert np.abs(pattern.patterns(turns, size=4, binning=3)[..., 0] - blocks).max() < 1e-5


def test_the_highest_energy_of_a_file_is_read_and_sites_add_up(tmp_path):
    path = tmp_path / "master.h5"
    values = np.random.default_rng(0).random((2, 2, 3, 5, 5)).astype("f4")
    with h5py.File(path, "w") as file:
        group = file.create_group("EMData/EBSDmaster")
        group["EkeVs"] = np.array([18.0, 20.0, 19.0])
        group["mLPNH"], group["mLPSH"] = values
    found = MasterPattern.read(path).halves
    assert np.abs(found - values[:, :, 1].sum(axis=1)).max() < 1e-6


def test_what_is_no_master_pattern_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="Expected a file at"):
        MasterPattern.read(tmp_path / "none.h5")
    h5py.File(tmp_path / "other.h5", "w").close()
    (tmp_path / "text.h5").write_text("text")
    for name in ("other.h5", "text.h5"):
        with pytest.raises(ValueError, match="Expected an EMsoft file with EMData/EBSDmaster/mLP"):
            MasterPattern.read(tmp_path / name)
    with pytest.raises(ValueError, match="two square arrays"):
        MasterPattern(np.zeros((3, 4)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"\[n, 3, 3\] or \[n, 9\]. Received the shape \(3, 3\)"):
        MasterPattern(np.zeros((3, 3)), np.zeros((3, 3))).patterns(np.eye(3))
    with pytest.raises(ValueError, match="Expected orientations to be finite"):
        MasterPattern(np.zeros((3, 3)), np.zeros((3, 3))).patterns(np.full((1, 9), np.nan))


def test_equivalent_orientations_of_nickel_look_alike_but_are_not_equal():
    spec = find_spec("kikuchipy")
    if spec is None:
        pytest.skip("needs the file in kikuchipy: pip install --no-deps kikuchipy")
    nickel = MasterPattern.read(Path(spec.origin).parent / NICKEL)
    # Values between grid points are those of other grid points for the equivalents. Rotations that
    # move z elsewhere agree only if the projection is right.
    v = directions(5000)
    values = nickel(v)
    alike = [np.corrcoef(values, nickel(v @ turn.T))[0, 1] for turn in cubic_rotations()]
    assert min(alike) > 0.99
    turn = Rotation.random(random_state=0).as_matrix()[None]
    one, other = (nickel.patterns(o)[0] for o in (turn, cubic_rotations()[7] @ turn))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.995
    assert np.abs(one - other).max() > 0.0
