"""Neighbourhoods and holes of latent points, on spaces whose holes are known."""

import numpy as np
import pytest
from keras import ops

from diffusion_vae.evaluation.topology import homology, neighbourhoods
from diffusion_vae.manifolds import SO3, FlatTorus, RealProjective, Sphere

pytest.importorskip("ripser")


LEAST = 0.6  # radians


class Encoder:
    def __init__(self, manifold, codes):
        self.manifold, self.codes = manifold, codes

    def encode(self, x):
        return self.codes(x), None


def uniform(manifold, count=1200):
    return ops.convert_to_numpy(manifold.random_uniform((count,), seed=0))


# Modulo 2.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("manifold", "betti"),
    [
        (Sphere(1), (1, 0)),
        (Sphere(2), (0, 1)),
        (FlatTorus(2), (2, 1)),
        (RealProjective(2), (1, 1)),
    ],
    ids=["circle", "sphere", "torus", "projective plane"],
)
def test_holes_of_a_manifold_are_its_betti_numbers(manifold, betti):
    found = homology(manifold, uniform(manifold), max_dim=2)
    assert found.betti(LEAST) == betti
    assert found.points == 150


def test_rotations_have_a_loop():
    assert homology(SO3(), uniform(SO3()), max_dim=1).betti(LEAST) == (1,)


def test_a_gap_in_the_circle_closes_the_loop_late():
    circle = Sphere(1)
    angles = np.linspace(0.0, 2.0 * np.pi, 100, endpoint=False)
    whole = np.stack([np.cos(angles), np.sin(angles)], -1)
    life = homology(circle, whole).lifetimes[0][0]
    # Of a circle of n points: from the gap 2 pi / n to a third of the way round.
    assert life == pytest.approx(2.0 * np.pi / 3.0 - 2.0 * np.pi / 100, abs=2.0 * np.pi / 100)
    torn = homology(circle, whole[:60]).lifetimes[0]
    assert sum(torn) < 0.1


def test_neighbours_of_the_identity_stay():
    sphere = Sphere(2)
    x = uniform(sphere, 200)
    kept = neighbourhoods(Encoder(sphere, lambda x: x), x)
    assert (kept.trustworthiness, kept.continuity) == (1.0, 1.0)
    assert kept.examples == 200


def test_a_fold_loses_trust_and_a_tear_loses_continuity():
    circle = Sphere(1)
    angles = np.linspace(0.0, 2.0 * np.pi, 200, endpoint=False)
    x = np.stack([np.cos(angles), np.sin(angles)], -1)

    def at(turns):
        return np.stack([np.cos(turns), np.sin(turns)], -1)

    folded = neighbourhoods(Encoder(circle, lambda x: at(np.abs(angles - np.pi))), x)
    torn = neighbourhoods(Encoder(circle, lambda x: at(0.4 * angles)), x)
    assert folded.trustworthiness < 0.9 < folded.continuity
    assert torn.continuity < 0.99 < torn.trustworthiness + 0.01
    assert torn.continuity < torn.trustworthiness


def test_too_many_neighbours_are_refused():
    sphere = Sphere(2)
    with pytest.raises(ValueError, match="less than half"):
        neighbourhoods(Encoder(sphere, lambda x: x), uniform(sphere, 10))
