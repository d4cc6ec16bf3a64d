"""Betti numbers against cell complexes, curvature and duality."""

import itertools
import math

import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, CLOSED, each

from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Product,
    RealProjective,
    Sphere,
)


def rank(matrix, prime):
    """Rank over Z/prime, by elimination."""
    rows = np.array(matrix) % prime
    found = 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[found:, column]) + found
        if not len(pivots):
            continue
        rows[[found, pivots[0]]] = rows[[pivots[0], found]]
        rows[found] = rows[found] * pow(int(rows[found, column]), -1, prime) % prime
        rows[found + 1 :] -= np.outer(rows[found + 1 :, column], rows[found])
        rows %= prime
        found += 1
        if found == len(rows):
            break
    return found


def betti(simplices, prime):
    """Betti numbers of the complex that these simplices and their faces make."""
    size = len(simplices[0])
    cells = [
        sorted({face for s in simplices for face in itertools.combinations(sorted(s), k + 1)})
        for k in range(size)
    ]
    ranks = [0]
    for lower, upper in itertools.pairwise(cells):
        place = {cell: i for i, cell in enumerate(lower)}
        boundary = np.zeros((len(lower), len(upper)), int)
        for j, cell in enumerate(upper):
            for i in range(len(cell)):
                boundary[place[cell[:i] + cell[i + 1 :]], j] = (-1) ** i
        ranks.append(rank(boundary, prime))
    ranks.append(0)
    return tuple(len(cells[k]) - ranks[k] - ranks[k + 1] for k in range(size))


# RP^2 with 6 vertices (half an icosahedron) and the torus with 7 (Moebius, Csaszar).
PLANE = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5), (0, 1, 5),
         (1, 2, 4), (2, 3, 5), (1, 3, 4), (2, 4, 5), (1, 3, 5)]  # fmt: skip
TORUS = [tuple((i + j) % 7 for j in s) for i in range(7) for s in ((0, 1, 3), (0, 2, 3))]


def sphere(dim):
    return list(itertools.combinations(range(dim + 2), dim + 1))


@pytest.mark.parametrize("prime", [2, 3, 11])
@pytest.mark.parametrize(
    ("manifold", "simplices"),
    [
        (Sphere(1), sphere(1)),
        (Sphere(2), sphere(2)),
        (Sphere(3), sphere(3)),
        (FlatTorus(2), TORUS),
        (EmbeddedTorus(), TORUS),
        (RealProjective(2), PLANE),
        (RealProjective(1), sphere(1)),
    ],
    ids=repr,
)
def test_they_are_those_of_a_triangulation(manifold, simplices, prime):
    assert manifold.betti_numbers(prime) == betti(simplices, prime)


@pytest.mark.parametrize("prime", [2, 3, 5])
@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_those_of_projective_spaces_follow_from_their_cells(dim, prime):
    # One cell a dimension; the boundary from k to k - 1 is multiplication by 1 + (-1)^k.
    ranks = [0, *(rank([[1 + (-1) ** k]], prime) for k in range(1, dim + 1)), 0]
    expected = tuple(1 - ranks[k] - ranks[k + 1] for k in range(dim + 1))
    assert RealProjective(dim).betti_numbers(prime) == expected


def test_known_tables():
    assert SO3().betti_numbers(2) == (1, 1, 1, 1)
    assert SO3().betti_numbers(3) == (1, 0, 0, 1)
    assert O3().betti_numbers(2) == (2, 2, 2, 2)
    assert FlatTorus(3).betti_numbers() == (1, 3, 3, 1)
    assert Euclidean(2).betti_numbers() == (1, 0, 0)
    assert Product([Sphere(1), Euclidean(1)]).betti_numbers() == (1, 1, 0)
    assert Product([Sphere(2), Sphere(1)]).betti_numbers() == (1, 1, 1, 1)
    assert Product([Sphere(1), Sphere(1)]).betti_numbers(7) == FlatTorus(2).betti_numbers(7)


def test_those_of_a_level_set_are_not_known():
    ellipsoid = ALL["ellipsoid"]
    assert ellipsoid.betti_numbers() is None
    assert Product([Sphere(1), ellipsoid]).betti_numbers(3) is None


KNOWN = {name: m for name, m in ALL.items() if m.betti_numbers() is not None}


def euler(manifold, prime):
    return sum((-1) ** k * b for k, b in enumerate(manifold.betti_numbers(prime)))


@each(KNOWN)
def test_the_euler_characteristic_is_the_same_over_every_field(manifold):
    assert len(manifold.betti_numbers()) == manifold.dim + 1
    assert {euler(manifold, prime) for prime in (2, 3, 5)} == {euler(manifold, 2)}


@each({name: m for name, m in KNOWN.items() if name in CLOSED})
def test_closed_manifolds_are_dual_to_themselves_modulo_2(manifold):
    assert manifold.betti_numbers() == manifold.betti_numbers()[::-1]


@each({name: m for name, m in KNOWN.items() if name in CLOSED and m.dim == 2})
def test_the_curvature_of_a_surface_adds_up_to_its_euler_characteristic(manifold):
    curvature = ops.convert_to_numpy(
        manifold.scalar_curvature(manifold.random_uniform((20_000,), seed=0))
    )
    # Gauss and Bonnet; the mean over the embedded torus has a standard error of 0.03.
    total = curvature.mean() * manifold.volume / (4.0 * math.pi)
    assert total == pytest.approx(euler(manifold, 2), abs=0.15)


def test_the_field_must_be_one():
    with pytest.raises(ValueError, match=r"Expected `prime` to be a prime number\. Received: 4"):
        Sphere(2).betti_numbers(4)
    with pytest.raises(TypeError, match="Expected `prime` to be an integer"):
        Sphere(2).betti_numbers(2.0)
