"""Holes of latent points and of noisy data, on spaces whose holes are known."""

import sys

import numpy as np
import pytest
from keras import ops

from diffusion_vae.evaluation.topology import cloud_evidence, homology, persistent_homology
from diffusion_vae.evaluation.topology.persistence import choose_landmarks, read_ratios
from diffusion_vae.manifolds import O3, SO3, FlatTorus, RealProjective, Sphere

LEAST = 0.6  # radians


def uniform(manifold, count=1200):
    return ops.convert_to_numpy(manifold.random_uniform((count,), seed=0))


@pytest.fixture
def ripser():
    pytest.importorskip("ripser", reason="Install ripser to run this test.")


@pytest.mark.slow
@pytest.mark.parametrize("prime", [2, 3])
@pytest.mark.parametrize(
    "manifold", [Sphere(1), Sphere(2), FlatTorus(2), RealProjective(2)], ids=repr
)
def test_holes_of_uniform_points_are_the_betti_numbers(ripser, manifold, prime):
    found = homology(manifold, uniform(manifold), max_dim=2, prime=prime)
    expected = (*manifold.betti_numbers(prime), 0)[:3]
    assert found.betti_numbers == expected
    assert found.points == 150
    if prime == 2:
        assert found.betti(LEAST) == expected[1:]


def test_rotations_have_a_loop_modulo_2_alone(ripser):
    points = uniform(SO3())
    assert homology(SO3(), points).betti(LEAST) == (1,)
    assert homology(SO3(), points).betti_numbers == (1, 1)
    assert homology(SO3(), points, prime=3).betti_numbers == (1, 0)


@pytest.mark.slow
def test_both_copies_of_the_rotations_have_a_loop(ripser):
    points = uniform(O3(), 2400)
    assert homology(O3(), points).betti_numbers == (2, 2) == O3().betti_numbers()[:2]


def test_a_gap_in_the_circle_closes_the_loop_late(ripser):
    circle = Sphere(1)
    angles = np.linspace(0.0, 2.0 * np.pi, 100, endpoint=False)
    whole = np.stack([np.cos(angles), np.sin(angles)], -1)
    life = homology(circle, whole).lifetimes[0][0]
    # Of a circle of n points: from the gap 2 pi / n to a third of the way round.
    assert life == pytest.approx(2.0 * np.pi / 3.0 - 2.0 * np.pi / 100, abs=2.0 * np.pi / 100)
    torn = homology(circle, whole[:60]).lifetimes[0]
    assert sum(torn) < 0.1


def test_points_infinitely_far_apart_are_components(ripser):
    circle = np.linspace(0.0, 2.0 * np.pi, 50, endpoint=False)
    gaps = np.abs(circle[:, None] - circle)
    gaps = np.minimum(gaps, 2.0 * np.pi - gaps)
    apart = np.full((50, 50), np.inf)
    two = np.block([[gaps, apart], [apart, gaps]])
    assert persistent_homology(two).betti_numbers == (2, 2, 0)
    assert persistent_homology(two, prime=11).as_dict()["betti_numbers"] == (2, 2, 0)


def test_landmarks_are_far_from_each_other_and_different():
    x = np.repeat(np.arange(10.0), 3)
    rows, gaps = choose_landmarks(lambda i: np.abs(x - x[i]), 30, landmarks=20)
    assert rows.shape == (10, 30)  # repeated points are taken once
    assert gaps[~np.eye(10, dtype=bool)].min() == 1.0
    _, few = choose_landmarks(lambda i: np.abs(x - x[i]), 30, landmarks=3)
    # Start, the farther end, and the farther end or the middle of what is left.
    assert few[~np.eye(3, dtype=bool)].min() >= 3.0


@pytest.mark.parametrize(
    ("ratios", "dim", "number"),
    [
        ((20.0,), 1, 1),
        ((), 1, 0),
        ((), 2, 0),
        ((4.1, 3.5, 2.0, 1.9), 1, 2),
        ((2.2, 2.1, 2.0), 1, 0),  # noise of a surface: a crowd
        ((2.2, 1.6, 1.5), 1, None),  # apart, but not far
        ((3.0, 2.8, 1.2), 1, None),  # which of the two?
        ((1.9, 1.1), 2, 1),
        ((1.5, 1.1), 2, None),
        ((1.3, 1.1), 2, 0),
    ],
)
def test_ratios_are_read_as_holes_noise_or_unclear(ratios, dim, number):
    assert read_ratios(ratios, dim) == number


def test_a_loop_in_three_dimensions_needs_less_to_stand_out():
    assert read_ratios((2.2, 1.6, 1.5), 1, space_dim=2.6) == 1
    assert read_ratios((1.7, 1.6), 1, space_dim=3) == 0
    assert read_ratios((1.9, 1.5), 1, space_dim=3) is None


# -- data --------------------------------------------------------------------------------


def circle(rng, n):
    angles = rng.uniform(0.0, 2.0 * np.pi, n)
    return np.stack([np.cos(angles), np.sin(angles)], -1)


def sphere(rng, n):
    z = rng.normal(size=(n, 3))
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def torus(rng, n):
    return np.concatenate([circle(rng, n), circle(rng, n)], axis=1)


def projective_plane(rng, n):
    """By Veronese: the matrices z z^T."""
    z = sphere(rng, n)
    return np.einsum("ni,nj->nij", z, z).reshape(n, 9)


def disc(rng, n):
    return 1.5 * np.sqrt(rng.uniform(size=(n, 1))) * circle(rng, n)


def two_circles(rng, n):
    return circle(rng, n) + np.where(np.arange(n) % 2, 0.0, 3.0)[:, None] * [1.0, 0.0]


def rendered(shape, n=2400, columns=50, noise=0.1):
    """A random smooth map of a shape into R^50, with noise."""
    rng = np.random.default_rng(4)
    q = shape(rng, n)
    q = (q - q.mean(axis=0)) / q.std()
    slopes = 1.5 * rng.normal(size=(q.shape[1], 40)) / np.sqrt(q.shape[1])
    x = np.tanh(q @ slopes + rng.normal(size=40)) @ rng.normal(size=(40, columns))
    return (x - x.mean(axis=0)) / x.std(axis=0) + noise * rng.normal(size=x.shape)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "dim", "modulo_2", "modulo_3"),
    [
        (circle, 1, (1, 1, 0), (1, 1, 0)),
        (sphere, 2, (1, 0, 1), (1, 0, 1)),
        (torus, 2, (1, 2, 1), (1, 2, 1)),
        (projective_plane, 2, (1, 1, 1), (1, 0, 0)),
        (disc, 2, (1, 0, 0), (1, 0, 0)),
        (two_circles, 1, (2, 2, 0), (2, 2, 0)),
    ],
)
def test_holes_and_dimension_of_noisy_data(ripser, shape, dim, modulo_2, modulo_3):
    found = cloud_evidence(rendered(shape))
    assert found.homology[2].betti_numbers == modulo_2
    pairs = zip(found.homology[3].betti_numbers, modulo_3, strict=True)
    assert all(number in (None, true) for number, true in pairs)  # unclear, but never wrong
    assert found.dimension == pytest.approx(dim, abs=0.3)
    assert f"holes of the data, modulo 2: {modulo_2}" in found.describe()


def test_white_noise_has_many_dimensions():
    noise = np.random.default_rng(0).normal(size=(1000, 50))
    assert cloud_evidence(noise, primes=()).dimension > 5.0


def test_grids_and_repeated_examples_have_the_dimension_of_their_space():
    steps = np.linspace(0.0, 2.0 * np.pi, 30, endpoint=False)
    a, b = (grid.ravel() for grid in np.meshgrid(steps, steps))
    grid = np.stack([np.cos(a), np.sin(a), np.cos(b), np.sin(b)], axis=1)
    found = cloud_evidence(grid, primes=())
    assert found.dimension == pytest.approx(2.0, abs=0.2)
    again = cloud_evidence(np.repeat(grid, 3, axis=0), primes=())
    assert again.examples == found.examples == 900
    assert again.dimension == pytest.approx(found.dimension, abs=0.05)


def test_too_few_different_examples_are_refused():
    with pytest.raises(ValueError, match=r"at least 100 different examples\. Received: 10"):
        cloud_evidence(np.repeat(np.eye(10), 50, axis=0))
    with pytest.raises(ValueError, match="Expected finite `x`"):
        cloud_evidence(np.full((200, 2), np.nan))


def test_without_ripser_a_sentence_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ripser", None)
    with pytest.raises(ImportError, match=r'pip install "diffusion-vae\[topology\]"'):
        homology(Sphere(1), uniform(Sphere(1), 20))


def test_bad_arguments_are_named():
    gaps = np.zeros((4, 4))
    with pytest.raises(ValueError, match="Expected `prime` to be a prime number"):
        persistent_homology(gaps, prime=6)
    with pytest.raises(ValueError, match="Expected `max_dim` to be at least 1"):
        persistent_homology(gaps, max_dim=0)
    with pytest.raises(ValueError, match=r"shape \[n, n\] without NaN"):
        persistent_homology(gaps[:3])


@pytest.mark.parametrize("seed", range(3))
def test_a_circle_without_noise_is_not_cut_open_at_its_gaps(seed):
    angle = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, 1500)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert cloud_evidence(x, primes=(2,)).homology[2].betti_numbers == (1, 1, 0)
