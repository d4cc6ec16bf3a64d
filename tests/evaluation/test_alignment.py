"""Angles of codes after one rotation and reflection, on circles and tori."""

import numpy as np
import pytest
from scipy.stats import circmean

from diffusion_vae.evaluation import align_angles

RNG_SEED = 0


def pairs(angles):
    angles = np.asarray(angles)
    angles = angles[:, None] if angles.ndim == 1 else angles
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(angles), -1)


def gap(a, b):
    return np.abs(np.angle(np.exp(1j * (np.asarray(a) - b))))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_every_automorphism_of_the_torus_is_undone_on_other_examples(dim):
    rng = np.random.default_rng(RNG_SEED)
    tried = 0
    while tried < 10:
        matrix = rng.integers(-1, 2, (dim, dim))  # its inverse may hold larger numbers
        if round(abs(np.linalg.det(matrix))) != 1:
            continue
        inverse = np.rint(np.linalg.inv(matrix)).astype(int)
        if np.abs(inverse).max() > 2:
            continue
        tried += 1
        shift = rng.uniform(-9.0, 9.0, dim)
        angles = rng.uniform(-20.0, 20.0, (80, dim))  # any real numbers
        codes = 3.0 * pairs(angles @ matrix.T + shift)  # of any length
        alignment = align_angles(codes[:50], angles[:50])
        np.testing.assert_array_equal(alignment.matrix, inverse)
        assert gap(alignment(codes[50:]), angles[50:]).max() < 1e-12
        np.testing.assert_allclose(alignment.agreement, 1.0)


def test_the_shift_is_the_circular_mean_of_the_differences():
    rng = np.random.default_rng(RNG_SEED)
    known = rng.uniform(-np.pi, np.pi, 300)
    seen = -known + 2.8 + 0.4 * rng.normal(size=300)
    alignment = align_angles(pairs(seen), known)
    assert alignment.matrix.tolist() == [[-1]]
    assert gap(alignment.shift[0], circmean(known + seen)) < 1e-12
    assert alignment.agreement[0] == pytest.approx(
        np.cos(gap(alignment(pairs(seen)), known)).mean()
    )
    assert alignment.agreement[0] == pytest.approx(np.exp(-0.08), abs=0.02)  # 1 s.e. is 0.005


def test_angles_come_back_in_the_shape_and_range_they_were_given():
    known = np.linspace(-3.0, 3.0, 20)
    flat, column = align_angles(pairs(known), known), align_angles(pairs(known), known[:, None])
    assert flat(pairs(known)).shape == (20,)
    assert column(pairs(known)).shape == (20, 1)
    everywhere = flat(pairs(np.linspace(-10.0, 10.0, 999)))
    assert -np.pi < everywhere.min() < everywhere.max() <= np.pi


def test_unrelated_angles_do_not_agree():
    rng = np.random.default_rng(RNG_SEED)
    codes, known = pairs(rng.uniform(0, 7, 2000)), rng.uniform(-np.pi, np.pi, 2000)
    assert align_angles(codes, known).agreement[0] < 0.1


@pytest.mark.parametrize(
    "codes, reference, sentence",
    [
        (np.ones((3, 3)), np.zeros(3), r"pairs of cosine and sine \[n, 2\].*\(3, 3\)"),
        (np.ones((3, 2)), np.zeros(4), "one reference for each code.*3 codes and 4"),
        (np.ones((3, 2)), np.zeros((3, 4)), r"dim up to 3.*\(3, 4\)"),
        (np.ones((0, 2)), np.zeros(0), "dim up to 3"),
        (np.zeros((3, 2)), np.zeros(3), "which has no angle"),
        (np.full((3, 2), np.nan), np.zeros(3), "codes to be finite"),
        (np.ones((3, 2)), np.full(3, np.inf), "reference to be finite"),
        (np.ones((3, 2)), ["a", "b", "c"], "array of real numbers"),
    ],
)
def test_what_cannot_be_aligned_is_said(codes, reference, sentence):
    with pytest.raises(ValueError, match=sentence):
        align_angles(codes, reference)
